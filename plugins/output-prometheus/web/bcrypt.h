/*
 * bcrypt by libcrypt. It takes as long as the hash demands: about 60 ms at cost 10, and twice as long for each step
 * more.
 */
#ifndef OUTPUT_PROMETHEUS_BCRYPT_H
#define OUTPUT_PROMETHEUS_BCRYPT_H

#include <crypt.h>
#include <stdbool.h>
#include <stddef.h>

#define PROM_BCRYPT_SIZE     60 /* size of a hash */
#define PROM_BCRYPT_COST_MAX 14 /* takes about a second */
#define PROM_NAME_MAX        255

/* What is wrong with a hash, as the end of a sentence about the user. NULL: nothing. */
const char *prom_bcrypt_fault(const char *hash);

/* Makes a hash like this one that fits no password. */
void prom_bcrypt_dummy(char to[PROM_BCRYPT_SIZE + 1], const char *hash);

/*
 * Whether the password has the hash, compared in constant time. As always with bcrypt, only the password's first 72
 * bytes count. The caller owns data and can use it for any number of calls; nothing is left in it.
 */
bool prom_bcrypt_check(struct crypt_data *data, const char *hash, const char *password);

#endif

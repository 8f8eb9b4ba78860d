/* bcrypt by libcrypt. Takes as long as the hash says: some 60 ms at cost 10, twice that a step more. */
#ifndef OUTPUT_PROMETHEUS_BCRYPT_H
#define OUTPUT_PROMETHEUS_BCRYPT_H

#include <crypt.h>
#include <stdbool.h>
#include <stddef.h>

#define PROM_BCRYPT_SIZE     60 /* of a hash */
#define PROM_BCRYPT_COST_MAX 14 /* about a second */
#define PROM_NAME_MAX        255

/* What is wrong with a hash, as the end of a sentence about a user, or NULL. */
const char *prom_bcrypt_fault(const char *hash);

/* A hash like this one that no password has. */
void prom_bcrypt_dummy(char to[PROM_BCRYPT_SIZE + 1], const char *hash);

/*
 * Whether the password (a text; only its first 72 bytes count, as everywhere with bcrypt) has the hash, compared in
 * constant time. data is the caller's, for any number of calls; nothing is left in it.
 */
bool prom_bcrypt_check(struct crypt_data *data, const char *hash, const char *password);

#endif

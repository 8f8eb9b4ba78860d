/*
 * Basic authentication (RFC 7617): what a request says, and whether it is known to be right. What is right costs a bcrypt
 * the first time (verify.h); then it is known by its digest with a random key. A name that is nobody's costs as much.
 */
#ifndef OUTPUT_PROMETHEUS_AUTH_H
#define OUTPUT_PROMETHEUS_AUTH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/error.h>
#include <flow-exporter/option.h>

#include "web/bcrypt.h"

#define PROM_PASSWORD_MAX 1024
#define PROM_DIGEST_SIZE  32
#define PROM_KNOWN_MAX    256 /* credentials that are remembered */

/* As texts; to be wiped. */
struct prom_credentials {
    char name[PROM_NAME_MAX + 1], password[PROM_PASSWORD_MAX + 1];
};

/* The value of Authorization, or NULL. False: that is none that can be right; to is wiped. */
bool prom_credentials_read(const char *header, struct prom_credentials *to);

/* What there is to be checked: against which hash, and under which digest the result is known. */
struct prom_claim {
    char hash[PROM_BCRYPT_SIZE + 1];
    unsigned char digest[PROM_DIGEST_SIZE];
};

/* Which credentials are right, as far as it was found out. Any thread. */
struct prom_known {
    unsigned char key[PROM_DIGEST_SIZE];
    pthread_mutex_t lock; /* of the following two */
    unsigned next;
    unsigned char digests[PROM_KNOWN_MAX][PROM_DIGEST_SIZE]; /* zero: none */
};

int prom_known_init(struct prom_known *known, struct fx_error *err);
void prom_known_fini(struct prom_known *known);

/* users: names and hashes, at least one. */
void prom_claim_make(const struct prom_known *known, const struct fx_map *users,
                     const struct prom_credentials *credentials, struct prom_claim *claim);
bool prom_known_has(struct prom_known *known, const struct prom_claim *claim);
void prom_known_add(struct prom_known *known, const struct prom_claim *claim);

#endif

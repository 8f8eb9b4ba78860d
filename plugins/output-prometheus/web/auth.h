/*
 * Basic authentication (RFC 7617): the credentials of a request, and whether they are known to be right. The first
 * check of right credentials costs a bcrypt (verify.h). Then they are known by their digest with a random key. A name
 * that does not exist costs as much as one that does.
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

/* Texts; erase them after use. */
struct prom_credentials {
    char name[PROM_NAME_MAX + 1], password[PROM_PASSWORD_MAX + 1];
};

/* Reads the value of Authorization, or NULL. False: it can't be right, and to is erased. */
bool prom_credentials_read(const char *header, struct prom_credentials *to);

/* A password to check: the hash for it, and the digest under which the result is remembered. */
struct prom_claim {
    char hash[PROM_BCRYPT_SIZE + 1];
    unsigned char digest[PROM_DIGEST_SIZE];
};

/* Credentials that were found to be right (or wrong). Any thread. */
struct prom_known {
    unsigned char key[PROM_DIGEST_SIZE];
    pthread_mutex_t lock; /* guards the next two */
    unsigned next;
    unsigned char digests[PROM_KNOWN_MAX][PROM_DIGEST_SIZE]; /* all zero: none */
};

int prom_known_init(struct prom_known *known, struct fx_error *err);
void prom_known_fini(struct prom_known *known);

/* users are names and hashes, at least one. */
void prom_claim_make(const struct prom_known *known, const struct fx_map *users,
                     const struct prom_credentials *credentials, struct prom_claim *claim);
bool prom_known_has(struct prom_known *known, const struct prom_claim *claim);
void prom_known_add(struct prom_known *known, const struct prom_claim *claim);

#endif

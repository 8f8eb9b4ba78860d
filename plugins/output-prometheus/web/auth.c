/* Credentials, and what is known about them. Any thread. */
#include "web/auth.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <strings.h>

#define DECODED_MAX (PROM_NAME_MAX + 1 + PROM_PASSWORD_MAX)

/* ---- Reading a request */

static int value_of(char c)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(letters, c) : NULL;
    return found ? (int)(found - letters) : -1;
}

/*
 * Decodes Base64 as in RFC 4648, with padding. Gives the size or -1. to must have room for three quarters of the text.
 */
static int decode(const char *text, size_t size, char *to)
{
    int used = 0;
    size_t padding = size >= 2 && text[size - 1] == '=' ? 1 + (text[size - 2] == '=') : 0;
    if (size % 4 != 0)
        return -1;
    for (size_t i = 0; i < size; i += 4) {
        uint32_t bits = 0;
        size_t letters = i + 4 == size ? 4 - padding : 4;
        for (size_t j = 0; j < 4; j++) {
            int value = j < letters ? value_of(text[i + j]) : 0;
            if (value < 0)
                return -1;
            bits = bits << 6 | (uint32_t)value;
        }
        for (size_t j = 0; j + 1 < letters; j++)
            to[used++] = (char)(bits >> (16 - 8 * j));
    }
    return used;
}

/* A NUL would end the text, and no name or password in the configuration has one. */
static bool split(const char *text, size_t size, struct prom_credentials *to)
{
    const char *colon = memchr(text, ':', size);
    size_t name_size = colon ? (size_t)(colon - text) : 0, password_size = colon ? size - name_size - 1 : 0;
    if (!colon || memchr(text, '\0', size) || name_size > PROM_NAME_MAX || password_size > PROM_PASSWORD_MAX)
        return false;
    memcpy(to->name, text, name_size);
    memcpy(to->password, colon + 1, password_size);
    return true;
}

bool prom_credentials_read(const char *header, struct prom_credentials *to)
{
    static const char scheme[] = "Basic ";
    char decoded[DECODED_MAX + 3];
    size_t size = header ? strlen(header) : 0, skip = sizeof scheme - 1;
    memset(to, 0, sizeof *to);
    if (size < skip || strncasecmp(header, scheme, skip) != 0 || (size - skip) / 4 * 3 > sizeof decoded)
        return false;
    int used = decode(header + skip, size - skip, decoded);
    bool is_sound = used > 0 && split(decoded, (size_t)used, to);
    explicit_bzero(decoded, sizeof decoded);
    return is_sound;
}

/* ---- Known credentials */

int prom_known_init(struct prom_known *known, struct fx_error *err)
{
    memset(known, 0, sizeof *known);
    if (gnutls_rnd(GNUTLS_RND_KEY, known->key, sizeof known->key) < 0)
        return fx_error_set(err, FX_EIO, "there are no random numbers for checking passwords");
    pthread_mutex_init(&known->lock, NULL);
    return 0;
}

void prom_known_fini(struct prom_known *known)
{
    pthread_mutex_destroy(&known->lock);
    explicit_bzero(known, sizeof *known);
}

/* HMAC-SHA-256 of the texts, each with its final NUL. If the system's policy forbids it: zero, which is never known. */
static void digest(const struct prom_known *known, const char *const *texts, unsigned count,
                   unsigned char to[PROM_DIGEST_SIZE])
{
    gnutls_hmac_hd_t hmac;
    memset(to, 0, PROM_DIGEST_SIZE);
    if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, known->key, sizeof known->key) < 0)
        return;
    for (unsigned i = 0; i < count; i++)
        gnutls_hmac(hmac, texts[i], strlen(texts[i]) + 1);
    gnutls_hmac_deinit(hmac, to);
}

/* An unknown name always stands in for the same user, so the time of a check tells nothing about the name. */
static const char *stand_in(const struct prom_known *known, const struct fx_map *users, const char *name)
{
    unsigned char at[PROM_DIGEST_SIZE];
    uint32_t number;
    digest(known, &name, 1, at);
    memcpy(&number, at, sizeof number);
    return users->pairs[number % users->count].value;
}

void prom_claim_make(const struct prom_known *known, const struct fx_map *users,
                     const struct prom_credentials *credentials, struct prom_claim *claim)
{
    const char *found = NULL, *other = stand_in(known, users, credentials->name);
    for (size_t i = 0; i < users->count; i++)
        if (strcmp(users->pairs[i].key, credentials->name) == 0)
            found = users->pairs[i].value;
    if (found)
        memcpy(claim->hash, found, sizeof claim->hash);
    else
        prom_bcrypt_dummy(claim->hash, other);
    const char *const texts[] = {credentials->name, claim->hash, credentials->password};
    digest(known, texts, sizeof texts / sizeof *texts, claim->digest);
}

static bool is_zero(const unsigned char *digest_)
{
    static const unsigned char zero[PROM_DIGEST_SIZE];
    return memcmp(digest_, zero, PROM_DIGEST_SIZE) == 0;
}

/* The time of this comparison tells nothing: whoever sends the password does not know the digest. */
bool prom_known_has(struct prom_known *known, const struct prom_claim *claim)
{
    bool has = false;
    if (is_zero(claim->digest))
        return false;
    pthread_mutex_lock(&known->lock);
    for (unsigned i = 0; i < PROM_KNOWN_MAX && !has; i++)
        has = gnutls_memcmp(known->digests[i], claim->digest, PROM_DIGEST_SIZE) == 0;
    pthread_mutex_unlock(&known->lock);
    return has;
}

void prom_known_add(struct prom_known *known, const struct prom_claim *claim)
{
    if (prom_known_has(known, claim))
        return;
    pthread_mutex_lock(&known->lock);
    memcpy(known->digests[known->next], claim->digest, PROM_DIGEST_SIZE);
    known->next = (known->next + 1) % PROM_KNOWN_MAX;
    pthread_mutex_unlock(&known->lock);
}

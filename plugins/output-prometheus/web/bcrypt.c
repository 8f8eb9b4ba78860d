/* bcrypt. Any thread, each with its own crypt_data. */
#include "web/bcrypt.h"

#include <string.h>

#define SETTING_SIZE  29 /* $2y$10$ and the salt */
#define PASSWORD_SIZE 72

static bool has_form(const char *hash)
{
    static const char letters[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    return strlen(hash) == PROM_BCRYPT_SIZE && memcmp(hash, "$2", 2) == 0 && strchr("aby", hash[2]) && hash[3] == '$' &&
           hash[4] >= '0' && hash[4] <= '9' && hash[5] >= '0' && hash[5] <= '9' && hash[6] == '$' &&
           strspn(hash + 7, letters) == PROM_BCRYPT_SIZE - 7;
}

const char *prom_bcrypt_fault(const char *hash)
{
    if (!has_form(hash))
        return "has no bcrypt hash: make one with 'htpasswd -nBC 10 NAME'";
    int cost = (hash[4] - '0') * 10 + hash[5] - '0';
    if (cost < 4)
        return "has a hash with a cost below 4, which is invalid";
    if (cost > PROM_BCRYPT_COST_MAX)
        return "has a hash with a cost above 14, which takes seconds for each request: make one with 'htpasswd -nBC 10 "
               "NAME'";
    return NULL;
}

void prom_bcrypt_dummy(char to[PROM_BCRYPT_SIZE + 1], const char *hash)
{
    memcpy(to, hash, PROM_BCRYPT_SIZE + 1);
    memset(to + SETTING_SIZE, '.', PROM_BCRYPT_SIZE - SETTING_SIZE);
}

static bool is_equal(const char *a, const char *b, size_t size)
{
    volatile unsigned char difference = 0;
    for (size_t i = 0; i < size; i++)
        difference |= (unsigned char)(a[i] ^ b[i]);
    return difference == 0;
}

bool prom_bcrypt_check(struct crypt_data *data, const char *hash, const char *password)
{
    char setting[PROM_BCRYPT_SIZE + 1], cut[PASSWORD_SIZE + 1];
    memcpy(setting, hash, sizeof setting);
    /* a, b and y mean the same everywhere but in libcrypt, which computes some hashes of 'a' differently */
    setting[2] = 'b';
    size_t size = strnlen(password, PASSWORD_SIZE);
    memcpy(cut, password, size);
    cut[size] = '\0';
    memset(data, 0, sizeof *data);
    /* Not crypt_r: sanitizers replace it by one that fails where libcrypt is loaded later. */
    const char *made = crypt_rn(cut, setting, data, sizeof *data);
    /*
     * Compares behind the setting. The setting itself may come back changed if its last letter has more bits than a
     * salt.
     */
    bool is_right = made && strlen(made) == PROM_BCRYPT_SIZE &&
                    is_equal(made + SETTING_SIZE, hash + SETTING_SIZE, PROM_BCRYPT_SIZE - SETTING_SIZE);
    explicit_bzero(cut, sizeof cut);
    explicit_bzero(data, sizeof *data);
    return is_right;
}

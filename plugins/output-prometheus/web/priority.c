/*
 * Versions, suites and curves, by Go's names (which the exporter toolkit uses), turned into a priority string of
 * GnuTLS. GnuTLS names no suites, only their parts. If the parts would allow more suites than the list has, it is
 * refused.
 */
#include <stdio.h>
#include <string.h>

#include "web/tls.h"

#define TEXT_MAX 1024

/* The numbers are from the IANA registry of TLS cipher suites. */
static const struct suite {
    const char *name;
    unsigned char id[2];
    const char *kx, *cipher, *mac; /* kx is NULL in TLS 1.3 */
} suites[] = {
    {"TLS_AES_128_GCM_SHA256", {0x13, 0x01}, NULL, "AES-128-GCM", "AEAD"},
    {"TLS_AES_256_GCM_SHA384", {0x13, 0x02}, NULL, "AES-256-GCM", "AEAD"},
    {"TLS_CHACHA20_POLY1305_SHA256", {0x13, 0x03}, NULL, "CHACHA20-POLY1305", "AEAD"},
    {"TLS_RSA_WITH_RC4_128_SHA", {0x00, 0x05}, "RSA", "ARCFOUR-128", "SHA1"},
    {"TLS_RSA_WITH_3DES_EDE_CBC_SHA", {0x00, 0x0a}, "RSA", "3DES-CBC", "SHA1"},
    {"TLS_RSA_WITH_AES_128_CBC_SHA", {0x00, 0x2f}, "RSA", "AES-128-CBC", "SHA1"},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", {0x00, 0x35}, "RSA", "AES-256-CBC", "SHA1"},
    {"TLS_RSA_WITH_AES_128_CBC_SHA256", {0x00, 0x3c}, "RSA", "AES-128-CBC", "SHA256"},
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", {0x00, 0x9c}, "RSA", "AES-128-GCM", "AEAD"},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", {0x00, 0x9d}, "RSA", "AES-256-GCM", "AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", {0xc0, 0x07}, "ECDHE-ECDSA", "ARCFOUR-128", "SHA1"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", {0xc0, 0x09}, "ECDHE-ECDSA", "AES-128-CBC", "SHA1"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", {0xc0, 0x0a}, "ECDHE-ECDSA", "AES-256-CBC", "SHA1"},
    {"TLS_ECDHE_RSA_WITH_RC4_128_SHA", {0xc0, 0x11}, "ECDHE-RSA", "ARCFOUR-128", "SHA1"},
    {"TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", {0xc0, 0x12}, "ECDHE-RSA", "3DES-CBC", "SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", {0xc0, 0x13}, "ECDHE-RSA", "AES-128-CBC", "SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", {0xc0, 0x14}, "ECDHE-RSA", "AES-256-CBC", "SHA1"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", {0xc0, 0x23}, "ECDHE-ECDSA", "AES-128-CBC", "SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", {0xc0, 0x27}, "ECDHE-RSA", "AES-128-CBC", "SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", {0xc0, 0x2b}, "ECDHE-ECDSA", "AES-128-GCM", "AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", {0xc0, 0x2c}, "ECDHE-ECDSA", "AES-256-GCM", "AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", {0xc0, 0x2f}, "ECDHE-RSA", "AES-128-GCM", "AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", {0xc0, 0x30}, "ECDHE-RSA", "AES-256-GCM", "AEAD"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", {0xcc, 0xa8}, "ECDHE-RSA", "CHACHA20-POLY1305", "AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", {0xcc, 0xa9}, "ECDHE-ECDSA", "CHACHA20-POLY1305", "AEAD"},
};
#define SUITE_COUNT (sizeof suites / sizeof *suites)

static const struct {
    const char *name, *group;
} curves[] = {{"CurveP256", "SECP256R1"}, {"CurveP384", "SECP384R1"}, {"CurveP521", "SECP521R1"}, {"X25519", "X25519"}};

struct making {
    const struct prom_tls_options *options;
    const struct fx_options *file;
    struct fx_error *err;
    char text[TEXT_MAX];
    bool wanted[SUITE_COUNT], had[SUITE_COUNT];
    bool any_old; /* a suite of TLS 1.2 or older is wanted */
};

/* Adds a word unless the text has it already. */
static void add(struct making *making, const char *kind, const char *name)
{
    char word[64];
    size_t used = strlen(making->text);
    int size = snprintf(word, sizeof word, ":+%s%s", kind, name);
    const char *found = strstr(making->text, word);
    if (found && (found[size] == ':' || !found[size]))
        return;
    snprintf(making->text + used, sizeof making->text - used, "%s", word);
}

static int want(struct making *making, const char *name)
{
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        if (strcmp(suites[i].name, name) != 0)
            continue;
        making->wanted[i] = true;
        making->any_old = making->any_old || suites[i].kx;
        return 0;
    }
    return fx_options_error(
        making->err, making->file, "tls_server_config[0].cipher_suites", name,
        "'%.80s' is not a cipher suite that Go knows, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", name);
}

static int want_all(struct making *making)
{
    const struct fx_list *list = &making->options->cipher_suites;
    for (size_t i = 0; i < list->count; i++)
        if (want(making, list->items[i]))
            return FX_EINVAL;
    if (list->count && !making->any_old && making->options->max_version < 3)
        return fx_options_error(making->err, making->file, "tls_server_config[0].cipher_suites", NULL,
                                "only TLS 1.3 has these suites, and 'max_version' is below it");
    return 0;
}

/*
 * If the list has only suites of TLS 1.3, only this version is allowed: the others would use suites that are not
 * listed.
 */
static void add_versions(struct making *making)
{
    static const char *const names[] = {"1.0", "1.1", "1.2", "1.3"};
    bool only_new = making->options->cipher_suites.count && !making->any_old;
    for (int i = making->options->max_version; i >= (only_new ? 3 : making->options->min_version); i--)
        add(making, "VERS-TLS", names[i]);
}

/* TLS 1.3 shares its ciphers with the older versions. Its own suites in the list count only if there are no others. */
static void add_suites(struct making *making)
{
    const struct fx_list *list = &making->options->cipher_suites;
    snprintf(making->text + strlen(making->text), TEXT_MAX / 2, ":-KX-ALL%s",
             list->count ? ":-CIPHER-ALL:-MAC-ALL" : "");
    if (!making->any_old) {
        add(making, "", "ECDHE-ECDSA");
        add(making, "", "ECDHE-RSA");
    }
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < SUITE_COUNT; j++)
            if (strcmp(suites[j].name, list->items[i]) == 0 && (suites[j].kx || !making->any_old)) {
                if (suites[j].kx)
                    add(making, "", suites[j].kx);
                add(making, "", suites[j].cipher);
                add(making, "", suites[j].mac);
            }
}

static int add_curves(struct making *making)
{
    const struct fx_list *list = &making->options->curve_preferences;
    size_t count = sizeof curves / sizeof *curves;
    if (list->count)
        snprintf(making->text + strlen(making->text), 32, ":-GROUP-ALL");
    for (size_t i = 0; i < list->count; i++) {
        size_t j = 0;
        while (j < count && strcmp(curves[j].name, list->items[i]) != 0)
            j++;
        if (j == count)
            return fx_options_error(making->err, making->file, "tls_server_config[0].curve_preferences", list->items[i],
                                    "'%.80s' is none of CurveP256, CurveP384, CurveP521 and X25519", list->items[i]);
        add(making, "GROUP-", curves[j].group);
    }
    return 0;
}

static void find_had(struct making *making, gnutls_priority_t priority)
{
    unsigned index;
    unsigned char id[2];
    gnutls_protocol_t version;
    for (unsigned i = 0;; i++) {
        int rc = gnutls_priority_get_cipher_suite_index(priority, i, &index);
        if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return;
        if (rc < 0 || !gnutls_cipher_suite_info(index, id, NULL, NULL, NULL, &version))
            continue;
        for (size_t j = 0; j < SUITE_COUNT; j++)
            making->had[j] = making->had[j] || memcmp(suites[j].id, id, 2) == 0;
    }
}

/*
 * The suites of older versions must match exactly, unless only TLS 1.3 is allowed. For TLS 1.3 the closest match is
 * taken, with a warning.
 */
static int compare(struct making *making, char *warning, size_t size)
{
    static const char at[] = "tls_server_config[0].cipher_suites";
    bool any_new = false;
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        bool is_old = suites[i].kx != NULL;
        if (is_old && making->any_old && making->options->min_version < 3) {
            if (making->wanted[i] && !making->had[i])
                return fx_options_error(making->err, making->file, at, suites[i].name,
                                        "this system's GnuTLS has no '%s'", suites[i].name);
            if (making->had[i] && !making->wanted[i])
                return fx_options_error(making->err, making->file, at, NULL,
                                        "GnuTLS can't use this list without '%s', since it combines key exchanges and "
                                        "ciphers: add that suite, or remove those with its parts",
                                        suites[i].name);
        }
        any_new = any_new || (!is_old && making->had[i]);
        if (!is_old && making->wanted[i] && !making->had[i] && making->options->max_version == 3)
            snprintf(warning, size, "%s is not used: TLS 1.3 has the ciphers of the other suites in the list",
                     suites[i].name);
    }
    if (!any_new && making->options->max_version == 3 && !warning[0])
        snprintf(warning, size, "TLS 1.3 is not used: none of its suites has a cipher of the list");
    return 0;
}

int prom_priority_new(const struct prom_tls_options *options, const struct fx_options *file,
                      gnutls_priority_t *priority, char *warning, size_t size, struct fx_error *err)
{
    struct making making = {.options = options, .file = file, .err = err};
    const char *fault = NULL;
    warning[0] = '\0';
    if (options->min_version > options->max_version)
        return fx_options_error(err, file, "tls_server_config[0].min_version", NULL,
                                "'min_version' is above 'max_version': nothing could connect");
    if (want_all(&making))
        return FX_EINVAL;
    snprintf(making.text, sizeof making.text, "NORMAL:-VERS-ALL");
    add_versions(&making);
    add_suites(&making);
    if (add_curves(&making))
        return FX_EINVAL;
    if (options->prefer_server_cipher_suites)
        snprintf(making.text + strlen(making.text), 32, ":%%SERVER_PRECEDENCE");
    int rc = gnutls_priority_init(priority, making.text, &fault);
    if (rc < 0)
        return fx_options_error(err, file, "tls_server_config[0].cipher_suites", NULL,
                                "GnuTLS can't do this: %s, at '%.60s'", gnutls_strerror(rc), fault ? fault : "");
    find_had(&making, *priority);
    rc = options->cipher_suites.count ? compare(&making, warning, size) : 0;
    if (rc) {
        gnutls_priority_deinit(*priority);
        *priority = NULL;
    }
    return rc;
}

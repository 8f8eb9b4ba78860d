/*
 * Secrets from files and from the environment. Main thread. A secret is read when options are filled, and the options
 * own it. No message contains a secret.
 */
#include "config/secret.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config/text.h"
#include "util/alloc.h"
#include "util/regular.h"

#define HIDDEN "********"

static int fail(const char *file, const struct fxi_node *node, const char *what, const char *why, struct fx_error *err)
{
    char shown[FXI_SHOWN_MAX];
    return fxi_node_error(err, file, node, 0, FX_EINVAL, "%s '%s' %s", what, fxi_text_show(node->text, shown), why);
}

/* Editors add a newline to the end of a file. It is not part of the secret. */
static void cut_newline(char *text, size_t size)
{
    if (size && text[size - 1] == '\n')
        text[--size] = '\0';
    if (size && text[size - 1] == '\r')
        text[--size] = '\0';
}

static int from_open_file(const char *file, const struct fxi_node *node, int fd, char **secret, struct fx_error *err)
{
    char *text = fxi_calloc(FXI_SECRET_MAX + 2, 1);
    size_t size;
    int failed = fxi_regular_read(fd, text, FXI_SECRET_MAX + 1, &size);
    const char *why = NULL;
    if (failed)
        why = strerror(failed);
    else if (size > FXI_SECRET_MAX)
        why = "is larger than 64 KiB";
    else if (memchr(text, '\0', size))
        why = "contains a NUL character: a secret is a text";
    if (why) {
        explicit_bzero(text, size);
        free(text);
        return fail(file, node, "the file", why, err);
    }
    cut_newline(text, size);
    *secret = text;
    return 0;
}

static int from_file(const char *file, const struct fxi_node *node, char **secret, struct fx_error *err)
{
    if (node->text[0] != '/')
        return fail(file, node, "the file", "must be named by its absolute path", err);
    const char *reason;
    int fd = fx_file_open(node->text, O_RDONLY, &reason);
    if (fd < 0) {
        char why[160];
        snprintf(why, sizeof why, "can't be read: %s", reason);
        return fail(file, node, "the file", why, err);
    }
    int code = from_open_file(file, node, fd, secret, err);
    close(fd);
    return code;
}

static int from_environment(const char *file, const struct fxi_node *node, char **secret, struct fx_error *err)
{
    const char *value = getenv(node->text);
    if (!value)
        return fail(file, node, "the environment variable", "is not set", err);
    *secret = fxi_strdup(value);
    return 0;
}

int fxi_secret_read(const char *file, const struct fxi_node *node, char **secret, struct fx_error *err)
{
    const struct fxi_node *where = node->children;
    bool is_file = where && strcmp(where->key, "file") == 0, is_env = where && strcmp(where->key, "env") == 0;
    if (node->count != 1 || where->type != FXI_NODE_SCALAR || where->is_null || !(is_file || is_env))
        return fxi_node_error(err, file, node, 0, FX_EINVAL, "a secret is a text, or {file: PATH}, or {env: NAME}");
    return is_file ? from_file(file, where, secret, err) : from_environment(file, where, secret, err);
}

bool fxi_secret_is_reference(const struct fxi_node *node)
{
    return node->type == FXI_NODE_MAP && node->count == 1 && node->children->type == FXI_NODE_SCALAR &&
           (strcmp(node->children->key, "file") == 0 || strcmp(node->children->key, "env") == 0);
}

/* Guesses by the name of a free key whether its value is a secret, when no table says. */
static bool sounds_secret(const char *key)
{
    static const char *const parts[] = {"passw",      "passphrase", "secret",  "token",
                                        "credential", "key.pem",    "private", NULL};
    for (; *key; key++)
        for (const char *const *part = parts; *part; part++)
            if (strncasecmp(key, *part, strlen(*part)) == 0)
                return true;
    return false;
}

static bool is_public(const struct fx_option *option, const char *key)
{
    for (const char *const *pattern = option->choices; pattern && *pattern; pattern++)
        if (fnmatch(*pattern, key, 0) == 0)
            return true;
    return false;
}

bool fxi_secret_is(const struct fx_option *option, const char *key, const struct fxi_node *item)
{
    if ((option && option->type == FX_OPT_SECRET) || (item && fxi_secret_is_reference(item)))
        return true;
    if (!key)
        return false;
    return option && (option->flags & FX_OPTION_SECRETS) ? !is_public(option, key) : sounds_secret(key);
}

const char *fxi_secret_mask_urls(const char *text, char *shown, size_t size)
{
    size_t used = 0;
    while (*text && used + sizeof "://" HIDDEN < size) {
        size_t length = strncmp(text, "://", 3) == 0 ? strcspn(text + 3, "/?# \t\r\n") : 0;
        const char *at = length ? memrchr(text + 3, '@', length) : NULL;
        if (at && at > text + 3) {
            memcpy(shown + used, "://" HIDDEN, sizeof "://" HIDDEN - 1);
            used += sizeof "://" HIDDEN - 1;
            text = at;
        } else {
            shown[used++] = *text++;
        }
    }
    shown[used] = '\0';
    return shown;
}

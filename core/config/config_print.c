/*
 * A configuration as YAML that reads back as the same tree. Main thread.
 * Secrets are hidden: options that the caller calls secret, and values inside
 * an option's map whose key says so (sasl.password among librdkafka's).
 */
#include "config/config.h"

#include <string.h>
#include <strings.h>

#include "util/utf8.h"

#define HIDDEN "********"
#define STEP   2

struct printer {
    FILE *out;
    const struct fxi_config *config;
    bool (*is_secret)(void *arg, const struct fxi_plugin_entry *entry, const char *key);
    void *arg;
};

/* Where a value stands: in which entry, and how far below its map. */
struct place {
    const struct fxi_plugin_entry *entry;
    unsigned depth;
    unsigned indent;
};

/* Texts that no YAML reader takes for anything else, in block and flow style. All others are quoted. */
static bool is_plain(const char *text)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/";
    static const char rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/.:+@-";
    size_t size = strlen(text);
    return size > 0 && strchr(first, text[0]) && strspn(text, rest) == size && text[size - 1] != ':' &&
           strcmp(text, "null") != 0;
}

/* A code point that has to be escaped: not printable, or changed by a reader. */
static bool is_special(unsigned point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 || point == 0xfeff ||
           point == 0xfffe || point == 0xffff;
}

/* The code point of a sound character of at most three bytes; of four bytes none is special. */
static unsigned point_of(const unsigned char *at, size_t size)
{
    if (size == 1)
        return at[0];
    if (size == 2)
        return (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
    if (size == 3)
        return (at[0] & 0xfu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
    return 0x10000;
}

static void quoted_print(FILE *out, const char *text)
{
    const char *end = text + strlen(text);
    fputc('"', out);
    while (text < end) {
        size_t size = fxi_utf8_size(text, end);
        bool sound = size > 0 && size <= (size_t)(end - text);
        unsigned point = sound ? point_of((const unsigned char *)text, size) : 0xfffd;
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if (*text == '\n')
            fputs("\\n", out);
        else if (*text == '\t')
            fputs("\\t", out);
        else if (!sound || is_special(point))
            fprintf(out, "\\u%04X", point);
        else
            fwrite(text, size, 1, out);
        text += sound ? size : 1;
    }
    fputc('"', out);
}

static void text_print(FILE *out, const char *text)
{
    if (is_plain(text))
        fputs(text, out);
    else
        quoted_print(out, text);
}

static void scalar_print(FILE *out, const struct fxi_node *node)
{
    if (node->is_null)
        fputs("null", out);
    else
        text_print(out, node->text);
}

/* Names of secrets among free keys, such as librdkafka's: sasl.password, ssl.key.pem, sasl.oauthbearer.config. */
static bool key_sounds_secret(const char *key)
{
    static const char *const parts[] = {"password", "passphrase",         "secret",  "token", "credential",
                                        "key.pem",  "oauthbearer.config", "private", NULL};
    for (; *key; key++)
        for (const char *const *part = parts; *part; part++)
            if (strncasecmp(key, *part, strlen(*part)) == 0)
                return true;
    return false;
}

/* {file: PATH} or {env: NAME}: where a secret is, not what it is. */
static bool is_reference(const struct fxi_node *node)
{
    return node->type == FXI_NODE_MAP && node->count == 1 && node->children->type == FXI_NODE_SCALAR &&
           (strcmp(node->children->key, "file") == 0 || strcmp(node->children->key, "env") == 0);
}

static bool is_hidden(const struct printer *printer, const struct place *place, const struct fxi_node *node)
{
    if (!place->entry || node->is_null || is_reference(node))
        return false;
    if (place->depth == 0)
        return printer->is_secret && printer->is_secret(printer->arg, place->entry, node->key);
    return key_sounds_secret(node->key);
}

static bool is_list_of_scalars(const struct fxi_node *node)
{
    if (node->type != FXI_NODE_LIST)
        return false;
    for (const struct fxi_node *child = node->children; child; child = child->next)
        if (child->type != FXI_NODE_SCALAR)
            return false;
    return true;
}

/* What fits behind "key: " on the same line. */
static bool is_inline(const struct fxi_node *node)
{
    return node->type == FXI_NODE_SCALAR || node->count == 0 || is_list_of_scalars(node);
}

static void inline_print(FILE *out, const struct fxi_node *node)
{
    if (node->type == FXI_NODE_SCALAR) {
        scalar_print(out, node);
    } else if (node->type == FXI_NODE_MAP) {
        fputs("{}", out);
    } else {
        fputc('[', out);
        for (const struct fxi_node *child = node->children; child; child = child->next) {
            scalar_print(out, child);
            fputs(child->next ? ", " : "", out);
        }
        fputc(']', out);
    }
    fputc('\n', out);
}

static void map_print(const struct printer *printer, const struct fxi_node *map, struct place place, bool indented);

static const struct fxi_plugin_entry *entry_of(const struct printer *printer, const struct fxi_node *node)
{
    for (size_t i = 0; i < printer->config->entry_count; i++)
        if (printer->config->entries[i].node == node)
            return &printer->config->entries[i];
    return NULL;
}

static void list_print(const struct printer *printer, const struct fxi_node *list, struct place place)
{
    for (const struct fxi_node *child = list->children; child; child = child->next) {
        struct place below = {place.entry, place.depth + 1, place.indent + STEP};
        if (!place.entry && (below.entry = entry_of(printer, child)) != NULL)
            below.depth = 0;
        fprintf(printer->out, "%*s-%s", (int)place.indent, "",
                child->type == FXI_NODE_LIST && !is_inline(child) ? "\n" : " ");
        if (is_inline(child))
            inline_print(printer->out, child);
        else if (child->type == FXI_NODE_MAP)
            map_print(printer, child, below, true);
        else
            list_print(printer, child, below);
    }
}

/* indented: the first key stands behind "- " already. */
static void map_print(const struct printer *printer, const struct fxi_node *map, struct place place, bool indented)
{
    struct place below = {place.entry, place.depth + 1, place.indent + STEP};
    for (const struct fxi_node *child = map->children; child; child = child->next) {
        fprintf(printer->out, "%*s", indented ? 0 : (int)place.indent, "");
        indented = false;
        text_print(printer->out, child->key);
        bool hidden = is_hidden(printer, &place, child);
        fputs(hidden ? ": \"" HIDDEN "\"\n" : is_inline(child) ? ": " : ":\n", printer->out);
        if (hidden)
            continue;
        if (is_inline(child))
            inline_print(printer->out, child);
        else if (child->type == FXI_NODE_MAP)
            map_print(printer, child, below, false);
        else
            list_print(printer, child, below);
    }
}

void fxi_config_print(FILE *out, const struct fxi_config *config,
                      bool (*is_secret)(void *arg, const struct fxi_plugin_entry *entry, const char *key), void *arg)
{
    struct printer printer = {out, config, is_secret, arg};
    const struct fxi_node *root = config->document->root;
    if (is_inline(root))
        inline_print(out, root);
    else
        map_print(&printer, root, (struct place){NULL, 0, 0}, false);
}

/*
 * Prints a configuration as YAML that reads back as the same tree. Main thread. Hidden are the values that the caller
 * calls secret, and names and passwords in URLs.
 */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "config/secret.h"
#include "util/alloc.h"
#include "util/utf8.h"

#define HIDDEN "********"
#define STEP   2

struct printer {
    FILE *out;
    const struct fxi_config *config;
    bool (*is_secret)(void *arg, const struct fxi_plugin_entry *entry, const char *key, const struct fxi_node *item);
    void *arg;
};

/* The place of a value: its entry, and the key of that entry above it. */
struct place {
    const struct fxi_plugin_entry *entry;
    const char *option; /* the entry's key above the value, or NULL for the entry itself */
    unsigned indent;
    bool is_reference; /* inside {file: ...} or {env: ...}, which are shown */
};

/* Whether every YAML reader takes the text for this text, in block and flow style. All other texts are quoted. */
static bool is_plain(const char *text)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/";
    static const char rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/.:+@-";
    size_t size = strlen(text);
    return size > 0 && strchr(first, text[0]) && strspn(text, rest) == size && text[size - 1] != ':' &&
           strcmp(text, "null") != 0;
}

/* Whether a code point must be escaped: it is not printable, or a reader would change it. */
static bool is_special(unsigned point)
{
    bool turns = point == 0x61c || point == 0x200e || point == 0x200f || (point >= 0x202a && point <= 0x202e) ||
                 (point >= 0x2066 && point <= 0x2069); /* reverse the direction of a line on a terminal */
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 || turns ||
           point == 0xfeff || point == 0xfffe || point == 0xffff;
}

/* The code point of a valid character of at most three bytes. No character of four bytes is special. */
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

static void scalar_print(FILE *out, const struct fxi_node *node, bool masks_urls)
{
    if (node->is_null) {
        fputs("null", out);
    } else if (masks_urls && strstr(node->text, "://")) {
        size_t size = strlen(node->text) + sizeof HIDDEN * 2 + strlen(node->text) * 2;
        char *shown = fxi_calloc(size, 1);
        text_print(out, fxi_secret_mask_urls(node->text, shown, size));
        free(shown);
    } else {
        text_print(out, node->text);
    }
}

static bool is_hidden(const struct printer *printer, const struct place *place, const struct fxi_node *node)
{
    if (!place->entry || place->is_reference || node->is_null || fxi_secret_is_reference(node))
        return false;
    if (!printer->is_secret)
        return place->option && fxi_secret_is(NULL, node->key, node);
    if (!place->option)
        return printer->is_secret(printer->arg, place->entry, node->key, NULL);
    return printer->is_secret(printer->arg, place->entry, place->option, node);
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

/* Whether the value is printed on the same line as its key. */
static bool is_inline(const struct fxi_node *node)
{
    return node->type == FXI_NODE_SCALAR || node->count == 0 || is_list_of_scalars(node);
}

static void inline_print(FILE *out, const struct fxi_node *node, bool masks_urls)
{
    if (node->type == FXI_NODE_SCALAR) {
        scalar_print(out, node, masks_urls);
    } else if (node->type == FXI_NODE_MAP) {
        fputs("{}", out);
    } else {
        fputc('[', out);
        for (const struct fxi_node *child = node->children; child; child = child->next) {
            scalar_print(out, child, masks_urls);
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
        struct place below = {place.entry, place.option, place.indent + STEP, false};
        if (!place.entry)
            below.entry = entry_of(printer, child);
        fprintf(printer->out, "%*s-%s", (int)place.indent, "",
                child->type == FXI_NODE_LIST && !is_inline(child) ? "\n" : " ");
        if (is_inline(child))
            inline_print(printer->out, child, place.entry != NULL);
        else if (child->type == FXI_NODE_MAP)
            map_print(printer, child, below, true);
        else
            list_print(printer, child, below);
    }
}

/* indented: the line already begins with "- ", and the first key follows. */
static void map_print(const struct printer *printer, const struct fxi_node *map, struct place place, bool indented)
{
    struct place below = {place.entry, place.option, place.indent + STEP, false};
    for (const struct fxi_node *child = map->children; child; child = child->next) {
        fprintf(printer->out, "%*s", indented ? 0 : (int)place.indent, "");
        indented = false;
        text_print(printer->out, child->key);
        bool hidden = is_hidden(printer, &place, child);
        below.option = place.entry && !place.option ? child->key : place.option;
        below.is_reference = fxi_secret_is_reference(child);
        fputs(hidden ? ": \"" HIDDEN "\"\n" : is_inline(child) ? ": " : ":\n", printer->out);
        if (hidden)
            continue;
        if (is_inline(child))
            inline_print(printer->out, child, place.entry != NULL);
        else if (child->type == FXI_NODE_MAP)
            map_print(printer, child, below, false);
        else
            list_print(printer, child, below);
    }
}

void fxi_config_print(FILE *out, const struct fxi_config *config,
                      bool (*is_secret)(void *arg, const struct fxi_plugin_entry *entry, const char *key,
                                        const struct fxi_node *item),
                      void *arg)
{
    struct printer printer = {out, config, is_secret, arg};
    const struct fxi_node *root = config->document->root;
    if (is_inline(root))
        inline_print(out, root, false);
    else
        map_print(&printer, root, (struct place){NULL, NULL, 0, false}, false);
}

/* Makes a configuration from the older program's flags. Main thread. The document owns copies of all texts. */
#include "config/flags.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

#define DEFAULT_ADDR ":9590"

size_t fxi_flags_split(const char *text, void (*take)(void *arg, const char *piece), void *arg)
{
    size_t count = 0;
    while (*text) {
        size_t size = strcspn(text, ",");
        const char *begin = text, *end = text + size;
        while (begin < end && *begin == ' ')
            begin++;
        while (end > begin && end[-1] == ' ')
            end--;
        if (end > begin) {
            char *piece = fxi_strndup(begin, (size_t)(end - begin));
            take(arg, piece);
            free(piece);
            count++;
        }
        text += size + (text[size] == ',');
    }
    return count;
}

static void text_add(void *list, const char *text)
{
    fxi_node_add(list, NULL, fxi_node_new(FXI_NODE_SCALAR, text));
}

static struct fxi_node *list_add(struct fxi_node *map, const char *key)
{
    return fxi_node_add(map, key, fxi_node_new(FXI_NODE_LIST, NULL));
}

static void option_add(struct fxi_node *map, const char *key, const char *text)
{
    fxi_node_add(map, key, fxi_node_new(FXI_NODE_SCALAR, text));
}

/* Adds a section with one entry. Gives the entry's map. */
static struct fxi_node *entry_add(struct fxi_node *root, const char *section, const char *plugin)
{
    struct fxi_node *map = fxi_node_add(list_add(root, section), NULL, fxi_node_new(FXI_NODE_MAP, NULL));
    option_add(map, "plugin", plugin);
    return map;
}

struct fxi_document *fxi_flags_document(const struct fxi_flags *flags)
{
    struct fxi_document *document = fxi_calloc(1, sizeof *document);
    document->file = fxi_strdup("");
    document->root = fxi_node_new(FXI_NODE_MAP, NULL);

    struct fxi_node *input = entry_add(document->root, "inputs", "input-kafka");
    fxi_flags_split(flags->brokers, text_add, list_add(input, "brokers"));
    text_add(list_add(input, "topics"), flags->topic);
    if (flags->partitions && strcmp(flags->partitions, "all") != 0)
        fxi_flags_split(flags->partitions, text_add, list_add(input, "partitions"));

    struct fxi_node *resolver = entry_add(document->root, "resolvers", "resolver-whois");
    if (flags->name_count > 0) {
        struct fxi_node *names = list_add(resolver, "names");
        for (size_t i = 0; i < flags->name_count; i++)
            text_add(names, flags->names[i]);
    }
    if (flags->whois)
        option_add(resolver, "server", flags->whois);

    struct fxi_node *output = entry_add(document->root, "outputs", "output-prometheus");
    option_add(output, "listen", flags->addr ? flags->addr : DEFAULT_ADDR);
    /* The replaced program took AS 0 for its own when none was given, as routers name their own network in many places. */
    if (flags->asn && strchr(flags->asn, ','))
        fxi_flags_split(flags->asn, text_add, list_add(output, "asn"));
    else
        option_add(output, "asn", flags->asn ? flags->asn : "0");
    return document;
}

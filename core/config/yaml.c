/*
 * Reads YAML into a tree of nodes, by libyaml's events. Only a strict subset is accepted, in which every text has one
 * meaning: no aliases, tags, merge keys, duplicate keys, or second document. libyaml itself would accept all of these
 * silently. Main thread. The reader owns the tree until it is complete.
 */
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "config/variables.h"
#include "config/yaml_source.h"
#include "util/alloc.h"

#define DEPTH_MAX 32
/* libyaml reads back keys of at most 1024 characters. A key of this size is never longer, even when escaped. */
#define KEY_MAX 200

struct reader {
    const struct fxi_yaml_source *source;
    yaml_parser_t parser;
    struct fx_error *err;
    bool is_part; /* not the program's configuration: may be empty */
    unsigned depth;
};

static int fail_at(struct reader *reader, yaml_mark_t mark, const char *message)
{
    fxi_error_place(reader->err, reader->source->name, (unsigned)mark.line + 1, (unsigned)mark.column + 1);
    return fx_error_set(reader->err, FX_EINVAL, "%s", message);
}

static int event_next(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return 0;
    return fxi_yaml_source_problem(reader->source, &reader->parser, reader->err);
}

/* Anchors, aliases and tags give one text several meanings. */
static int event_check(struct reader *reader, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return fail_at(
            reader, event->start_mark,
            "aliases (*name) are not supported: write the value out, or put a text that begins with '*' in quotes");
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default:
        break;
    }
    if (anchor)
        return fail_at(
            reader, event->start_mark,
            "anchors (&name) are not supported: write the value out, or put a text that begins with '&' in quotes");
    if (tag)
        return fail_at(reader, event->start_mark,
                       "tags (!name) are not supported: put a text that begins with '!' in quotes");
    return 0;
}

static int scalar_is_null(const yaml_event_t *event)
{
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return 0;
    const char *text = (const char *)event->data.scalar.value;
    return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static int scalar_read(struct reader *reader, const yaml_event_t *event, struct fxi_node **result)
{
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length)
        return fail_at(reader, event->start_mark, "a text can't contain a NUL character");
    char message[FXI_VARIABLES_MESSAGE_MAX];
    char *expanded = reader->is_part ? NULL : fxi_variables_expand(text, message);
    if (!expanded && !reader->is_part)
        return fail_at(reader, event->start_mark, message);
    *result = fxi_node_new(FXI_NODE_SCALAR, expanded ? expanded : text);
    (*result)->is_null = scalar_is_null(event);
    free(expanded);
    return 0;
}

static int key_check(struct reader *reader, const yaml_event_t *event, const struct fxi_node *map)
{
    if (event->type != YAML_SCALAR_EVENT)
        return fail_at(reader, event->start_mark, "a key must be a text, not a list or a map");
    const char *key = (const char *)event->data.scalar.value;
    if (strlen(key) != event->data.scalar.length)
        return fail_at(reader, event->start_mark, "a key can't contain a NUL character");
    if (!*key)
        return fail_at(reader, event->start_mark, "a key can't be empty");
    if (strlen(key) > KEY_MAX)
        return fail_at(reader, event->start_mark, "a key can't be longer than 200 bytes");
    if (strcmp(key, "<<") == 0 && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return fail_at(reader, event->start_mark, "merge keys (<<) are not supported: write the values out");
    const struct fxi_node *first = fxi_node_get(map, key);
    if (!first)
        return 0;
    char shown[FXI_SHOWN_MAX], message[FXI_SHOWN_MAX + 80];
    snprintf(message, sizeof message, "the key '%s' is used twice; first used on line %u", fxi_text_show(key, shown),
             first->key_line);
    return fail_at(reader, event->start_mark, message);
}

static int node_read(struct reader *reader, const yaml_event_t *event, struct fxi_node **result);

/* Reads the value that begins with this event, and adds it to the parent. */
static int child_read(struct reader *reader, struct fxi_node *parent, const char *key, const yaml_event_t *event)
{
    struct fxi_node *child = NULL;
    int code = node_read(reader, event, &child);
    if (code == 0)
        fxi_node_add(parent, key, child);
    return code;
}

static int list_read(struct reader *reader, struct fxi_node *list)
{
    for (;;) {
        yaml_event_t event;
        int code = event_next(reader, &event);
        if (code != 0)
            return code;
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        if (!end)
            code = child_read(reader, list, NULL, &event);
        yaml_event_delete(&event);
        if (end || code != 0)
            return code;
    }
}

/* Reads the value of a key that has been checked. */
static int pair_read(struct reader *reader, struct fxi_node *map, const yaml_event_t *key)
{
    yaml_event_t event;
    int code = event_next(reader, &event);
    if (code != 0)
        return code;
    code = child_read(reader, map, (const char *)key->data.scalar.value, &event);
    if (code == 0) {
        map->last->key_line = (unsigned)key->start_mark.line + 1;
        map->last->key_column = (unsigned)key->start_mark.column + 1;
    }
    yaml_event_delete(&event);
    return code;
}

static int map_read(struct reader *reader, struct fxi_node *map)
{
    for (;;) {
        yaml_event_t event;
        int code = event_next(reader, &event);
        if (code != 0)
            return code;
        bool end = event.type == YAML_MAPPING_END_EVENT;
        if (!end)
            code = event_check(reader, &event);
        if (!end && code == 0)
            code = key_check(reader, &event, map);
        if (!end && code == 0)
            code = pair_read(reader, map, &event);
        yaml_event_delete(&event);
        if (end || code != 0)
            return code;
    }
}

static int collection_read(struct reader *reader, const yaml_event_t *event, struct fxi_node **result)
{
    if (reader->depth == DEPTH_MAX)
        return fail_at(reader, event->start_mark, "lists and maps are nested too deeply: 32 levels at most");
    reader->depth++;
    bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
    struct fxi_node *node = fxi_node_new(is_list ? FXI_NODE_LIST : FXI_NODE_MAP, NULL);
    int code = is_list ? list_read(reader, node) : map_read(reader, node);
    reader->depth--;
    if (code == 0)
        *result = node;
    else
        fxi_node_free(node);
    return code;
}

static int node_read(struct reader *reader, const yaml_event_t *event, struct fxi_node **result)
{
    int code = event_check(reader, event);
    if (code != 0)
        return code;
    code =
        event->type == YAML_SCALAR_EVENT ? scalar_read(reader, event, result) : collection_read(reader, event, result);
    if (code == 0) {
        (*result)->line = (unsigned)event->start_mark.line + 1;
        (*result)->column = (unsigned)event->start_mark.column + 1;
    }
    return code;
}

static int root_read(struct reader *reader, const yaml_event_t *event, struct fxi_node **root)
{
    int code = node_read(reader, event, root);
    if (code != 0 || (*root)->type == FXI_NODE_MAP)
        return code;
    if (reader->is_part && (*root)->is_null) {
        fxi_node_free(*root);
        *root = fxi_node_new(FXI_NODE_MAP, NULL);
        return 0;
    }
    if (reader->is_part)
        return fail_at(reader, event->start_mark, "the file must be a map of keys and values");
    return fail_at(reader, event->start_mark,
                   (*root)->is_null ? FXI_YAML_EMPTY
                                    : "the configuration must be a map of keys and values, "
                                      "such as 'inputs:' and 'outputs:'");
}

/* Reads the whole stream: one document with one map. */
static int stream_read(struct reader *reader, struct fxi_node **root)
{
    for (;;) {
        yaml_event_t event;
        int code = event_next(reader, &event);
        if (code != 0)
            return code;
        yaml_event_type_t type = event.type;
        if (type == YAML_DOCUMENT_START_EVENT && *root)
            code = fail_at(reader, event.start_mark, "a second document begins here: a file can have only one");
        else if (type == YAML_DOCUMENT_START_EVENT &&
                 event.data.document_start.tag_directives.start != event.data.document_start.tag_directives.end)
            code = fail_at(reader, event.start_mark, "%TAG directives are not supported");
        else if (type == YAML_STREAM_END_EVENT && !*root && reader->is_part)
            *root = fxi_node_new(FXI_NODE_MAP, NULL);
        else if (type == YAML_STREAM_END_EVENT && !*root)
            code = fail_at(reader, (yaml_mark_t){0, 0, 0}, FXI_YAML_EMPTY);
        else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT &&
                 type != YAML_DOCUMENT_END_EVENT && type != YAML_STREAM_END_EVENT)
            code = root_read(reader, &event, root);
        yaml_event_delete(&event);
        if (code != 0 || type == YAML_STREAM_END_EVENT)
            return code;
    }
}

static struct fxi_document *text_read(const char *name, const char *text, size_t size, bool is_part,
                                      struct fx_error *err)
{
    struct fxi_yaml_source source;
    if (fxi_yaml_source_init(&source, name, text, size, err) != 0)
        return NULL;
    struct reader reader = {.source = &source, .err = err, .is_part = is_part};
    if (!yaml_parser_initialize(&reader.parser)) {
        fx_error_set(err, FX_ENOMEM, "no memory for reading the configuration");
        return NULL;
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)source.text, source.size);
    struct fxi_node *root = NULL;
    int code = stream_read(&reader, &root);
    yaml_parser_delete(&reader.parser);
    if (code != 0) {
        fxi_node_free(root);
        return NULL;
    }
    struct fxi_document *document = fxi_calloc(1, sizeof *document);
    document->file = fxi_strdup(name);
    document->root = root;
    return document;
}

struct fxi_document *fxi_yaml_read_text(const char *name, const char *text, size_t size, struct fx_error *err)
{
    return text_read(name, text, size, false, err);
}

struct fxi_document *fxi_yaml_read_part(const char *name, const char *text, size_t size, struct fx_error *err)
{
    return text_read(name, text, size, true, err);
}

/*
 * The tree of a configuration, and places in errors. Main thread. A parent owns its children, a document owns its tree.
 */
#include "config/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

struct fxi_node *fxi_node_new(enum fxi_node_type type, const char *text)
{
    struct fxi_node *node = fxi_calloc(1, sizeof *node);
    node->type = type;
    if (type == FXI_NODE_SCALAR)
        node->text = fxi_strdup(text ? text : "");
    return node;
}

struct fxi_node *fxi_node_add(struct fxi_node *parent, const char *key, struct fxi_node *child)
{
    child->key = key ? fxi_strdup(key) : NULL;
    child->next = NULL;
    if (parent->last)
        parent->last->next = child;
    else
        parent->children = child;
    parent->last = child;
    parent->count++;
    return child;
}

const struct fxi_node *fxi_node_get(const struct fxi_node *map, const char *key)
{
    for (const struct fxi_node *child = map ? map->children : NULL; child; child = child->next)
        if (child->key && strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

void fxi_node_free(struct fxi_node *node)
{
    if (!node)
        return;
    struct fxi_node *child = node->children;
    while (child) {
        struct fxi_node *next = child->next;
        fxi_node_free(child);
        child = next;
    }
    free(node->key);
    if (node->text) /* the text may be a secret */
        explicit_bzero(node->text, strlen(node->text));
    free(node->text);
    free(node);
}

void fxi_document_free(struct fxi_document *document)
{
    if (!document)
        return;
    fxi_node_free(document->root);
    free(document->file);
    free(document);
}

void fxi_error_place(struct fx_error *err, const char *file, unsigned line, unsigned column)
{
    if (!err)
        return;
    snprintf(err->file, sizeof err->file, "%s", file ? file : "");
    err->line = line;
    err->column = column;
}

int fxi_node_error(struct fx_error *err, const char *file, const struct fxi_node *node, int at_key, int code,
                   const char *format, ...)
{
    if (!err)
        return code;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    err->code = code;
    if (!node)
        fxi_error_place(err, file, 0, 0);
    else if (at_key && node->key_line)
        fxi_error_place(err, file, node->key_line, node->key_column);
    else
        fxi_error_place(err, file, node->line, node->column);
    return code;
}

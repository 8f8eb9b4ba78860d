/*
 * The configuration as a tree of nodes, whoever made it: the YAML reader or
 * the old command line flags. A tree is made and read by the main thread.
 */
#ifndef FXI_CONFIG_NODE_H
#define FXI_CONFIG_NODE_H

#include <stddef.h>

#include <flow-exporter/error.h>

enum fxi_node_type { FXI_NODE_SCALAR = 1, FXI_NODE_LIST, FXI_NODE_MAP };

/* One node. Children of a list have no key; children of a map are in the order of the file. */
struct fxi_node {
    enum fxi_node_type type;
    unsigned line, column;            /* of the value, from 1; 0: not from a file */
    unsigned key_line, key_column;    /* of the key */
    char *key;                        /* in a map, else NULL */
    char *text;                       /* of a scalar, else NULL */
    int is_null;                      /* a plain scalar that is empty, ~ or null */
    struct fxi_node *children, *next; /* first child; next of the same parent */
    struct fxi_node *last;            /* child */
    size_t count;                     /* of children */
};

/* A tree with the name of the file that it is from ("" for flags). */
struct fxi_document {
    char *file;
    struct fxi_node *root; /* a map */
};

/* Reads YAML. Every error has file, line and column. NULL and err filled, or a document for fxi_document_free. */
struct fxi_document *fxi_yaml_read_file(const char *path, struct fx_error *err);
struct fxi_document *fxi_yaml_read_text(const char *name, const char *text, size_t size, struct fx_error *err);
/* The same for what is not the program's own configuration: an empty file is an empty map. */
struct fxi_document *fxi_yaml_read_part_file(const char *path, struct fx_error *err);
struct fxi_document *fxi_yaml_read_part(const char *name, const char *text, size_t size, struct fx_error *err);
void fxi_document_free(struct fxi_document *document);

/* For trees that are not read: nodes are owned by the parent that they are added to. They abort without memory. */
struct fxi_node *fxi_node_new(enum fxi_node_type type, const char *text);
struct fxi_node *fxi_node_add(struct fxi_node *parent, const char *key, struct fxi_node *child);
const struct fxi_node *fxi_node_get(const struct fxi_node *map, const char *key);
void fxi_node_free(struct fxi_node *node);

/* Fills the place of err, which may be NULL. */
void fxi_error_place(struct fx_error *err, const char *file, unsigned line, unsigned column);

/* Fills err with the place of node (or of its key) in file. Returns code. */
int fxi_node_error(struct fx_error *err, const char *file, const struct fxi_node *node, int at_key, int code,
                   const char *format, ...) FX_PRINTF(6, 7);

#endif

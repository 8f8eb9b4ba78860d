/*
 * The configuration as a tree of nodes, made by the YAML reader or from the flags of the older program. Only the main
 * thread makes and reads a tree.
 */
#ifndef FXI_CONFIG_NODE_H
#define FXI_CONFIG_NODE_H

#include <stddef.h>

#include <flow-exporter/error.h>

enum fxi_node_type { FXI_NODE_SCALAR = 1, FXI_NODE_LIST, FXI_NODE_MAP };

/* One node. Children of a list have no key. Children of a map are in the order of the file. */
struct fxi_node {
    enum fxi_node_type type;
    unsigned line, column;            /* of the value, counted from 1; 0: not from a file */
    unsigned key_line, key_column;    /* of the key */
    char *key;                        /* set in a map, else NULL */
    char *text;                       /* of a scalar; else NULL */
    int is_null;                      /* a plain scalar that is empty, ~ or null */
    struct fxi_node *children, *next; /* first child; next child of the same parent */
    struct fxi_node *last;            /* last child */
    size_t count;                     /* number of children */
};

/* A tree and the name of its file ("" for flags). */
struct fxi_document {
    char *file;
    struct fxi_node *root; /* always a map */
};

/* Reads YAML. Gives a document for fxi_document_free, or NULL and err with file, line and column. */
struct fxi_document *fxi_yaml_read_file(const char *path, struct fx_error *err);
struct fxi_document *fxi_yaml_read_text(const char *name, const char *text, size_t size, struct fx_error *err);
/* Like fxi_yaml_read_…, for YAML that is not the program's own configuration: an empty file gives an empty map. */
struct fxi_document *fxi_yaml_read_part_file(const char *path, struct fx_error *err);
struct fxi_document *fxi_yaml_read_part(const char *name, const char *text, size_t size, struct fx_error *err);
void fxi_document_free(struct fxi_document *document);

/* For trees that are not read from YAML. The parent owns the nodes that are added to it. These abort without memory. */
struct fxi_node *fxi_node_new(enum fxi_node_type type, const char *text);
struct fxi_node *fxi_node_add(struct fxi_node *parent, const char *key, struct fxi_node *child);
const struct fxi_node *fxi_node_get(const struct fxi_node *map, const char *key);
void fxi_node_free(struct fxi_node *node);

/* Sets the place in err. err may be NULL. */
void fxi_error_place(struct fx_error *err, const char *file, unsigned line, unsigned column);

/* Fills err with the sentence and with the place of the node (at_key: of its key) in the file. Gives code. */
int fxi_node_error(struct fx_error *err, const char *file, const struct fxi_node *node, int at_key, int code,
                   const char *format, ...) FX_PRINTF(6, 7);

#endif

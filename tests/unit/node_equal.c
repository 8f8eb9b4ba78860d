/* Comparison of trees, for the tests of printing: any thread, nothing is owned. */
#include "tests/unit/node_equal.h"

#include <string.h>

static bool texts_are_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool nodes_are_equal(const struct fxi_node *a, const struct fxi_node *b)
{
    if (a->type != b->type || a->is_null != b->is_null || a->count != b->count || !texts_are_equal(a->key, b->key))
        return false;
    /* A null may have been written in several ways. */
    if (!a->is_null && !texts_are_equal(a->text, b->text))
        return false;
    const struct fxi_node *y = b->children;
    for (const struct fxi_node *x = a->children; x; x = x->next, y = y->next)
        if (!nodes_are_equal(x, y))
            return false;
    return true;
}

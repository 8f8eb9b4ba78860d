/* Whether two configuration trees mean the same. Places are not compared. */
#ifndef TESTS_NODE_EQUAL_H
#define TESTS_NODE_EQUAL_H

#include <stdbool.h>

#include "config/node.h"

bool nodes_are_equal(const struct fxi_node *a, const struct fxi_node *b);

#endif

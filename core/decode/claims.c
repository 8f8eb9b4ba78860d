/* Claimed paths as a tree of names. The worker that owns the decoder builds the tree once; then it is only read. */
#include <stdlib.h>
#include <string.h>

#include "decode/decoder_parts.h"

/*
 * Takes one name from the path and unescapes it into name, which has room for the whole path. Gives 0, or -1 for a bad
 * path.
 */
static int take_name(const char **path, char *name, size_t *size)
{
    const char *at = *path;
    *size = 0;
    while (*at && *at != '.') {
        if (*at == '\\' && *++at != '.' && *at != '\\')
            return -1;
        name[(*size)++] = *at++;
    }
    if (!*size)
        return -1;
    if (*at == '.' && !*++at)
        return -1;
    *path = at;
    return 0;
}

static uint64_t name_head(const char *name, size_t size)
{
    uint64_t head = 0;
    memcpy(&head, name, size < sizeof head ? size : sizeof head);
    return head;
}

static uint64_t size_bit(size_t size)
{
    return UINT64_C(1) << (size < 63 ? size : 63);
}

unsigned fxi_claim_find(const struct fxi_decoder *d, unsigned node, const char *name, size_t size)
{
    const struct fxi_claim *claims = d->claims;
    if (!(claims[node].child_sizes & size_bit(size)))
        return FXI_NODE_NOBODY;
    uint64_t head = name_head(name, size);
    for (unsigned i = claims[node].child; i; i = claims[i].sibling) {
        const struct fxi_node_name *own = &claims[i].name;
        if (own->head == head && own->size == size && memcmp(own->text, name, size) == 0)
            return i;
    }
    return FXI_NODE_NOBODY;
}

static int add_child(struct fxi_decoder *d, unsigned parent, const char *name, size_t size)
{
    struct fxi_claim *claim = &d->claims[d->claim_count];
    claim->name = (struct fxi_node_name){name_head(name, size), strndup(name, size), size};
    if (!claim->name.text)
        return -1;
    claim->sibling = d->claims[parent].child;
    d->claims[parent].child = (uint16_t)d->claim_count;
    d->claims[parent].child_sizes |= size_bit(size);
    return (int)d->claim_count++;
}

/* Whether any name but the first may be the index of an element. */
static bool names_place(const char *path)
{
    for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.')) {
        const char *digits = dot + 1 + (dot[1] == '-');
        size_t size = strspn(digits, "0123456789");
        if (size && (digits[size] == '.' || digits[size] == '\0'))
            return true;
    }
    return false;
}

/* Keeps the names of a path. Their nodes are numbers of add_path for now; sort_nodes replaces them. */
static int make_pick(struct fxi_decoder *d, struct fxi_target *target, const char *path, char *name)
{
    size_t most = 1, size;
    for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.'))
        most++;
    struct fxi_pick *pick = target->pick = calloc(1, sizeof *pick + most * sizeof *pick->names);
    unsigned node = FXI_NODE_RECORD;
    do {
        if (!pick || take_name(&path, name, &size) != 0)
            return -1;
        node = fxi_claim_find(d, node, name, size);
        pick->names[pick->count] = (struct fxi_pick_name){strndup(name, size), size, node};
        if (!pick->names[pick->count++].text)
            return -1;
    } while (*path);
    return 0;
}

/* Finds or makes the node of a path. Gives its number, or a negative code. */
static int add_path(struct fxi_decoder *d, const char *path, char *name, struct fx_error *err)
{
    int node = FXI_NODE_RECORD;
    const char *at = path;
    do {
        size_t size;
        if (take_name(&at, name, &size) != 0)
            return fx_error_set(err, FX_EINVAL, "\"%s\" is not the path of a field: a path is names joined by dots.",
                                path);
        int child = (int)fxi_claim_find(d, (unsigned)node, name, size);
        if (child == FXI_NODE_NOBODY)
            child = add_child(d, (unsigned)node, name, size);
        if (child < 0)
            return fx_error_set(err, FX_ENOMEM, "There is no memory for the fields.");
        node = child;
    } while (*at);
    return node;
}

/* Numbers node and all below it depth-first, from next on. Gives the first free number. */
static unsigned number_nodes(const struct fxi_claim *claims, unsigned node, unsigned next, uint16_t *numbers,
                             struct fxi_claim *sorted)
{
    unsigned self = next++;
    numbers[node] = (uint16_t)self;
    sorted[self] = claims[node];
    sorted[self].child = 0;
    unsigned last = 0;
    for (unsigned i = claims[node].child; i; i = claims[i].sibling) {
        if (last)
            sorted[last].sibling = (uint16_t)next;
        else
            sorted[self].child = (uint16_t)next;
        last = next;
        next = number_nodes(claims, i, next, numbers, sorted);
    }
    sorted[self].end = (uint16_t)next;
    return next;
}

static void number_target(struct fxi_target *target, const uint16_t *numbers)
{
    target->node = numbers[target->node];
    for (unsigned i = 0; target->pick && i < target->pick->count; i++)
        target->pick->names[i].node = numbers[target->pick->names[i].node];
}

/* Sorts the tree depth-first. */
static int sort_nodes(struct fxi_decoder *d, struct fx_error *err)
{
    uint16_t *numbers = calloc(d->claim_count, sizeof *numbers);
    struct fxi_claim *sorted = calloc(d->claim_count, sizeof *sorted);
    if (!numbers || !sorted) {
        free(numbers);
        free(sorted);
        return fx_error_set(err, FX_ENOMEM, "There is no memory for the fields.");
    }
    sorted[FXI_NODE_NOBODY].end = FXI_NODE_NOBODY + 1;
    number_nodes(d->claims, FXI_NODE_RECORD, FXI_NODE_RECORD, numbers, sorted);
    for (size_t i = 0; i < d->field_count; i++)
        number_target(&d->targets[i], numbers);
    free(d->claims);
    d->claims = sorted;
    free(numbers);
    return 0;
}

/* Gives an upper bound for the number of nodes. *longest: the length of the longest path. */
static size_t measure_paths(const struct fxi_field *fields, size_t count, size_t *longest)
{
    size_t nodes = FXI_NODE_FIRST;
    *longest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(fields[i].path);
        if (size > *longest)
            *longest = size;
        nodes++;
        for (const char *dot = strchr(fields[i].path, '.'); dot; dot = strchr(dot + 1, '.'))
            nodes++;
    }
    return nodes;
}

static int add_fields(struct fxi_decoder *d, const struct fxi_field *fields, char *name, struct fx_error *err)
{
    for (size_t i = 0; i < d->field_count; i++) {
        d->targets[i].type = fields[i].type;
        if (fields[i].computed)
            continue;
        if (fields[i].type < FX_UNSIGNED || fields[i].type > FX_TEXT)
            return fx_error_set(err, FX_EINVAL, "The field \"%s\" has a type that can't be decoded.", fields[i].path);
        int node = add_path(d, fields[i].path, name, err);
        if (node < 0)
            return node;
        d->targets[i].node = (uint32_t)node;
        d->targets[i].is_optional = fields[i].optional != 0;
        d->targets[i].is_lenient = fields[i].lenient != 0 && fields[i].type != FX_TEXT;
        if (names_place(fields[i].path) && make_pick(d, &d->targets[i], fields[i].path, name) != 0)
            return fx_error_set(err, FX_ENOMEM, "There is no memory for the fields.");
    }
    return sort_nodes(d, err);
}

/*
 * Points each target at its capture. A computed field has node 0, whose capture belongs to all unclaimed members, so it
 * gets none.
 */
static void set_captures(struct fxi_decoder *d)
{
    for (size_t i = 0; i < d->field_count; i++)
        d->targets[i].capture = d->targets[i].node ? &d->captures[d->targets[i].node] : NULL;
}

int fxi_claims_make(struct fxi_decoder *d, const struct fxi_field *fields, size_t count, struct fx_error *err)
{
    size_t longest;
    size_t nodes = measure_paths(fields, count, &longest);
    if (nodes > FXI_NODE_MAX)
        return fx_error_set(err, FX_EINVAL, "There are too many fields (%zu).", count);
    char *name = malloc(longest + 1);
    d->targets = calloc(count + 1, sizeof *d->targets);
    d->claims = calloc(nodes, sizeof *d->claims);
    d->captures = calloc(nodes, sizeof *d->captures);
    int rc;
    if (name && d->targets && d->claims && d->captures) {
        d->field_count = count;
        d->claim_count = FXI_NODE_FIRST;
        rc = add_fields(d, fields, name, err);
        set_captures(d);
    } else {
        rc = fx_error_set(err, FX_ENOMEM, "There is no memory for the fields.");
    }
    free(name);
    return rc;
}

void fxi_claims_free(struct fxi_decoder *d)
{
    for (size_t i = 0; i < d->claim_count; i++)
        free(d->claims[i].name.text);
    for (size_t i = 0; d->targets && i < d->field_count; i++) {
        for (unsigned k = 0; d->targets[i].pick && k < d->targets[i].pick->count; k++)
            free(d->targets[i].pick->names[k].text);
        free(d->targets[i].pick);
    }
    free(d->claims);
    free(d->captures);
    free(d->targets);
}

/*
 * Fills an options struct by an option table. Main thread. The struct owns copies of all texts, lists and maps until
 * fxi_options_fini.
 */
#include "config/options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/choice.h"
#include "config/option_value.h"
#include "config/secret.h"
#include "config/text.h"
#include "util/alloc.h"
#include "util/str.h"

static void *member_of(const struct fx_option *option, void *options)
{
    return (char *)options + option->offset;
}

static void list_clear(struct fx_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free((char *)list->items[i]);
    free((void *)list->items);
    *list = (struct fx_list){0};
}

static void map_clear(struct fx_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        free((char *)map->pairs[i].key);
        free((char *)map->pairs[i].value);
    }
    free((void *)map->pairs);
    *map = (struct fx_map){0};
}

static void tables_clear(const struct fx_option *option, struct fx_tables *tables)
{
    for (size_t i = 0; i < tables->count; i++)
        fxi_options_fini(option->table, (char *)tables->items + i * option->table_size);
    free((void *)tables->items);
    *tables = (struct fx_tables){0};
}

void fxi_options_fini(const struct fx_option *table, void *options)
{
    for (const struct fx_option *option = table; option && option->key; option++) {
        void *member = member_of(option, options);
        if (option->type == FX_OPT_STRING || option->type == FX_OPT_SECRET || option->type == FX_OPT_PATH) {
            char **text = member;
            if (*text && option->type == FX_OPT_SECRET)
                explicit_bzero(*text, strlen(*text));
            free(*text);
            *text = NULL;
        } else if (option->type == FX_OPT_LIST) {
            list_clear(member);
        } else if (option->type == FX_OPT_MAP) {
            map_clear(member);
        } else if (option->type == FX_OPT_CHOICE) {
            fxi_choice_clear(member);
        } else if (option->type == FX_OPT_TABLES) {
            tables_clear(option, member);
        } else if (option->type == FX_OPT_CHOICES) {
            fxi_choices_clear(member);
        } else if (option->type == FX_OPT_HOST_PORT) {
            struct fx_host_port *value = member;
            free((char *)value->host);
            *value = (struct fx_host_port){0};
        }
    }
}

static int fail_node(const struct fx_option *option, const char *file, const struct fxi_node *node,
                     struct fx_error *err)
{
    static const char *const names[] = {
        [FXI_NODE_SCALAR] = "one text", [FXI_NODE_LIST] = "a list", [FXI_NODE_MAP] = "a map"};
    return fxi_node_error(err, file, node, 0, FX_EINVAL, "'%s' must be %s, not %s", option->key, fxi_value_kind(option),
                          names[node->type]);
}

static int count_check(const struct fx_option *option, const char *file, const struct fxi_node *node, size_t count,
                       struct fx_error *err)
{
    char bounds[FXI_BOUNDS_MAX];
    if (fxi_value_in_bounds(option, (int64_t)count))
        return 0;
    fxi_value_bounds(option, bounds);
    return fxi_node_error(err, file, node, 0, FX_EINVAL, "'%s' must have %s entries, not %zu", option->key, bounds,
                          count);
}

/* Checks a value in a list or map: it must be a scalar with a value. */
static int item_check(const struct fx_option *option, const char *file, const struct fxi_node *item,
                      struct fx_error *err)
{
    if (item->type != FXI_NODE_SCALAR)
        return fxi_node_error(err, file, item, 0, FX_EINVAL, "'%s' must be %s; this value is a %s", option->key,
                              fxi_value_kind(option), item->type == FXI_NODE_LIST ? "list" : "map");
    if (!item->is_null)
        return 0;
    return fxi_node_error(err, file, item, 1, FX_EINVAL,
                          "a value of '%s' is missing here; write \"\" for an empty text", option->key);
}

static int list_fill(const struct fx_option *option, const char *file, const struct fxi_node *node,
                     struct fx_list *list, struct fx_error *err)
{
    const struct fxi_node *first = node->type == FXI_NODE_SCALAR ? node : node->children;
    size_t count = node->type == FXI_NODE_SCALAR ? 1 : node->count;
    if (node->type == FXI_NODE_MAP)
        return fail_node(option, file, node, err);
    int code = count_check(option, file, node, count, err);
    if (code != 0)
        return code;
    list_clear(list);
    const char **items = fxi_calloc(count, sizeof *items);
    list->items = items;
    for (const struct fxi_node *item = first; list->count < count; item = item->next) {
        code = item_check(option, file, item, err);
        if (code != 0)
            return code;
        items[list->count++] = fxi_strdup(item->text);
    }
    return 0;
}

static bool has_list(const struct fx_option *option, const struct fxi_node *item)
{
    return (option->flags & FX_OPTION_LISTS) && item->type == FXI_NODE_LIST;
}

static size_t pairs_count(const struct fx_option *option, const struct fxi_node *map)
{
    size_t count = 0;
    for (const struct fxi_node *item = map->children; item; item = item->next)
        count += has_list(option, item) ? item->count : 1;
    return count;
}

/* Appends one pair. The map has room for it. */
static void pair_put(struct fx_map *map, const char *key, char *value)
{
    struct fx_pair *pair = (struct fx_pair *)&map->pairs[map->count++];
    *pair = (struct fx_pair){fxi_strdup(key), value};
}

static int pair_add(const struct fx_option *option, const char *file, const struct fxi_node *item, struct fx_map *map,
                    struct fx_error *err)
{
    char *value = NULL;
    int code;
    if ((option->flags & FX_OPTION_SECRETS) && item->type == FXI_NODE_MAP)
        code = fxi_secret_read(file, item, &value, err);
    else
        code = item_check(option, file, item, err);
    if (code == 0)
        pair_put(map, item->key, value ? value : fxi_strdup(item->text));
    return code;
}

/* Adds a key's list of values, [a, b]. */
static int pairs_add(const struct fx_option *option, const char *file, const struct fxi_node *list, struct fx_map *map,
                     struct fx_error *err)
{
    if (!list->count)
        return fxi_node_error(err, file, list, 0, FX_EINVAL,
                              "the list of '%s' is empty; write a value or remove the key", list->key);
    for (const struct fxi_node *item = list->children; item; item = item->next) {
        int code = item_check(option, file, item, err);
        if (code != 0)
            return code;
        pair_put(map, list->key, fxi_strdup(item->text));
    }
    return 0;
}

static int map_fill(const struct fx_option *option, const char *file, const struct fxi_node *node, struct fx_map *map,
                    struct fx_error *err)
{
    if (node->type != FXI_NODE_MAP)
        return fail_node(option, file, node, err);
    int code = count_check(option, file, node, node->count, err);
    if (code != 0)
        return code;
    map_clear(map);
    map->pairs = fxi_calloc(pairs_count(option, node), sizeof *map->pairs);
    for (const struct fxi_node *item = node->children; item && code == 0; item = item->next)
        code =
            has_list(option, item) ? pairs_add(option, file, item, map, err) : pair_add(option, file, item, map, err);
    return code;
}

static int secret_fill(const char *file, const struct fxi_node *node, char **member, struct fx_error *err)
{
    char *secret = NULL;
    int code = fxi_secret_read(file, node, &secret, err);
    if (code != 0)
        return code;
    free(*member);
    *member = secret;
    return 0;
}

/* A single map counts as a list with one entry. */
static int tables_fill(const struct fx_option *option, const char *file, const struct fxi_node *node,
                       struct fx_tables *tables, struct fx_error *err)
{
    const struct fxi_node *item = node->type == FXI_NODE_MAP ? node : node->children;
    size_t count = node->type == FXI_NODE_MAP ? 1 : node->count;
    if (node->type == FXI_NODE_SCALAR)
        return fail_node(option, file, node, err);
    int code = count_check(option, file, node, count, err);
    if (code != 0)
        return code;
    tables_clear(option, tables);
    char *items = fxi_calloc(count, option->table_size);
    tables->items = items;
    for (; tables->count < count; item = item->next) {
        if (item->type != FXI_NODE_MAP)
            return fail_node(option, file, item, err);
        code = fxi_options_fill(option->table, file, item, NULL, items + tables->count * option->table_size, err);
        if (code != 0)
            return code;
        tables->count++;
    }
    return 0;
}

int fxi_option_fill(const struct fx_option *option, const char *file, const struct fxi_node *node, void *options,
                    struct fx_error *err)
{
    void *member = member_of(option, options);
    if (option->type == FX_OPT_LIST)
        return list_fill(option, file, node, member, err);
    if (option->type == FX_OPT_MAP)
        return map_fill(option, file, node, member, err);
    if (option->type == FX_OPT_CHOICE)
        return fxi_choice_fill(option, file, node, member, err);
    if (option->type == FX_OPT_CHOICES) {
        int code = node->type == FXI_NODE_MAP ? count_check(option, file, node, node->count, err)
                                              : fail_node(option, file, node, err);
        return code ? code : fxi_choices_fill(option, file, node, member, err);
    }
    if (option->type == FX_OPT_SECRET && node->type == FXI_NODE_MAP)
        return secret_fill(file, node, member, err);
    if (option->type == FX_OPT_TABLES)
        return tables_fill(option, file, node, member, err);
    if (node->type != FXI_NODE_SCALAR)
        return fail_node(option, file, node, err);
    int code = fxi_value_parse(option, node->text, member, err);
    if (code != 0)
        fxi_error_place(err, file, node->line, node->column);
    return code;
}

/* Reads "[a, b]" and "{a: b}" as YAML. Places inside this text have no meaning for the user and are not reported. */
static int collection_parse(const struct fx_option *option, const char *text, void *options, struct fx_error *err)
{
    struct fxi_str yaml = {0};
    fxi_str_printf(&yaml, "%s: %s", option->key, text);
    struct fxi_document *document = fxi_yaml_read_text("", yaml.data, yaml.size, err);
    fxi_str_fini(&yaml);
    int code = FX_EINVAL;
    if (document)
        code = fxi_option_fill(option, "", document->root->children, options, err);
    fxi_document_free(document);
    if (code != 0)
        fxi_error_place(err, "", 0, 0);
    return code;
}

int fxi_option_parse(const struct fx_option *option, const char *text, void *options, struct fx_error *err)
{
    bool is_collection =
        (option->type == FX_OPT_LIST && *text == '[') || (option->type == FX_OPT_CHOICE && *text == '{');
    if (option->type == FX_OPT_MAP || option->type == FX_OPT_TABLES || option->type == FX_OPT_CHOICES || is_collection)
        return collection_parse(option, text, options, err);
    struct fxi_node node = {.type = FXI_NODE_SCALAR, .text = (char *)text};
    return fxi_option_fill(option, "", &node, options, err);
}

const struct fx_option *fxi_option_find(const struct fx_option *table, const char *key)
{
    for (const struct fx_option *option = table; option && option->key; option++)
        if (strcmp(option->key, key) == 0)
            return option;
    return NULL;
}

static bool is_skipped(const char *const *skip, const char *key)
{
    for (; skip && *skip; skip++)
        if (strcmp(*skip, key) == 0)
            return true;
    return false;
}

/* Offers one known key for the guess, and adds it to the list of known keys. */
static void key_offer(struct fxi_guess *guess, struct fxi_str *known, const char *key)
{
    fxi_guess_offer(guess, key);
    fxi_str_printf(known, "%s%s", known->size ? ", " : "", key);
}

static int fail_unknown(const struct fx_option *table, const char *file, const struct fxi_node *node,
                        const char *const *skip, struct fx_error *err)
{
    struct fxi_guess guess = fxi_guess_begin(node->key);
    struct fxi_str known = {0};
    for (; skip && *skip; skip++)
        key_offer(&guess, &known, *skip);
    for (const struct fx_option *option = table; option && option->key; option++)
        key_offer(&guess, &known, option->key);
    char shown[FXI_SHOWN_MAX];
    fxi_text_show(node->key, shown);
    if (guess.best)
        fxi_node_error(err, file, node, 1, FX_EINVAL, "unknown key '%s'; did you mean '%s'?", shown, guess.best);
    else
        fxi_node_error(err, file, node, 1, FX_EINVAL, "unknown key '%s'; the known keys are: %s", shown,
                       known.size ? known.data : "none");
    fxi_str_fini(&known);
    return FX_EINVAL;
}

static int keys_check(const struct fx_option *table, const char *file, const struct fxi_node *map,
                      const char *const *skip, struct fx_error *err)
{
    for (const struct fxi_node *node = map ? map->children : NULL; node; node = node->next)
        if (!is_skipped(skip, node->key) && !fxi_option_find(table, node->key))
            return fail_unknown(table, file, node, skip, err);
    return 0;
}

/* What must be there is there. Only of what is used: a default that a user replaces need not be. */
static int path_check(const struct fx_option *option, const char *file, const struct fxi_node *node, void *options,
                      struct fx_error *err)
{
    const char *path = *(const char *const *)member_of(option, options), *why = NULL;
    bool is_folder = option->flags & FX_OPTION_FOLDER;
    struct stat status;
    if (!path || !(option->flags & (FX_OPTION_READABLE | FX_OPTION_FOLDER)))
        return 0;
    if (stat(path, &status))
        why = strerror(errno);
    else if (is_folder ? !S_ISDIR(status.st_mode) : !S_ISREG(status.st_mode))
        why = is_folder ? "it is no folder" : "it is no regular file";
    else if (access(path, is_folder ? R_OK | X_OK : R_OK))
        why = strerror(errno);
    return why ? fxi_node_error(err, file, node, 0, FX_EINVAL, "'%s' names a %s that can't be read: %s: %s",
                                option->key, is_folder ? "folder" : "file", path, why)
               : 0;
}

static int value_fill(const struct fx_option *option, const char *file, const struct fxi_node *map, void *options,
                      struct fx_error *err);

/* Fills an option with its value in map, or else with its default. */
static int row_fill(const struct fx_option *option, const char *file, const struct fxi_node *map, void *options,
                    struct fx_error *err)
{
    int code = value_fill(option, file, map, options, err);
    const struct fxi_node *node = fxi_node_get(map, option->key);
    return code || option->type != FX_OPT_PATH ? code : path_check(option, file, node ? node : map, options, err);
}

static int value_fill(const struct fx_option *option, const char *file, const struct fxi_node *map, void *options,
                      struct fx_error *err)
{
    const struct fxi_node *node = fxi_node_get(map, option->key);
    if (node && !node->is_null)
        return fxi_option_fill(option, file, node, options, err);
    if (option->flags & FX_OPTION_REQUIRED)
        return fxi_node_error(err, file, node ? node : map, 1, FX_EINVAL, "'%s' is required: %s", option->key,
                              fxi_value_kind(option));
    return option->fallback ? fxi_option_parse(option, option->fallback, options, err) : 0;
}

int fxi_options_fill(const struct fx_option *table, const char *file, const struct fxi_node *map,
                     const char *const *skip, void *options, struct fx_error *err)
{
    int code = keys_check(table, file, map, skip, err);
    for (const struct fx_option *option = table; option && option->key && code == 0; option++)
        code = row_fill(option, file, map, options, err);
    if (code != 0)
        fxi_options_fini(table, options);
    return code;
}

/* Finds the node of "servers[2].host" below map, as deep as the configuration has it. NULL: not even the first part. */
static const struct fxi_node *path_find(const struct fxi_node *map, const char *path)
{
    const struct fxi_node *best = NULL, *node = map;
    while (node && *path) {
        size_t size = strcspn(path, ".[");
        char *key = fxi_strndup(path, size);
        node = fxi_node_get(node, key);
        free(key);
        best = node ? node : best;
        path += size;
        if (*path == '[') {
            size_t index = strtoul(path + 1, (char **)&path, 10);
            /* A single map counts as a list with one entry. */
            const struct fxi_node *child = node && node->type == FXI_NODE_LIST ? node->children : index ? NULL : node;
            while (child && child != node && index--)
                child = child->next;
            node = child;
            best = node ? node : best;
            path += *path == ']';
        }
        path += *path == '.';
    }
    return best;
}

int fxi_options_place(const struct fxi_node *map, const char *option, const char *item, unsigned *line,
                      unsigned *column)
{
    const struct fxi_node *node = path_find(map, option);
    const struct fxi_node *best = node ? node : map;
    bool at_key = false;
    for (const struct fxi_node *child = node && item ? node->children : NULL; child; child = child->next) {
        const char *text = child->key ? child->key : child->text;
        if (text && strcmp(text, item) == 0) {
            best = child;
            at_key = child->key != NULL;
            break;
        }
    }
    *line = !best ? 0 : at_key ? best->key_line : best->line;
    *column = !best ? 0 : at_key ? best->key_column : best->column;
    return *line ? 0 : FX_EINVAL;
}

/* Checks a plugin's option table, so that filling options by the table is safe. Main thread. */
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/options.h"
#include "util/alloc.h"

struct layout {
    size_t size, align;
};

/* How deep tables may lie in tables. A table that contains itself fails here. */
#define DEPTH_MAX 4

#define LAYOUT_OF(type_) ((struct layout){sizeof(type_), alignof(type_)})

static struct layout layout_of(enum fx_option_type type)
{
    switch (type) {
    case FX_OPT_BOOL:
        return LAYOUT_OF(bool);
    case FX_OPT_INTEGER:
    case FX_OPT_DURATION:
    case FX_OPT_SIZE:
        return LAYOUT_OF(int64_t);
    case FX_OPT_DOUBLE:
        return LAYOUT_OF(double);
    case FX_OPT_STRING:
    case FX_OPT_SECRET:
        return LAYOUT_OF(const char *);
    case FX_OPT_ENUM:
        return LAYOUT_OF(int);
    case FX_OPT_LIST:
        return LAYOUT_OF(struct fx_list);
    case FX_OPT_MAP:
        return LAYOUT_OF(struct fx_map);
    case FX_OPT_CHOICE:
        return LAYOUT_OF(struct fx_choice);
    case FX_OPT_TABLES:
        return LAYOUT_OF(struct fx_tables);
    case FX_OPT_ADDRESS:
        return LAYOUT_OF(struct fx_address);
    case FX_OPT_PREFIX:
        return LAYOUT_OF(struct fx_prefix);
    case FX_OPT_HOST_PORT:
        return LAYOUT_OF(struct fx_host_port);
    case FX_OPT_TIMESTAMP:
        return LAYOUT_OF(int64_t);
    case FX_OPT_PATH:
        return LAYOUT_OF(const char *);
    case FX_OPT_CHOICES:
        return LAYOUT_OF(struct fx_choices);
    }
    return (struct layout){0, 1};
}

static bool key_is_sound(const char *key)
{
    size_t size = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return size > 0 && size <= 64 && key[size] == '\0' && key[0] != '_';
}

static bool key_is_reserved(const char *key)
{
    for (const char *const *reserved = fxi_entry_keys((enum fx_kind)0); *reserved; reserved++)
        if (strcmp(*reserved, key) == 0)
            return true;
    return false;
}

/* Two rows must not share a key. They must not fill the same memory either, since it would be freed twice. */
static const char *check_against_earlier(const struct fx_option *table, const struct fx_option *option)
{
    size_t size = layout_of(option->type).size;
    for (const struct fx_option *earlier = table; earlier < option; earlier++) {
        if (strcmp(earlier->key, option->key) == 0)
            return "is in the table twice";
        if (option->offset < earlier->offset + layout_of(earlier->type).size && earlier->offset < option->offset + size)
            return "fills the same member as an earlier one";
    }
    return NULL;
}

/* A number, or something with a number of entries. */
static bool has_bounds(enum fx_option_type type)
{
    switch (type) {
    case FX_OPT_INTEGER:
    case FX_OPT_DOUBLE:
    case FX_OPT_DURATION:
    case FX_OPT_SIZE:
    case FX_OPT_LIST:
    case FX_OPT_MAP:
    case FX_OPT_TABLES:
    case FX_OPT_CHOICES:
        return true;
    default:
        return false;
    }
}

static const char *check_type(const struct fx_option *option, size_t options_size)
{
    struct layout layout = layout_of(option->type);
    bool chosen = option->type == FX_OPT_ENUM || option->type == FX_OPT_CHOICE || option->type == FX_OPT_CHOICES;
    bool counted = has_bounds((enum fx_option_type)option->type);
    if (layout.size == 0)
        return "has an unknown type";
    if (option->offset % layout.align != 0 || layout.size > options_size || option->offset > options_size - layout.size)
        return "is not inside the options struct";
    if (option->min > option->max || (!counted && (option->min != 0 || option->max != 0)))
        return "has bounds that make no sense";
    if (!(option->flags & FX_OPTION_SECRETS) && chosen != (option->choices != NULL && option->choices[0] != NULL))
        return chosen ? "is an enum without choices" : "has choices but is not an enum";
    if ((option->flags & FX_OPTION_SECRETS) && option->type != FX_OPT_MAP)
        return "may have secrets in its values but is not a map";
    if ((option->flags & FX_OPTION_LISTS) && option->type != FX_OPT_MAP)
        return "may have lists as its values but is not a map";
    if ((option->flags & (FX_OPTION_READABLE | FX_OPTION_FOLDER)) && option->type != FX_OPT_PATH)
        return "says what must be at a path but is none";
    if ((option->flags & FX_OPTION_READABLE) && (option->flags & FX_OPTION_FOLDER))
        return "can't be a file and a folder";
    if ((option->type == FX_OPT_TABLES) != (option->table != NULL && option->table_size > 0))
        return option->type == FX_OPT_TABLES ? "has no table of its own" : "has a table of its own but no use for it";
    return NULL;
}

static const char *check_row(const struct fx_option *table, const struct fx_option *option, size_t options_size,
                             unsigned depth)
{
    if (!key_is_sound(option->key))
        return "has a key that is not lower case letters, digits and '_'";
    if (depth == 0 && key_is_reserved(option->key))
        return "has a key that belongs to the program";
    if (depth > 0 && (option->type == FX_OPT_SECRET || (option->flags & FX_OPTION_SECRETS)))
        return "is a secret inside a table, where it would be printed";
    if (depth > DEPTH_MAX)
        return "is in too many tables";
    if (option->flags & ~(unsigned)(FX_OPTION_REQUIRED | FX_OPTION_RELOADABLE | FX_OPTION_SECRETS | FX_OPTION_LISTS |
                                    FX_OPTION_READABLE | FX_OPTION_FOLDER))
        return "has unknown flags";
    if (!option->help || !*option->help)
        return "has no help";
    if ((option->flags & FX_OPTION_REQUIRED) && option->fallback)
        return "is required and has a default";
    const char *fault = check_type(option, options_size);
    return fault ? fault : check_against_earlier(table, option);
}

/* Reads the defaults as texts of a user would be read. options: memory to fill. */
static int check_default(const struct fx_option *option, void *options, struct fx_error *err)
{
    struct fx_error why = FX_ERROR_INIT;
    if (!option->fallback || fxi_option_parse(option, option->fallback, options, &why) == 0)
        return 0;
    return fx_error_set(err, FX_EABI, "the default of the option '%s' is wrong: %.300s", option->key, why.message);
}

static int check_table(const struct fx_option *table, size_t options_size, unsigned depth, struct fx_error *err)
{
    int code = 0;
    for (const struct fx_option *option = table; option && option->key; option++) {
        const char *fault = check_row(table, option, options_size, depth);
        if (fault)
            return fx_error_set(err, FX_EABI, "the option '%.80s' %s", option->key, fault);
        if (option->type == FX_OPT_TABLES)
            code = check_table(option->table, option->table_size, depth + 1, err);
        if (code != 0)
            return code;
    }
    void *options = fxi_calloc(1, options_size);
    for (const struct fx_option *option = table; option && option->key && code == 0; option++)
        code = check_default(option, options, err);
    fxi_options_fini(table, options);
    free(options);
    return code;
}

int fxi_options_check(const struct fx_option *table, size_t options_size, struct fx_error *err)
{
    return check_table(table, options_size, 0, err);
}

/*
 * Options: a plugin declares a table, the core parses the configuration,
 * checks it and fills the plugin's options struct. A plugin never sees YAML.
 *
 * The same table prints `flow-exporter plugin NAME` and the reference.
 */
#ifndef FLOW_EXPORTER_OPTION_H
#define FLOW_EXPORTER_OPTION_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/error.h>
#include <flow-exporter/visibility.h>

/* The type of an option, and of the member of the options struct that it fills. */
enum fx_option_type {
    FX_OPT_BOOL = 1, /* bool                                   true, false */
    FX_OPT_INTEGER,  /* int64_t                                42 */
    FX_OPT_DOUBLE,   /* double                                 0.5 */
    FX_OPT_STRING,   /* const char *, NULL when not set        text */
    FX_OPT_SECRET, /* const char *, NULL when not set        text, {file: PATH} or {env: NAME}; never printed or logged */
    FX_OPT_ENUM,   /* int, the index in choices              one of choices */
    FX_OPT_DURATION, /* int64_t, milliseconds                  250ms, 5s, 2m, 1h, 1d */
    FX_OPT_SIZE,     /* int64_t, bytes                         4096, 64KiB, 1MiB, 2GiB, 10kB, 1MB */
    FX_OPT_LIST,     /* struct fx_list; one text is a list of one */
    FX_OPT_MAP,      /* struct fx_map of text to text */
    FX_OPT_CHOICE,   /* struct fx_choice: one of choices, or {choice: text} of one that takes a text; since ABI 1.1 */
    FX_OPT_TABLES    /* struct fx_tables: a list of maps, each with options of its own. Since ABI 1.1 */
};

enum fx_option_flags {
    FX_OPTION_REQUIRED = 1 << 0,   /* must be written, there is no default */
    FX_OPTION_RELOADABLE = 1 << 1, /* may change while the program runs */
    /*
     * Of a map: its values may also be {file: PATH} or {env: NAME}, and are secrets, but for those that are written as they
     * are under a key that matches one of choices ("*.ms"). Since ABI 1.1, choices since 1.2: without them all are.
     */
    FX_OPTION_SECRETS = 1 << 2,
    FX_OPTION_LISTS = 1 << 3 /* of a map: its values may also be lists, a pair each with the same key; since ABI 1.1 */
};

/* Texts in the order of the configuration; owned by the core until after destroy. */
struct fx_list {
    size_t count;
    const char *const *items;
};

struct fx_pair {
    const char *key;
    const char *value;
};

struct fx_map {
    size_t count;
    const struct fx_pair *pairs;
};

/* text is NULL when none was written. */
struct fx_choice {
    int choice; /* the index in choices */
    const char *text;
};

/* count structs, one after the other: those that the row's own table describes. Owned by the core, too. */
struct fx_tables {
    size_t count;
    const void *items;
};

/* One row of the table, which ends with a row whose key is NULL. All memory is the plugin's and const. */
struct fx_option {
    const char *key;          /* lower case, words joined by '_' */
    enum fx_option_type type; /* */
    unsigned flags;           /* enum fx_option_flags */
    size_t offset;            /* offsetof(struct my_options, member) */
    const char *fallback;     /* the default as it would be written ("5s", "[a, b]"); NULL: none */
    int64_t min, max; /* bounds of numbers, in ms and bytes; both 0: none. Of lists, maps and tables: of their count */
    /* Of an enum or a choice, ended by NULL; "name:" is a choice that takes a text. Of a map with secrets: what is none. */
    const char *const *choices;
    const char *unit; /* what a number counts, or NULL */
    const char *help; /* one or more sentences */
    /* Since ABI 1.1, of FX_OPT_TABLES only. */
    const struct fx_option *table; /* the options of one map of the list; no secrets */
    size_t table_size;             /* sizeof the struct that it fills */
};

/*
 * A file of a plugin's own that an option names, in YAML and read by a table as the configuration is: the same checks,
 * and errors with file, line and column. A table in it may hold secrets, since nobody prints it. An empty file leaves
 * everything at its default. size: of the struct that the table fills. NULL and err filled, or what fx_options_free frees.
 * Any thread, also again while the program runs. Since ABI 1.1.
 */
struct fx_options;
FX_API struct fx_options *fx_options_read(const char *path, const struct fx_option *table, size_t size,
                                          struct fx_error *err);
FX_API const void *fx_options_get(const struct fx_options *options); /* the filled struct */
FX_API void fx_options_free(struct fx_options *options);
/* As fx_error_option, with the place in that file. */
FX_API int fx_options_error(struct fx_error *err, const struct fx_options *options, const char *option,
                            const char *item, const char *format, ...) FX_PRINTF(5, 6);

#define FX_OPTION(struct_, member) .key = #member, .offset = offsetof(struct_, member)

#endif

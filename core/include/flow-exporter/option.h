/*
 * Options. A plugin declares a table. The core parses the configuration, checks it, and fills the plugin's options
 * struct. A plugin never sees YAML.
 *
 * The output of `flow-exporter plugin NAME` and the reference are made from the same table.
 */
#ifndef FLOW_EXPORTER_OPTION_H
#define FLOW_EXPORTER_OPTION_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/error.h>
#include <flow-exporter/visibility.h>

FX_C_BEGIN

/* The type of an option, and of the member of the options struct that it fills. */
enum fx_option_type {
    FX_OPT_BOOL = 1,  /* bool                                   true, false */
    FX_OPT_INTEGER,   /* int64_t                                42 */
    FX_OPT_DOUBLE,    /* double                                 0.5 */
    FX_OPT_STRING,    /* const char *, NULL when not set        text */
    FX_OPT_SECRET,    /* const char *, NULL when not set        text, {file: PATH} or {env: NAME}; never shown */
    FX_OPT_ENUM,      /* int, the index in choices              one of choices */
    FX_OPT_DURATION,  /* int64_t, milliseconds                  250ms, 5s, 2m, 1h, 1d */
    FX_OPT_SIZE,      /* int64_t, bytes                         4096, 64KiB, 1MiB, 2GiB, 10kB, 1MB */
    FX_OPT_LIST,      /* struct fx_list; a single text is a list of one */
    FX_OPT_MAP,       /* struct fx_map, from text to text */
    FX_OPT_CHOICE,    /* struct fx_choice: one of choices, or {choice: text} if it takes a text */
    FX_OPT_TABLES,    /* struct fx_tables: a list of maps, each with options of its own */
    FX_OPT_ADDRESS,   /* struct fx_address                      192.0.2.1, 2001:db8::1 */
    FX_OPT_PREFIX,    /* struct fx_prefix                       192.0.2.0/24, 2001:db8::/32; an address is all of it */
    FX_OPT_HOST_PORT, /* struct fx_host_port                   example.net:443, [2001:db8::1]:443 */
    FX_OPT_TIMESTAMP, /* int64_t, milliseconds since 1970      2026-01-31T12:00:00Z, ...+01:00, 2026-01-31 */
    FX_OPT_PATH,      /* const char *, NULL when not set       text; flags say what must be there */
    FX_OPT_CHOICES    /* struct fx_choices: a map, whose values are each one of choices */
};

enum fx_option_flags {
    FX_OPTION_REQUIRED = 1 << 0,   /* must be written; there is no default */
    FX_OPTION_RELOADABLE = 1 << 1, /* may change while the program runs */
    /*
     * For a map: its values may also be written as {file: PATH} or {env: NAME}, and they are secrets. A value is public
     * only if it is written directly and its key matches one of choices ("*.ms"). Without choices, all values are
     * secrets.
     */
    FX_OPTION_SECRETS = 1 << 2,
    /* For a map: a value may also be a list, which gives one pair for each entry, all with that key. */
    FX_OPTION_LISTS = 1 << 3,
    /* For a path: a file that the program may read, or a folder, must be there. --check looks, too. */
    FX_OPTION_READABLE = 1 << 4,
    FX_OPTION_FOLDER = 1 << 5
};

/* Texts in the order of the configuration. The core owns them, and frees them only after destroy. */
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

/* bytes are in network order; those behind an IPv4 address are 0. */
struct fx_address {
    uint8_t family; /* 4 or 6; 0: not set */
    uint8_t bytes[16];
};

/* All bits behind the length are 0. */
struct fx_prefix {
    struct fx_address address;
    uint8_t length; /* bits */
};

struct fx_host_port {
    const char *host; /* a name or an address, without brackets; NULL when not set */
    uint16_t port;    /* 1 to 65535 */
};

struct fx_keyed_choice {
    const char *key;
    int choice; /* the index in choices */
};

struct fx_choices {
    size_t count;
    const struct fx_keyed_choice *pairs;
};

/* count structs, one after the other, as the row's own table describes them. The core owns them, too. */
struct fx_tables {
    size_t count;
    const void *items;
};

/*
 * One row of the table, which ends with a row whose key is NULL. The plugin owns all memory, which is const. In C++,
 * designated initialisers must come in this order.
 */
struct fx_option {
    const char *key FX_ZERO;      /* lower case, words joined by '_' */
    size_t offset FX_ZERO;        /* offsetof(struct my_options, member) */
    uint32_t type FX_ZERO;        /* enum fx_option_type; also fixes the type of the member */
    uint32_t flags FX_ZERO;       /* enum fx_option_flags */
    const char *fallback FX_ZERO; /* the default as a user would write it ("5s", "[a, b]"); NULL: none */
    /* The bounds of a number (in ms or bytes), or of the count of a list, map or tables. Both 0: no bounds. */
    int64_t min FX_ZERO;
    int64_t max FX_ZERO;
    /*
     * Ended by NULL. For an enum or choices: the choices. For a choice, "name:" is one that takes a text. For a map of
     * secrets: the patterns of keys whose values are public.
     */
    const char *const *choices FX_ZERO;
    const char *unit FX_ZERO; /* what a number counts, or NULL */
    const char *help FX_ZERO; /* one or more sentences */
    /* For FX_OPT_TABLES only. */
    const struct fx_option *table FX_ZERO; /* the options of one map of the list; no secrets */
    size_t table_size FX_ZERO;             /* sizeof the struct that this table fills */
    uint64_t reserved[4] FX_ZERO;          /* room for members of later minor versions; leave it out */
};

/*
 * Reads a YAML file of the plugin's own, whose name is the value of an option. The file is read by a table, as the
 * configuration is: with the same checks, and errors with file, line and column. Such a table may hold secrets, since
 * the file is never printed. An empty file leaves every option at its default. size is the size of the struct that the
 * table fills. Returns NULL with err filled, or options that the caller frees with fx_options_free. Any thread; may be
 * called repeatedly while the program runs.
 */
struct fx_options;
FX_API struct fx_options *fx_options_read(const char *path, const struct fx_option *table, size_t size,
                                          struct fx_error *err);
FX_API const void *fx_options_get(const struct fx_options *options); /* the filled struct */
FX_API void fx_options_free(struct fx_options *options);
/* Does the same as fx_error_option, with the place in that file. */
FX_API int fx_options_error(struct fx_error *err, const struct fx_options *options, const char *option,
                            const char *item, const char *format, ...) FX_PRINTF(5, 6);

#define FX_OPTION(struct_, member) .key = #member, .offset = offsetof(struct_, member)

FX_C_END

#endif

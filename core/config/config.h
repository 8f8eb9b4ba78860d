/*
 * The whole configuration: the log, the state, the pipeline, and the plugins in it. Everything is checked except the
 * plugins' own options, which need the plugins' tables (plugin/instance.c).
 */
#ifndef FXI_CONFIG_CONFIG_H
#define FXI_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <flow-exporter/plugin.h>

#include "config/node.h"

/* The section log. */
struct fxi_log_options {
    int level;  /* enum fx_log_level */
    int format; /* 0 text, 1 json */
};

enum fxi_state_failure { FXI_STATE_DEGRADE, FXI_STATE_STOP };

/* The section state. */
struct fxi_state_options {
    const char *directory;   /* NULL: from the environment; "none": no directory */
    int on_failure;          /* enum fxi_state_failure: when the directory can't be used */
    int64_t min_interval_ms; /* a page asks for no checkpoint while the last one is younger */
    int64_t max_interval_ms; /* a checkpoint is taken at least this often */
};

/* The section pipeline. */
struct fxi_pipeline_options {
    int64_t batch_records;    /* rows of a batch */
    int64_t max_depth;        /* levels of nesting in a record */
    int64_t retry_for_ms;     /* how long a batch is offered again to an output that answered "retry" */
    int64_t stop_timeout_ms;  /* for an orderly stop */
    int64_t call_deadline_ms; /* a call that lasts longer is named in the log */
    int64_t max_uncommitted;  /* records; beyond this number nothing is read */
    int64_t absent_after_ms;  /* claimed fields that no record has had for so long are named; 0: never */
};

/* What the core does with the records of an input of any plugin. All zero for other entries. */
struct fxi_input_options {
    int preset;            /* enum fxi_preset */
    struct fx_map fields;  /* from names of fields to paths in this input's records */
    struct fx_map reverse; /* the same for the values of the reverse direction */
    const char *join;      /* stands between the elements of a list that is read as a text */
    int spelling;          /* enum fxi_spelling */
    const char *scale_by;  /* the field that bytes and packets are multiplied by, or NULL */
    int framing;           /* enum fxi_framing */
    bool watch_markers;
    int64_t markers_wait_ms;
    int on_malformed;              /* enum fxi_malformed */
    struct fx_choice dead_letters; /* enum fxi_letters_place */
    int64_t dead_letters_max;      /* largest size of the file, in bytes */
};

enum fxi_on_failure { FXI_ON_FAILURE_DROP, FXI_ON_FAILURE_WAIT, FXI_ON_FAILURE_STOP, FXI_ON_FAILURE_UNSET };

/* What the core does with an output of any plugin. All zero for other entries. */
struct fxi_output_options {
    int64_t prepare_timeout_ms; /* how long it is asked again to store a checkpoint */
    int on_failure;             /* enum fxi_on_failure; UNSET: the plugin's flags decide */
};

enum fxi_framing { FXI_FRAMING_NONE, FXI_FRAMING_REGISTRY };
enum fxi_malformed { FXI_MALFORMED_COUNT_ONLY, FXI_MALFORMED_LETTER, FXI_MALFORMED_STOP };
enum fxi_letters_place { FXI_LETTERS_FILE, FXI_LETTERS_TOPIC };

enum fxi_preset {
    FXI_PRESET_PMACCT,
    FXI_PRESET_GOFLOW2,
    FXI_PRESET_GOFLOW,
    FXI_PRESET_NPROBE,
    FXI_PRESET_VFLOW,
    FXI_PRESET_KTRANSLATE,
    FXI_PRESET_NFDUMP,
    FXI_PRESET_FILEBEAT,
    FXI_PRESET_LOGSTASH,
    FXI_PRESET_TELEGRAF
};
enum fxi_spelling { FXI_SPELLING_NAME, FXI_SPELLING_NUMBER };

/* One entry of inputs, resolvers or outputs, in the order of the file. */
struct fxi_plugin_entry {
    enum fx_kind kind;
    const struct fxi_node *node; /* the entry's map */
    const char *plugin;          /* a name such as "input-kafka", or the absolute path of a file */
    const char *name;            /* the instance's name: as written, or made from the plugin's; unique in the program */
    int64_t workers;             /* used by inputs only */
    struct fxi_input_options input;
    struct fxi_output_options output;
};

struct fxi_config {
    struct fxi_document *document; /* owned; the entries' texts lie in it */
    struct fxi_log_options log;
    struct fxi_state_options state;
    struct fxi_pipeline_options pipeline;
    struct fxi_plugin_entry *entries; /* first inputs, then resolvers, then outputs */
    size_t entry_count;
};

/* The keys of an entry of this kind that belong to the core. Ends with NULL. Kind 0: the keys that all kinds have. */
const char *const *fxi_entry_keys(enum fx_kind kind);

/* A section that is a map of options; for the reference. */
struct fxi_section {
    const char *key, *help;
    const struct fx_option *table;
};
extern const struct fxi_section fxi_sections[]; /* ends with a NULL key */
/* The keys that every input has besides those of its plugin. They fill struct fxi_input_options. */
extern const struct fx_option fxi_input_table[];
/* The same for every output and struct fxi_output_options. */
extern const struct fx_option fxi_output_table[];

/*
 * Reads only what configures the log, so that errors of the rest can obey it. Returns 0, or a negative code if even
 * that is wrong.
 */
int fxi_config_log(const struct fxi_document *document, struct fxi_log_options *log);

/* Takes the document, even on failure. Gives a configuration for fxi_config_free, or NULL and err. */
struct fxi_config *fxi_config_new(struct fxi_document *document_take, struct fx_error *err);
void fxi_config_free(struct fxi_config *config);

/*
 * Prints the configuration as YAML with the same meaning. is_secret decides which values are hidden: the value of an
 * entry's key (item is NULL), or an item of the map under that key.
 */
void fxi_config_print(FILE *out, const struct fxi_config *config,
                      bool (*is_secret)(void *arg, const struct fxi_plugin_entry *entry, const char *key,
                                        const struct fxi_node *item),
                      void *arg);

#endif

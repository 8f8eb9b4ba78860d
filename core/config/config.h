/*
 * The whole configuration: what is logged, what the pipeline does, and which
 * plugins are wired into it. Checked but for the plugins' own options, which
 * need their tables (plugin/instance.c).
 */
#ifndef FXI_CONFIG_CONFIG_H
#define FXI_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <flow-exporter/plugin.h>

#include "config/node.h"

/* log: */
struct fxi_log_options {
    int level;  /* enum fx_log_level */
    int format; /* 0 text, 1 json */
};

enum fxi_state_failure { FXI_STATE_DEGRADE, FXI_STATE_STOP };

/* state: */
struct fxi_state_options {
    const char *directory;   /* NULL: by the environment; "none": nowhere */
    int on_failure;          /* enum fxi_state_failure: of the directory */
    int64_t min_interval_ms; /* a page does not ask for a checkpoint when the last is younger */
    int64_t max_interval_ms; /* a checkpoint is taken even when nobody asks */
};

/* pipeline: */
struct fxi_pipeline_options {
    int64_t batch_records;    /* rows a batch */
    int64_t max_depth;        /* nesting of a record */
    int64_t retry_for_ms;     /* how long a batch is offered again to an output that answers retry */
    int64_t stop_timeout_ms;  /* for a clean stop */
    int64_t call_deadline_ms; /* a call that lasts longer is named */
};

/* What the core does with the records of an input, whatever plugin it is; zero for other entries. */
struct fxi_input_options {
    int preset;            /* enum fxi_preset */
    struct fx_map fields;  /* names of fields to their paths in this input's records */
    struct fx_map reverse; /* the same for the values of the way back */
    const char *join;      /* between the elements of a list that is read as a text */
    int spelling;          /* enum fxi_spelling */
    const char *scale_by;  /* the field by which bytes and packets are multiplied, or NULL */
    int framing;           /* enum fxi_framing */
    bool watch_markers;
    int64_t markers_wait_ms;
    int on_malformed;              /* enum fxi_malformed */
    struct fx_choice dead_letters; /* enum fxi_letters_place */
    int64_t dead_letters_max;      /* bytes of the file */
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

/* One entry of inputs:, resolvers: or outputs:, in the order of the file. */
struct fxi_plugin_entry {
    enum fx_kind kind;
    const struct fxi_node *node; /* the entry's map */
    const char *plugin;          /* "input-kafka", or the absolute path of a file */
    const char *name;            /* of the instance: as written, or the plugin's; unique in the program */
    int64_t workers;             /* inputs only */
    struct fxi_input_options input;
};

struct fxi_config {
    struct fxi_document *document; /* owned; everything below points into it */
    struct fxi_log_options log;
    struct fxi_state_options state;
    struct fxi_pipeline_options pipeline;
    struct fxi_plugin_entry *entries; /* inputs, then resolvers, then outputs */
    size_t entry_count;
};

/* Keys of an entry of this kind that are the core's, not the plugin's; ended by NULL. */
const char *const *fxi_entry_keys(enum fx_kind kind);

/* The sections that are maps of options, for the reference. */
struct fxi_section {
    const char *key, *help;
    const struct fx_option *table;
};
extern const struct fxi_section fxi_sections[]; /* ended by a NULL key */
/* Keys that every input has beside its plugin's own: of struct fxi_input_options. */
extern const struct fx_option fxi_input_table[];

/* Takes the document (also when it fails). NULL and err filled, or a configuration for fxi_config_free. */
struct fxi_config *fxi_config_new(struct fxi_document *document_take, struct fx_error *err);
void fxi_config_free(struct fxi_config *config);

/*
 * The configuration as YAML that means the same. is_secret hides values: that of an entry's key (item NULL), or of an
 * item of the map under it.
 */
void fxi_config_print(FILE *out, const struct fxi_config *config,
                      bool (*is_secret)(void *arg, const struct fxi_plugin_entry *entry, const char *key,
                                        const struct fxi_node *item),
                      void *arg);

#endif

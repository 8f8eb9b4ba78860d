/*
 * The part of the entries of inputs, resolvers and outputs that belongs to the program: the plugin, the name, the
 * number of workers. The rest of an entry belongs to the plugin. Main thread.
 */
#include "config/entries.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "config/text.h"
#include "util/alloc.h"

#define MS_OF_HOUR        INT64_C(3600000)
#define NAME_MAX_BYTES    64
#define NAME_CHARACTERS   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
#define PLUGIN_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

static const char *const presets[] = {"pmacct", "goflow2",  "goflow",   "nprobe",   "vflow", "ktranslate",
                                      "nfdump", "filebeat", "logstash", "telegraf", NULL};

static const char *const spellings[] = {"name", "number", NULL};
static const char *const framings[] = {"none", "registry", NULL};
static const char *const policies[] = {"count", "dead-letter", "stop", NULL};
static const char *const places[] = {"file:", "topic:", NULL};

const struct fx_option fxi_input_table[] = {
    {FX_OPTION(struct fxi_input_options, preset), .type = FX_OPT_ENUM, .fallback = "pmacct", .choices = presets,
     .help = "The producer's names of the fields. All other options use pmacct's names."},
    {FX_OPTION(struct fxi_input_options, fields), .type = FX_OPT_MAP, .fallback = "{}", .max = 256,
     .flags = FX_OPTION_LISTS,
     .help = "Places of fields, where they differ from the preset: for each field a name, or names joined by dots. Of "
             "a list of places, the first one counts that is present and not empty. A number among the names is the "
             "index of an element in a list: as_path.0, comms.-1."},
    {FX_OPTION(struct fxi_input_options, reverse), .type = FX_OPT_MAP, .fallback = "{}", .max = 16,
     .flags = FX_OPTION_LISTS,
     .help = "For records that count both directions: the places of the reverse values, such as {bytes: rev_bytes, "
             "packets: rev_packets}. If one of these values is more than 0, the record becomes two, one for each "
             "direction."},
    {FX_OPTION(struct fxi_input_options, join), .type = FX_OPT_STRING, .fallback = ",",
     .help = "The text between the elements of a list or object that is read as a text."},
    {FX_OPTION(struct fxi_input_options, spelling), .type = FX_OPT_ENUM, .fallback = "name", .choices = spellings,
     .help = "How ip_proto, etype and tcp_flags are shown, whatever the producer writes: by name (tcp, ipv4, SYN,ACK) "
             "or number."},
    {FX_OPTION(struct fxi_input_options, scale_by), .type = FX_OPT_STRING,
     .help = "The field by which bytes and packets are multiplied, such as sampling_rate; 0 and absent count as 1. For "
             "producers that send unscaled counts of samples."},
    {FX_OPTION(struct fxi_input_options, framing), .type = FX_OPT_ENUM, .fallback = "none", .choices = framings,
     .help = "What precedes the JSON of a message or line: nothing, or the five bytes of a schema registry (0 and the "
             "schema's number), which are skipped. Messages without them are read as well."},
    {FX_OPTION(struct fxi_input_options, watch_markers), .type = FX_OPT_BOOL, .fallback = "false",
     .help = "Whether the records of each writer are counted and compared with the numbers in pmacct's markers "
             "(kafka_markers)."},
    {.key = "markers_wait",
     .offset = offsetof(struct fxi_input_options, markers_wait_ms),
     .type = FX_OPT_DURATION,
     .fallback = "10s",
     .min = 0,
     .max = MS_OF_HOUR,
     .help = "How long after the end marker of a purge its records may still arrive in other partitions."},
    {FX_OPTION(struct fxi_input_options, on_malformed), .type = FX_OPT_ENUM, .fallback = "count", .choices = policies,
     .help = "What happens to a malformed record after it is counted and logged. count: nothing more. dead-letter: the "
             "record is kept. stop: the program ends and commits nothing after the record."},
    {FX_OPTION(struct fxi_input_options, dead_letters), .type = FX_OPT_CHOICE, .choices = places,
     .help = "The place of dead letters: a file with one JSON object per line, or (input-kafka) a topic of the same "
             "brokers. They are stored before the positions after them are committed."},
    {FX_OPTION(struct fxi_input_options, dead_letters_max), .type = FX_OPT_SIZE, .fallback = "1GiB", .min = 4096,
     .max = INT64_MAX, .help = "The largest size of the file of dead letters. Further dead letters count as lost."},
    {.key = NULL},
};

static const char *const failures[] = {"drop", "wait", "stop", NULL};

const struct fx_option fxi_output_table[] = {
    {.key = "prepare_timeout",
     .offset = offsetof(struct fxi_output_options, prepare_timeout_ms),
     .type = FX_OPT_DURATION,
     .fallback = "5s",
     .min = 0,
     .max = MS_OF_HOUR,
     .help =
         "How long the output is asked again to store a checkpoint, after it has answered that it can't do so now."},
    {FX_OPTION(struct fxi_output_options, on_failure), .type = FX_OPT_ENUM, .choices = failures,
     .help =
         "What happens when the output does not take a batch within pipeline.retry_for, or does not store a "
         "checkpoint within prepare_timeout. drop: the batch or the checkpoint's part is lost for this output, and "
         "counted. wait: it is tried again without end; reading waits for a batch, and nothing is committed. stop: "
         "the program ends, and commits nothing. By default wait if the plugin says that it must not lose anything, "
         "else drop."},
    {.key = NULL},
};

static const struct fx_option entry_table[] = {
    {FX_OPTION(struct fxi_plugin_entry, plugin), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The plugin's name, or the absolute path of its file."},
    {FX_OPTION(struct fxi_plugin_entry, name), .type = FX_OPT_STRING,
     .help = "What this instance is called in logs and metrics."},
    {FX_OPTION(struct fxi_plugin_entry, workers), .type = FX_OPT_INTEGER, .fallback = "1", .min = 1, .max = 256,
     .help = "How many threads read from this input."},
    {.key = NULL},
};

#define ROWS(table) (sizeof(table) / sizeof *(table)-1)

static void add_keys(const char **keys, size_t *count, const struct fx_option *table)
{
    for (; table->key; table++)
        keys[(*count)++] = table->key;
    keys[*count] = NULL;
}

/* Each call writes the same keys, since the tables do not change. */
const char *const *fxi_entry_keys(enum fx_kind kind)
{
    static const char *keys[ROWS(entry_table) + 1], *input_keys[ROWS(entry_table) + ROWS(fxi_input_table) + 1],
        *output_keys[ROWS(entry_table) + ROWS(fxi_output_table) + 1];
    const char **all = kind == FX_KIND_INPUT ? input_keys : kind == FX_KIND_OUTPUT ? output_keys : keys;
    size_t count = 0;
    add_keys(all, &count, entry_table);
    if (kind == FX_KIND_INPUT)
        add_keys(all, &count, fxi_input_table);
    if (kind == FX_KIND_OUTPUT)
        add_keys(all, &count, fxi_output_table);
    return all;
}

static const struct section {
    const char *key, *one;
    enum fx_kind kind;
    bool required;
} sections[] = {
    {"inputs", "input", FX_KIND_INPUT, true},
    {"resolvers", "resolver", FX_KIND_RESOLVER, false},
    {"outputs", "output", FX_KIND_OUTPUT, true},
};

/* Without the key 'plugin': the key that was probably meant to be it. */
static const struct fxi_node *plugin_misspelled(const struct fxi_node *map)
{
    for (const struct fxi_node *node = map->children; node; node = node->next) {
        struct fxi_guess guess = fxi_guess_begin(node->key);
        fxi_guess_offer(&guess, "plugin");
        if (guess.best)
            return node;
    }
    return NULL;
}

static int fail_without_plugin(const char *file, const struct fxi_node *map, struct fx_error *err)
{
    const struct fxi_node *meant = plugin_misspelled(map);
    char shown[FXI_SHOWN_MAX];
    if (meant && strcmp(meant->key, "plugin") != 0)
        return fxi_node_error(err, file, meant, 1, FX_EINVAL, "unknown key '%s'; did you mean 'plugin'?",
                              fxi_text_show(meant->key, shown));
    return fxi_node_error(err, file, map, 0, FX_EINVAL, "'plugin' is required: the name of a plugin");
}

static bool is_text_of(const char *text, const char *characters)
{
    size_t size = strspn(text, characters);
    return size > 0 && size <= NAME_MAX_BYTES && text[size] == '\0';
}

static bool plugin_is_sound(const char *plugin)
{
    static const char ending[] = ".so";
    size_t size = strlen(plugin), ending_size = sizeof ending - 1;
    if (*plugin == '/')
        return size > 1 + ending_size && strcmp(plugin + size - ending_size, ending) == 0 &&
               plugin[size - ending_size - 1] != '/';
    return *plugin != '-' && is_text_of(plugin, PLUGIN_CHARACTERS);
}

static int names_check(const char *file, const struct fxi_plugin_entry *entry, struct fx_error *err)
{
    char shown[FXI_SHOWN_MAX];
    if (!plugin_is_sound(entry->plugin))
        return fxi_node_error(err, file, fxi_node_get(entry->node, "plugin"), 0, FX_EINVAL,
                              "'plugin' must be a name such as input-kafka, or the absolute path of an .so file, "
                              "not '%s'",
                              fxi_text_show(entry->plugin, shown));
    if (entry->name && !is_text_of(entry->name, NAME_CHARACTERS))
        return fxi_node_error(err, file, fxi_node_get(entry->node, "name"), 0, FX_EINVAL,
                              "'name' must be 1 to 64 letters, digits, '_', '.' and '-', not '%s'",
                              fxi_text_show(entry->name, shown));
    return 0;
}

static int workers_check(const char *file, const struct fxi_plugin_entry *entry, struct fx_error *err)
{
    const struct fxi_node *workers = fxi_node_get(entry->node, "workers");
    if (entry->kind == FX_KIND_INPUT || !workers || workers->is_null)
        return 0;
    return fxi_node_error(err, file, workers, 1, FX_EINVAL,
                          "'workers' is for inputs only: their threads do all the work");
}

/* Reads only the keys of the table. The map's other keys belong to the plugin. */
static int table_fill(const struct fx_option *table, const char *file, const struct fxi_plugin_entry *entry,
                      void *options, struct fx_error *err)
{
    int code = 0;
    for (const struct fx_option *option = table; option->key && code == 0; option++) {
        const struct fxi_node *value = fxi_node_get(entry->node, option->key);
        if (value && !value->is_null)
            code = fxi_option_fill(option, file, value, options, err);
        else if (option->fallback)
            code = fxi_option_parse(option, option->fallback, options, err);
    }
    return code;
}

/* The options that every plugin of the kind has. */
static int kind_fill(const char *file, struct fxi_plugin_entry *entry, struct fx_error *err)
{
    if (entry->kind == FX_KIND_INPUT)
        return table_fill(fxi_input_table, file, entry, &entry->input, err);
    if (entry->kind != FX_KIND_OUTPUT)
        return 0;
    entry->output.on_failure = FXI_ON_FAILURE_UNSET;
    return table_fill(fxi_output_table, file, entry, &entry->output, err);
}

static int entry_fill(const char *file, const struct section *section, const struct fxi_node *node,
                      struct fxi_plugin_entry *entry, struct fx_error *err)
{
    *entry = (struct fxi_plugin_entry){.kind = section->kind, .node = node, .workers = 1};
    if (node->type != FXI_NODE_MAP)
        return fxi_node_error(err, file, node, 0, FX_EINVAL,
                              "an entry of '%s' must be a map that begins with 'plugin: '", section->key);
    const struct fxi_node *plugin = fxi_node_get(node, "plugin");
    if (!plugin || plugin->is_null)
        return fail_without_plugin(file, node, err);
    int code = 0;
    for (const struct fx_option *option = entry_table; option->key && code == 0; option++) {
        const struct fxi_node *value = fxi_node_get(node, option->key);
        if (value && !value->is_null)
            code = fxi_option_fill(option, file, value, entry, err);
    }
    if (code == 0)
        code = names_check(file, entry, err);
    if (code == 0)
        code = workers_check(file, entry, err);
    return code == 0 ? kind_fill(file, entry, err) : code;
}

static int section_fill(struct fxi_config *config, const struct section *section, struct fx_error *err)
{
    const char *file = config->document->file;
    const struct fxi_node *list = fxi_node_get(config->document->root, section->key);
    bool is_written = list && !list->is_null;
    if (is_written && list->type != FXI_NODE_LIST)
        return fxi_node_error(err, file, list, 0, FX_EINVAL, "'%s' must be a list: begin each entry with '- plugin: '",
                              section->key);
    if (section->required && (!is_written || list->count == 0))
        return fxi_node_error(err, file, list ? list : config->document->root, 1, FX_EINVAL,
                              "at least one %s is required: write '- plugin: ' and its options under '%s:'",
                              section->one, section->key);
    if (!is_written || list->count == 0)
        return 0;
    config->entries = fxi_realloc(config->entries, config->entry_count + list->count, sizeof *config->entries);
    for (const struct fxi_node *node = list->children; node; node = node->next) {
        struct fxi_plugin_entry *entry = &config->entries[config->entry_count++];
        int code = entry_fill(file, section, node, entry, err);
        if (code != 0)
            return code;
    }
    return 0;
}

static const struct fxi_plugin_entry *entry_named(const struct fxi_config *config, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (config->entries[i].name && strcmp(config->entries[i].name, name) == 0)
            return &config->entries[i];
    return NULL;
}

static int names_are_unique(const struct fxi_config *config, struct fx_error *err)
{
    for (size_t i = 0; i < config->entry_count; i++) {
        const char *name = config->entries[i].name;
        const struct fxi_plugin_entry *first = name ? entry_named(config, i, name) : NULL;
        if (first)
            return fxi_node_error(err, config->document->file, fxi_node_get(config->entries[i].node, "name"), 0,
                                  FX_EINVAL, "the name '%s' is used twice; first used on line %u", name,
                                  fxi_node_get(first->node, "name")->line);
    }
    return 0;
}

/*
 * Makes an instance's name from the plugin's. Characters that a name can't have become '_'. From the second on, a
 * number is added.
 */
static char *default_name(const struct fxi_config *config, const char *plugin)
{
    const char *base = strrchr(plugin, '/');
    char name[NAME_MAX_BYTES + 1], numbered[NAME_MAX_BYTES + 1];
    snprintf(name, sizeof name, "%s", base ? base + 1 : plugin);
    size_t size = strlen(name);
    if (base && size > 3 && strcmp(name + size - 3, ".so") == 0)
        name[size - 3] = '\0';
    for (char *c = name; *c; c++)
        if (!strchr(NAME_CHARACTERS, *c))
            *c = '_';
    snprintf(numbered, sizeof numbered, "%s", name);
    for (unsigned n = 2; entry_named(config, config->entry_count, numbered); n++)
        snprintf(numbered, sizeof numbered, "%.50s-%u", name, n);
    return fxi_strdup(numbered);
}

int fxi_entries_fill(struct fxi_config *config, struct fx_error *err)
{
    int code = 0;
    for (size_t i = 0; i < sizeof sections / sizeof *sections && code == 0; i++)
        code = section_fill(config, &sections[i], err);
    if (code == 0)
        code = names_are_unique(config, err);
    for (size_t i = 0; code == 0 && i < config->entry_count; i++)
        if (!config->entries[i].name)
            config->entries[i].name = default_name(config, config->entries[i].plugin);
    return code;
}

void fxi_entries_fini(struct fxi_config *config)
{
    for (size_t i = 0; i < config->entry_count; i++) {
        fxi_options_fini(entry_table, &config->entries[i]);
        fxi_options_fini(fxi_input_table, &config->entries[i].input);
        fxi_options_fini(fxi_output_table, &config->entries[i].output);
    }
    free(config->entries);
    config->entries = NULL;
    config->entry_count = 0;
}

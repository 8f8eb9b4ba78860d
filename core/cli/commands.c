/* Commands that only show something and don't run the pipeline. Main thread. */
#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "config/secret.h"
#include "log/logger.h"
#include "metrics/metrics.h"
#include "pipeline/pipeline.h"
#include "plugin/check.h"
#include "state/show.h"
#include "util/clean.h"
#include "util/str.h"

int fxi_print_error(const struct fx_error *err)
{
    struct fxi_str text = {0};
    if (fxi_log_error(err))
        return FXI_STATUS_CONFIG;
    fxi_str_puts(&text, "flow-exporter: ");
    fxi_clean_add(&text, err->file, strlen(err->file));
    if (err->file[0] && err->line)
        fxi_str_printf(&text, ":%u:%u", err->line, err->column);
    fxi_str_puts(&text, err->file[0] ? ": " : "");
    fxi_clean_add(&text, err->message, strlen(err->message));
    fxi_str_puts(&text, "\n");
    fxi_log_print(text.data, text.size);
    fxi_str_fini(&text);
    return FXI_STATUS_CONFIG;
}

int fxi_status_of_start(const struct fx_error *err)
{
    bool is_config = err->code == FX_EABI || err->code == FX_EUNSET || (err->code == FX_EINVAL && err->line);
    return is_config ? FXI_STATUS_CONFIG : FXI_STATUS_FAULT;
}

static void print_shadowed(void *arg, const char *file)
{
    (void)arg;
    printf("%-20s   not used, because it comes later: %s\n", "", file);
}

struct listing {
    struct fxi_loader *loader;
    int status;
};

static void print_found(void *arg, const char *name, const char *file)
{
    struct listing *listing = arg;
    struct fx_error err = FX_ERROR_INIT;
    const struct fxi_module *module = fxi_loader_get(listing->loader, name, &err);
    if (module) {
        printf("%-20s %-9s %-8s %s\n%-20s   %s\n", name, fxi_kind_name(module->plugin.kind), module->plugin.version,
               module->plugin.summary, "", file);
        if (module->plugin.command)
            printf("%-20s   command: %s %s\n", "", module->plugin.command, module->plugin.command_help);
    } else {
        printf("%-20s can't be used: ", name);
        fxi_clean_print(stdout, err.message);
        putchar('\n');
        listing->status = FXI_STATUS_NO;
    }
    fxi_loader_shadowed(listing->loader, name, print_shadowed, NULL);
}

int fxi_command_plugins(struct fxi_loader *loader, const struct fxi_args *args)
{
    (void)args;
    struct listing listing = {.loader = loader};
    fxi_loader_list(loader, print_found, &listing);
    return listing.status;
}

static void print_metrics(const struct fx_plugin *plugin, bool markdown)
{
    if (!plugin->metrics || !plugin->metrics->name)
        return;
    puts(markdown ? "\n| metric | type | meaning |\n|---|---|---|" : "\nMetrics:\n");
    for (const struct fx_metric *row = plugin->metrics; row->name; row++) {
        const char *kind = fxi_metric_kind_name(row->kind);
        char labels[128] = "";
        if (row->label)
            snprintf(labels, sizeof labels, "{%s}", row->label);
        for (unsigned i = 0; row->labels && row->labels[i]; i++) {
            size_t used = strlen(labels);
            snprintf(labels + used, sizeof labels - used, "%s%s%s", i ? "," : "{", row->labels[i],
                     row->labels[i + 1] ? "" : "}");
        }
        if (markdown)
            printf("| `flow_exporter_%s%s` | %s | %s |\n", row->name, labels, kind, row->help);
        else
            printf("  flow_exporter_%s%s (%s)\n", row->name, labels, kind);
        if (!markdown)
            fxi_text_print(stdout, row->help, 6);
    }
}

static void print_options(const struct fx_option *table, bool markdown)
{
    (markdown ? fxi_options_print_markdown : fxi_options_print)(stdout, table);
}

int fxi_command_options(struct fxi_loader *loader, const struct fxi_args *args)
{
    (void)loader;
    for (const struct fxi_section *section = fxi_sections; section->key; section++) {
        printf(args->markdown ? "%s## %s\n\n%s\n\n" : "%s%s: %s\n\n", section == fxi_sections ? "" : "\n", section->key,
               section->help);
        print_options(section->table, args->markdown);
    }
    return FXI_STATUS_OK;
}

int fxi_command_state(struct fxi_loader *loader, const struct fxi_args *args)
{
    struct fx_error err = FX_ERROR_INIT;
    (void)loader;
    if (!fxi_state_show(stdout, args->argument, &err))
        return FXI_STATUS_OK;
    fxi_print_error(&err);
    return FXI_STATUS_NO;
}

int fxi_command_plugin(struct fxi_loader *loader, const struct fxi_args *args)
{
    struct fx_error err = FX_ERROR_INIT;
    bool markdown = args->markdown;
    const struct fxi_module *module = fxi_loader_get(loader, args->argument, &err);
    if (!module) {
        fxi_print_error(&err);
        return err.code == FX_EINVAL ? FXI_STATUS_USAGE : FXI_STATUS_CONFIG; /* no such plugin, or a broken one */
    }
    const struct fx_plugin *plugin = &module->plugin;
    if (markdown)
        printf("## %s\n\n%s\n\n", plugin->name, plugin->summary);
    else
        printf("%s %s (%s): %s\n\n", plugin->name, plugin->version, fxi_kind_name(plugin->kind), plugin->summary);
    if (plugin->options)
        print_options(plugin->options, markdown);
    if (plugin->kind == FX_KIND_INPUT) {
        puts(markdown ? "\nLike every input, it also has these options:\n" : "\nOptions of every input:\n");
        print_options(fxi_input_table, markdown);
    }
    if (plugin->kind == FX_KIND_OUTPUT) {
        puts(markdown ? "\nLike every output, it also has these options:\n" : "\nOptions of every output:\n");
        print_options(fxi_output_table, markdown);
    }
    print_metrics(plugin, markdown);
    return 0;
}

/* Plugins' tables say which values are secrets, so no values of a plugin that can't be loaded are shown. */
static bool is_secret(void *arg, const struct fxi_plugin_entry *entry, const char *key, const struct fxi_node *item)
{
    for (const char *const *own = fxi_entry_keys(entry->kind); *own; own++)
        if (strcmp(*own, key) == 0)
            return false; /* the program's own options hold no secrets, whatever a field is called */
    const struct fxi_module *module = fxi_loader_get(arg, entry->plugin, NULL);
    if (!module)
        return true;
    return fxi_secret_is(fxi_option_find(module->plugin.options, key), item ? item->key : NULL, item);
}

int fxi_command_print_config(struct fxi_loader *loader, const struct fxi_config *config)
{
    fxi_config_print(stdout, config, is_secret, loader);
    return 0;
}

int fxi_command_is_configured(struct fxi_loader *loader, const struct fxi_config *config)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_pipeline *pipeline = fxi_pipeline_new(config, loader, &err);
    if (pipeline)
        fxi_pipeline_free(pipeline);
    else if (err.code == FX_EUNSET)
        fxi_print_error(&err);
    return err.code == FX_EUNSET ? FXI_STATUS_NO : FXI_STATUS_OK;
}

int fxi_command_check(struct fxi_loader *loader, const struct fxi_config *config)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_pipeline *pipeline = fxi_pipeline_new(config, loader, &err);
    if (!pipeline)
        return fxi_print_error(&err);
    fxi_pipeline_free(pipeline);
    puts("The configuration is valid.");
    return 0;
}

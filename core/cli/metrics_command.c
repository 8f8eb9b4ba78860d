/* Prints all self metrics as Markdown. docs/metrics.md is made from this output. Main thread. */
#include <stdio.h>
#include <string.h>

#include "checkpoint/checkpoint_metrics.h"
#include "cli/commands.h"
#include "metrics/process.h"
#include "pipeline/core_metrics.h"

#define PLUGIN_LABEL "`plugin`"

static bool ends_in(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);
    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

static const char *unit_of(const char *name)
{
    if (ends_in(name, "_seconds") || ends_in(name, "_seconds_total"))
        return "seconds";
    return ends_in(name, "_bytes") || ends_in(name, "_bytes_total") ? "bytes" : "number";
}

static void print_row(const struct fx_metric *row, const char *labels)
{
    char name[FXI_METRIC_NAME_MAX];
    fxi_metric_name(row, name);
    printf("| `%s` | %s | %s", name, fxi_metric_kind_name(row->kind), labels);
    const char *before = *labels ? ", " : "";
    if (row->label)
        printf("%s`%s`", before, row->label);
    for (unsigned i = 0; row->labels && row->labels[i]; i++)
        printf("%s`%s`", i ? ", " : before, row->labels[i]);
    printf(" | %s | %s |\n", unit_of(name), row->help);
}

static void print_table(const char *title, const char *text, const struct fx_metric *table, const char *labels)
{
    printf("\n## %s\n\n%s\n\n| Metric | Type | Labels | Unit | Meaning |\n|---|---|---|---|---|\n", title, text);
    for (const struct fx_metric *row = table; row->name; row++)
        print_row(row, labels);
}

static void print_plugin(void *arg, const char *name, const char *file)
{
    (void)file;
    const struct fxi_module *module = fxi_loader_get(arg, name, NULL);
    if (module && module->plugin.metrics && module->plugin.metrics->name)
        print_table(name, module->plugin.summary, module->plugin.metrics, PLUGIN_LABEL);
}

int fxi_command_metrics(struct fxi_loader *loader, const struct fxi_args *args)
{
    (void)args;
    print_table("The process", "The standard metrics of Prometheus' client libraries.", fxi_process_metrics, "");
    print_table("The program", "The program as a whole.", fxi_program_metrics, "");
    print_table("Checkpoints", "What the program commits, keeps and shows together.", fxi_checkpoint_metrics, "");
    print_table("Inputs", "The payloads and records of each input. `plugin` is the input's name.", fxi_input_metrics,
                PLUGIN_LABEL);
    print_table("Resolvers and outputs", "The records that each resolver and output takes. `plugin` is its name.",
                fxi_stage_metrics, PLUGIN_LABEL);
    print_table("Resolvers", "`plugin` is the resolver's name.", fxi_filter_metrics, PLUGIN_LABEL);
    print_table("Calls", "Calls into each instance, by its name in `plugin`; `program` is the program's own work.",
                fxi_call_metrics, PLUGIN_LABEL);
    fxi_loader_list(loader, print_plugin, loader);
    return 0;
}

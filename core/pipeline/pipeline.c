/* Makes the pipeline: instances, schema, stages. start.c runs it. Main thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "checkpoint/checkpoint_metrics.h"
#include "log/logger.h"
#include "metrics/process.h"
#include "pipeline/letters.h"
#include "pipeline/reject.h"
#include "pipeline/wiring.h"
#include "plugin/calls.h"
#include "util/alloc.h"

int fx_claim(struct fx_instance *instance, const struct fx_claim *claim, struct fx_error *err)
{
    struct fx_error why = FX_ERROR_INIT;
    int number = instance->may_claim ? fxi_schema_claim(&instance->pipeline->schema, claim, instance, &why)
                                     : fx_error_set(&why, FX_EINVAL, "fields can be claimed in create only");
    if (number < 0) /* without an option the place is that of the entry, whose first key this is */
        return fx_error_option(err, instance, claim->option ? claim->option : "plugin",
                               claim->option ? claim->item : NULL, "%s", why.message);
    return number;
}

void fx_metrics_visit(struct fx_instance *instance, void (*visit)(void *arg, const struct fx_sample *sample), void *arg)
{
    struct fxi_pipeline *pipeline = instance->pipeline;
    fxi_checkpoints_note_age(pipeline->checkpoints);
    fxi_process_update(pipeline->process_metrics);
    fxi_metric_set_put(pipeline->program_metrics, FXI_PROGRAM_LOG_LOST, 0, (int64_t)fxi_log_lost());
    fxi_calls_note(pipeline);
    fxi_metrics_visit(pipeline->metrics, visit, arg);
}

enum fx_verdict fx_checkpoint_request(struct fx_instance *instance)
{
    return fxi_checkpoints_request(instance->pipeline->checkpoints) ? FX_OK : FX_AGAIN;
}

/* Whether this thread is in the instance's restore or prepare: then it holds what the question needs. */
static bool may_ask(const struct fx_instance *instance)
{
    struct fxi_call now = fxi_call_now();
    return now.name && now.instance == instance &&
           (strcmp(now.name, "restore") == 0 || strcmp(now.name, "prepare") == 0);
}

enum fx_verdict fx_checkpoint_accepted(struct fx_instance *instance, const struct fx_checkpoint *asked, int timeout_ms,
                                       struct fx_error *err)
{
    if (may_ask(instance) && asked->number && asked->identity)
        return fxi_checkpoints_accepted(instance->pipeline->checkpoints, asked, timeout_ms, err);
    fx_error_set(err, FX_EINVAL, "fx_checkpoint_accepted needs an identity and a number, in restore and prepare only");
    return FX_FATAL;
}

/* ---- what the pipeline does in a checkpoint */

static int store_rejected(void *arg, int timeout_ms, struct fx_error *err)
{
    return fxi_reject_store(arg, timeout_ms, err);
}

static void output_holds_back(void *arg, struct fx_instance *output, const char *reason)
{
    struct fxi_pipeline *pipeline = arg;
    char sentence[FX_READY_REASON_MAX + 1];
    snprintf(sentence, sizeof sentence, "it does not store checkpoints: %s", reason ? reason : "");
    if (fxi_readiness_set(&pipeline->readiness, FXI_READY_CORE, output->name, reason ? sentence : NULL))
        fxi_ready_note(pipeline);
}

static void streams_went_back(void *arg)
{
    struct fxi_pipeline *pipeline = arg;
    for (size_t i = 0; i < pipeline->input_count; i++)
        fxi_markers_spoil(pipeline->inputs[i].markers);
}

static struct fxi_checkpoints *make_checkpoints(struct fxi_pipeline *pipeline)
{
    const struct fxi_checkpoint_hooks hooks = {.store_rejected = store_rejected,
                                               .holds_back = output_holds_back,
                                               .gone_back = streams_went_back,
                                               .arg = pipeline};
    struct fxi_metric_set *metrics = fxi_metrics_add_set(pipeline->metrics, NULL, fxi_checkpoint_metrics);
    return fxi_checkpoints_new(pipeline->config, &pipeline->end, metrics, &hooks);
}

/* ---- instances */

static void add_input(struct fxi_pipeline *pipeline, struct fx_instance *instance)
{
    struct fxi_input *input = &pipeline->inputs[pipeline->input_count++];
    instance->workers = (unsigned)instance->entry->workers;
    pipeline->feed_count += instance->workers;
    input->instance = instance;
    input->metrics = fxi_metrics_add_set(pipeline->metrics, instance->name, fxi_input_metrics);
    fxi_source_init(&input->source, instance);
    fxi_checkpoints_add_source(pipeline->checkpoints, &input->source);
}

static void add_stage(struct fxi_pipeline *pipeline, struct fx_instance *instance, struct fxi_stage *stages,
                      size_t *count)
{
    stages[(*count)++] = (struct fxi_stage){
        .instance = instance, .metrics = fxi_metrics_add_set(pipeline->metrics, instance->name, fxi_stage_metrics)};
}

static void add_resolver(struct fxi_pipeline *pipeline, struct fx_instance *instance)
{
    struct fxi_stage *stage = &pipeline->resolvers[pipeline->resolver_count];
    add_stage(pipeline, instance, pipeline->resolvers, &pipeline->resolver_count);
    stage->filter_metrics = fxi_metrics_add_set(pipeline->metrics, instance->name, fxi_filter_metrics);
}

static int add_instance(struct fxi_pipeline *pipeline, struct fxi_loader *loader, const struct fxi_plugin_entry *entry,
                        struct fx_error *err)
{
    struct fx_instance *instance = fxi_instance_new(loader, pipeline->config, entry, err);
    if (!instance)
        return err->code ? err->code : FX_EINVAL;
    pipeline->instances[pipeline->instance_count++] = instance;
    instance->pipeline = pipeline;
    fxi_checkpoints_add_instance(pipeline->checkpoints, instance);
    instance->metrics = fxi_metrics_add_set(pipeline->metrics, instance->name, instance->plugin->metrics);
    instance->call_metrics = fxi_metrics_add_set(pipeline->metrics, instance->name, fxi_call_metrics);
    if (entry->kind == FX_KIND_INPUT)
        add_input(pipeline, instance);
    else if (entry->kind == FX_KIND_RESOLVER)
        add_resolver(pipeline, instance);
    else
        add_stage(pipeline, instance, pipeline->outputs, &pipeline->output_count);
    return fxi_instance_create(instance, err);
}

static int add_instances(struct fxi_pipeline *pipeline, struct fxi_loader *loader, struct fx_error *err)
{
    const struct fxi_config *config = pipeline->config;
    pipeline->instances = fxi_calloc(config->entry_count, sizeof *pipeline->instances);
    pipeline->inputs = fxi_calloc(config->entry_count, sizeof *pipeline->inputs);
    pipeline->resolvers = fxi_calloc(config->entry_count, sizeof *pipeline->resolvers);
    pipeline->outputs = fxi_calloc(config->entry_count, sizeof *pipeline->outputs);
    int rc = pipeline->event_type_field = fxi_schema_read(&pipeline->schema, "event_type", FX_TEXT, err);
    for (size_t i = 0; i < config->entry_count && rc >= 0; i++)
        rc = add_instance(pipeline, loader, &config->entries[i], err);
    return rc < 0 ? rc : 0;
}

static int add_feed(struct fxi_pipeline *pipeline, struct fxi_input *input, unsigned input_index, struct fx_feed *feed,
                    struct fx_error *err)
{
    const struct fxi_pipeline_options *options = &pipeline->config->pipeline;
    feed->pipeline = pipeline;
    feed->input = input;
    feed->index = (unsigned)(feed - pipeline->feeds);
    feed->input_index = input_index;
    pthread_mutex_init(&feed->gate, NULL);
    fxi_checkpoints_add_gate(pipeline->checkpoints, &feed->gate);
    const struct fxi_mapping *mapping = &input->mapping;
    feed->writers = input->markers ? fxi_writer_counts_new(input->markers) : NULL;
    fxi_batch_init(&feed->batch, (uint32_t)options->batch_records, (uint32_t)mapping->count);
    if (input->instance->entry->input.preset == FXI_PRESET_VFLOW)
        feed->vflow = fxi_vflow_new(mapping->fields, mapping->count, (unsigned)options->max_depth, err);
    else
        feed->decoder = fxi_decoder_new(mapping->fields, mapping->count, (unsigned)options->max_depth, err);
    feed->whole = pipeline->record_field >= 0 || pipeline->payload_field >= 0;
    feed->plain = feed->decoder && !mapping->finishes && !feed->writers && !feed->whole;
    if (!feed->decoder && !feed->vflow)
        return err->code;
    fxi_decoder_set_join(feed->vflow ? fxi_vflow_flat(feed->vflow) : feed->decoder, input->instance->entry->input.join);
    fxi_decoder_set_framed(fxi_feed_decoder(feed), input->instance->entry->input.framing == FXI_FRAMING_REGISTRY);
    return 0;
}

static int watch_markers(struct fxi_pipeline *pipeline, struct fxi_input *input, struct fx_error *err)
{
    const struct fxi_input_options *options = &input->instance->entry->input;
    struct fxi_marker_fields fields;
    if (!options->watch_markers)
        return 0;
    int rc = fxi_markers_claim(&pipeline->schema, &fields, err);
    if (!rc)
        input->markers = fxi_markers_new(input->metrics, &fields, options->markers_wait_ms);
    return rc;
}

static void watch_fields(struct fxi_pipeline *pipeline, struct fxi_input *input)
{
    input->absent = fxi_absent_new(input->instance, &pipeline->schema, &input->mapping, input->metrics,
                                   pipeline->config->pipeline.absent_after_ms);
}

/* Call once all claims are known. */
static int make_mappings(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    int rc = 0;
    for (size_t i = 0; i < pipeline->input_count && !rc; i++)
        rc = fxi_reject_check(pipeline->inputs[i].instance, err);
    for (size_t i = 0; i < pipeline->input_count && !rc; i++)
        rc = watch_markers(pipeline, &pipeline->inputs[i], err);
    for (size_t i = 0; i < pipeline->input_count && !rc; i++)
        rc = fxi_mapping_claim(&pipeline->schema, pipeline->inputs[i].instance, err);
    for (size_t i = 0; i < pipeline->input_count && !rc; i++)
        rc = fxi_mapping_make(&pipeline->inputs[i].mapping, &pipeline->schema, pipeline->inputs[i].instance, err);
    for (size_t i = 0; i < pipeline->input_count && !rc; i++)
        watch_fields(pipeline, &pipeline->inputs[i]);
    return rc;
}

static int add_feeds(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    int rc = make_mappings(pipeline, err);
    if (rc)
        return rc;
    pipeline->record_field = fxi_schema_find_text(&pipeline->schema, FXI_FIELD_RECORD);
    pipeline->payload_field = fxi_schema_find_text(&pipeline->schema, FXI_FIELD_PAYLOAD);
    for (size_t i = 0; i < pipeline->resolver_count; i++) {
        struct fxi_stage *stage = &pipeline->resolvers[i];
        stage->copy_count = fxi_schema_copies(&pipeline->schema, stage->instance, &stage->copies);
    }
    struct fx_feed *feed = pipeline->feeds = fxi_calloc(pipeline->feed_count, sizeof *pipeline->feeds);
    for (size_t i = 0; i < pipeline->input_count; i++)
        for (unsigned j = 0; j < pipeline->inputs[i].instance->workers; j++)
            rc = rc ? rc : add_feed(pipeline, &pipeline->inputs[i], j, feed++, err);
    for (size_t i = 0; i < pipeline->resolver_count; i++)
        pipeline->resolvers[i].instance->workers = pipeline->feed_count;
    for (size_t i = 0; i < pipeline->output_count; i++)
        pipeline->outputs[i].instance->workers = pipeline->feed_count;
    return rc;
}

struct fxi_pipeline *fxi_pipeline_new(const struct fxi_config *config, struct fxi_loader *loader, struct fx_error *err)
{
    struct fxi_pipeline *pipeline = fxi_calloc(1, sizeof *pipeline);
    pipeline->config = config;
    fxi_readiness_init(&pipeline->readiness);
    pipeline->metrics = fxi_metrics_new();
    pipeline->program_metrics = fxi_metrics_add_set(pipeline->metrics, NULL, fxi_program_metrics);
    fxi_metric_set_put(pipeline->program_metrics, FXI_PROGRAM_BUILD, 0, 1);
    pipeline->checkpoints = make_checkpoints(pipeline);
    pipeline->process_metrics = fxi_metrics_add_set(pipeline->metrics, NULL, fxi_process_metrics);
    pipeline->call_metrics = fxi_metrics_add_set(pipeline->metrics, "program", fxi_call_metrics);
    fxi_readiness_set(&pipeline->readiness, FXI_READY_CORE, "program", "it is starting");
    int rc = fxi_end_init(&pipeline->end, err);
    pipeline->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!rc && pipeline->stop_fd < 0)
        rc = fx_error_set(err, FX_EIO, "can't make an event descriptor");
    if (!rc)
        rc = add_instances(pipeline, loader, err);
    if (!rc)
        rc = add_feeds(pipeline, err);
    if (!rc)
        return pipeline;
    fxi_pipeline_free(pipeline);
    return NULL;
}

bool fxi_pipeline_command(struct fxi_pipeline *pipeline, const char *command, int argc, const char *const *argv,
                          int *status)
{
    fxi_checkpoints_find_folders(pipeline->checkpoints);
    for (size_t i = 0; i < pipeline->instance_count; i++) {
        const struct fx_instance *instance = pipeline->instances[i];
        if (!instance->plugin->command || strcmp(instance->plugin->command, command) != 0)
            continue;
        *status = instance->plugin->run_command(instance->self, argc, argv);
        return true;
    }
    return false;
}

static void free_input(struct fxi_input *input)
{
    fxi_absent_free(input->absent);
    fxi_mapping_fini(&input->mapping);
    fxi_letters_close(input->letters);
    fxi_markers_free(input->markers);
    fxi_source_fini(&input->source);
}

static void free_feeds(struct fxi_pipeline *pipeline)
{
    for (unsigned i = 0; pipeline->feeds && i < pipeline->feed_count; i++) {
        struct fx_feed *feed = &pipeline->feeds[i];
        if (!feed->pipeline)
            continue; /* making it failed before */
        fxi_decoder_free(feed->decoder);
        fxi_vflow_free(feed->vflow);
        fxi_writer_counts_free(feed->writers);
        fxi_absent_view_fini(&feed->absent);
        fxi_batch_fini(&feed->batch);
        pthread_mutex_destroy(&feed->gate);
    }
    free(pipeline->feeds);
}

void fxi_pipeline_free(struct fxi_pipeline *pipeline)
{
    if (!pipeline)
        return;
    for (size_t i = 0; i < pipeline->instance_count; i++)
        fxi_instance_destroy(pipeline->instances[i]);
    free_feeds(pipeline);
    for (size_t i = 0; i < pipeline->input_count; i++)
        free_input(&pipeline->inputs[i]);
    for (size_t i = 0; i < pipeline->instance_count; i++)
        fxi_instance_free(pipeline->instances[i]);
    free(pipeline->instances);
    free(pipeline->inputs);
    for (size_t i = 0; i < pipeline->resolver_count; i++)
        free(pipeline->resolvers[i].copies);
    free(pipeline->resolvers);
    free(pipeline->outputs);
    fxi_schema_fini(&pipeline->schema);
    fxi_metrics_free(pipeline->metrics);
    fxi_checkpoints_free(pipeline->checkpoints);
    fxi_readiness_fini(&pipeline->readiness);
    fxi_end_fini(&pipeline->end);
    if (pipeline->stop_fd >= 0)
        close(pipeline->stop_fd);
    free(pipeline);
}

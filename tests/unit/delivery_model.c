#include "delivery_model.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/failpoint.h"

void model_fail(struct model *model, const char *format, ...)
{
    if (model->fault[0])
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(model->fault, sizeof model->fault, format, args);
    va_end(args);
}

bool model_is_zero(const uint64_t *values)
{
    static const uint64_t zeros[MODEL_PARTITIONS];
    return memcmp(values, zeros, sizeof zeros) == 0;
}

/* ---- Crashes: a step runs between setjmp and the failpoint that jumps back */

static struct {
    unsigned left;
    bool has_crashed, is_armed;
    jmp_buf back;
} crash;

#ifdef FXI_FAILPOINTS
static void at_failpoint(const char *name)
{
    (void)name;
    if (!crash.is_armed || !crash.left || --crash.left)
        return;
    crash.has_crashed = true;
    longjmp(crash.back, 1);
}
#endif

void model_crash_at(unsigned nth)
{
    crash.left = nth;
    crash.has_crashed = false;
}

/*
 * A dead process never unlocks what it held. ThreadSanitizer's search for deadlocks aborts at 64 held locks, and it
 * reports each lock that is destroyed while held.
 */
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "detect_deadlocks=0:report_destroy_locked=0";
}

bool model_has_crashed(void)
{
    return crash.has_crashed;
}

static void free_process(struct model_instance *instance);

/* A mark is on the disk once a sync has followed it. The running process is the one that syncs. */
static struct model_instance *running;
int __real_fxi_slot_sync(int dir_fd, unsigned index);
int __wrap_fxi_slot_sync(int dir_fd, unsigned index);
int __wrap_fxi_slot_sync(int dir_fd, unsigned index)
{
    int rc = __real_fxi_slot_sync(dir_fd, index);
    if (!rc && model_slot(running, index)->is_accepted)
        running->synced_number = model_slot(running, index)->number;
    return rc;
}

/* Runs one step of an instance. If the step dies, the instance's process dies with it. */
static void run(struct model_instance *instance, void (*step)(struct model_instance *, int), int argument)
{
    crash.is_armed = true;
    running = instance;
    if (setjmp(crash.back) == 0)
        step(instance, argument);
    else
        free_process(instance);
    crash.is_armed = false;
    model_close_books(instance);
    model_check_books(instance->model);
}

/* ---- The output: one series for each partition */

static void show(struct model_instance *instance, const uint64_t *values, const char *when)
{
    for (int i = 0; i < MODEL_PARTITIONS; i++) {
        if (values[i] < instance->shown_ever[i])
            model_fail(instance->model, "%s: series %d of instance %d went back from %" PRIu64 " to %" PRIu64, when, i,
                       instance->index, instance->shown_ever[i], values[i]);
        instance->shown[i] = values[i];
        instance->shown_ever[i] = values[i] > instance->shown_ever[i] ? values[i] : instance->shown_ever[i];
    }
}

static int model_cut(void *self, uint64_t number, struct fx_error *err)
{
    struct model_instance *instance = self;
    (void)number, (void)err;
    memcpy(instance->cut, instance->values, sizeof instance->cut);
    return 0;
}

/* Chooses the cuts that an output can't store. The next cut may be stored again. */
static bool refuses(const struct model_instance *instance, uint64_t number)
{
    return instance->model->has_vetoes && (number * 7 + (uint64_t)instance->index) % 5 < 2;
}

/* A series is in the log from its first record on. The values are in its order; a refused cut has none of them. */
static enum fx_verdict model_prepare(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    struct model_instance *instance = self;
    (void)err;
    memcpy(instance->is_logged, instance->was_logged, sizeof instance->is_logged);
    unsigned count = 0;
    for (unsigned i = 0; i < instance->order_count; i++)
        count += instance->is_logged[instance->order[i]];
    instance->order_count = count; /* drops the entries of a refused cut */
    if (checkpoint->rewrite_log)
        for (unsigned i = 0; i < count; i++)
            fx_state_log(checkpoint, &instance->order[i], sizeof instance->order[i]);
    for (unsigned i = 0; i < MODEL_PARTITIONS; i++) {
        if (!instance->cut[i] || instance->is_logged[i])
            continue;
        instance->is_logged[i] = true;
        instance->order[instance->order_count++] = i;
        fx_state_log(checkpoint, &i, sizeof i);
    }
    bool is_refused = refuses(instance, checkpoint->number);
    if (is_refused && instance->model->rule != MODEL_CANNOT_VETO)
        return FX_AGAIN;
    const uint64_t *values = is_refused ? instance->committed : instance->cut;
    instance->is_in_doubt = true;
    for (unsigned i = 0; i < instance->order_count; i++)
        fx_state_put(checkpoint, &values[instance->order[i]], sizeof *values);
    if (instance->model->rule == MODEL_EXPOSE_FIRST)
        show(instance, instance->cut, "prepare");
    return FX_OK;
}

static void model_committed(void *self, uint64_t number)
{
    struct model_instance *instance = self;
    (void)number;
    if (instance->pipeline->checkpoints->progress.durable)
        memcpy(instance->before, instance->committed, sizeof instance->before);
    instance->is_mark_lost = false;
    memcpy(instance->committed, instance->cut, sizeof instance->committed);
    memcpy(instance->was_logged, instance->is_logged, sizeof instance->was_logged);
    instance->is_damaged = false;
    show(instance, instance->committed, "committed");
}

static void model_rolled_back(void *self, uint64_t number)
{
    struct model_instance *instance = self;
    (void)number;
    memcpy(instance->values, instance->committed, sizeof instance->values);
}

/* The counters that were seen have ended. Nothing tells where the instance was. */
static void begin_anew(struct model_instance *instance)
{
    struct model *model = instance->model;
    instance->begins_anew = !model_is_zero(instance->counted);
    instance->is_anew = instance->is_anew || instance->begins_anew;
    model->delayed[instance->index].waits = false;
    memset(instance->shown_ever, 0, sizeof instance->shown_ever);
    model_forget_who_knows(model, instance->index);
}

static int model_restore(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    struct model_instance *instance = self;
    const void *entry;
    size_t size;
    (void)err;
    memset(instance->values, 0, sizeof instance->values);
    memset(instance->was_logged, 0, sizeof instance->was_logged);
    instance->order_count = 0;
    const uint64_t *values = fx_state_values(checkpoint, &size);
    while (fx_state_entry(checkpoint, &entry, &size)) {
        unsigned series = *(const unsigned *)entry;
        if (size != sizeof series || series >= MODEL_PARTITIONS || instance->was_logged[series])
            model_fail(instance->model, "the log of instance %d has series %u", instance->index, series);
        else
            instance->values[series] = values[instance->order_count];
        instance->was_logged[series % MODEL_PARTITIONS] = true;
        instance->order[instance->order_count++ % MODEL_PARTITIONS] = series % MODEL_PARTITIONS;
    }
    fx_state_values(checkpoint, &size);
    if (size != instance->order_count * sizeof *values)
        model_fail(instance->model, "instance %d: %u entries, %zu bytes of values", instance->index,
                   instance->order_count, size);
    memcpy(instance->committed, instance->values, sizeof instance->committed);
    if (instance->is_damaged && model_is_zero(instance->values))
        begin_anew(instance);
    if (model_may_take_older(instance, instance->values))
        memcpy(instance->shown_ever, instance->values, sizeof instance->shown_ever);
    instance->is_mark_lost = false;
    show(instance, instance->committed, "restore");
    return 0;
}

static enum fx_verdict model_write(void *self, void *worker, const struct fx_batch *batch)
{
    (void)self, (void)worker, (void)batch;
    return FX_OK;
}

static const struct fx_plugin output_plugin = {FX_PLUGIN_OUTPUT,
                                               .name = "output",
                                               .write = model_write,
                                               .cut = model_cut,
                                               .prepare = model_prepare,
                                               .committed = model_committed,
                                               .rolled_back = model_rolled_back,
                                               .restore = model_restore};

/* ---- A process */

static void add_instance(struct model_instance *instance, int which, const struct fx_plugin *plugin)
{
    struct fxi_pipeline *pipeline = instance->pipeline;
    struct fx_instance *made = &instance->instances[which];
    instance->entries[which] = (struct fxi_plugin_entry){.kind = plugin->kind, .name = plugin->name, .workers = 1};
    *made = (struct fx_instance){.plugin = plugin,
                                 .entry = &instance->entries[which],
                                 .file = "",
                                 .name = plugin->name,
                                 .workers = 1,
                                 .pipeline = pipeline,
                                 .self = instance};
    pipeline->instances[pipeline->instance_count++] = made;
    fxi_checkpoints_add_instance(pipeline->checkpoints, made);
}

static void make_process(struct model_instance *instance)
{
    struct fxi_pipeline *pipeline = instance->pipeline = fxi_calloc(1, sizeof *pipeline);
    instance->config = (struct fxi_config){.state = {.directory = instance->directory}};
    pipeline->config = &instance->config;
    pipeline->metrics = fxi_metrics_new();
    struct fxi_metric_set *metrics = fxi_metrics_add_set(pipeline->metrics, NULL, fxi_checkpoint_metrics);
    pipeline->checkpoints = fxi_checkpoints_new(&instance->config, &pipeline->end, metrics, &model_hooks);
    pipeline->instances = fxi_calloc(2, sizeof *pipeline->instances);
    pipeline->inputs = fxi_calloc(1, sizeof *pipeline->inputs);
    pipeline->outputs = fxi_calloc(1, sizeof *pipeline->outputs);
    pipeline->feeds = fxi_calloc(1, sizeof *pipeline->feeds);
    pipeline->input_count = pipeline->output_count = 1;
    pipeline->feed_count = 1;
    add_instance(instance, 0, &model_input_plugin);
    add_instance(instance, 1, &output_plugin);
    pipeline->inputs[0].instance = &instance->instances[0];
    pipeline->inputs[0].metrics = fxi_metrics_add_set(pipeline->metrics, "input", fxi_input_metrics);
    fxi_source_init(&pipeline->inputs[0].source, &instance->instances[0]);
    fxi_checkpoints_add_source(pipeline->checkpoints, &pipeline->inputs[0].source);
    pipeline->outputs[0].instance = &instance->instances[1];
    pipeline->feeds[0] = (struct fx_feed){.pipeline = pipeline, .input = &pipeline->inputs[0]};
    pthread_mutex_init(&pipeline->feeds[0].gate, NULL);
    fxi_checkpoints_add_gate(pipeline->checkpoints, &pipeline->feeds[0].gate);
}

static void free_process(struct model_instance *instance)
{
    struct fxi_pipeline *pipeline = instance->pipeline;
    model_note_told(instance);
    if (!instance
             ->is_mark_lost) { /* until it is restored, it is still that one, even if its slot is damaged meanwhile */
        instance->newest_index = model_slot(instance, 1)->number > model_slot(instance, 0)->number;
        instance->newest_number = model_slot(instance, instance->newest_index)->number;
    }
    for (int i = 0; i < 2; i++)
        free(instance->instances[i].state_folder);
    fxi_checkpoints_free(pipeline->checkpoints);
    fxi_source_fini(&pipeline->inputs[0].source);
    fxi_metrics_free(pipeline->metrics);
    free(pipeline->instances);
    free(pipeline->inputs);
    free(pipeline->outputs);
    free(pipeline->feeds);
    free(pipeline);
    instance->pipeline = NULL;
    instance->is_up = instance->is_paused = false;
    memset(instance->streams, 0, sizeof instance->streams);
}

/* Enters as a worker inside poll does. */
static struct fx_feed *enter(struct model_instance *instance)
{
    instance->pipeline->inputs[0].source.active = 1;
    return &instance->pipeline->feeds[0];
}

static void leave(struct model_instance *instance)
{
    instance->pipeline->inputs[0].source.active = 0;
}

struct fxi_slot *model_slot(const struct model_instance *instance, unsigned index)
{
    return (struct fxi_slot *)(uintptr_t)fxi_state_slot(instance->pipeline->checkpoints->store, index);
}

static uint64_t newest_number(const struct model_instance *instance)
{
    uint64_t a = model_slot(instance, 0)->number, b = model_slot(instance, 1)->number;
    return a > b ? a : b;
}

static void step_start(struct model_instance *instance, int argument)
{
    struct fx_error err = FX_ERROR_INIT;
    (void)argument;
    enum model_rule rule = instance->model->rule;
    int rc = fxi_checkpoints_open(instance->pipeline->checkpoints, &err);
    for (unsigned i = 0; i < 2 && !rc; i++) {
        if (rule == MODEL_TRUST_DAMAGED)
            *(char *)(uintptr_t)fxi_state_fault(instance->pipeline->checkpoints->store, i) = '\0';
        if (rule == MODEL_DROPPED_IS_NO) /* as if no older slot had been accepted */
            model_slot(instance, i)->is_accepted =
                model_slot(instance, i)->number == newest_number(instance) && model_slot(instance, i)->is_accepted;
    }
    if (!rc)
        rc = fxi_checkpoints_recover(instance->pipeline->checkpoints, 0, true, &err);
    if (rc && !instance->model->is_away)
        model_fail(instance->model, "start of instance %d: %s", instance->index, err.message);
    for (struct fx_stream *at = instance->pipeline->inputs[0].source.streams; at && rule == MODEL_ASSIGNED_ONLY;
         at = at->next)
        at->is_kept = false;
    if (rc) { /* it waits for Kafka until somebody ends it */
        free_process(instance);
        return;
    }
}

void model_start(struct model *model, int index)
{
    struct model_instance *instance = &model->instances[index];
    if (instance->is_up)
        return;
    instance->is_up = true;
    instance->asked = (struct model_request){0};
    instance->generation = 0;
    make_process(instance);
    run(instance, step_start, 0);
}

void model_kill(struct model *model, int index)
{
    if (model->instances[index].is_up)
        free_process(&model->instances[index]);
}

void model_pause(struct model *model, int index, bool is_paused)
{
    model->instances[index].is_paused = model->instances[index].is_up && is_paused;
}

static bool can_run(const struct model *model, int index)
{
    return model->instances[index].is_up && !model->instances[index].is_paused && !model->fault[0];
}

/* ---- Steps */

/* Each member that runs and still owns its partitions adopts the new generation. */
static void rebalance(struct model *model)
{
    model->kafka.generation++;
    for (int i = 0; i < MODEL_INSTANCES; i++) {
        struct model_instance *instance = &model->instances[i];
        bool has_all = true;
        for (int j = 0; j < MODEL_PARTITIONS; j++)
            has_all = has_all && (!instance->streams[j] || model->kafka.owner[j] == i);
        if (instance->is_up && !instance->is_paused && has_all)
            instance->generation = model->kafka.generation;
    }
}

/* Does what an input does when it finds another log: the stream begins anew if its counts can be settled. */
static void step_look_at_log(struct model_instance *instance, int partition)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fx_stream *stream = instance->streams[partition];
    struct fx_feed *feed = enter(instance);
    fx_feed_quiesce(feed);
    if (instance->model->rule == MODEL_BARE_RESET) {
        stream->position = 0;
        instance->log[partition] = instance->model->kafka.log[partition];
    } else if (model_is_other_log(instance, partition) && fx_stream_reset(feed, stream, 0, &err) == 0) {
        instance->log[partition] = instance->model->kafka.log[partition];
    }
    fx_feed_resume(feed);
    leave(instance);
}

/* Whether the stream's next record comes from the current log. If not, a step looks at the log; it may die. */
static bool knows_log(struct model_instance *instance, int partition)
{
    if (!model_is_other_log(instance, partition)) {
        instance->log[partition] = instance->model->kafka.log[partition];
        return true;
    }
    instance->answer = MODEL_OK;
    run(instance, step_look_at_log, partition);
    return instance->is_up && instance->streams[partition] && !model_is_other_log(instance, partition);
}

static void step_assign(struct model_instance *instance, int partition)
{
    struct model *model = instance->model;
    struct fx_feed *feed = enter(instance);
    const char *tags = model->kafka.tags[partition];
    int64_t position = model->kafka.offset[partition], kept, said = 0;
    fx_feed_quiesce(feed);
    if (model->rule != MODEL_NO_LATE_LOOK)
        fx_feed_found_tags(feed, tags, strlen(tags));
    bool is_kept = fx_stream_recovered(feed, "t", partition, &kept);
    if (is_kept && (position < 0 || model->rule == MODEL_OWN_POSITIONS))
        position = kept;
    else if (position < 0)
        position = model->starts_at_end ? MODEL_OFFSETS : 0;
    else if (model->rule != MODEL_BELIEVE_OFFSETS)
        said = fx_stream_found(feed, "t", partition, position, tags, strlen(tags));
    model_enter_beginning(instance, partition, position, said);
    instance->streams[partition] = fx_stream_begin(feed, "t", partition, position);
    instance->log[partition] = model->kafka.offset_log[partition];
    snprintf(instance->tags[partition], FX_TAGS_BYTES, "%s", tags);
    fx_feed_resume(feed);
    leave(instance);
}

void model_assign(struct model *model, int index, int partition)
{
    struct model_instance *instance = &model->instances[index];
    if (!can_run(model, index) || model->kafka.owner[partition] >= 0 || instance->streams[partition])
        return;
    model->kafka.owner[partition] = index;
    rebalance(model);
    run(instance, step_assign, partition);
}

void model_read(struct model *model, int index, int partition)
{
    struct model_instance *instance = &model->instances[index];
    if (!can_run(model, index) || !instance->streams[partition] || !knows_log(instance, partition) ||
        instance->streams[partition]->position >= MODEL_OFFSETS)
        return;
    int64_t position = instance->streams[partition]->position++;
    instance->values[partition] += (uint64_t)(model_records(position + 1) - model_records(position));
}

static void step_checkpoint(struct model_instance *instance, int answer)
{
    struct fx_error err = FX_ERROR_INIT;
    instance->answer = (enum model_answer)answer;
    fxi_checkpoints_hold(instance->pipeline->checkpoints);
    int rc = fxi_checkpoints_take(instance->pipeline->checkpoints, 0, &err);
    (void)rc;
    fxi_checkpoints_release(instance->pipeline->checkpoints);
}

void model_checkpoint(struct model *model, int index, enum model_answer answer)
{
    if (can_run(model, index))
        run(&model->instances[index], step_checkpoint, (int)answer);
}

static void step_revoke(struct model_instance *instance, int partition)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fx_feed *feed = enter(instance);
    instance->answer = MODEL_OK;
    fx_feed_quiesce(feed);
    if (fx_feed_checkpoint(feed, &err) && instance->pipeline->checkpoints->progress.unsettled)
        model_fail(instance->model, "a checkpoint of instance %d has no answer", instance->index);
    if (instance->model->rule == MODEL_KEEP_LOOSE)
        instance->streams[partition]->live = false;
    fx_stream_end(feed, instance->streams[partition]);
    instance->streams[partition] = NULL;
    fx_feed_resume(feed);
    leave(instance);
}

static void disown(struct model *model, int index, int partition)
{
    if (model->kafka.owner[partition] != index)
        return;
    model->kafka.owner[partition] = -1;
    rebalance(model);
}

void model_revoke(struct model *model, int index, int partition)
{
    struct model_instance *instance = &model->instances[index];
    if (!can_run(model, index) || !instance->streams[partition])
        return;
    run(instance, step_revoke, partition);
    if (instance->is_up)
        disown(model, index, partition);
}

void model_expel(struct model *model, int index)
{
    for (int i = 0; i < MODEL_PARTITIONS; i++)
        disown(model, index, i);
}

static void step_lose(struct model_instance *instance, int argument)
{
    struct fx_feed *feed = enter(instance);
    (void)argument;
    fx_feed_quiesce(feed);
    fxi_checkpoints_void(instance->pipeline->checkpoints, 0);
    for (int i = 0; i < MODEL_PARTITIONS; i++) {
        if (instance->streams[i])
            fx_stream_end(feed, instance->streams[i]);
        instance->streams[i] = NULL;
    }
    fx_feed_resume(feed);
    leave(instance);
}

void model_lose(struct model *model, int index)
{
    model_expel(model, index);
    if (can_run(model, index))
        run(&model->instances[index], step_lose, 0);
}

/* ---- A run */

void model_begin(struct model *model, enum model_rule rule)
{
    *model = (struct model){.rule = rule};
    snprintf(model->folder, sizeof model->folder, "%s/delivery-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(model->folder))
        model_fail(model, "no folder for the state directories");
    for (int i = 0; i < MODEL_PARTITIONS; i++) {
        model->kafka.owner[i] = model->last[i] = -1;
        model->kafka.is_foreign[i] = true; /* offset 0, from a program that used the group before */
    }
    for (int i = 0; i < MODEL_INSTANCES; i++) {
        model->instances[i].model = model;
        model->instances[i].index = i;
        snprintf(model->instances[i].directory, sizeof model->instances[i].directory, "%s/%d", model->folder, i);
    }
#ifdef FXI_FAILPOINTS
    fxi_failpoint_hook = at_failpoint;
#endif
    model_crash_at(0);
}

void model_drain(struct model *model)
{
    model_crash_at(0);
    model->has_vetoes = false;
    model->is_away = false;
    for (int i = 0; i < MODEL_INSTANCES; i++) {
        model_pause(model, i, false);
        model_start(model, i);
        model_checkpoint(model, i, MODEL_OK); /* settles what is unanswered */
    }
    for (int i = 0; i < MODEL_INSTANCES; i++) {
        model_deliver(model, i);
        model_lose(model, i);
    }
    for (int round = 0; round < 2; round++) { /* the first checkpoint may find that an older one counts, and go back */
        for (int i = 0; i < MODEL_PARTITIONS; i++) {
            model_assign(model, i % MODEL_INSTANCES, i);
            for (int j = 0; j < MODEL_OFFSETS; j++)
                model_read(model, i % MODEL_INSTANCES, i);
        }
        for (int i = 0; i < MODEL_INSTANCES; i++)
            model_checkpoint(model, i, MODEL_OK);
    }
    model_check_sums(model);
}

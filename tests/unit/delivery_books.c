/* The delivery model's books, and the events from outside. See delivery_model.h. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delivery_model.h"

/* ---- The books */

int64_t model_records(int64_t offset)
{
    return offset - (offset > 4) - (offset > 9);
}

static bool has_said_so(const struct model_instance *instance)
{
    const struct fxi_metric_set *metrics = instance->pipeline->checkpoints->metrics;
    return fxi_metric_set_get(metrics, FXI_CHECKPOINT_RECOVERIES, FXI_RECOVERY_DAMAGED) ||
           fxi_metric_set_get(metrics, FXI_CHECKPOINT_RECOVERIES, FXI_RECOVERY_STALE);
}

void model_note_told(struct model_instance *instance)
{
    if (instance->is_up && instance->begins_anew && has_said_so(instance))
        instance->has_told = true;
}

void model_check_books(struct model *model)
{
    for (int i = 0; i < MODEL_PARTITIONS && !model->has_remakes; i++) {
        int64_t sum = 0, wanted = model_records(model->frontier[i]) + model->owed[i];
        for (int j = 0; j < MODEL_INSTANCES; j++)
            sum += (int64_t)model->instances[j].counted[i];
        if (sum != wanted)
            model_fail(model, "partition %d: %" PRId64 " records are in accepted checkpoints instead of %" PRId64, i,
                       sum, wanted);
    }
}

/* The instance need no longer know up to which offset partitions were counted. */
void model_forget_who_knows(struct model *model, int index)
{
    for (int i = 0; i < MODEL_PARTITIONS; i++)
        if (model->last[i] == index)
            model->last[i] = -1;
}

static bool has_tag(const struct model_instance *instance, uint64_t number)
{
    for (int i = 0; i < MODEL_PARTITIONS; i++) {
        const char *at = instance->model->kafka.tags[i], *end = at + strlen(at);
        struct fxi_tag tag;
        while (fxi_tag_next(&at, end, &tag))
            if (strcmp(tag.identity, instance->pipeline->checkpoints->identity) == 0 &&
                (!number || tag.number == number))
                return true;
    }
    return false;
}

bool model_may_take_older(const struct model_instance *instance, const uint64_t *values)
{
    return instance->is_mark_lost && !has_tag(instance, instance->newest_number) &&
           (has_tag(instance, 0) || model_is_zero(instance->before)) &&
           memcmp(values, instance->before, sizeof instance->before) == 0;
}

/* The instance may continue from the checkpoint that it has prepared, or from the one before it. */
static bool cannot_tell(const struct model_instance *instance)
{
    bool is_dropped = false;
    for (int i = 0; i < MODEL_PARTITIONS; i++)
        is_dropped = is_dropped || instance->is_dropped[i];
    return instance->is_in_doubt && is_dropped;
}

/* An instance has the values of its last accepted checkpoint. Any difference needs a reason. */
void model_enter_books(struct model_instance *instance, const uint64_t *values)
{
    struct model *model = instance->model;
    if (model->has_remakes || memcmp(values, instance->counted, sizeof instance->counted) == 0)
        return;
    bool is_told = instance->begins_anew && (instance->has_told || (instance->is_up && has_said_so(instance)));
    bool is_allowed = cannot_tell(instance) || is_told || (instance->is_anew && !instance->begins_anew);
    for (int i = 0; i < MODEL_PARTITIONS; i++) {
        if (!is_allowed)
            model_fail(model, "series %d of instance %d goes on from %" PRIu64 ", %" PRIu64 " were accepted", i,
                       instance->index, values[i], instance->counted[i]);
        model->owed[i] += (int64_t)values[i] - (int64_t)instance->counted[i];
        instance->counted[i] = values[i];
    }
    instance->begins_anew = instance->has_told = false;
    model_forget_who_knows(model, instance->index);
}

/*
 * The instance was rolled back to a place before the accepted one, and could not know it. It reads the records between
 * again.
 */
void model_enter_base(struct model_instance *instance, int partition, int64_t base)
{
    struct model *model = instance->model;
    int64_t frontier = model->frontier[partition];
    if (model->has_remakes || base < 0 || base == frontier)
        return;
    if (!cannot_tell(instance) && instance->applied == instance->chosen)
        model_fail(model, "instance %d goes on in partition %d at %" PRId64 ", %" PRId64 " is the next",
                   instance->index, partition, base, frontier);
    model->owed[partition] += model_records(frontier) - model_records(base);
    model->frontier[partition] = base;
}

void model_close_books(struct model_instance *instance)
{
    if (!instance->is_up)
        return;
    if (instance->pipeline->checkpoints->progress.unsettled || instance->pipeline->checkpoints->progress.doubtful) {
        instance->is_in_doubt = true;
        return;
    }
    model_enter_books(instance, instance->committed);
    instance->chosen = instance->pipeline->checkpoints->progress.committed_number;
    if (cannot_tell(instance))
        model_forget_who_knows(instance->model, instance->index);
    instance->is_in_doubt = instance->begins_anew = instance->has_told = false;
}

/* An instance begins to read a partition. */
void model_enter_beginning(struct model_instance *instance, int partition, int64_t begin, int64_t said)
{
    struct model *model = instance->model;
    const struct model_kafka *kafka = &model->kafka;
    int64_t frontier = model->frontier[partition];
    if (model->has_remakes)
        return;
    bool knows = model->last[partition] == instance->index && !cannot_tell(instance);
    if (!kafka->is_foreign[partition] && (begin != frontier || said))
        model_fail(model, "partition %d begins at %" PRId64 ", said to be %" PRId64 " off; %" PRId64 " is the next",
                   partition, begin, said, frontier);
    if (kafka->is_foreign[partition] && knows && kafka->offset[partition] < 0 && begin != frontier)
        model_fail(model, "partition %d, forgotten, begins at %" PRId64 " instead of %" PRId64, partition, begin,
                   frontier);
    if (kafka->is_foreign[partition] && knows && kafka->offset[partition] >= 0 && said != frontier - begin)
        model_fail(model, "partition %d was set from %" PRId64 " to %" PRId64 ", said to be %" PRId64, partition,
                   frontier, begin, said);
    model->owed[partition] += model_records(frontier) - model_records(begin);
    model->frontier[partition] = begin;
    if (begin != frontier)
        model->last[partition] = -1;
}

/* ---- From outside */

void model_set_offset(struct model *model, int partition, int64_t offset, bool keeps_tags)
{
    struct model_kafka *kafka = &model->kafka;
    kafka->offset[partition] = offset;
    kafka->is_foreign[partition] = true;
    if (keeps_tags) {
        model->last[partition] = -1; /* only the instance that committed last notices this */
        return;
    }
    kafka->tags[partition][0] = '\0';
    for (int i = 0; i < MODEL_INSTANCES; i++)
        model->instances[i].is_dropped[partition] = true;
}

static void change_file(const struct model_instance *instance, const char *name, unsigned place, const void *bytes,
                        size_t size)
{
    char path[160], old;
    snprintf(path, sizeof path, "%s/%s", instance->directory, name);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat status;
    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0 && status.st_size) {
        off_t at = size ? 0 : (off_t)place % status.st_size;
        if (at >= FXI_SLOT_BODY + 12 && at < FXI_SLOT_BODY + 16) /* the format: its change would refuse the directory */
            at = FXI_SLOT_BODY + 16;
        if (pread(fd, &old, 1, at) == 1) {
            old ^= (char)(1 << place % 7);
            if (pwrite(fd, size ? bytes : &old, size ? size : 1, at) < 0)
                model_fail(instance->model, "%s can't be changed", path);
        }
    }
    close(fd);
}

static const char *const kept_files[] = {"checkpoint-0", "checkpoint-1", "instance-output/values-0",
                                         "instance-output/values-1", "instance-output/log-1"};

void model_damage(struct model *model, int index, unsigned what)
{
    struct model_instance *instance = &model->instances[index];
    if (instance->is_up)
        return;
    instance->is_damaged = true;
    change_file(instance, kept_files[what % 5], what / 5, NULL, 0);
}

void model_power_fails(struct model *model, int index)
{
    static const char nothing[32];
    struct model_instance *instance = &model->instances[index];
    model_kill(model, index);
    if (!instance->newest_number || instance->newest_number == instance->synced_number)
        return;
    instance->is_mark_lost = instance->is_in_doubt = true;
    change_file(instance, kept_files[instance->newest_index], 0, nothing, sizeof nothing);
}

static void remove_state(const char *directory)
{
    static const char *const files[] = {"lock",
                                        "identity",
                                        "checkpoint-0",
                                        "checkpoint-1",
                                        "instance-output/values-0",
                                        "instance-output/values-1",
                                        "instance-output/log-1",
                                        "instance-output/private",
                                        "instance-output",
                                        "instance-input/private",
                                        "instance-input",
                                        ""};
    char path[160];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        remove(path);
    }
}

void model_end(struct model *model)
{
    for (int i = 0; i < MODEL_INSTANCES; i++) {
        model_kill(model, i);
        remove_state(model->instances[i].directory);
    }
    if (rmdir(model->folder))
        model_fail(model, "%s is not empty", model->folder);
}

void model_remake(struct model *model, int partition)
{
    struct model_kafka *kafka = &model->kafka;
    uint64_t most = 0;
    for (int i = 0; i < MODEL_INSTANCES; i++) {
        const struct model_instance *instance = &model->instances[i];
        const struct fx_stream *stream = instance->streams[partition];
        if (stream && instance->log[partition] == kafka->log[partition] &&
            (uint64_t)model_records(stream->position) > most)
            most = (uint64_t)model_records(stream->position);
        const struct model_request *delayed = &model->delayed[i]; /* its process may be dead */
        for (size_t j = 0; delayed->waits && j < delayed->count; j++)
            if (delayed->of[j].partition == partition && delayed->of[j].log == kafka->log[partition] &&
                (uint64_t)model_records(delayed->of[j].offset) > most)
                most = (uint64_t)model_records(delayed->of[j].offset);
    }
    uint64_t least =
        kafka->offset_log[partition] == kafka->log[partition] ? (uint64_t)model_records(kafka->offset[partition]) : 0;
    kafka->least[partition] += least;
    kafka->most[partition] += most > least ? most : least;
    kafka->log[partition]++;
}

void model_check_sums(struct model *model)
{
    for (int i = 0; i < MODEL_PARTITIONS; i++) {
        int64_t sum = 0;
        for (int j = 0; j < MODEL_INSTANCES; j++)
            sum += (int64_t)model->instances[j].shown[i];
        int64_t least = (int64_t)model->kafka.least[i] + model_records(MODEL_OFFSETS);
        int64_t most = (int64_t)model->kafka.most[i] + model_records(MODEL_OFFSETS);
        if (model->has_remakes && (sum < least || sum > most))
            model_fail(model, "partition %d: %" PRId64 " records are shown, of %" PRId64 " to %" PRId64, i, sum, least,
                       most);
        if (!model->has_remakes && sum != model_records(MODEL_OFFSETS) + model->owed[i])
            model_fail(model,
                       "partition %d: %" PRId64 " records are shown, it has %" PRId64 ", and %" PRId64 " are owed", i,
                       sum, model_records(MODEL_OFFSETS), model->owed[i]);
    }
}

/* Offset 0 identifies no log: every log begins there. */
bool model_is_other_log(const struct model_instance *instance, int partition)
{
    return instance->log[partition] != instance->model->kafka.log[partition] &&
           instance->streams[partition]->position > 0;
}

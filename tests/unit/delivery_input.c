/* The delivery model's input, and the Kafka behind it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "delivery_model.h"

static bool apply(struct model *model, int index, const struct model_request *request)
{
    struct model_kafka *kafka = &model->kafka;
    if (request->generation != kafka->generation)
        return false;
    struct model_instance *instance = &model->instances[index];
    bool is_late = request->number <= instance->chosen && instance->applied != request->number;
    for (size_t i = 0; i < request->count && is_late; i++) /* the instance went on from it without knowing */
        model_enter_base(instance, request->of[i].partition, request->of[i].offset);
    if (instance->applied != request->number && !is_late) {
        model_enter_books(instance, request->base);
        for (size_t i = 0; i < request->count; i++)
            model_enter_base(instance, request->of[i].partition, request->of[i].base);
    }
    for (size_t i = 0; i < request->count; i++) {
        int partition = request->of[i].partition;
        kafka->offset[partition] = model->frontier[partition] = request->of[i].offset;
        kafka->offset_log[partition] = request->of[i].log;
        kafka->is_foreign[partition] = false;
        model->last[partition] = index;
        instance->is_dropped[partition] = false;
        memcpy(kafka->tags[partition], request->of[i].tags, FX_TAGS_BYTES);
    }
    memcpy(instance->counted, request->values, sizeof request->values);
    instance->applied = request->number;
    instance->is_anew = instance->has_told = false;
    return true;
}

static bool has_tag(const struct model *model, const struct model_request *request)
{
    for (size_t i = 0; i < request->count; i++) {
        const char *tags = model->kafka.tags[request->of[i].partition];
        if (fx_tags_have(tags, strlen(tags), request->tag))
            return true;
    }
    return false;
}

void model_deliver(struct model *model, int index)
{
    struct model_request *request = &model->delayed[index];
    if (request->waits)
        apply(model, index, request);
    request->waits = false;
}

static void make_request(struct model_instance *instance, const struct fx_checkpoint *checkpoint)
{
    struct model_request *request = &instance->asked;
    *request = (struct model_request){.number = checkpoint->number, .generation = instance->generation};
    memcpy(request->values, instance->cut, sizeof request->values);
    memcpy(request->base, instance->committed, sizeof request->base);
    snprintf(request->tag, sizeof request->tag, "%s", checkpoint->tag);
    for (size_t i = 0; i < checkpoint->position_count; i++) {
        int partition = checkpoint->positions[i].partition;
        const char *old = instance->model->rule == MODEL_ONE_TAG ? "" : instance->tags[partition];
        request->of[request->count].partition = partition;
        request->of[request->count].base =
            instance->streams[partition] ? instance->streams[partition]->base_position : -1;
        request->of[request->count].offset = checkpoint->positions[i].offset;
        request->of[request->count].log = instance->log[partition];
        fx_tags_add(request->of[request->count].tags, checkpoint->tag, old, strlen(old));
        request->count++;
    }
}

static enum fx_verdict model_commit(void *self, const struct fx_checkpoint *checkpoint, int timeout_ms,
                                    struct fx_error *err)
{
    struct model_instance *instance = self;
    struct model *model = instance->model;
    (void)timeout_ms;
    fx_error_set(err, FX_ETIMEOUT, "no answer");
    if (instance->asked.number != checkpoint->number)
        make_request(instance, checkpoint);
    model_deliver(model, instance->index); /* an earlier request arrives first */
    if (instance->answer == MODEL_DROPPED)
        return FX_RETRY;
    if (instance->answer == MODEL_DELAYED) {
        model->delayed[instance->index] = instance->asked;
        model->delayed[instance->index].waits = true;
        return FX_RETRY;
    }
    bool accepted = apply(model, instance->index, &instance->asked);
    if (instance->answer == MODEL_LOST)
        return FX_RETRY;
    if (accepted)
        return FX_OK;
    return model->rule != MODEL_NO_LOOK_UP && has_tag(model, &instance->asked) ? FX_OK : FX_FENCED;
}

static enum fx_verdict model_recall(void *self, const struct fx_recall *recall, int timeout_ms, struct fx_error *err)
{
    struct model_instance *instance = self;
    (void)timeout_ms;
    if (instance->model->is_away) {
        fx_error_set(err, FX_ETIMEOUT, "Kafka does not answer");
        return FX_RETRY;
    }
    for (size_t i = 0; i < recall->position_count; i++) {
        const char *tags = instance->model->kafka.tags[recall->positions[i].partition];
        if (instance->model->rule != MODEL_OLDER_IS_TRUTH)
            fx_recall_found(recall, tags, strlen(tags));
    }
    if (instance->model->rule == MODEL_NEWEST_IS_TRUTH) {
        uint64_t newest = 0;
        for (unsigned i = 0; i < 2; i++)
            if (fxi_state_slot(instance->pipeline->checkpoints->store, i)->number > newest)
                newest = fxi_state_slot(instance->pipeline->checkpoints->store, i)->number;
        char tag[FXI_TAG_BYTES];
        fxi_tag_print(tag, instance->pipeline->checkpoints->identity, true, newest);
        fx_recall_found(recall, tag, strlen(tag));
    }
    return FX_OK;
}

static enum fx_verdict model_poll(void *self, void *worker, struct fx_feed *feed, int timeout_ms)
{
    (void)self, (void)worker, (void)feed, (void)timeout_ms;
    return FX_AGAIN;
}

const struct fx_plugin model_input_plugin = {FX_PLUGIN_INPUT, .name = "input", .poll = model_poll,
                                             .commit = model_commit, .recall = model_recall};

/* The model rejects no records, and nothing in it watches the streams. */
static int store_nothing(void *arg, int timeout_ms, struct fx_error *err)
{
    (void)arg, (void)timeout_ms, (void)err;
    return 0;
}

static void hold_back(void *arg, struct fx_instance *output, const char *reason)
{
    (void)arg, (void)output, (void)reason;
}

static void went_back(void *arg)
{
    (void)arg;
}

const struct fxi_checkpoint_hooks model_hooks = {
    .store_rejected = store_nothing, .holds_back = hold_back, .gone_back = went_back};

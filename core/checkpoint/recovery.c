/*
 * Recovery: finds out which checkpoint was accepted last. The tags beside the committed positions decide; the state
 * directory only has the values. Nothing of a newer slot was shown before it was accepted. So continuing from the older
 * one takes nothing back.
 *
 * Under run, before anything is read.
 */
#include <inttypes.h>
#include <string.h>

#include "checkpoint/inside.h"
#include "util/failpoint.h"

/* Whether the damaged slot may have been accepted after the valid one. */
enum damage { DAMAGE_NO, DAMAGE_PERHAPS, DAMAGE_YES };

static enum damage judge_damage(const struct fxi_checkpoints *checkpoints, const struct fxi_slot *sound)
{
    const struct fxi_slot *other = fxi_state_slot(checkpoints->store, 1 - sound->index);
    if (!*fxi_state_fault(checkpoints->store, other->index) || other->is_unfinished)
        return DAMAGE_NO;
    if (other->mark == FXI_MARK_SOUND) /* written separately, and never before the rest was on the disk */
        return other->mark_number > sound->number ? DAMAGE_YES : DAMAGE_NO;
    return DAMAGE_PERHAPS;
}

/*
 * Whether the inputs' sources can't tell any more if the newest slot was accepted. The slot is not marked. If the older
 * slot left tags and now there is not a single one of this instance, then somebody has removed them. The newest slot
 * counts then. Nothing that was shown goes back. Its positions fit its values, and reading continues there if the
 * source has none.
 */
static bool has_been_forgotten(const struct fxi_checkpoints *checkpoints, const struct fxi_evidence *evidence,
                               const struct fxi_slot *newest, const struct fxi_slot *older)
{
    if (!evidence->newest && newest->mark == FXI_MARK_DAMAGED)
        return true;
    if (!older || !older->is_accepted)
        return false;
    if (evidence->has_moved)
        return !evidence->moved;
    for (size_t i = 0; i < older->position_count && !evidence->newest; i++)
        for (size_t j = 0; j < checkpoints->source_count; j++)
            if (checkpoints->sources[j]->instance->plugin->recall &&
                strcmp(checkpoints->sources[j]->instance->name, older->positions[i].input) == 0)
                return true;
    return false;
}

static void begin(struct fxi_checkpoints *checkpoints, enum fxi_recovery kind, const struct fxi_slot *truth,
                  uint64_t newest, const struct fxi_slot *doubtful)
{
    if (checkpoints->store)
        fxi_state_choose(checkpoints->store, truth);
    fxi_failpoint("chosen");
    fxi_progress_recovered(&checkpoints->progress, truth ? truth->number : 0, newest, doubtful);
    if (truth)
        fxi_restore_streams(checkpoints, truth);
    fxi_restore_outputs(checkpoints, truth, kind);
    fxi_failpoint("restored");
    fxi_progress_ready(&checkpoints->progress);
}

/* Logs what is wrong with slots that can't be read. Gives whether one is damaged. */
static bool report_faults(const struct fxi_checkpoints *checkpoints)
{
    bool any = false;
    for (unsigned i = 0; i < 2; i++) {
        const char *fault = fxi_state_fault(checkpoints->store, i);
        bool is_unfinished = fxi_state_slot(checkpoints->store, i)->is_unfinished;
        if (!*fault)
            continue;
        any = any || !is_unfinished;
        fx_log(NULL, is_unfinished ? FX_LOG_INFO : FX_LOG_ERROR, "A checkpoint in the state directory can't be used.",
               "file=checkpoint-%u reason=%s", i, fault);
    }
    return any;
}

static const struct fxi_slot *find_newest(const struct fxi_checkpoints *checkpoints, const struct fxi_slot **older)
{
    const struct fxi_slot *a = fxi_state_slot(checkpoints->store, 0), *b = fxi_state_slot(checkpoints->store, 1);
    bool is_first = a->is_valid && (!b->is_valid || a->number > b->number);
    const struct fxi_slot *newest = is_first ? a : b, *other = is_first ? b : a;
    *older = other->is_valid ? other : NULL;
    return newest->is_valid ? newest : NULL;
}

static uint64_t last_number(const struct fxi_checkpoints *checkpoints, const struct fxi_evidence *evidence)
{
    uint64_t last = evidence->newest;
    for (unsigned i = 0; i < 2; i++) {
        const struct fxi_slot *slot = fxi_state_slot(checkpoints->store, i);
        last = slot->number > last ? slot->number : last;
        last = slot->mark_number > last ? slot->mark_number : last;
    }
    return last;
}

static void decide(struct fxi_checkpoints *checkpoints, const struct fxi_slot *newest, const struct fxi_slot *older,
                   const struct fxi_evidence *evidence, bool asked, enum damage damage)
{
    uint64_t last = last_number(checkpoints, evidence);
    bool is_proved = evidence->has_wanted && evidence->newest == newest->number;
    bool accepted = evidence->has_wanted || newest->is_accepted || !asked ||
                    has_been_forgotten(checkpoints, evidence, newest, older);
    const struct fxi_slot *truth = accepted ? newest : older;
    if (damage == DAMAGE_YES || (damage == DAMAGE_PERHAPS && !is_proved)) {
        begin(checkpoints, FXI_RECOVERY_DAMAGED, NULL, last, NULL);
    } else if (evidence->newest > newest->number || evidence->undurable > (truth ? truth->number : 0)) {
        begin(checkpoints, FXI_RECOVERY_STALE, NULL, last, NULL);
    } else {
        const struct fxi_slot *other = fxi_state_slot(checkpoints->store, 1 - newest->index);
        bool is_damaged = *fxi_state_fault(checkpoints->store, other->index) && !other->is_unfinished;
        enum fxi_recovery otherwise = older        ? FXI_RECOVERY_OLDER
                                      : is_damaged ? FXI_RECOVERY_DAMAGED
                                                   : FXI_RECOVERY_NONE;
        begin(checkpoints, accepted ? FXI_RECOVERY_NEWEST : otherwise, truth, last, accepted ? NULL : newest);
    }
}

int fxi_checkpoints_recover(struct fxi_checkpoints *checkpoints, int timeout_ms, bool may_trust_mark,
                            struct fx_error *err)
{
    if (!checkpoints->store) {
        begin(checkpoints, FXI_RECOVERY_NONE, NULL, 0, NULL);
        return 0;
    }
    const struct fxi_slot *older, *newest = find_newest(checkpoints, &older);
    struct fxi_evidence evidence = {.identity = checkpoints->identity, .wanted = newest ? newest->number : 0};
    if (!newest) {
        bool is_damaged = report_faults(checkpoints);
        begin(checkpoints, is_damaged ? FXI_RECOVERY_DAMAGED : FXI_RECOVERY_NONE, NULL,
              last_number(checkpoints, &evidence), NULL);
        return 0;
    }
    bool asked = false;
    enum damage damage = judge_damage(checkpoints, newest);
    int rc = fxi_recall(checkpoints, &evidence, &asked, timeout_ms, err);
    if (rc && !(newest->is_accepted && damage == DAMAGE_NO && may_trust_mark))
        return rc;
    report_faults(checkpoints);
    fxi_failpoint("recalled");
    decide(checkpoints, newest, older, &evidence, asked, damage);
    return 0;
}

bool fxi_checkpoints_is_foreign(const struct fxi_checkpoints *checkpoints, const char *tags, size_t size)
{
    const char *at = tags;
    struct fxi_tag last;
    if (!tags || !fxi_tag_next(&at, tags + size, &last))
        return true;
    /*
     * The tag is ours, so the stream was left at this offset, unless the tag belongs to a commit whose answer is
     * pending.
     */
    return strcmp(last.identity, checkpoints->identity) == 0 && last.number <= checkpoints->progress.committed_number;
}

/*
 * A process that has streams is a member of the group as it is now. So nothing that an earlier member sent can be
 * accepted any more. Without streams there is nothing to commit anyway.
 */
int fxi_recovery_resolve(struct fxi_checkpoints *checkpoints, int timeout_ms, struct fx_error *err)
{
    const struct fxi_slot *doubtful = checkpoints->progress.doubtful;
    if (!doubtful)
        return 0;
    if (!fxi_checkpoints_have_streams(checkpoints))
        return fx_error_set(err, FX_EIO, "checkpoint %" PRIu64 " is in doubt, and there is nothing to commit",
                            doubtful->number);
    bool asked = false;
    struct fxi_evidence evidence = {.identity = checkpoints->identity, .wanted = doubtful->number};
    int rc = fxi_recall(checkpoints, &evidence, &asked, timeout_ms, err);
    if (rc)
        return rc;
    if (evidence.has_wanted)
        fxi_adopt(checkpoints, doubtful);
    else
        fxi_state_drop(checkpoints->store, doubtful);
    fxi_progress_end_doubt(&checkpoints->progress);
    return 0;
}

void fxi_checkpoints_take_tags(struct fxi_checkpoints *checkpoints, const char *tags, size_t size)
{
    const struct fxi_slot *doubtful = checkpoints->progress.doubtful;
    struct fxi_evidence evidence = {.identity = checkpoints->identity, .wanted = doubtful ? doubtful->number : 0};
    fxi_evidence_add(&evidence, tags, size);
    if (doubtful && !checkpoints->progress.unsettled && evidence.has_wanted)
        fxi_adopt(checkpoints, doubtful);
    if (evidence.newest > checkpoints->progress.number) {
        fx_log(NULL, FX_LOG_ERROR,
               "A checkpoint of this instance was accepted that is later than any it knows: was the state directory "
               "copied, or restored from a backup?",
               "known=%" PRIu64 " found=%" PRIu64, checkpoints->progress.number, evidence.newest);
        fxi_progress_pass(&checkpoints->progress, evidence.newest);
    }
}

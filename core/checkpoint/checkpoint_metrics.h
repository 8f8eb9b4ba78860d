/* The metrics of checkpoints. */
#ifndef FXI_CHECKPOINT_CHECKPOINT_METRICS_H
#define FXI_CHECKPOINT_CHECKPOINT_METRICS_H

#include "metrics/metrics.h"

enum fxi_checkpoint_metric {
    FXI_CHECKPOINT_RESULTS,
    FXI_CHECKPOINT_CUT_SECONDS,
    FXI_CHECKPOINT_CUT_MAX_SECONDS,
    FXI_CHECKPOINT_STEP_SECONDS,
    FXI_CHECKPOINT_AGE,
    FXI_CHECKPOINT_UNCOMMITTED,
    FXI_CHECKPOINT_UNCOMMITTED_WAITS,
    FXI_CHECKPOINT_PREPARE_FAILURES,
    FXI_CHECKPOINT_RECOVERIES,
    FXI_CHECKPOINT_STATE_KEPT,
    FXI_CHECKPOINT_STATE_FAILURES
};
extern const struct fx_metric fxi_checkpoint_metrics[];

enum fxi_checkpoint_result {
    FXI_CHECKPOINT_COMMITTED,
    FXI_CHECKPOINT_FENCED,
    FXI_CHECKPOINT_UNANSWERED,
    FXI_CHECKPOINT_NOT_CUT,
    FXI_CHECKPOINT_VETOED
};
enum fxi_checkpoint_step { FXI_STEP_CUT, FXI_STEP_PREPARE, FXI_STEP_COMMIT, FXI_STEP_EXPOSE };
enum fxi_recovery {
    FXI_RECOVERY_NONE,   /* no checkpoint was kept */
    FXI_RECOVERY_NEWEST, /* */
    FXI_RECOVERY_OLDER,  /* the newest was not accepted */
    FXI_RECOVERY_STALE,  /* later checkpoints were accepted than were kept */
    FXI_RECOVERY_DAMAGED /* */
};

#endif

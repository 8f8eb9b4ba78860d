#include "checkpoint/checkpoint_metrics.h"

#include <stddef.h>

static const char *const results[] = {"committed", "fenced", "unanswered", "not_cut", "vetoed", NULL};
static const char *const steps[] = {"cut", "prepare", "commit", "expose", NULL};
static const char *const recoveries[] = {"none", "newest", "older", "stale", "damaged", NULL};
static const double step_bounds[] = {0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                     0.05,   0.1,    0.25,  0.5,    1,     2.5,  10};

const struct fx_metric fxi_checkpoint_metrics[] = {
    [FXI_CHECKPOINT_RESULTS] = {.name = "checkpoints_total",
                                .kind = FX_COUNTER,
                                .help = "Checkpoints by result. The program asks again about an unanswered one. "
                                        "vetoed: an output did not store it, so nothing was committed.",
                                .label = "result",
                                .values = results},
    [FXI_CHECKPOINT_CUT_SECONDS] =
        {.name = "checkpoint_cut_seconds",
         .kind = FX_GAUGE | FXI_METRIC_NS,
         .help = "How long the workers stood still for the last cut. checkpoint_seconds has all cuts."},
    [FXI_CHECKPOINT_CUT_MAX_SECONDS] = {.name = "checkpoint_cut_max_seconds",
                                        .kind = FX_GAUGE | FXI_METRIC_NS,
                                        .help =
                                            "The longest time since the start that a worker stood still for a cut."},
    [FXI_CHECKPOINT_STEP_SECONDS] =
        {.name = "checkpoint_seconds",
         .kind = FX_HISTOGRAM,
         .help = "The duration of a checkpoint's steps. cut: how long the workers stood still. commit: until the "
                 "commit was accepted.",
         .label = "step",
         .values = steps,
         FX_BOUNDS(step_bounds)},
    [FXI_CHECKPOINT_AGE] = {.name = "checkpoint_age_seconds",
                            .kind = FX_GAUGE | FXI_METRIC_NS,
                            .help = "Seconds since the last checkpoint was accepted, or since the start."},
    [FXI_CHECKPOINT_UNCOMMITTED] = {.name = "uncommitted_records",
                                    .kind = FX_GAUGE,
                                    .help = "Records that were counted since the last committed checkpoint."},
    [FXI_CHECKPOINT_UNCOMMITTED_WAITS] = {.name = "uncommitted_waits_total",
                                          .kind = FX_COUNTER,
                                          .help = "Times that a worker stopped reading because of "
                                                  "pipeline.max_uncommitted."},
    [FXI_CHECKPOINT_PREPARE_FAILURES] = {.name = "checkpoint_prepare_failures_total",
                                         .kind = FX_COUNTER,
                                         .help =
                                             "Checkpoints that were committed without what an output had, because the "
                                             "output could not store it."},
    [FXI_CHECKPOINT_RECOVERIES] =
        {.name = "recoveries_total",
         .kind = FX_COUNTER,
         .help = "Where counters continued at the start: at the newest checkpoint, at the one "
                 "before it, or at zero, because there was no checkpoint or it was out of date or "
                 "damaged.",
         .label = "kind",
         .values = recoveries},
    [FXI_CHECKPOINT_STATE_KEPT] = {.name = "state_kept",
                                   .kind = FX_GAUGE,
                                   .help = "1 while checkpoints are written to the state directory."},
    [FXI_CHECKPOINT_STATE_FAILURES] = {.name = "state_failures_total",
                                       .kind = FX_COUNTER,
                                       .help = "Times that the state directory could not be read or written."},
    {.name = NULL}};

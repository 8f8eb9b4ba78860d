/* The tables of what the core counts. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "pipeline/core_metrics.h"

#include "metrics/metrics.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* In the order of enum fxi_decode from FXI_DECODE_SYNTAX on; a test holds them together. */
static const char *const malformed_reasons[] = {"syntax", "truncated",  "encoding", "depth",    "type",
                                                "range",  "not_object", "trailing", "too_long", NULL};
static const char *const ignored_reasons[] = {"marker", "empty", "seen", "unassigned", NULL};

#define WRITERS_MAX 64
static const char *const writer_labels[] = {"writer", NULL};

const struct fx_metric fxi_input_metrics[] = {
    [FXI_INPUT_PAYLOADS] = {.name = "payloads_total",
                            .kind = FX_COUNTER,
                            .help = "Payloads (messages, blocks of lines) that an input handed over."},
    [FXI_INPUT_BYTES] = {.name = "payload_bytes_total", .kind = FX_COUNTER, .help = "Bytes of these payloads."},
    [FXI_INPUT_RECORDS] = {.name = "records_total",
                           .kind = FX_COUNTER,
                           .help = "Records that were decoded and given to the outputs."},
    [FXI_INPUT_MALFORMED] = {.name = "records_malformed_total",
                             .kind = FX_COUNTER,
                             .help = "Records that were rejected, by reason.",
                             .label = "reason",
                             .values = malformed_reasons},
    [FXI_INPUT_IGNORED] = {.name = "records_ignored_total",
                           .kind = FX_COUNTER,
                           .help = "What is sound but no record to count: producers' markers, empty payloads, payloads "
                                   "seen before or of streams given away.",
                           .label = "reason",
                           .values = ignored_reasons},
    [FXI_INPUT_LETTERS] = {.name = "dead_letters_total",
                           .kind = FX_COUNTER,
                           .help = "Malformed records that were kept, and those that could not be.",
                           .label = "result",
                           .values = (const char *const[]){"stored", "lost", NULL}},
    [FXI_INPUT_WRITER_RECEIVED] = {.name = "producer_records_received_total",
                                   .kind = FX_COUNTER,
                                   .help = "Records by the producer that wrote them (watch_markers).",
                                   .labels = writer_labels,
                                   .max_series = WRITERS_MAX},
    [FXI_INPUT_WRITER_ANNOUNCED] = {.name = "producer_records_announced_total",
                                    .kind = FX_COUNTER,
                                    .help = "Records that a producer says it has written.",
                                    .labels = writer_labels,
                                    .max_series = WRITERS_MAX},
    [FXI_INPUT_WRITER_MISSING] = {.name = "producer_records_missing_total",
                                  .kind = FX_COUNTER,
                                  .help = "Announced records of purges seen from beginning to end that did not come.",
                                  .labels = writer_labels,
                                  .max_series = WRITERS_MAX},
    [FXI_INPUT_PURGES] = {.name = "producer_purges_total",
                          .kind = FX_COUNTER,
                          .help =
                              "Purges of producers by what could be said of them; unjudged ones were not seen whole.",
                          .label = "result",
                          .values = (const char *const[]){"complete", "incomplete", "unjudged", NULL}},
    [FXI_INPUT_FAULTS] = {.name = "input_faults_total",
                          .kind = FX_COUNTER,
                          .help = "Passing faults after which an input was asked again."},
    [FXI_INPUT_GAPS] =
        {.name = "records_lost_total",
         .kind = FX_COUNTER,
         .help = "Offsets that were gone from the source before they could be read, could not be read, or were "
                 "skipped because somebody set the committed offset forward."},
    [FXI_INPUT_REPEATED] = {.name = "records_repeated_total",
                            .kind = FX_COUNTER,
                            .help = "Offsets that are counted a second time because somebody set the committed offset "
                                    "back."},
    [FXI_INPUT_SECONDS] = {.name = "stage_seconds_total",
                           .kind = FX_COUNTER | FXI_METRIC_NS,
                           .help = "Time spent in a stage; of an input, waiting for payloads and decoding them."},
    [FXI_INPUT_DECODE_SECONDS] = {.name = "decode_seconds_total",
                                  .kind = FX_COUNTER | FXI_METRIC_NS,
                                  .help = "Of an input's stage_seconds_total, the time from the first payload that it "
                                          "handed over in a poll until all were decoded."},
    {.name = NULL}};

const struct fx_metric fxi_stage_metrics[] = {
    [FXI_STAGE_RECORDS] = {.name = "stage_records_total",
                           .kind = FX_COUNTER,
                           .help = "Records that a resolver or output has taken."},
    [FXI_STAGE_DROPPED] = {.name = "stage_dropped_total",
                           .kind = FX_COUNTER,
                           .help = "Records that a resolver or output could not take."},
    [FXI_STAGE_RETRIES] =
        {.name = "stage_retries_total",
         .kind = FX_COUNTER,
         .help = "Batches that were offered to a stage once more, because of a fault or since it had no room yet."},
    [FXI_STAGE_ERRORS] = {.name = "stage_errors_total",
                          .kind = FX_COUNTER,
                          .help =
                              "Times that a resolver or output failed: it asked to be offered a batch again because "
                              "of a fault, or it could not go on."},
    [FXI_STAGE_SECONDS] = {.name = "stage_seconds_total",
                           .kind = FX_COUNTER | FXI_METRIC_NS,
                           .help = "Time spent in a stage; of an input, waiting for payloads and decoding them."},
    {.name = NULL}};

const struct fx_metric fxi_call_metrics[] = {
    [FXI_CALL_OVERDUE] = {.name = "call_overdue_seconds",
                          .kind = FX_GAUGE | FXI_METRIC_NS,
                          .help =
                              "How long the longest call lasts that has not returned within call_deadline; 0: there "
                              "is none. Of 'program': its own work on the disk. The log names the call."},
    {.name = NULL}};

static const char *const version[] = {PACKAGE_VERSION, NULL};
static const char *const checkpoint_results[] = {"committed", "fenced", "unanswered", "not_cut", NULL};
static const char *const checkpoint_steps[] = {"cut", "prepare", "commit", "expose", NULL};
static const char *const recoveries[] = {"none", "newest", "older", "stale", "damaged", NULL};
static const double step_bounds[] = {0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                     0.05,   0.1,    0.25,  0.5,    1,     2.5,  10};

const struct fx_metric fxi_program_metrics[] = {
    [FXI_PROGRAM_BUILD] = {.name = "build_info",
                           .kind = FX_GAUGE,
                           .help = "The program's version, as a label of the number 1.",
                           .label = "version",
                           .values = version},
    [FXI_PROGRAM_WORKERS] = {.name = "workers", .kind = FX_GAUGE, .help = "Workers whose input has not ended."},
    [FXI_PROGRAM_READY] = {.name = "ready",
                           .kind = FX_GAUGE,
                           .help = "1 when every part of the program does its work; /-/ready says which does not."},
    [FXI_PROGRAM_CHECKPOINTS] = {.name = "checkpoints_total",
                                 .kind = FX_COUNTER,
                                 .help = "Checkpoints by result; an unanswered one is asked about again.",
                                 .label = "result",
                                 .values = checkpoint_results},
    [FXI_PROGRAM_CUT_SECONDS] =
        {.name = "checkpoint_cut_seconds",
         .kind = FX_GAUGE | FXI_METRIC_NS,
         .help = "How long the workers stood still for the last cut; of all cuts, checkpoint_seconds has it."},
    [FXI_PROGRAM_CUT_MAX_SECONDS] = {.name = "checkpoint_cut_max_seconds",
                                     .kind = FX_GAUGE | FXI_METRIC_NS,
                                     .help = "The longest time since the start that a worker stood still for a cut."},
    [FXI_PROGRAM_STEP_SECONDS] =
        {.name = "checkpoint_seconds",
         .kind = FX_HISTOGRAM,
         .help = "Time of a checkpoint by step; of cut, how long the workers stood still; of commit, until it was "
                 "accepted.",
         .label = "step",
         .values = checkpoint_steps,
         FX_BOUNDS(step_bounds)},
    [FXI_PROGRAM_CHECKPOINT_AGE] = {.name = "checkpoint_age_seconds",
                                    .kind = FX_GAUGE | FXI_METRIC_NS,
                                    .help = "Since the last checkpoint was accepted, or since the start."},
    [FXI_PROGRAM_PREPARE_FAILURES] = {.name = "checkpoint_prepare_failures_total",
                                      .kind = FX_COUNTER,
                                      .help = "Times that an output could not make a cut durable."},
    [FXI_PROGRAM_RECOVERIES] = {.name = "recoveries_total",
                                .kind = FX_COUNTER,
                                .help =
                                    "Where counters went on from at the start: the newest checkpoint that was kept, "
                                    "the one before it, or from zero because nothing was kept, because it was out "
                                    "of date or damaged.",
                                .label = "kind",
                                .values = recoveries},
    [FXI_PROGRAM_STATE_KEPT] = {.name = "state_kept",
                                .kind = FX_GAUGE,
                                .help = "1 while checkpoints are written to the state directory."},
    [FXI_PROGRAM_STATE_FAILURES] = {.name = "state_failures_total",
                                    .kind = FX_COUNTER,
                                    .help = "Times that the state directory could not be read or written."},
    [FXI_PROGRAM_LOG_LOST] = {.name = "log_lines_lost_total",
                              .kind = FX_COUNTER,
                              .help = "Lines of the log that standard error did not take in time."},
    {.name = NULL}};

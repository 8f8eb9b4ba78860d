/* The tables of the core's own metrics. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "pipeline/core_metrics.h"

#include "metrics/metrics.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* In the order of enum fxi_decode from FXI_DECODE_SYNTAX on; a test checks this. */
static const char *const malformed_reasons[] = {"syntax", "truncated",  "encoding", "depth",    "type",
                                                "range",  "not_object", "trailing", "too_long", NULL};
static const char *const ignored_reasons[] = {"marker", "empty", "seen", "unassigned", NULL};

#define WRITERS_MAX 64
static const char *const writer_labels[] = {"writer", NULL};

const struct fx_metric fxi_input_metrics[] =
    {[FXI_INPUT_PAYLOADS] = {.name = "payloads_total",
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
                            .help = "Valid input that is not counted: producers' markers, empty payloads, payloads "
                                    "that were seen before, and payloads of streams that were given away.",
                            .label = "reason",
                            .values = ignored_reasons},
     [FXI_INPUT_LETTERS] = {.name = "dead_letters_total",
                            .kind = FX_COUNTER,
                            .help = "Dead letters by result: kept, or lost.",
                            .label = "result",
                            .values = (const char *const[]){"stored", "lost", NULL}},
     [FXI_INPUT_WRITER_RECEIVED] = {.name = "producer_records_received_total",
                                    .kind = FX_COUNTER,
                                    .help = "Records by the producer that wrote them (watch_markers).",
                                    .labels = writer_labels,
                                    .max_series = WRITERS_MAX},
     [FXI_INPUT_WRITER_ANNOUNCED] = {.name = "producer_records_announced_total",
                                     .kind = FX_COUNTER,
                                     .help = "Records that a producer has announced in its markers.",
                                     .labels = writer_labels,
                                     .max_series = WRITERS_MAX},
     [FXI_INPUT_WRITER_MISSING] = {.name = "producer_records_missing_total",
                                   .kind = FX_COUNTER,
                                   .help = "Announced records that did not arrive, of purges that were seen from "
                                           "beginning to end.",
                                   .labels = writer_labels,
                                   .max_series = WRITERS_MAX},
     [FXI_INPUT_PURGES] = {.name = "producer_purges_total",
                           .kind = FX_COUNTER,
                           .help = "Purges of producers by result. An unjudged purge was not seen completely.",
                           .label = "result",
                           .values = (const char *const[]){"complete", "incomplete", "unjudged", NULL}},
     [FXI_INPUT_FAULTS] = {.name = "input_faults_total",
                           .kind = FX_COUNTER,
                           .help = "Temporary faults of an input, after which it was tried again."},
     [FXI_INPUT_GAPS] =
         {.name = "records_lost_total",
          .kind = FX_COUNTER,
          .help = "Offsets that were removed from the source before they were read, could not be read, or were skipped "
                  "because the committed offset was set forward from outside."},
     [FXI_INPUT_REPEATED] = {.name = "records_repeated_total",
                             .kind = FX_COUNTER,
                             .help = "Offsets that are counted a second time because the committed offset was set back "
                                     "from outside."},
     [FXI_INPUT_SECONDS] = {.name = "stage_seconds_total",
                            .kind = FX_COUNTER | FXI_METRIC_NS,
                            .help = "Time spent in a stage. For an input: waiting for payloads and decoding them."},
     [FXI_INPUT_DECODE_SECONDS] = {.name = "decode_seconds_total",
                                   .kind = FX_COUNTER | FXI_METRIC_NS,
                                   .help = "The part of an input's stage_seconds_total from the first payload of a "
                                           "poll until all its payloads were decoded."},
     [FXI_INPUT_ABSENT] = {.name = "field_absent",
                           .kind = FX_GAUGE,
                           .help = "1 if a plugin reads this field, but no record of the input has it as the text or "
                                   "number that is read (pipeline.absent_after).",
                           .labels = (const char *const[]){"field", "as", NULL},
                           .max_series = 256},
     {.name = NULL}};

const struct fx_metric fxi_stage_metrics[] = {
    [FXI_STAGE_RECORDS] = {.name = "stage_records_total",
                           .kind = FX_COUNTER,
                           .help = "Records that a resolver or output has taken."},
    [FXI_STAGE_DROPPED] = {.name = "stage_dropped_total",
                           .kind = FX_COUNTER,
                           .help = "Records that a resolver or output did not take and that were given up."},
    [FXI_STAGE_RETRIES] = {.name = "stage_retries_total",
                           .kind = FX_COUNTER,
                           .help =
                               "Batches that were offered to a stage again, after a fault or because it had no room."},
    [FXI_STAGE_ERRORS] = {.name = "stage_errors_total",
                          .kind = FX_COUNTER,
                          .help =
                              "Times that a resolver or output failed: it asked for a batch again because of a fault, "
                              "or it could not continue."},
    [FXI_STAGE_SECONDS] = {.name = "stage_seconds_total",
                           .kind = FX_COUNTER | FXI_METRIC_NS,
                           .help = "Time spent in a stage. For an input: waiting for payloads and decoding them."},
    {.name = NULL}};

const struct fx_metric fxi_filter_metrics[] = {
    [FXI_FILTER_RECORDS] = {.name = "records_filtered_total",
                            .kind = FX_COUNTER,
                            .help = "Records that a resolver dropped on purpose, as a filter. Neither later resolvers "
                                    "nor outputs see them."},
    {.name = NULL}};

const struct fx_metric fxi_call_metrics[] = {
    [FXI_CALL_OVERDUE] = {.name = "call_overdue_seconds",
                          .kind = FX_GAUGE | FXI_METRIC_NS,
                          .help = "How long the longest call that exceeds call_deadline has lasted. 0: there is none. "
                                  "plugin=\"program\" is the program's own work on the disk. The log names the call."},
    {.name = NULL}};

static const char *const version[] = {PACKAGE_VERSION, NULL};

const struct fx_metric fxi_program_metrics[] = {
    [FXI_PROGRAM_BUILD] = {.name = "build_info",
                           .kind = FX_GAUGE,
                           .help = "The program's version, as a label of the number 1.",
                           .label = "version",
                           .values = version},
    [FXI_PROGRAM_WORKERS] = {.name = "workers", .kind = FX_GAUGE, .help = "Workers whose input has not ended."},
    [FXI_PROGRAM_READY] = {.name = "ready",
                           .kind = FX_GAUGE,
                           .help = "1 when every part of the program can do its work. /-/ready names the parts that "
                                   "can't."},
    [FXI_PROGRAM_LOG_LOST] = {.name = "log_lines_lost_total",
                              .kind = FX_COUNTER,
                              .help = "Log lines that were lost because the reader of standard error was too slow."},
    {.name = NULL}};

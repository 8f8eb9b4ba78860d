/* The core's own metrics, as tables like those of plugins. */
#ifndef FXI_PIPELINE_CORE_METRICS_H
#define FXI_PIPELINE_CORE_METRICS_H

#include <flow-exporter/metric.h>

#include "decode/decoder.h"

enum fxi_input_metric {
    FXI_INPUT_PAYLOADS,
    FXI_INPUT_BYTES,
    FXI_INPUT_RECORDS,
    FXI_INPUT_MALFORMED,
    FXI_INPUT_IGNORED,
    FXI_INPUT_LETTERS,
    FXI_INPUT_WRITER_RECEIVED,
    FXI_INPUT_WRITER_ANNOUNCED,
    FXI_INPUT_WRITER_MISSING,
    FXI_INPUT_PURGES,
    FXI_INPUT_FAULTS,
    FXI_INPUT_GAPS,
    FXI_INPUT_REPEATED,
    FXI_INPUT_SECONDS,
    FXI_INPUT_DECODE_SECONDS,
    FXI_INPUT_ABSENT
};
extern const struct fx_metric fxi_input_metrics[];

/* Label values of FXI_INPUT_MALFORMED: the decoder's reasons, then those of inputs. */
#define FXI_MALFORMED_TOO_LONG (FXI_DECODE_COUNT - FXI_DECODE_SYNTAX)
#define FXI_MALFORMED_COUNT    (FXI_MALFORMED_TOO_LONG + 1)

/* Label values of FXI_INPUT_IGNORED. */
enum fxi_ignored {
    FXI_IGNORED_MARKER,     /* a producer's purge_init or purge_close */
    FXI_IGNORED_EMPTY,      /* a payload without bytes */
    FXI_IGNORED_SEEN,       /* a payload before its stream's position */
    FXI_IGNORED_UNASSIGNED, /* a payload of a stream that has ended */
    FXI_IGNORED_COUNT
};

/* Label values of FXI_INPUT_LETTERS. */
enum fxi_letter_result { FXI_LETTER_STORED, FXI_LETTER_LOST };

/* Label values of FXI_INPUT_PURGES. */
enum fxi_purge { FXI_PURGE_COMPLETE, FXI_PURGE_INCOMPLETE, FXI_PURGE_UNJUDGED };

enum fxi_stage_metric { FXI_STAGE_RECORDS, FXI_STAGE_DROPPED, FXI_STAGE_RETRIES, FXI_STAGE_ERRORS, FXI_STAGE_SECONDS };
extern const struct fx_metric fxi_stage_metrics[];

enum fxi_filter_metric { FXI_FILTER_RECORDS };
extern const struct fx_metric fxi_filter_metrics[];

enum fxi_call_metric { FXI_CALL_OVERDUE };
extern const struct fx_metric fxi_call_metrics[];

enum fxi_program_metric { FXI_PROGRAM_BUILD, FXI_PROGRAM_WORKERS, FXI_PROGRAM_READY, FXI_PROGRAM_LOG_LOST };
extern const struct fx_metric fxi_program_metrics[];

#endif

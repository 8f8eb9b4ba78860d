/*
 * The feed: how an input hands payloads to the pipeline and says where they
 * are from. All functions are for the worker's thread, inside its poll.
 *
 * A stream is an ordered source of payloads (a Kafka partition, standard
 * input). Its position is the offset of the next payload that is not yet
 * counted. Positions are part of every checkpoint. A stream without partitions has the partition -1 and counts
 * lines: the offset of a payload is the number of lines before it.
 */
#ifndef FLOW_EXPORTER_FEED_H
#define FLOW_EXPORTER_FEED_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/error.h>
#include <flow-exporter/visibility.h>

struct fx_feed;
struct fx_stream;

/* One payload: JSON records, newline-separated. Not copied: it must stay valid until the next poll of the same worker. */
struct fx_payload {
    const char *data;
    size_t size;
    int64_t offset; /* of this payload, in its stream's own unit */
    int64_t next;   /* the stream's position once this payload is counted */
};

/*
 * Begins a stream at a position: from now on payloads of it are taken. name is copied; (name, partition) is
 * what log lines and checkpoints show. A stream that exists is begun anew. Returns NULL without memory.
 */
FX_API struct fx_stream *fx_stream_begin(struct fx_feed *feed, const char *name, int32_t partition, int64_t position);
/* Ends it: payloads of it are dropped. The handle stays valid until destroy. */
FX_API void fx_stream_end(struct fx_feed *feed, struct fx_stream *stream);
/* The stream by name, or NULL. Only while it exists (between begin and end). */
FX_API struct fx_stream *fx_stream_find(struct fx_feed *feed, const char *name, int32_t partition);

/*
 * Where this instance left a stream, in this run or before it: for inputs whose own committed position is gone. It is the
 * position of the last accepted checkpoint that the stream was a part of. 1 with *position, or 0. Since ABI 1.1.
 */
FX_API int fx_stream_recovered(struct fx_feed *feed, const char *name, int32_t partition, int64_t *position);
/*
 * What is stored beside the committed position of a stream that is about to begin (see fx_tags_add): before
 * fx_stream_begin, for a commit can have been accepted later than anybody saw. Since ABI 1.1.
 */
FX_API void fx_feed_found_tags(struct fx_feed *feed, const char *tags, size_t size);
/*
 * Tells what is committed for a stream that is about to begin there: the offset, and what is stored beside it. After
 * fx_feed_found_tags, before fx_stream_begin, once. When no flow-exporter committed that (somebody set it, and the
 * tags are gone), records are counted again or left out. That is logged and counted here. The result is how many
 * offsets lie between where this instance left the stream and offset: positive, they are read again; negative, they
 * are skipped; 0, all is well, or this instance does not know the stream. Since ABI 1.1.
 */
FX_API int64_t fx_stream_found(struct fx_feed *feed, const char *name, int32_t partition, int64_t offset,
                               const char *tags, size_t size);
/* The stream's offsets from..to were gone from the source before they could be read: counted and logged. Since ABI 1.1. */
FX_API void fx_stream_lost(struct fx_feed *feed, const struct fx_stream *stream, int64_t from, int64_t to);

/*
 * The stream's offsets below next that were not pushed hold no payloads (the ends of transactions, what compaction has
 * taken): the position moves on to next. Its worker, or while no other worker is inside poll. Since ABI 1.1.
 */
FX_API void fx_stream_pass(struct fx_feed *feed, struct fx_stream *stream, int64_t next);
/*
 * The stream's source is another one now, or has lost its end: offsets are given out anew, and payloads from position on
 * are to be counted, though it may be lower than where the stream was. What was counted stays: it is committed before,
 * so an answer that is due is waited for, and the new position is committed after. Streams must be quiesced. 0, or a
 * negative code: nothing has changed, try again. Since ABI 1.1.
 */
FX_API int fx_stream_reset(struct fx_feed *feed, struct fx_stream *stream, int64_t position,
                           struct fx_error *err) FX_WARN_UNUSED;

/* Where the stream is: what a rollback put back, too. While no other worker is inside poll (fx_feed_quiesce). */
FX_API int64_t fx_stream_position(const struct fx_stream *stream);

/*
 * Hands over one payload. It is decoded at once; when the batch is full it also goes through resolvers and outputs.
 * A payload before the stream's position (seen already) or of an ended stream is dropped and counted.
 * FX_OK, or FX_FATAL: stop feeding and return from poll.
 */
FX_API enum fx_verdict fx_feed_push(struct fx_feed *feed, struct fx_stream *stream,
                                    const struct fx_payload *payload) FX_WARN_UNUSED;

/* Something that was read but is no payload (an empty message, an oversized line). */
enum fx_reject { FX_REJECT_EMPTY, FX_REJECT_TOO_LONG };
FX_API void fx_feed_reject(struct fx_feed *feed, struct fx_stream *stream, const struct fx_payload *payload,
                           enum fx_reject why);

/*
 * For changes of assignment. fx_feed_quiesce waits until no other worker of this input is inside poll, and keeps
 * them out until fx_feed_resume: nothing that was read before can be pushed after. May be nested.
 */
FX_API void fx_feed_quiesce(struct fx_feed *feed);
FX_API void fx_feed_resume(struct fx_feed *feed);

/* Takes a whole checkpoint now (cut, prepare, commit, expose), before streams are given away. 0 or a negative code. */
FX_API int fx_feed_checkpoint(struct fx_feed *feed, struct fx_error *err) FX_WARN_UNUSED;
/*
 * What was counted since the last commit is not ours any more: every output goes back to the last committed cut. When
 * a commit is on its way, its answer is asked for first, and the way back is taken when it has come.
 */
FX_API void fx_feed_rollback(struct fx_feed *feed);

/* Whether the program is stopping: long waits inside poll should end. */
FX_API int fx_feed_stopping(const struct fx_feed *feed);

#endif

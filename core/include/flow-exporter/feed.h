/*
 * The feed: how an input hands payloads to the pipeline and says where they come from. Call all functions from the
 * worker's thread, inside its poll.
 *
 * A stream is an ordered source of payloads, such as a Kafka partition or standard input. Its position is the offset of
 * the next payload that is not yet counted. Positions are part of every checkpoint. A stream without partitions has the
 * partition -1 and counts lines: the offset of a payload is the number of lines before it.
 */
#ifndef FLOW_EXPORTER_FEED_H
#define FLOW_EXPORTER_FEED_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/error.h>
#include <flow-exporter/visibility.h>

FX_C_BEGIN

struct fx_feed;
struct fx_stream;

/*
 * One payload: JSON records, on lines or in lists. The core does not copy the data, which must stay valid until the
 * next poll of the same worker, or until fx_feed_flush returns.
 */
struct fx_payload {
    const char *data FX_ZERO;
    size_t size FX_ZERO;
    int64_t offset FX_ZERO; /* of this payload, in the unit of its stream */
    int64_t next FX_ZERO;   /* the stream's position once this payload is counted */
};

/*
 * Begins a stream at a position: from now on the feed takes payloads of this stream. name is copied. Log lines and
 * checkpoints show the stream as (name, partition). A stream that exists already is begun anew. Returns NULL when
 * memory is used up.
 */
FX_API struct fx_stream *fx_stream_begin(struct fx_feed *feed, const char *name, int32_t partition, int64_t position);
/* Ends a stream: from now on its payloads are dropped. The handle stays valid until destroy. */
FX_API void fx_stream_end(struct fx_feed *feed, struct fx_stream *stream);
/* Finds a stream by name. Returns NULL if it has not begun or has ended. */
FX_API struct fx_stream *fx_stream_find(struct fx_feed *feed, const char *name, int32_t partition);

/*
 * Says where this instance left a stream, in this run or an earlier one. It is for inputs whose own committed position
 * is gone. *position is the stream's position in the last accepted checkpoint that contained the stream. Returns 1 with
 * *position set, or 0 if the position is not known.
 */
FX_API int fx_stream_recovered(struct fx_feed *feed, const char *name, int32_t partition, int64_t *position);
/*
 * Reports the text that is stored beside the committed position of a stream that is about to begin (see fx_tags_add).
 * Call it before fx_stream_begin: the text can show that a commit without an answer was accepted.
 */
FX_API void fx_feed_found_tags(struct fx_feed *feed, const char *tags, size_t size);
/*
 * Reports the committed offset of a stream that is about to begin there, and the text stored beside the offset. Call it
 * once, after fx_feed_found_tags and before fx_stream_begin. If somebody else has set the offset, its tags are gone,
 * and records will be counted again or left out. This function logs and counts such a case.
 *
 * Returns the number of offsets between the place where this instance left the stream and offset. Positive: they are
 * read again. Negative: they are skipped. 0: nothing is wrong, or this instance does not know the stream.
 */
FX_API int64_t fx_stream_found(struct fx_feed *feed, const char *name, int32_t partition, int64_t offset,
                               const char *tags, size_t size);
/*
 * Reports that the source removed the stream's offsets from..to before they could be read. This is counted and logged.
 */
FX_API void fx_stream_lost(struct fx_feed *feed, const struct fx_stream *stream, int64_t from, int64_t to);

/*
 * Moves the stream's position on to next. The offsets below next that were not pushed hold no payloads: they are, for
 * example, the ends of transactions, or messages that compaction has removed. Call it from the stream's own worker, or
 * while no other worker is inside poll.
 */
FX_API void fx_stream_pass(struct fx_feed *feed, struct fx_stream *stream, int64_t next);
/*
 * Moves a stream whose source was replaced, or has lost its newest part. The source gives out offsets anew, and
 * payloads from position on are to be counted, even if position is lower than the stream's old position. Records
 * counted before stay counted: they are committed first, and a pending commit is waited for. The new position is
 * committed after that. Streams must be quiesced (fx_feed_quiesce). Returns 0 or a negative code; on a failure nothing
 * has changed, and the caller may try again.
 */
FX_API int fx_stream_reset(struct fx_feed *feed, struct fx_stream *stream, int64_t position,
                           struct fx_error *err) FX_WARN_UNUSED;

/*
 * Gives the stream's position, including what a rollback has put back. Call it while no other worker is inside poll
 * (fx_feed_quiesce).
 */
FX_API int64_t fx_stream_position(const struct fx_stream *stream);

/*
 * Hands over one payload, which is decoded at once. When the batch is full, the batch also goes through resolvers and
 * outputs. A payload from before the stream's position was seen already: it is dropped and counted. So is a payload of
 * a stream that has ended. Returns FX_OK or FX_FATAL; after FX_FATAL, stop feeding and return from poll.
 */
FX_API enum fx_verdict fx_feed_push(struct fx_feed *feed, struct fx_stream *stream,
                                    const struct fx_payload *payload) FX_WARN_UNUSED;

/*
 * Hands over what has come so far of a stream without ends of its own, such as a file that is one long list. The feed
 * takes whole records. What is cut at the payload's end is left alone; the next payload must begin with it. The
 * payload's next is not looked at: fx_stream_advance sets the position afterwards, in the same poll.
 */
enum fx_piece {
    FX_PIECE_OPEN = 1, /* what is cut is left alone */
    FX_PIECE_FORCED    /* what is cut is malformed, for there is no room for more; the payload ends behind a newline */
};
struct fx_taken {
    size_t bytes; /* of the payload */
    int in_list;  /* a list is open: at the stream's end fx_feed_push must follow, with an empty payload if need be */
};
FX_API enum fx_verdict fx_feed_push_piece(struct fx_feed *feed, struct fx_stream *stream,
                                          const struct fx_payload *payload, enum fx_piece piece,
                                          struct fx_taken *taken) FX_WARN_UNUSED;
/* Sets the stream's position after fx_feed_push_piece: everything before it is counted. */
FX_API void fx_stream_advance(struct fx_feed *feed, struct fx_stream *stream, int64_t position);

/*
 * Gives everything that was pushed to resolvers and outputs now. Afterwards the memory of these payloads may be used
 * again, still inside the poll. A checkpoint may then come in between: positions are those of the payloads pushed.
 * Without this call, it happens at the end of poll. Returns FX_OK or FX_FATAL, as fx_feed_push does.
 */
FX_API enum fx_verdict fx_feed_flush(struct fx_feed *feed) FX_WARN_UNUSED;

/* Reports something that was read but is not a payload: an empty message, or a line that is too long. */
enum fx_reject { FX_REJECT_EMPTY, FX_REJECT_TOO_LONG };
FX_API void fx_feed_reject(struct fx_feed *feed, struct fx_stream *stream, const struct fx_payload *payload,
                           enum fx_reject why);

/*
 * For changes of assignment. fx_feed_quiesce waits until no other worker of this input is inside poll, and keeps them
 * out until fx_feed_resume. Thus no payload that was read before is pushed after. Calls may be nested.
 */
FX_API void fx_feed_quiesce(struct fx_feed *feed);
FX_API void fx_feed_resume(struct fx_feed *feed);

/*
 * Takes a whole checkpoint now: cut, prepare, commit, expose. Call it before streams are given away. Returns 0 or a
 * negative code.
 */
FX_API int fx_feed_checkpoint(struct fx_feed *feed, struct fx_error *err) FX_WARN_UNUSED;
/*
 * Discards all that was counted since the last commit, because it belongs to somebody else now. Every output goes back
 * to the last committed cut. If a commit is pending, the rollback is postponed until that commit is answered.
 */
FX_API void fx_feed_rollback(struct fx_feed *feed);

/* Says whether the program is stopping. Long waits inside poll should then end. */
FX_API int fx_feed_stopping(const struct fx_feed *feed);

FX_C_END

#endif

/*
 * State that outlives the program: what an output shows after a restart is
 * what it showed before. The core owns the files; an output gives and gets
 * bytes, and never opens one.
 *
 * An output's state is two things, both of one checkpoint:
 *   the values   written anew each time: what changes with every record
 *   the log      entries that are only ever added: what lives long, such as a series' labels
 *
 * The first value may well belong to the first entry and so on: the core keeps both, each of the same checkpoint,
 * in the order in which they were given. Bytes come back on a machine of the same byte order and word size only.
 */
#ifndef FLOW_EXPORTER_STATE_H
#define FLOW_EXPORTER_STATE_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/checkpoint.h>
#include <flow-exporter/visibility.h>

/*
 * Inside prepare: add to the values, or one entry to the log. checkpoint->state is NULL when no state is kept (there
 * is no directory, or it can't be written): then both do nothing. What was logged for a checkpoint that was not
 * accepted is forgotten: after rolled_back, log it again. When checkpoint->rewrite_log is set, the log is begun anew:
 * give all entries that still matter, not just the new ones. An entry has at most FX_STATE_ENTRY_MAX bytes.
 *
 * 0 or a negative code. A fault is kept by the core, so the results of single calls need not be looked at.
 */
FX_API int fx_state_put(const struct fx_checkpoint *checkpoint, const void *data, size_t size);
FX_API int fx_state_log(const struct fx_checkpoint *checkpoint, const void *data, size_t size);
#define FX_STATE_ENTRY_MAX ((size_t)64 << 20)

/*
 * Inside prepare, if the output knows it: how many bytes of entries still matter. When the log has twice as many, the
 * next checkpoint asks for it anew. Without this call that is when it has doubled since it was last written whole.
 */
FX_API void fx_state_live(const struct fx_checkpoint *checkpoint, uint64_t bytes);

/*
 * Inside restore: the next entry of the log: 1; 0 at the end. And all values; NULL with size 0 when there are none.
 * Entries and values are sound as far as checksums can tell, and stay valid and aligned to 8 bytes during the call.
 */
FX_API int fx_state_entry(const struct fx_checkpoint *checkpoint, const void **data, size_t *size);
FX_API const void *fx_state_values(const struct fx_checkpoint *checkpoint, size_t *size);

/*
 * A folder of the instance's own in the state directory, for what needs no checkpoint (a cache): an absolute path,
 * which exists. NULL when no state is kept. From start on; any thread; valid until destroy.
 */
FX_API const char *fx_state_folder(const struct fx_instance *instance);

#endif

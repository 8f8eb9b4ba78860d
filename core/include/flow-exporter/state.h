/*
 * State that outlives the program. With it an output shows after a restart what it showed before. The core owns the
 * files. An output hands over bytes and gets them back; it never opens a file.
 *
 * The state of an output has two parts, both of the same checkpoint:
 *   the values   For what changes with every record. They are written anew each time.
 *   the log      For what lives long, such as the labels of a series. Entries are only ever added.
 *
 * The core keeps both parts in the order in which they were handed over. An output can therefore let the first value
 * belong to the first entry, and so on. State can be read only on a machine of the same byte order and word size.
 */
#ifndef FLOW_EXPORTER_STATE_H
#define FLOW_EXPORTER_STATE_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/checkpoint.h>
#include <flow-exporter/visibility.h>

FX_C_BEGIN

/*
 * Inside prepare: fx_state_put adds bytes to the values, and fx_state_log adds one entry to the log. An entry has at
 * most FX_STATE_ENTRY_MAX bytes. checkpoint->state is NULL when no state is kept, because there is no directory or it
 * can't be written. Both functions then do nothing.
 *
 * Entries logged for a checkpoint that was not accepted are forgotten: log them again after rolled_back. If
 * checkpoint->rewrite_log is set, the log starts empty: log all entries that still matter, not only new ones.
 *
 * Returns 0 or a negative code. The core remembers a failure, so a plugin need not check every call.
 */
FX_API int fx_state_put(const struct fx_checkpoint *checkpoint, const void *data, size_t size);
FX_API int fx_state_log(const struct fx_checkpoint *checkpoint, const void *data, size_t size);
#define FX_STATE_ENTRY_MAX ((size_t)64 << 20)

/*
 * Inside prepare: tells the core how many bytes of entries still matter. Optional. When the log is twice as large, the
 * next checkpoint has rewrite_log set. Without this call, rewrite_log is set when the log has doubled since it was last
 * written whole.
 */
FX_API void fx_state_live(const struct fx_checkpoint *checkpoint, uint64_t bytes);

/*
 * Inside restore: fx_state_entry gives the next entry of the log. It returns 1, or 0 at the end. fx_state_values gives
 * all values, or NULL with *size 0 if there are none. The checksums of entries and values have been verified. Both are
 * aligned to 8 bytes and valid during the call.
 */
FX_API int fx_state_entry(const struct fx_checkpoint *checkpoint, const void **data, size_t *size);
FX_API const void *fx_state_values(const struct fx_checkpoint *checkpoint, size_t *size);

/*
 * Gives the absolute path of a folder in the state directory that belongs to this instance alone. The folder exists. It
 * is for data that needs no checkpoint, such as a cache. NULL when no state is kept. From start on; any thread. Valid
 * until destroy.
 */
FX_API const char *fx_state_folder(const struct fx_instance *instance);

FX_C_END

#endif

/*
 * Files that somebody else names: in the configuration, in the state directory.
 * What lies there may be a FIFO, a device or a socket, which a plain open()
 * waits for, perhaps for ever. Any thread. Since ABI 1.2.
 */
#ifndef FLOW_EXPORTER_FILE_H
#define FLOW_EXPORTER_FILE_H

#include <flow-exporter/visibility.h>

/*
 * Opens what must be a regular file, as open(path, flags | O_CLOEXEC) does, a new file (O_CREAT) with the mode 0640.
 * It never waits, and never opens anything else: a device may do something when it is opened.
 * A descriptor, the caller's to close; else a negative errno (-EMEDIUMTYPE: it is no regular file), and *why is half a sentence for a message
 * ("it is a FIFO, not a regular file"), valid until the thread's next call.
 */
FX_API int fx_file_open(const char *path, int flags, const char **why);

#endif

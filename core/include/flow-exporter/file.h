/*
 * Opening files whose names come from outside: from the configuration or the state directory. Such a name may lead to a
 * FIFO, a device or a socket, on which a plain open() can wait for ever. Any thread.
 */
#ifndef FLOW_EXPORTER_FILE_H
#define FLOW_EXPORTER_FILE_H

#include <flow-exporter/visibility.h>

FX_C_BEGIN

/*
 * Opens a regular file, as open(path, flags | O_CLOEXEC) does. With O_CREAT a new file gets the mode 0640. The function
 * never waits. It never opens anything but a regular file, because a device may act on being opened.
 *
 * Returns a descriptor, which the caller closes, or a negative errno; -EMEDIUMTYPE means that it is no regular file. On
 * failure *why is half a sentence for a message, such as "it is a FIFO, not a regular file". *why is valid until the
 * thread's next call.
 */
FX_API int fx_file_open(const char *path, int flags, const char **why);

FX_C_END

#endif

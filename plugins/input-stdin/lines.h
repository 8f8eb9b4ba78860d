/* Counts newlines many bytes at a time: this must cost next to nothing beside decoding. Any thread. */
#ifndef INPUT_STDIN_LINES_H
#define INPUT_STDIN_LINES_H

#include <stddef.h>
#include <stdint.h>

int64_t stdin_count_lines(const char *data, size_t size);

#endif

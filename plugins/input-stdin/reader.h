/* Reading standard input in blocks. */
#ifndef INPUT_STDIN_READER_H
#define INPUT_STDIN_READER_H

#include <stdbool.h>

#include <flow-exporter/plugin.h>

struct stdin_options {
    bool serve_after_end;
    int64_t max_line; /* bytes, without the newline */
};

int stdin_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err);
void stdin_destroy(void *self);
enum fx_verdict stdin_poll(void *self, void *worker, struct fx_feed *feed, int timeout_ms);
enum fx_verdict stdin_drain(void *self, void *worker, struct fx_feed *feed, int timeout_ms);
void stdin_stop(void *self, int timeout_ms);

#endif

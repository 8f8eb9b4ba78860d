/*
 * The plugin contract, ABI 1: all that a plugin may include, and the one symbol
 * that it exports:
 *
 *     FX_PLUGIN = { FX_PLUGIN_OUTPUT, .name = "output-mine", ... };
 *
 * The life of an instance, and who calls when:
 *
 *   create     main thread. Check the options, claim fields; no I/O.
 *   start      main thread, outputs first, then resolvers, then inputs. Open, connect, make threads.
 *   worker_new main thread, once a worker, after start.
 *   work       poll, enrich, write: the worker's thread, with the worker's own context. Several workers
 *              may be inside at once, each with its own context; what they share is the plugin's to lock.
 *              recall, restore: the checkpoint thread, after worker_new of all and before the first poll.
 *              cut, prepare, commit, committed, rolled_back, rewind: one thread at a time, the checkpoint
 *              thread or a worker inside fx_feed_checkpoint(); beside running workers, but for cut and
 *              rolled_back, during which all workers stand between payloads.
 *   stop       main thread, workers have ended. Bounded: end within timeout_ms.
 *   worker_free, destroy: main thread. Free everything.
 *
 * create fails: nothing else is called. start fails: destroy is called.
 * A plugin never exits, aborts, changes signals or the locale, and keeps no mutable globals: several
 * instances of it can run. Memory that it gets in a call is valid during the call, unless the function says else.
 */
#ifndef FLOW_EXPORTER_PLUGIN_H
#define FLOW_EXPORTER_PLUGIN_H

#include <stdint.h>

#include <flow-exporter/checkpoint.h>
#include <flow-exporter/error.h>
#include <flow-exporter/feed.h>
#include <flow-exporter/file.h>
#include <flow-exporter/letter.h>
#include <flow-exporter/log.h>
#include <flow-exporter/metric.h>
#include <flow-exporter/option.h>
#include <flow-exporter/part.h>
#include <flow-exporter/ready.h>
#include <flow-exporter/record.h>
#include <flow-exporter/state.h>
#include <flow-exporter/visibility.h>

#define FX_ABI_MAGIC UINT32_C(0x46583150) /* "FX1P" */
#define FX_ABI_MAJOR 1                    /* a change that breaks plugins */
#define FX_ABI_MINOR 2                    /* members added at the end */

enum fx_kind { FX_KIND_INPUT = 1, FX_KIND_RESOLVER = 2, FX_KIND_OUTPUT = 3 };

/* The instance as the core knows it: claims, log lines, metrics and errors go through it. */
struct fx_instance;
/* Its name in the configuration, for messages. Valid as long as the instance. */
FX_API const char *fx_instance_name(const struct fx_instance *instance);
/* The number of workers in the program (outputs, resolvers) or of this input. From start on. */
FX_API unsigned fx_instance_workers(const struct fx_instance *instance);

/*
 * In stop, or in create or start that fails: a thread of this instance can't be ended in time, because it hangs in a
 * library. Nothing of the program is freed or unloaded then: the process ends when the other instances are stopped.
 */
FX_API void fx_left_behind(struct fx_instance *instance);

struct fx_plugin {
    uint32_t magic;      /* FX_ABI_MAGIC */
    uint16_t abi_major;  /* FX_ABI_MAJOR */
    uint16_t abi_minor;  /* FX_ABI_MINOR */
    uint32_t size;       /* sizeof(struct fx_plugin) */
    uint32_t kind;       /* enum fx_kind */
    const char *name;    /* the file's name without its ending */
    const char *version; /* the plugin's own */
    const char *summary; /* one line */

    const struct fx_option *options; /* ended by a NULL key; NULL: none */
    size_t options_size;             /* sizeof the options struct */
    const struct fx_metric *metrics; /* ended by a NULL name; NULL: none */
    uint32_t max_workers;            /* 0: any number */

    /* Required of all. options stays valid and unchanged until destroy returns. */
    int (*create)(struct fx_instance *instance, const void *options, void **self, struct fx_error *err);
    void (*destroy)(void *self);

    /* Optional for all. */
    int (*start)(void *self, struct fx_error *err);
    void (*stop)(void *self, int timeout_ms);
    int (*worker_new)(void *self, unsigned index, void **worker, struct fx_error *err);
    void (*worker_free)(void *self, void *worker);

    /* Input. poll is required. */

    /* Waits at most timeout_ms for payloads and pushes them. FX_OK, FX_AGAIN (there were none), FX_RETRY, FX_END, FX_FATAL. */
    enum fx_verdict (*poll)(void *self, void *worker, struct fx_feed *feed, int timeout_ms);
    /*
     * Makes the positions the ones to go on from, all or none. FX_OK; FX_FENCED: refused for good;
     * FX_RETRY: not known yet, it will be called again with the same checkpoint. NULL: this input can't replay.
     */
    enum fx_verdict (*commit)(void *self, const struct fx_checkpoint *checkpoint, int timeout_ms, struct fx_error *err);
    /*
     * After a rollback: the streams that have not ended go on from these positions, which are where the last
     * committed checkpoint left them or where they began. No worker is inside poll; what was read before is void.
     */
    void (*rewind)(void *self, const struct fx_checkpoint *checkpoint);

    /* Resolver. enrich is required: fill the claimed fields of all rows in place, and never block. */
    enum fx_verdict (*enrich)(void *self, void *worker, struct fx_batch *batch);

    /* Output. write is required. */

    /* FX_OK; FX_AGAIN and FX_RETRY: the same batch again; FX_DROP; FX_FATAL. */
    enum fx_verdict (*write)(void *self, void *worker, const struct fx_batch *batch);
    /*
     * Copy what write made so far, as checkpoint number. Everything stands still: be quick. 0 or a negative code: there
     * is no checkpoint then (of a plugin made for ABI 1.0, which returned nothing, the result is not looked at). A cut
     * can be followed by another without an end of the first: the first is void then.
     */
    int (*cut)(void *self, uint64_t number);
    /* Make that copy durable (state.h). 0 or a negative code; by a failure the program goes on without. */
    int (*prepare)(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err);
    /* The cut counts: it may be shown. */
    void (*committed)(void *self, uint64_t number);
    /* The cut does not count, nor what was written since: back to the last committed cut, which is number. */
    void (*rolled_back)(void *self, uint64_t number);
    /*
     * Checkpoint number is the truth: take its values (state.h). Number 0: begin with nothing. A negative code: the
     * state can't be used; restore is called once more, with number 0. May be called again later, before the next cut
     * and while no worker writes, when it turns out that a later checkpoint was accepted after all.
     */
    int (*restore)(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err);

    /* Input, since ABI 1.1. */

    /*
     * Which tags are stored beside the positions of these streams now? Tell by fx_recall_found. FX_OK: all have been
     * told (streams that are gone have none); FX_RETRY: not known yet, it will be asked again. NULL: this input
     * stores no tags, and what was made durable counts as accepted.
     */
    enum fx_verdict (*recall)(void *self, const struct fx_recall *recall, int timeout_ms, struct fx_error *err);

    /*
     * Sends a dead letter to fx_letter_topic(). FX_OK: taken (copied); FX_AGAIN: no room now; FX_DROP: it can't be sent.
     * Any worker's thread, inside its poll. NULL: this input has no topics, and neither has letter_store.
     */
    enum fx_verdict (*letter_send)(void *self, const struct fx_letter *letter);
    /*
     * Before a commit: FX_OK when all letters that were taken are stored or lost for good; FX_RETRY: not yet. Adds those of
     * either kind since the last call. Under the checkpoint, beside running workers.
     */
    enum fx_verdict (*letter_store)(void *self, int timeout_ms, uint64_t *stored, uint64_t *lost);

    /* Output, since ABI 1.1. */

    /* A cut comes, and workers still write: get the memory that it will need, so that they stand still for less. */
    void (*before_cut)(void *self);

    /* Since ABI 1.1. Optional for all: a command of the command line, `flow-exporter COMMAND ARGUMENT...`. */

    const char *command;      /* its name: lower case letters and '-' */
    const char *command_help; /* its arguments; required with command */
    /*
     * Main thread, after create and without start, in a program that does nothing else: it may print, wait and use the
     * network. The arguments are those behind the command. Gives the exit status. fx_state_folder() is as in a running
     * program, whose files may be read but not written. Required with command.
     */
    int (*run_command)(void *self, int argc, const char *const *argv);
};

#define FX_PLUGIN_HEADER(kind_)                                                                                        \
    .magic = FX_ABI_MAGIC, .abi_major = FX_ABI_MAJOR, .abi_minor = FX_ABI_MINOR, .size = sizeof(struct fx_plugin),     \
    .kind = (kind_)
#define FX_PLUGIN_INPUT    FX_PLUGIN_HEADER(FX_KIND_INPUT)
#define FX_PLUGIN_RESOLVER FX_PLUGIN_HEADER(FX_KIND_RESOLVER)
#define FX_PLUGIN_OUTPUT   FX_PLUGIN_HEADER(FX_KIND_OUTPUT)

/* The symbol that the loader looks for. */
#define FX_PLUGIN_SYMBOL "fx_plugin_descriptor"
extern FX_API const struct fx_plugin fx_plugin_descriptor;
#define FX_PLUGIN FX_API const struct fx_plugin fx_plugin_descriptor

#endif

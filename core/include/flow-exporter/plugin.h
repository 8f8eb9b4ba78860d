/*
 * The plugin contract, ABI 2. This header includes everything of the project that a plugin may include. A plugin
 * exports one symbol:
 *
 *     FX_PLUGIN = { FX_PLUGIN_OUTPUT, .name = "output-mine", ... };
 *
 * The life of an instance, and the thread of each call:
 *
 *   create      Main thread. Check the options and claim fields; no I/O.
 *   start       Main thread; outputs first, then resolvers, then inputs. Open files, connect, make threads.
 *   worker_new  Main thread, once for each worker, after start.
 *   recall, restore
 *               Checkpoint thread, after worker_new of all instances and before the first poll.
 *   poll, drain, enrich, write
 *               The worker's thread, with the worker's own context. Several workers may be inside at once, each with
 *               its own context. The plugin locks what they share.
 *   tick        The thread of ticks, from the start of the workers to their end.
 *   cut, prepare, commit, committed, rolled_back, rewind
 *               One thread at a time: the checkpoint thread, or a worker inside fx_feed_checkpoint(). During cut and
 *               rolled_back all workers stand between payloads. During rewind none of the input's workers is inside
 *               poll. During the others workers may run.
 *   stop        Main thread, after the workers have ended. Return within timeout_ms.
 *   worker_free, destroy
 *               Main thread. Free everything.
 *
 * If create fails, nothing else is called. If start fails, destroy is called.
 *
 * A plugin never exits or aborts, and never changes signals or the locale. It has no mutable globals, because several
 * instances of it can run. Memory that a plugin is given in a call is valid during the call, unless stated otherwise.
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

FX_C_BEGIN

#define FX_ABI_MAGIC UINT32_C(0x46583150) /* "FX1P" */
#define FX_ABI_MAJOR 2                    /* a change that breaks plugins */
#define FX_ABI_MINOR 0                    /* members added at the end */

enum fx_kind { FX_KIND_INPUT = 1, FX_KIND_RESOLVER = 2, FX_KIND_OUTPUT = 3 };

/* The instance as the core knows it. Claims, log lines, metrics and errors go through this handle. */
struct fx_instance;
/* Gives the instance's name in the configuration, for messages. Valid as long as the instance. */
FX_API const char *fx_instance_name(const struct fx_instance *instance);
/* Gives the number of workers: of an input its own, of a resolver or output all of the program. From start on. */
FX_API unsigned fx_instance_workers(const struct fx_instance *instance);

/*
 * Reports that a thread of this instance can't be ended in time, because it hangs in a library. Call it in stop, or in
 * a create or start that fails. The program then frees and unloads nothing: the process ends when the other instances
 * are stopped.
 */
FX_API void fx_left_behind(struct fx_instance *instance);

/* Says whether the program is stopping. Any call should then end soon. Any thread. */
FX_API int fx_stopping(const struct fx_instance *instance);
/*
 * Sleeps for ms, or until the program stops. Returns 1 if the program is stopping, otherwise 0. Any thread that may
 * wait: one of the plugin's own, or a call that may block (never enrich).
 */
FX_API int fx_sleep(const struct fx_instance *instance, int ms);

enum fx_plugin_flags {
    /*
     * For resolvers and outputs: no two calls of an instance run at the same time, whatever the threads. A call waits
     * until the other has returned. Threads that the plugin makes itself are not kept out.
     */
    FX_PLUGIN_SERIALIZED = 1 << 0,
    /*
     * For outputs: what was committed must be stored. The option on_failure of the instance is then "wait" by default,
     * otherwise "drop".
     */
    FX_PLUGIN_MUST_NOT_LOSE = 1 << 1
};

struct fx_plugin {
    uint32_t magic FX_ZERO;      /* FX_ABI_MAGIC */
    uint16_t abi_major FX_ZERO;  /* FX_ABI_MAJOR */
    uint16_t abi_minor FX_ZERO;  /* FX_ABI_MINOR */
    uint32_t size FX_ZERO;       /* sizeof(struct fx_plugin) */
    uint32_t kind FX_ZERO;       /* enum fx_kind */
    const char *name FX_ZERO;    /* the file's name without its extension */
    const char *version FX_ZERO; /* of the plugin */
    const char *summary FX_ZERO; /* one line */

    const struct fx_option *options FX_ZERO; /* ended by a NULL key; NULL: none */
    size_t options_size FX_ZERO;             /* sizeof the options struct */
    const struct fx_metric *metrics FX_ZERO; /* ended by a NULL name; NULL: none */
    uint32_t max_workers FX_ZERO;            /* 0: any number */
    uint32_t flags FX_ZERO;                  /* enum fx_plugin_flags, combined */
    uint32_t tick_interval_ms FX_ZERO;       /* required with tick */

    /* A command of the command line, `flow-exporter COMMAND ARGUMENT...`. NULL: none. */
    const char *command FX_ZERO;      /* the command's name: lower case letters and '-' */
    const char *command_help FX_ZERO; /* the command's arguments; required with command */

    /* Required for all. options stays valid and unchanged until destroy returns. */
    int (*create)(struct fx_instance *instance, const void *options, void **self, struct fx_error *err) FX_ZERO;
    void (*destroy)(void *self) FX_ZERO;

    /* Optional for all. */
    int (*start)(void *self, struct fx_error *err) FX_ZERO;
    void (*stop)(void *self, int timeout_ms) FX_ZERO;
    int (*worker_new)(void *self, unsigned index, void **worker, struct fx_error *err) FX_ZERO;
    void (*worker_free)(void *self, void *worker) FX_ZERO;
    /*
     * Called from time to time, for what must be looked after: a file that may have changed, housekeeping. The first
     * call comes tick_interval_ms after the start. Returns the milliseconds until the next call; 0 means
     * tick_interval_ms. One thread ticks for all instances, so return soon. Other calls may run beside it, except with
     * FX_PLUGIN_SERIALIZED. There is none after the workers have ended.
     */
    int (*tick)(void *self) FX_ZERO;
    /*
     * Runs the command and returns the exit status. Main thread, after create and without start. The program does
     * nothing else, so the command may print, wait and use the network. argv holds the arguments after the command.
     * fx_state_folder() is the folder of a running program: its files may be read but not written. Required with
     * command.
     */
    int (*run_command)(void *self, int argc, const char *const *argv) FX_ZERO;

    /* Input. poll is required. */

    /*
     * Waits at most timeout_ms for payloads and pushes them. Returns FX_OK, FX_AGAIN (no payloads came), FX_RETRY,
     * FX_END or FX_FATAL.
     */
    enum fx_verdict (*poll)(void *self, void *worker, struct fx_feed *feed, int timeout_ms) FX_ZERO;
    /*
     * For an input that can't replay: takes what has arrived already and would otherwise be lost. Called at the stop, in
     * the worker's thread after its last poll, again and again until it returns FX_AGAIN or FX_END (there is no more),
     * or until the time is over; FX_OK means that there may be more. It does not wait for what has not arrived. Outputs
     * still take batches meanwhile. Optional.
     */
    enum fx_verdict (*drain)(void *self, void *worker, struct fx_feed *feed, int timeout_ms) FX_ZERO;
    /*
     * Stores the positions from which to continue, all or none. FX_OK: done. FX_FENCED: refused for good.
     * FX_RETRY: the outcome is not known yet; commit will be called again with the same checkpoint.
     * A NULL member means that this input can't replay.
     */
    enum fx_verdict (*commit)(void *self, const struct fx_checkpoint *checkpoint, int timeout_ms,
                              struct fx_error *err) FX_ZERO;
    /*
     * Called after a rollback: go back to the positions in this checkpoint. It has one for each stream that has not
     * ended: the position in the last committed checkpoint or, for a newer stream, the position at which the stream
     * began. No worker is inside poll. Payloads that were read before do not count any more.
     */
    void (*rewind)(void *self, const struct fx_checkpoint *checkpoint) FX_ZERO;
    /*
     * Looks up which tags are now stored beside the positions of these streams, and reports them by fx_recall_found.
     * FX_OK: all were reported; streams that are gone have none. FX_RETRY: not known yet; recall will be called again.
     * A NULL member means that this input stores no tags. A checkpoint that was made durable then counts as accepted.
     */
    enum fx_verdict (*recall)(void *self, const struct fx_recall *recall, int timeout_ms, struct fx_error *err) FX_ZERO;

    /*
     * Sends a dead letter to fx_letter_topic(). FX_OK: the letter was copied and will be sent. FX_AGAIN: no room now.
     * FX_DROP: the letter can't be sent. Any worker's thread, inside its poll. NULL means that this input has no
     * topics; letter_store is then NULL, too.
     */
    enum fx_verdict (*letter_send)(void *self, const struct fx_letter *letter) FX_ZERO;
    /*
     * Called before a commit. FX_OK: every letter that was taken is now stored, or is lost for good. FX_RETRY: not yet.
     * Adds to *stored and *lost the numbers of letters stored and lost since the last call. Called by the thread that
     * takes the checkpoint, while workers run.
     */
    enum fx_verdict (*letter_store)(void *self, int timeout_ms, uint64_t *stored, uint64_t *lost) FX_ZERO;

    /* Resolver. enrich is required. It fills the claimed fields of all rows in place, and never blocks. */
    enum fx_verdict (*enrich)(void *self, void *worker, struct fx_batch *batch) FX_ZERO;

    /* Output. write is required. */

    /* Returns FX_OK, FX_DROP or FX_FATAL, or FX_AGAIN or FX_RETRY to be given the same batch again. */
    enum fx_verdict (*write)(void *self, void *worker, const struct fx_batch *batch) FX_ZERO;
    /* Called shortly before a cut, while workers still write. Allocate the cut's memory here, to keep the cut short. */
    void (*before_cut)(void *self) FX_ZERO;
    /*
     * Copies all values written so far. The copy belongs to the checkpoint with this number. All workers wait
     * meanwhile, so cut must be quick. Returns 0, or a negative code with err; after a failure no checkpoint is taken, and
     * the log has the reason. If the previous cut was neither committed nor rolled back, the new one replaces it.
     */
    int (*cut)(void *self, uint64_t number, struct fx_error *err) FX_ZERO;
    /*
     * Stores the copy of the last cut, by state.h or in a store of the output's own. Nothing is committed before all
     * outputs have answered. err is for the reason, which the log and /-/ready show.
     *
     *   FX_OK     Stored: after a crash it is still there.
     *   FX_RETRY  Not now. prepare is called again with the same checkpoint, with growing pauses. The commit waits for
     *             it. After the instance's prepare_timeout its option on_failure decides: wait (as FX_AGAIN), drop (as
     *             FX_DROP) or stop (as FX_FATAL). A stop or a change of streams may end the waiting earlier; that is
     *             FX_AGAIN, whatever on_failure says.
     *   FX_AGAIN  No checkpoint this time. The cut is void: nothing is committed, and reading goes on. Another cut
     *             follows soon.
     *   FX_DROP   It can't be stored. The checkpoint is committed without this output, and counted as a failure.
     *   FX_FATAL  The program ends, and commits nothing.
     *
     * Nobody says that a cut is void. There is only another cut with a higher number, which has everything that the
     * void one had. So prepare replaces what was stored under any other number that is not committed. A number is not
     * used again by this process. A later process may use the number of a cut whose commit was never asked for.
     */
    enum fx_verdict (*prepare)(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err) FX_ZERO;
    /* The cut was committed: it may be shown. */
    void (*committed)(void *self, uint64_t number) FX_ZERO;
    /* The last cut and everything written since do not count. Go back to the last committed cut, which is number. */
    void (*rolled_back)(void *self, uint64_t number) FX_ZERO;
    /*
     * Takes the values of the given checkpoint (state.h), which is the last accepted one. Its identity, tag and positions
     * are those that prepare had. Number 0 means to begin with nothing: only identity and state are set then. Returns 0, or a negative code if the state can't be used; restore is then called once more, with
     * number 0. restore may be called again later, if a later checkpoint turns out to have been accepted. It is then
     * called before the next cut, while no worker writes.
     */
    int (*restore)(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err) FX_ZERO;
};

#define FX_PLUGIN_HEADER(kind_)                                                                                        \
    .magic = FX_ABI_MAGIC, .abi_major = FX_ABI_MAJOR, .abi_minor = FX_ABI_MINOR, .size = sizeof(struct fx_plugin),     \
    .kind = (kind_)
#define FX_PLUGIN_INPUT    FX_PLUGIN_HEADER(FX_KIND_INPUT)
#define FX_PLUGIN_RESOLVER FX_PLUGIN_HEADER(FX_KIND_RESOLVER)
#define FX_PLUGIN_OUTPUT   FX_PLUGIN_HEADER(FX_KIND_OUTPUT)

/* The symbol that the loader looks up. */
#define FX_PLUGIN_SYMBOL "fx_plugin_descriptor"
extern FX_API const struct fx_plugin fx_plugin_descriptor;
#define FX_PLUGIN const struct fx_plugin fx_plugin_descriptor

FX_C_END

#endif

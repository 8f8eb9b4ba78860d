/*
 * One place for each thread, in a list that only grows. When a thread ends, its place can be taken again. Only its
 * thread writes a place. A reader sees since_ns as 0 while the other two change; if since_ns is the same before and
 * after, they belong together.
 */
#include "plugin/calls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "plugin/instance.h"
#include "util/alloc.h"
#include "util/clock.h"

struct place {
    _Atomic(const struct fx_instance *) instance;
    _Atomic(const char *) name;
    _Atomic int64_t since_ns;
    atomic_bool is_taken;
    struct place *next; /* never changes once the place is in the list */
    int64_t seen_ns;    /* this and the next belong to the visitor */
    int64_t told;
};

static _Atomic(struct place *) places;
static pthread_mutex_t visiting = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_end; /* frees the place when its thread ends */
static _Thread_local struct place *mine;

/* Here, and not in instance.c: the log needs the name, and the loader, which instance.c needs, needs the log. */
const char *fx_instance_name(const struct fx_instance *instance)
{
    return instance->name;
}

static void give_back(void *arg)
{
    struct place *place = arg;
    atomic_store(&place->is_taken, false);
}

static void make_key(void)
{
    pthread_key_create(&at_end, give_back);
}

static struct place *find_free(void)
{
    for (struct place *place = atomic_load(&places); place; place = place->next) {
        bool is_taken = false;
        if (atomic_compare_exchange_strong(&place->is_taken, &is_taken, true))
            return place;
    }
    return NULL;
}

static struct place *add_place(void)
{
    struct place *place = fxi_calloc(1, sizeof *place);
    atomic_init(&place->is_taken, true);
    place->next = atomic_load(&places);
    while (!atomic_compare_exchange_weak(&places, &place->next, place))
        ;
    return place;
}

static struct place *place_of_thread(void)
{
    if (mine)
        return mine;
    pthread_once(&once, make_key);
    mine = find_free();
    if (!mine)
        mine = add_place();
    pthread_setspecific(at_end, mine);
    return mine;
}

static void put(struct place *place, const struct fxi_call *call)
{
    atomic_store_explicit(&place->since_ns, 0, memory_order_release);
    atomic_store_explicit(&place->instance, call->instance, memory_order_release);
    atomic_store_explicit(&place->name, call->name, memory_order_release);
    atomic_store_explicit(&place->since_ns, call->since_ns, memory_order_release);
}

/* The time begins when nobody else is in a serialized instance: who hangs there is to be named, not who waits. */
struct fxi_call fxi_call_begin(const struct fx_instance *instance, const char *name, int64_t since_ns)
{
    if (instance && instance->serial) {
        pthread_mutex_lock(instance->serial);
        since_ns = 0;
    }
    struct place *place = place_of_thread();
    struct fxi_call before = {atomic_load_explicit(&place->instance, memory_order_relaxed),
                              atomic_load_explicit(&place->name, memory_order_relaxed),
                              atomic_load_explicit(&place->since_ns, memory_order_relaxed)};
    struct fxi_call call = {instance, name, since_ns ? since_ns : fxi_clock_ns()};
    put(place, &call);
    return before;
}

void fxi_call_end(struct fxi_call before)
{
    const struct fx_instance *instance = atomic_load_explicit(&mine->instance, memory_order_relaxed);
    if (before.name)
        before.since_ns = fxi_clock_ns(); /* the outer call goes on: it has not hung meanwhile */
    put(mine, &before);
    if (instance && instance->serial)
        pthread_mutex_unlock(instance->serial);
}

struct fxi_call fxi_call_now(void)
{
    if (!mine)
        return (struct fxi_call){0};
    return (struct fxi_call){atomic_load_explicit(&mine->instance, memory_order_relaxed),
                             atomic_load_explicit(&mine->name, memory_order_relaxed),
                             atomic_load_explicit(&mine->since_ns, memory_order_relaxed)};
}

/* False: the place has no call, or is changing now. */
static bool read_place(struct place *place, struct fxi_call *call)
{
    int64_t since_ns = atomic_load_explicit(&place->since_ns, memory_order_acquire);
    *call = (struct fxi_call){atomic_load_explicit(&place->instance, memory_order_acquire),
                              atomic_load_explicit(&place->name, memory_order_acquire), since_ns};
    return since_ns && since_ns == atomic_load_explicit(&place->since_ns, memory_order_acquire);
}

void fxi_calls_visit(int64_t longer_than_ms,
                     void (*visit)(void *arg, const struct fxi_call *call, int64_t lasted_ms, int64_t *told), void *arg)
{
    pthread_mutex_lock(&visiting);
    int64_t now_ns = fxi_clock_ns();
    for (struct place *place = atomic_load(&places); place; place = place->next) {
        struct fxi_call call;
        if (!read_place(place, &call) || (now_ns - call.since_ns) / 1000000 < longer_than_ms)
            continue;
        if (place->seen_ns != call.since_ns)
            place->told = 0;
        place->seen_ns = call.since_ns;
        visit(arg, &call, (now_ns - call.since_ns) / 1000000, &place->told);
    }
    pthread_mutex_unlock(&visiting);
}

void fxi_calls_forget(void)
{
    pthread_mutex_lock(&visiting);
    pthread_mutex_unlock(&visiting);
}

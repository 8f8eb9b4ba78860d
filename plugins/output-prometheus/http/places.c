/*
 * Which connection gives way when something is used up: places, cuts, compressors. It always belongs to the address
 * that has the most of it, with the newcomer counted. So a client that takes little never pays for one that takes much.
 * Among the connections of one address, and where all addresses have the same, the least active one gives way.
 */
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "http/connections.h"
#include "self_metrics.h"

/* A connection that has not begun by then never will: libmicrohttpd had no memory for it. */
#define HANDED_MS 5000
/* Connections of one address that the HTTP thread still has to begin; beyond it is behind. */
#define HANDED_MAX 64
/* Pages of one address that wait for a turn. Beyond, its connections may as well wait without a place. */
#define LINE_MAX 32
/* A connection with progress in this time gives way to no other of its address, since its work would be wasted. */
#define GRACE_MS 50

/* ---- Connections */

/*
 * The order among connections of one address: idle ones give way first, those that wait for us last. Between them are
 * those that send a request or take an answer; of these the one goes first that made no progress for the longest time.
 */
static unsigned rank_of(const struct prom_connection *one)
{
    static const unsigned ranks[] = {
        [PROM_PHASE_IDLE] = 2, [PROM_PHASE_HEAD] = 1, [PROM_PHASE_ANSWER] = 1, [PROM_PHASE_WAIT] = 0};
    return ranks[one->phase];
}

static bool gives_way_before(const struct prom_connection *a, const struct prom_connection *b)
{
    if (a->peer->places != b->peer->places)
        return a->peer->places > b->peer->places;
    if (rank_of(a) != rank_of(b))
        return rank_of(a) > rank_of(b);
    return a->active_ms < b->active_ms;
}

/* Whether the client has done its part: we have not read what it sent, or it waits, or it keeps up with its answer. */
static bool waits_for_us(const struct prom_connection *one)
{
    int unread = 0;
    if (one->phase == PROM_PHASE_HEAD)
        return ioctl(one->fd, SIOCINQ, &unread) == 0 && unread > 0;
    return one->phase == PROM_PHASE_WAIT || (one->phase == PROM_PHASE_ANSWER && !prom_pace_is_behind(one));
}

/*
 * Whether this one may be cut off for a newcomer of that address, which is counted already. NULL: for any. One of the
 * same address gives way only if we wait for it, and not for a moment only.
 */
static bool may_give_way(const struct prom_connection *one, const struct prom_peer *peer, int64_t now_ms)
{
    if (one->closed != PROM_CLOSED_NONE || (peer && one->peer->places < peer->places))
        return false;
    if (one->peer != peer || one->phase == PROM_PHASE_IDLE)
        return true;
    return now_ms - one->active_ms >= GRACE_MS && !waits_for_us(one);
}

static struct prom_connection *least(const struct prom_connections *all, const struct prom_peer *peer)
{
    struct prom_connection *found = NULL;
    int64_t now_ms = prom_clock_ms();
    for (struct prom_connection *one = all->first; one; one = one->next)
        if ((!found || gives_way_before(one, found)) && may_give_way(one, peer, now_ms))
            found = one;
    return found;
}

void prom_place_forget(struct prom_connections *all, int fd)
{
    struct prom_handed *handed = &all->handed[fd];
    if (!handed->peer)
        return;
    handed->peer->handed--;
    handed->peer->places--;
    all->handed_count--;
    prom_peer_put(&all->peers, handed->peer);
    handed->peer = NULL;
}

static bool can_hand(struct prom_connections *all, int fd)
{
    size_t size = (size_t)fd + 256;
    if ((size_t)fd < all->handed_size)
        return true;
    struct prom_handed *handed = realloc(all->handed, size * sizeof *handed);
    if (!handed)
        return false;
    memset(handed + all->handed_size, 0, (size - all->handed_size) * sizeof *handed);
    all->handed = handed;
    all->handed_size = size;
    return true;
}

static void hand(struct prom_connections *all, int fd, unsigned listener, struct prom_peer *peer)
{
    all->handed[fd] = (struct prom_handed){.peer = peer, .listener = listener};
    all->handed_count++;
    all->handed_ms = prom_clock_ms();
    peer->references++;
    peer->handed++;
    peer->places++;
}

/*
 * Forgets connections that never began: the one with this descriptor, which is in use again, and after HANDED_MS all.
 */
static void forget_lost(struct prom_connections *all, int fd)
{
    prom_place_forget(all, fd);
    if (all->handed_count && prom_clock_ms() - all->handed_ms >= HANDED_MS)
        for (size_t i = 0; i < all->handed_size; i++)
            prom_place_forget(all, (int)i);
}

/* Whether the HTTP thread is behind and this address has its share in that. */
static bool is_behind(const struct prom_connections *all, const struct prom_peer *peer)
{
    return peer->handed > HANDED_MAX || peer->line >= LINE_MAX ||
           (all->cut_off + all->handed_count >= PROM_BEHIND_MAX && peer->handed > 1);
}

/* Whether there is room for all connections, including the newcomers. */
static bool has_room(const struct prom_connections *all, unsigned newcomers)
{
    return all->count - all->cut_off + all->handed_count + newcomers <= all->limits.connections;
}

/*
 * Whether the newcomer, which is counted, has a place. It has none if all of its address are at work, but for the first
 * one of an address: those that are on their way to the HTTP thread can't be cut off.
 */
static bool make_room(struct prom_connections *all, const struct prom_peer *peer, bool is_ready)
{
    if (is_behind(all, peer))
        return false;
    if (has_room(all, 0))
        return true;
    if (!is_ready && peer->places > 1)
        return false;
    struct prom_connection *victim = least(all, peer);
    if (!victim)
        return peer->places == 1;
    prom_connection_cut_off(victim, PROM_CLOSED_FULL);
    return true;
}

bool prom_place_take(struct prom_connections *all, int fd, unsigned listener, const struct prom_peer_address *address,
                     bool is_ready)
{
    bool has_place = false;
    pthread_mutex_lock(&all->lock);
    struct prom_peer *peer = can_hand(all, fd) ? prom_peer_get(&all->peers, address) : NULL;
    if (peer) {
        forget_lost(all, fd);
        hand(all, fd, listener, peer);
        has_place = make_room(all, peer, is_ready);
        if (!has_place)
            prom_place_forget(all, fd);
        prom_peer_put(&all->peers, peer);
    }
    pthread_mutex_unlock(&all->lock);
    return has_place;
}

void prom_place_return(struct prom_connections *all, int fd)
{
    pthread_mutex_lock(&all->lock);
    prom_place_forget(all, fd);
    pthread_mutex_unlock(&all->lock);
}

bool prom_places_are_free(struct prom_connections *all)
{
    pthread_mutex_lock(&all->lock);
    bool are_free = has_room(all, 1);
    pthread_mutex_unlock(&all->lock);
    return are_free;
}

struct prom_peer *prom_peer_wait(struct prom_connections *all, const struct prom_peer_address *address)
{
    pthread_mutex_lock(&all->lock);
    struct prom_peer *peer = prom_peer_get(&all->peers, address);
    pthread_mutex_unlock(&all->lock);
    if (peer)
        peer->waiting++;
    return peer;
}

void prom_peer_leave(struct prom_connections *all, struct prom_peer *peer)
{
    peer->waiting--;
    pthread_mutex_lock(&all->lock);
    prom_peer_put(&all->peers, peer);
    pthread_mutex_unlock(&all->lock);
}

void prom_places_relieve(struct prom_connections *all)
{
    pthread_mutex_lock(&all->lock);
    struct prom_connection *victim = least(all, NULL);
    if (victim)
        prom_connection_cut_off(victim, PROM_CLOSED_FULL);
    pthread_mutex_unlock(&all->lock);
}

/* ---- Cuts */

/* How well a cut is used, judged by its best reader: one whose address holds few cuts, and which is fast. */
struct use {
    unsigned cuts; /* held by the reader's address */
    int64_t pace;
};

static bool is_better(struct use a, struct use b)
{
    return a.cuts != b.cuts ? a.cuts < b.cuts : a.pace > b.pace;
}

static void note_cuts_of_peers(struct prom_connections *all)
{
    for (struct prom_connection *one = all->first; one; one = one->next)
        one->peer->cuts = 0;
    for (struct prom_connection *one = all->first; one; one = one->next)
        if (one->cut)
            one->peer->cuts |= 1U << (one->cut - all->cuts);
}

/* A reader that nothing waits for, or only for a short time, counts as infinitely fast. */
static struct use use_by(const struct prom_connection *reader, int64_t now_ms)
{
    int64_t pace = prom_pace_of(reader, now_ms);
    return (struct use){.cuts = (unsigned)__builtin_popcount(reader->peer->cuts), .pace = pace < 0 ? INT64_MAX : pace};
}

/* Gives the cut that is used worst; among equals the oldest. */
static struct prom_cut *worst_cut(struct prom_connections *all, const struct prom_cut *newest, int64_t now_ms)
{
    struct use best[PROM_CUTS_MAX + 1];
    struct prom_cut *found = NULL;
    for (unsigned i = 0; i <= PROM_CUTS_MAX; i++)
        best[i] = (struct use){.cuts = UINT32_MAX};
    for (const struct prom_connection *one = all->first; one; one = one->next)
        if (one->cut && is_better(use_by(one, now_ms), best[one->cut - all->cuts]))
            best[one->cut - all->cuts] = use_by(one, now_ms);
    for (struct prom_cut *cut = all->cuts; cut <= &all->cuts[PROM_CUTS_MAX]; cut++) {
        if (cut == newest || !cut->readers)
            continue;
        struct use use = best[cut - all->cuts], of_found = found ? best[found - all->cuts] : use;
        if (!found || is_better(of_found, use) || (!is_better(use, of_found) && cut->number < found->number))
            found = cut;
    }
    return found;
}

void prom_cuts_bound(struct prom_connections *all, const struct prom_cut *newest)
{
    unsigned held = 0;
    for (unsigned i = 0; i <= PROM_CUTS_MAX; i++)
        held += all->cuts[i].readers > 0;
    if (held <= PROM_CUTS_MAX)
        return;
    note_cuts_of_peers(all);
    struct prom_cut *worst = worst_cut(all, newest, prom_clock_ms());
    for (struct prom_connection *one = all->first; one && worst->readers; one = one->next)
        if (one->cut == worst)
            prom_connection_cut_off(one, PROM_CLOSED_CUT);
}

/* ---- Compressors */

/*
 * Only readers that keep us waiting give way. It is the slowest reader of the address with the most compressed pages,
 * if that address has more than the newcomer's, or if the reader is below the minimum rate.
 */
static struct prom_connection *least_compressed(const struct prom_connections *all, const struct prom_peer *peer)
{
    struct prom_connection *found = NULL;
    int64_t now_ms = prom_clock_ms(), found_pace = 0;
    for (struct prom_connection *one = all->first; one; one = one->next) {
        int64_t pace = one->is_compressed ? prom_pace_of(one, now_ms) : -1;
        bool may = pace >= 0 && (one->peer->compressed > peer->compressed + 1 || pace < all->limits.bytes_per_second);
        if (!may || (found && found->peer->compressed > one->peer->compressed))
            continue;
        if (!found || one->peer->compressed > found->peer->compressed || pace < found_pace) {
            found = one;
            found_pace = pace;
        }
    }
    return found;
}

bool prom_connection_compress(struct prom_connection *connection)
{
    if (!connection)
        return true;
    struct prom_connections *all = connection->all;
    pthread_mutex_lock(&all->lock);
    if (all->compressed >= all->limits.compressed) {
        struct prom_connection *victim = least_compressed(all, connection->peer);
        if (victim)
            prom_connection_cut_off(victim, PROM_CLOSED_SLOW);
    }
    bool may = connection->closed == PROM_CLOSED_NONE && all->compressed < all->limits.compressed;
    if (may) {
        connection->is_compressed = true;
        connection->peer->compressed++;
        fx_metric_set(all->instance, PROM_COMPRESSED, 0, ++all->compressed);
    } else {
        fx_metric_add(all->instance, PROM_UNCOMPRESSED, 0, 1);
    }
    pthread_mutex_unlock(&all->lock);
    return may;
}

/* Requests for checkpoints, and when one is due. Any thread, except for wait and stop. */
#include "checkpoint/inside.h"
#include "util/clock.h"

#define ASK_AGAIN_MS 200

static void wake(struct fxi_requests *requests)
{
    requests->requested = true;
    pthread_cond_signal(&requests->woken);
}

void fxi_checkpoints_want(struct fxi_checkpoints *checkpoints)
{
    struct fxi_requests *requests = &checkpoints->requests;
    pthread_mutex_lock(&requests->lock);
    wake(requests);
    pthread_mutex_unlock(&requests->lock);
}

/* A pause that is short, but no shorter than min_interval. */
static int64_t soon_ms(const struct fxi_checkpoints *checkpoints)
{
    int64_t min_ms = checkpoints->config->state.min_interval_ms;
    return min_ms > ASK_AGAIN_MS ? min_ms : ASK_AGAIN_MS;
}

void fxi_checkpoints_want_again(struct fxi_checkpoints *checkpoints)
{
    struct fxi_requests *requests = &checkpoints->requests;
    int64_t now_ms = fxi_clock_ms();
    pthread_mutex_lock(&requests->lock);
    int64_t last_ms = requests->wanted_ms > requests->last_cut_ms ? requests->wanted_ms : requests->last_cut_ms;
    if (now_ms - last_ms >= soon_ms(checkpoints)) {
        requests->wanted_ms = now_ms;
        wake(requests);
    }
    pthread_mutex_unlock(&requests->lock);
}

bool fxi_checkpoints_request(struct fxi_checkpoints *checkpoints)
{
    struct fxi_requests *requests = &checkpoints->requests;
    if (!atomic_load(&checkpoints->progress.recovered))
        return false;
    pthread_mutex_lock(&requests->lock);
    bool young = !requests->waiting_for_answer && !requests->requested && requests->last_cut_ms &&
                 fxi_clock_ms() - requests->last_cut_ms < checkpoints->config->state.min_interval_ms;
    if (!young)
        wake(requests);
    pthread_mutex_unlock(&requests->lock);
    return !young;
}

void fxi_requests_note(struct fxi_checkpoints *checkpoints, bool cut_taken)
{
    struct fxi_requests *requests = &checkpoints->requests;
    pthread_mutex_lock(&requests->lock);
    if (cut_taken)
        requests->last_cut_ms = fxi_clock_ms();
    requests->waiting_for_answer = checkpoints->progress.unsettled;
    requests->is_vetoed = checkpoints->progress.is_vetoed;
    pthread_mutex_unlock(&requests->lock);
}

/* If an output did not store a cut, another cut follows soon. */
static int64_t pause_until_next(const struct fxi_checkpoints *checkpoints)
{
    const struct fxi_state_options *state = &checkpoints->config->state;
    if (checkpoints->requests.waiting_for_answer)
        return ASK_AGAIN_MS;
    if (!checkpoints->requests.is_vetoed)
        return state->max_interval_ms;
    int64_t pause_ms = soon_ms(checkpoints);
    return pause_ms < state->max_interval_ms ? pause_ms : state->max_interval_ms;
}

bool fxi_requests_wait(struct fxi_checkpoints *checkpoints)
{
    struct fxi_requests *requests = &checkpoints->requests;
    pthread_mutex_lock(&requests->lock);
    while (!requests->thread_stops && !requests->requested) {
        struct timespec until = fxi_clock_after_ms(pause_until_next(checkpoints));
        if (pthread_cond_timedwait(&requests->woken, &requests->lock, &until))
            break;
    }
    requests->requested = false;
    bool go_on = !requests->thread_stops;
    pthread_mutex_unlock(&requests->lock);
    return go_on;
}

void fxi_requests_stop(struct fxi_checkpoints *checkpoints)
{
    struct fxi_requests *requests = &checkpoints->requests;
    pthread_mutex_lock(&requests->lock);
    requests->thread_stops = true;
    pthread_cond_signal(&requests->woken);
    pthread_mutex_unlock(&requests->lock);
}

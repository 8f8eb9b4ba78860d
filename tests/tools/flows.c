/* Chooses the next flow with a seeded generator. One thread; struct flows owns nothing but itself. */
#include "flows.h"

#include <math.h>
#include <stdlib.h>

struct flows {
    struct flows_options options;
    struct flows_counts counts;
    uint64_t state; /* the generator's state */
    uint64_t lines;
    uint64_t pairs; /* combinations of AS, router and direction */
    struct flow last;
};

/* splitmix64. */
static uint64_t random_next(struct flows *flows)
{
    uint64_t z = flows->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double random_unit(struct flows *flows)
{
    return (double)(random_next(flows) >> 11) * 0x1p-53;
}

static const char *options_fault(const struct flows_options *options)
{
    uint64_t all = (uint64_t)options->as_count * options->routers * 2;
    if (all == 0)
        return "at least one AS and one router are needed";
    if (options->series > all)
        return "--series is more than 2 x --as x --routers";
    if (options->spread && options->as_count >= FLOWS_SPREAD)
        return "--spread is for fewer ASes";
    if (!(options->malformed >= 0 && options->malformed <= 1))
        return "--malformed is a share, from 0 to 1";
    return NULL;
}

struct flows *flows_new(const struct flows_options *options, const char **why)
{
    *why = options_fault(options);
    if (*why)
        return NULL;
    struct flows *flows = calloc(1, sizeof *flows);
    if (!flows)
        abort();
    flows->options = *options;
    flows->state = options->seed;
    flows->pairs = options->series ? options->series : (uint64_t)options->as_count * options->routers * 2;
    return flows;
}

void flows_free(struct flows *flows)
{
    free(flows);
}

const struct flows_counts *flows_counts(const struct flows *flows)
{
    return &flows->counts;
}

uint64_t flows_series(const struct flows *flows)
{
    return flows->pairs;
}

const struct flow *flows_last(const struct flows *flows)
{
    return &flows->last;
}

bool flows_last_is_counted(const struct flows *flows)
{
    return flows->last.as_src == flows->options.asn || flows->last.as_dst == flows->options.asn;
}

/* The bound of spread numbers is prime, so that each number comes once. */
uint32_t flows_as_number(const struct flows_options *options, uint32_t index)
{
    if (options->others)
        return options->others[index];
    uint32_t number = options->spread ? (uint32_t)((uint64_t)index * 160001 % FLOWS_SPREAD) + 1 : index + 1;
    return options->asn > 0 && number >= options->asn ? number + 1 : number;
}

static bool is_first_round(const struct flows *flows)
{
    return !flows->options.skip_series && flows->lines < flows->pairs;
}

/*
 * The first lines go through all pairs once, so that each has a record. After that the choice is log-uniform, which is
 * Zipf's law.
 */
static uint64_t pair_next(struct flows *flows)
{
    if (is_first_round(flows))
        return flows->lines;
    if (flows->options.draw == FLOWS_UNIFORM)
        return random_next(flows) % flows->pairs;
    uint64_t pair = (uint64_t)pow((double)flows->pairs + 1, random_unit(flows)) - 1;
    return pair < flows->pairs ? pair : flows->pairs - 1;
}

/* Most flows have one to some hundred packets. One in a thousand has more than 4 GiB. */
static void sizes_draw(struct flows *flows, struct flow *flow)
{
    flow->packets = 1 + (uint64_t)pow(500, random_unit(flows));
    flow->bytes = flow->packets * (40 + flow->random % 1461);
    if (random_next(flows) % 1000 == 0)
        flow->bytes += UINT64_C(1) << 32;
}

static void flow_draw(struct flows *flows, struct flow *flow)
{
    const struct flows_options *options = &flows->options;
    bool is_first = is_first_round(flows);
    uint64_t pair = pair_next(flows);
    uint32_t other = flows_as_number(options, (uint32_t)(pair / 2 / options->routers));
    flow->random = random_next(flows);
    flow->router = (uint32_t)(pair / 2 % options->routers);
    flow->as_src = pair % 2 ? options->asn : other;
    flow->as_dst = pair % 2 ? other : options->asn;
    if (!is_first && flow->random % 16 == 0)
        flow->as_src = flow->as_dst = other;
    sizes_draw(flows, flow);
}

static void count_sound(struct flows *flows)
{
    flows->counts.records++;
    if (flows_last_is_counted(flows))
        flows->counts.counted += flows->last.bytes;
}

void flows_next(struct flows *flows, struct flows_text *text)
{
    const struct flows_options *options = &flows->options;
    size_t start = text->size;
    flow_draw(flows, &flows->last);
    flows_write(options, &flows->last, text);
    if (options->malformed > 0 && random_unit(flows) < options->malformed)
        flows->counts.malformed[flows_spoil(text, start, random_next(flows))]++;
    else
        count_sound(flows);
    flows_text_add(text, "\n", 1);
    flows->lines++;
    if (options->marker_every > 0 && flows->lines % options->marker_every == 0) {
        flows_write_markers(text, options->marker_every);
        flows->counts.markers += 2;
    }
}

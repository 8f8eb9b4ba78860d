/* Records that are rendered before anything is measured. One thread. */
#include <stdlib.h>

#include "replay.h"

void replay_pool_init(struct replay_pool *pool, const struct flows_options *options, size_t count)
{
    const char *why;
    struct flows_options random = *options;
    random.skip_series = true;
    struct flows *flows = flows_new(&random, &why);
    *pool = (struct replay_pool){.records = malloc(count * sizeof *pool->records), .count = count};
    if (!flows || !pool->records)
        abort();
    for (size_t i = 0; i < count; i++) {
        size_t before = pool->text.size;
        flows_next(flows, &pool->text);
        pool->records[i] = (struct replay_record){
            .begin = before,
            .size = (uint32_t)(pool->text.size - before),
            .counted = flows_last_is_counted(flows) ? flows_last(flows)->bytes : 0,
        };
    }
    flows_free(flows);
}

void replay_pool_fini(struct replay_pool *pool)
{
    free(pool->text.data);
    free(pool->records);
}

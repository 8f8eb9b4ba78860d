/* The set of cells by key. */
#include "series/info.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "metric/names.h"
#include "series/render.h"

#define NAME "flow_as_info"

void prom_info_init(struct prom_info *info)
{
    *info = (struct prom_info){.count = 0};
    pthread_mutex_init(&info->lock, NULL);
}

void prom_info_fini(struct prom_info *info)
{
    for (size_t i = 0; i < info->capacity; i++)
        fx_cell_unref(info->cells[i]);
    free(info->cells);
    pthread_mutex_destroy(&info->lock);
}

/* The place of the cell with this key, or the free place where the cell belongs. */
static size_t find(struct fx_cell *const *cells, size_t capacity, const char *key, size_t size)
{
    size_t place = prom_hash_text(key, size) & (capacity - 1);
    for (; cells[place]; place = (place + 1) & (capacity - 1)) {
        size_t other_size;
        const char *other = fx_cell_key(cells[place], &other_size);
        if (other_size == size && memcmp(other, key, size) == 0)
            break;
    }
    return place;
}

/* At most half of the places are taken. */
static int rehash(struct prom_info *info)
{
    if (2 * (info->count + 1) <= info->capacity)
        return 0;
    size_t capacity = info->capacity ? 2 * info->capacity : 256;
    struct fx_cell **cells = calloc(capacity, sizeof(struct fx_cell *));
    if (!cells)
        return -1;
    for (size_t i = 0; i < info->capacity; i++) {
        size_t size;
        const char *key = info->cells[i] ? fx_cell_key(info->cells[i], &size) : NULL;
        if (key)
            cells[find(cells, capacity, key, size)] = info->cells[i];
    }
    free(info->cells);
    info->cells = cells;
    info->capacity = capacity;
    return 0;
}

int prom_info_add(struct prom_info *info, struct fx_cell *cell)
{
    size_t size;
    const char *key = fx_cell_key(cell, &size);
    if (size == 0)
        return 0;
    pthread_mutex_lock(&info->lock);
    int rc = rehash(info);
    size_t place = rc ? 0 : find(info->cells, info->capacity, key, size);
    if (!rc && !info->cells[place]) {
        info->cells[place] = fx_cell_ref(cell);
        info->count++;
    }
    pthread_mutex_unlock(&info->lock);
    return rc;
}

static void print_line(struct fx_cell *cell, struct prom_buffer *to)
{
    char name[FX_CELL_TEXT_MAX];
    size_t name_size, key_size;
    const char *key = fx_cell_key(cell, &key_size);
    if (fx_cell_read(cell, name, &name_size) == FX_CELL_PENDING)
        return;
    prom_buffer_puts(to, NAME "{as=\"");
    prom_render_escaped(to, key, key_size);
    prom_buffer_puts(to, "\",name=\"");
    prom_render_escaped(to, name, name_size);
    prom_buffer_puts(to, "\"} 1\n");
}

void prom_info_print(struct prom_info *info, enum prom_format format, const struct prom_filter *filter,
                     struct prom_buffer *to)
{
    if (!(prom_filter_parts(filter, NAME, prom_metric_family_size(NAME, FX_GAUGE)) & PROM_PART_VALUE))
        return;
    size_t before = to->size;
    prom_render_head(to, format, NAME, "The name of an AS, by its number.", FX_GAUGE);
    size_t head_end = to->size;
    pthread_mutex_lock(&info->lock);
    for (size_t i = 0; i < info->capacity; i++)
        if (info->cells[i])
            print_line(info->cells[i], to);
    pthread_mutex_unlock(&info->lock);
    if (to->size == head_end)
        to->size = before;
}

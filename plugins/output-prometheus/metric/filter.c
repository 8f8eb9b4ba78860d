/* Names that a request asks for. The HTTP thread. */
#include "metric/filter.h"

#include <stdlib.h>
#include <string.h>

bool prom_filter_add(struct prom_filter *filter, const char *name, size_t size)
{
    if (filter->count == PROM_FILTER_MAX)
        return false;
    char *text = malloc(size + 1);
    if (!text)
        return false;
    memcpy(text, name, size);
    text[size] = '\0';
    filter->names[filter->count++] = (struct prom_filter_name){text, size};
    return true;
}

void prom_filter_free(struct prom_filter *filter)
{
    for (unsigned i = 0; filter && i < filter->count; i++)
        free(filter->names[i].text);
    free(filter);
}

static unsigned part_of(const char *suffix, size_t size)
{
    static const struct {
        const char *text;
        unsigned part;
    } suffixes[] = {{"", PROM_PART_ALL},
                    {"_total", PROM_PART_ALL},
                    {"_info", PROM_PART_ALL},
                    {"_bucket", PROM_PART_BUCKET},
                    {"_sum", PROM_PART_SUM},
                    {"_count", PROM_PART_COUNT},
                    {"_created", PROM_PART_CREATED}};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (strlen(suffixes[i].text) == size && memcmp(suffixes[i].text, suffix, size) == 0)
            return suffixes[i].part;
    return 0;
}

unsigned prom_filter_parts(const struct prom_filter *filter, const char *family, size_t size)
{
    unsigned parts = filter && filter->count ? 0 : PROM_PART_ALL;
    for (unsigned i = 0; filter && i < filter->count; i++) {
        const struct prom_filter_name *name = &filter->names[i];
        if (name->size >= size && memcmp(name->text, family, size) == 0)
            parts |= part_of(name->text + size, name->size - size);
    }
    return parts;
}

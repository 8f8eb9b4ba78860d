/* Big arrays, straight from the system. Any thread. */
#include "base/big.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_BYTES ((size_t)2 * 1024 * 1024)
/* Memory of this size or more begins at a page's beginning, and becomes resident page by page. */
#define MAPPED_BYTES ((size_t)128 * 1024)

static bool is_huge(size_t bytes, bool may_be_huge)
{
    return may_be_huge && bytes >= HUGE_BYTES;
}

static size_t round_up(size_t bytes)
{
    return (bytes + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES;
}

/* Maps more than is needed, then cuts off the ends, so that the memory begins where a huge page can begin. */
static void *map_aligned(size_t bytes)
{
    size_t more = bytes + HUGE_BYTES;
    char *start = mmap(NULL, more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    size_t before = (HUGE_BYTES - (uintptr_t)start % HUGE_BYTES) % HUGE_BYTES;
    if (before)
        munmap(start, before);
    munmap(start + before + bytes, more - before - bytes);
    madvise(start + before, bytes, MADV_HUGEPAGE); /* advice only: without it everything works, but slower */
    return start + before;
}

void *prom_big_new(size_t bytes, bool may_be_huge)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    if (is_huge(bytes, may_be_huge))
        return map_aligned(round_up(bytes));
    if (bytes < MAPPED_BYTES)
        return calloc(1, bytes ? bytes : 1);
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void prom_big_free(void *pages, size_t bytes, bool may_be_huge)
{
    if (!pages)
        return;
    if (is_huge(bytes, may_be_huge))
        munmap(pages, round_up(bytes));
    else if (bytes < MAPPED_BYTES)
        free(pages);
    else
        munmap(pages, bytes);
}

/*
 * Any bytes as a payload of vFlow's messages. Nothing is read beyond the end, every fault has a place in the payload,
 * and the end is reached. A second time gives the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "decode/vflow.h"

#define MAX_DEPTH 8

static const struct fxi_field fields[] = {{"16", FX_UNSIGNED, 0, 0, 0},
                                          {"1", FX_UNSIGNED, 0, 0, 0},
                                          {"1", FX_TEXT, 0, 0, 0},
                                          {"29305\\.1", FX_DOUBLE, 0, 0, 0},
                                          {"AgentID", FX_TEXT, 0, 0, 0}};
#define COUNT (sizeof fields / sizeof *fields)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t run(struct fxi_vflow *vflow, const char *payload, size_t size)
{
    const char *at = payload, *end = payload + size;
    uint64_t seen = 0;
    struct fxi_arena arena;
    fxi_arena_init(&arena, (size_t)1 << 24);
    for (;;) {
        struct fx_value row[COUNT];
        const char *where = NULL;
        enum fxi_decode decode = fxi_vflow_next(vflow, &at, end, row, &arena, &where);
        if (decode == FXI_DECODE_END)
            break;
        if (decode != FXI_DECODE_RECORD && (where < payload || where > end))
            abort();
        seen = seen * 31 + (uint64_t)decode;
        for (size_t i = 0; decode == FXI_DECODE_RECORD && i < COUNT; i++) {
            seen = seen * 31 + row[i].type;
            for (uint32_t j = 0; row[i].type == FX_TEXT && j < row[i].size; j++)
                seen = seen * 31 + (unsigned char)row[i].text[j];
            if (row[i].type == FX_UNSIGNED)
                seen = seen * 31 + row[i].u;
        }
    }
    if (at != end)
        abort();
    fxi_arena_fini(&arena);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_vflow *vflow = fxi_vflow_new(fields, COUNT, MAX_DEPTH, &err);
    if (!vflow)
        abort();
    uint64_t first = run(vflow, (const char *)data, size);
    if (run(vflow, (const char *)data, size) != first)
        abort();
    fxi_vflow_free(vflow);
    return 0;
}

#include "state/parts.h"

#include <stdlib.h>
#include <unistd.h>

#include "util/alloc.h"

struct fx_state *fxi_state_part(struct fxi_state *state, const char *instance, const char *plugin)
{
    struct fx_state *part = fxi_calloc(1, sizeof *part);
    part->state = state;
    part->instance = fxi_strdup(instance);
    part->plugin = fxi_strdup(plugin);
    part->values_fd = part->log_fd = -1;
    part->next = state->parts;
    state->parts = part;
    return part;
}

void fxi_part_close_files(struct fx_state *part)
{
    if (part->values_fd >= 0)
        close(part->values_fd);
    if (part->log_fd >= 0)
        close(part->log_fd);
    part->values_fd = part->log_fd = -1;
    free(part->block[FXI_PART_VALUES]);
    free(part->block[FXI_PART_LOG]);
    part->block[FXI_PART_VALUES] = part->block[FXI_PART_LOG] = NULL;
}

void fxi_part_free(struct fx_state *part)
{
    fxi_part_close_files(part);
    fxi_part_read_end(part);
    free(part->instance);
    free(part->plugin);
    free(part);
}

/* What recovery.c and rollback.c share. */
#ifndef FXI_PIPELINE_RECOVERY_H
#define FXI_PIPELINE_RECOVERY_H

#include "pipeline/state.h"

/* Outputs take the slot's values, those that can't begin with nothing; slot NULL: all do. */
void fxi_restore_outputs(struct fxi_pipeline *pipeline, const struct fxi_slot *slot);

#endif

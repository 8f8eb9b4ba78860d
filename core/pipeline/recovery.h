/* What recovery.c and rollback.c share. */
#ifndef FXI_PIPELINE_RECOVERY_H
#define FXI_PIPELINE_RECOVERY_H

#include "pipeline/state.h"

/*
 * Outputs take the slot's values, those that can't begin with nothing; slot NULL: all do. Logs and counts what became
 * of it: kind, unless what was kept can't be used.
 */
void fxi_restore_outputs(struct fxi_pipeline *pipeline, const struct fxi_slot *slot, enum fxi_recovery kind);

#endif

#include "cli/status.h"

enum fxi_status fxi_status_of_end(enum fxi_outcome outcome)
{
    return outcome == FXI_OUTCOME_FAULT           ? FXI_STATUS_FAULT
           : outcome == FXI_OUTCOME_NOT_COMMITTED ? FXI_STATUS_NOT_COMMITTED
                                                  : FXI_STATUS_OK;
}

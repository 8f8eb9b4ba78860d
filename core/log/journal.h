/* Whether lines go to systemd's journal. The journal adds times itself, and takes the level as a prefix. */
#ifndef FXI_LOG_JOURNAL_H
#define FXI_LOG_JOURNAL_H

#include <stdbool.h>

/* Any thread. Looks once: standard error is the journal if it is the file that JOURNAL_STREAM names (systemd.exec(5)). */
bool fxi_log_is_journal(void);

#endif

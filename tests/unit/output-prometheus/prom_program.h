/* output-prometheus with a real state directory, as a program that is started, stopped and killed. */
#ifndef TEST_PROM_PROGRAM_H
#define TEST_PROM_PROGRAM_H

#include "prom_fixture.h"
#include "state/directory.h"

#define CELLS 8

/* The program from start to end, and what is outside of it: the directory, the resolver's cells. */
struct prom_program {
    struct prom_fixture fixture;
    struct fxi_state *state;
    struct fx_state *part;
    struct fx_cell *cells[CELLS];
    char directory[64];
    int64_t max_series, names_wait_ms, expire_after_ms;
    uint64_t asn;
    void (*around)(bool enters); /* calls of the output, which then may fail: goes on as the core does */
    bool lost_state;             /* the last restore failed */
};

/* In a new directory; and with nothing left of it. */
void prom_program_begin(struct prom_program *program);
void prom_program_end(struct prom_program *program);
/* Nothing is written at the end of the old one: it was killed. */
void prom_program_restart(struct prom_program *program, bool names_are_known);

/* Cut and prepare, durable but not accepted; *rewritten says whether the log was made anew. False: there is no cut. */
bool prom_program_prepare(struct prom_program *program, bool *rewritten);
void prom_program_accept(struct prom_program *program);
bool prom_program_checkpoint(struct prom_program *program); /* both */

/* Transmitted from the own AS to number, whose name is the cell's. */
void prom_program_transmit(struct prom_program *program, unsigned number, const char *label, uint64_t bytes);

#endif

/* output-prometheus with a real state directory: a program that is started, stopped and killed. */
#ifndef TEST_PROM_PROGRAM_H
#define TEST_PROM_PROGRAM_H

#include "prom_fixture.h"
#include "state/directory.h"

#define CELLS 8

/* The program from start to end, and what exists outside of it: the directory and the resolver's cells. */
struct prom_program {
    struct prom_fixture fixture;
    struct fxi_state *state;
    struct fx_state *part;
    struct fx_cell *cells[CELLS];
    char directory[64];
    int64_t max_series, names_wait_ms, expire_after_ms;
    uint64_t asn;
    /* Called around calls of the output, which may then fail. The test continues as the core does. */
    void (*around)(bool enters);
    bool lost_state; /* the last restore failed */
};

/* begin: starts in a new directory. end: removes everything. */
void prom_program_begin(struct prom_program *program);
void prom_program_end(struct prom_program *program);
/* Starts again, as after a kill: the old program writes nothing at its end. */
void prom_program_restart(struct prom_program *program, bool names_are_known);

/* Cuts and prepares: durable, but not accepted. *rewritten: the log was rewritten. False: there is no cut. */
bool prom_program_prepare(struct prom_program *program, bool *rewritten);
void prom_program_accept(struct prom_program *program);
bool prom_program_checkpoint(struct prom_program *program); /* prepares and commits */

/* Counts bytes sent from our own AS to number. The cell of that number has its name. */
void prom_program_transmit(struct prom_program *program, unsigned number, const char *label, uint64_t bytes);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Why a run stops early: its caller asks for it, or the time limit is near.
 */
#ifndef BORDERLINE_RUN_INTERRUPT_H
#define BORDERLINE_RUN_INTERRUPT_H

#include "borderline/comm.h"
#include "borderline/hooks.h"

typedef struct bl_interrupt {
    bl_hooks hooks;
    double deadline;  /* on bl_clock; infinite without a limit */
    double grace;     /* seconds that work in flight has after a stop was asked for */
    int reason;       /* what hooks.stop said first, on any rank that is known of; 0: nothing */
    double caught_at; /* on bl_clock: when this rank first knew */
} bl_interrupt;

/* Begin: the deadline is the earlier of time_limit seconds from now (0: none) and SLURM_JOB_END_TIME. hooks: NULL for none. */
void bl_interrupt_start(const bl_hooks *hooks, double time_limit, double grace, bl_interrupt *interrupt);

/* Was a stop asked for, here or (since the last bl_interrupt_share) on another rank? */
bool bl_interrupt_asked(bl_interrupt *interrupt);

/* Must the work in flight be left now: is the grace after a request over, or the time limit itself? */
bool bl_interrupt_overdue(bl_interrupt *interrupt);
/* The same, for code that takes a context. */
bool bl_interrupt_is_overdue(void *interrupt);

/* Seconds left until the time limit; infinite without one. */
double bl_interrupt_time_left(const bl_interrupt *interrupt);

/* Let every rank know of a request that any rank got. Collective on comm->world. */
void bl_interrupt_share(bl_interrupt *interrupt, const bl_comm *comm);

/* What asked for the stop, for the message: "SIGUSR1", "the time limit". */
const char *bl_interrupt_reason(const bl_interrupt *interrupt);

#endif

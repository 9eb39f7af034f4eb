/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Stopping early: signals, time limits.
 */
#ifndef BORDERLINE_RUN_INTERRUPT_H
#define BORDERLINE_RUN_INTERRUPT_H

#include "borderline/comm.h"
#include <stdbool.h>

/* Catch SIGTERM, SIGINT and SIGUSR1 from now on; take the time limit: the sooner of time_limit seconds from
 * now (0: none) and SLURM_JOB_END_TIME. Units in flight get `grace` seconds after a signal. */
void bl_interrupt_start(double time_limit, double grace);

/* A signal came. */
bool bl_interrupt_signalled(void);

/* The unit in flight must be left now: the grace after a signal, or the time limit itself, is over. */
bool bl_interrupt_overdue(void);

/* Seconds left until the time limit; infinite without one. */
double bl_interrupt_time_left(void);

/* Let every rank know of a signal that any rank got. Collective on comm->world. */
void bl_interrupt_share(const bl_comm *comm);

/* What asked for the stop, for the message: "SIGUSR1" or "the time limit". */
const char *bl_interrupt_reason(void);

#endif

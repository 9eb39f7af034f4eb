/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The schedule: which rank does which unit next. Knows numbers of units and their costs, no physics.
 *
 * Units are taken in order of decreasing cost. Each node first gets a share of them by static partition; the
 * rest is handed out in shrinking chunks. Inside a node a shared-memory counter (C11 atomics) gives units to
 * ranks; a rank that finds its node's list low asks rank 0, where a small thread answers, so nobody waits for
 * anyone's unit to end.
 */
#ifndef BORDERLINE_SCHEDULE_H
#define BORDERLINE_SCHEDULE_H

#include "borderline/comm.h"
#include <stdint.h>

typedef struct bl_schedule bl_schedule;

/** Prepare a sweep over units.
 *
 * Collective:  on comm->world. Every rank passes the same arrays.
 * Shapes:      cost[count] > 0, any unit (float64); unit[count] the unit numbers to do (those not yet done).
 * Ownership:   arrays are copied.
 */
BL_API bl_err bl_schedule_create(const bl_comm *comm, int64_t count, const int64_t *unit, const double *cost,
                                 bl_schedule **out) BL_NODISCARD;
/** Collective on comm->world: ends the serving thread, frees shared memory. */
BL_API void bl_schedule_destroy(bl_schedule **schedule);

/** The next unit of this rank; *unit = -1 when there is none. Never waits for another rank's unit. */
BL_API bl_err bl_schedule_next(bl_schedule *schedule, int64_t *unit) BL_NODISCARD;

/** Ask that no further unit be given out, to this node at once and to all when it is known at rank 0. Not
 * collective; safe to call from any rank at any time outside a signal handler. */
BL_API void bl_schedule_halt(bl_schedule *schedule);
/** Whether a halt was asked for, as far as this node knows. */
BL_API bool bl_schedule_halted(const bl_schedule *schedule);

/** Units finished by all ranks of all nodes as far as is known on this node, for a progress display. Each
 * rank reports its own with bl_schedule_done. */
BL_API void bl_schedule_done(bl_schedule *schedule, int64_t unit);
BL_API int64_t bl_schedule_finished(const bl_schedule *schedule);

/* What a simulation of the schedule gives. */
typedef struct bl_schedule_forecast {
    double makespan;   /* in the costs' unit */
    double efficiency; /* sum of costs / (ranks * makespan) */
} bl_schedule_forecast;

/** Run the same rules in simulated time (event driven).
 *
 * Shapes:      cost[count]; each unit's real time is cost x a factor drawn log-normally with standard
 * deviation `spread` of the log (estimates are not exact), request latency `latency` in the costs' unit.
 * Collective:  no.
 */
BL_API bl_err bl_schedule_simulate(int64_t count, const double *cost, int64_t ranks, int64_t ranks_a_node,
                                   double spread, double latency,
                                   bl_schedule_forecast *forecast) BL_NODISCARD;

#endif

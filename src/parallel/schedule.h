/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The schedule: which rank does which unit next. Knows numbers of units and their costs, no physics.
 *
 * Units are taken in order of decreasing cost. Each node first gets a share of them by static partition; the
 * rest is handed out in shrinking chunks. Inside a node a shared-memory counter (C11 atomics) gives units to
 * ranks; a rank that finds its node's list low asks rank 0, where a small thread answers, so nobody waits for
 * anyone's unit to end. On one node, or where MPI does not grant MPI_THREAD_MULTIPLE, everything is divided
 * beforehand and there is no such thread; in the second case a halt and the count of finished units stay on
 * their node.
 */
#ifndef BORDERLINE_SCHEDULE_H
#define BORDERLINE_SCHEDULE_H

#include "borderline/comm.h"
#include <stdint.h>

typedef struct bl_schedule bl_schedule;

/** Prepare a sweep over units.
 *
 * Math:        the rules are those of bl_schedule_simulate.
 * Shapes:      cost[count] > 0 in any unit of measure; unit[count] the numbers of the units to do (those not yet done),
 * all different, in any order; count may be 0.
 * Collective:  on comm->world. Every rank passes the same arrays.
 * Ownership:   arrays are copied; *out is the caller's; comm must outlive it.
 * @return BL_OK; BL_ERR_MEMORY, BL_ERR_LIBRARY (no thread could be started), the same on every rank.
 */
BL_API bl_err bl_schedule_create(const bl_comm *comm, int64_t count, const int64_t *unit, const double *cost,
                                 bl_schedule **out) BL_NODISCARD;

/** End the serving thread and free shared memory, when every rank has called it. A rank that leaves its sweep
 * early (halted or failed) just calls it earlier. Collective on comm->world. */
BL_API void bl_schedule_destroy(bl_schedule **schedule);

/** The next unit of this rank.
 *
 * Collective:  no. Never waits for another rank's unit: at most for an answer of rank 0's thread.
 * @return its number; -1 when there is none for this rank any more, or after a halt.
 */
BL_API int64_t bl_schedule_next(bl_schedule *schedule);

/** Ask that no further unit be given out: at once on this node, on every other when it next asks or reports,
 * which is within a second or at the end of the units in flight. Not collective; any rank may call it at any
 * time, more than once, but not from a signal handler. */
BL_API void bl_schedule_halt(bl_schedule *schedule);

/** Whether a halt was asked for, as far as this node knows. Not collective; may be polled inside a unit. */
BL_API bool bl_schedule_halted(const bl_schedule *schedule);

/** Count the unit that bl_schedule_next gave last as finished (asserted). About once a second one rank of
 * each node passes the node's count on to rank 0, and learns of the others' and of a halt. Not collective. */
BL_API void bl_schedule_done(bl_schedule *schedule, int64_t unit);

/** Units finished by all ranks as far as is known on this node (at most about a second old while units end),
 * for a progress display. Not collective. */
BL_API int64_t bl_schedule_finished(const bl_schedule *schedule);

/* Does one item of work; an error ends the work on all items. */
typedef bl_err (*bl_schedule_work)(void *context, int64_t item);

/** Do items 0 ... count - 1, each on one rank: a rank that is free takes the most expensive item that is left.
 *
 * Shapes:      cost[count] > 0.
 * Collective:  on comm->world, every rank with the same costs; work is not. After an error no further item is begun.
 * @return BL_OK; the worst of what work returned; BL_ERR_MEMORY, BL_ERR_LIBRARY; the same on every rank.
 */
BL_API bl_err bl_schedule_each(const bl_comm *comm, int64_t count, const double *cost, bl_schedule_work work,
                               void *context) BL_NODISCARD;

/* What a simulation of the schedule gives. */
typedef struct bl_schedule_forecast {
    double makespan;   /* in the costs' unit */
    double efficiency; /* sum of the real times / (ranks * makespan) */
} bl_schedule_forecast;

/** Times of units whose estimates are right in the mean: cost x exp(spread z - spread^2/2), z standard normal.
 * Shapes: cost[count], seconds[count]. Collective: no; deterministic. @return BL_OK; BL_ERR_MEMORY. */
BL_API bl_err bl_schedule_scatter(int64_t count, const double *cost, double spread,
                                  double *seconds) BL_NODISCARD;

/** Run the same rules in simulated time (event driven).
 *
 * Math:        the rules see cost, the units take seconds. Guided self-scheduling: Polychronopoulos & Kuck 1987.
 * Shapes:      cost[count], seconds[count]; a request for more units takes `latency`, in their unit.
 * Collective:  no; deterministic. 10^6 units on 65,536 ranks take about a second.
 * @param[in] ranks_per_node  the last node may have fewer
 * @return BL_OK; BL_ERR_INPUT when there is no rank; BL_ERR_MEMORY.
 */
BL_API bl_err bl_schedule_simulate_times(int64_t count, const double *cost, const double *seconds,
                                         int64_t ranks, int64_t ranks_per_node, double latency,
                                         bl_schedule_forecast *forecast) BL_NODISCARD;
/* The same with times of bl_schedule_scatter. */
BL_API bl_err bl_schedule_simulate(int64_t count, const double *cost, int64_t ranks, int64_t ranks_per_node,
                                   double spread, double latency,
                                   bl_schedule_forecast *forecast) BL_NODISCARD;

#endif

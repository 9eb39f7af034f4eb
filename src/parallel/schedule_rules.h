/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The rules of the schedule, without MPI: the sweep and its simulation run the very same ones.
 *
 * Units are ordered by decreasing cost. The first of them, most of the cost, are divided over the nodes
 * beforehand; the rest, the cheap tail, is handed out on request in chunks that shrink with what is left
 * (guided self-scheduling, Polychronopoulos and Kuck 1987, by cost instead of number). Private to src/parallel.
 */
#ifndef BORDERLINE_SCHEDULE_RULES_H
#define BORDERLINE_SCHEDULE_RULES_H

#include "borderline/err.h"
#include <stdint.h>

/* What every node knows before the sweep begins. */
typedef struct bl_division {
    int64_t count;        /* units */
    int64_t static_count; /* the first units of the order, divided over the nodes beforehand */
    int64_t *order;       /* [count] places in the caller's arrays, by decreasing cost */
    int32_t *owner;       /* [static_count] the node that does the unit of this place in the order */
} bl_division;

/** Order the units and divide the static share over nodes in proportion to their ranks.
 *
 * Math:        each unit, largest first, goes to the node whose load per rank is then smallest.
 * Shapes:      unit[count] (ties in cost go by it; NULL: by place), cost[count], node_ranks[nodes].
 * Collective:  no; a function of the arguments alone.
 * @param[in] served  the tail is handed out on request; else all units are divided beforehand
 * Ownership:   arrays are borrowed; *out is the caller's.
 * @return BL_OK; BL_ERR_MEMORY.
 */
bl_err bl_division_create(int64_t count, const int64_t *unit, const double *cost, int32_t nodes,
                          const int32_t *node_ranks, bool served, bl_division **out) BL_NODISCARD;
void bl_division_destroy(bl_division **division);

/* The tail, as the thread that hands it out sees it. */
typedef struct bl_tail {
    int64_t count, next; /* units next ... count - 1 are left */
    const double *cost;  /* [count] in decreasing order; borrowed */
    double rest;         /* cost of what is left */
    int64_t ranks;       /* of all nodes */
} bl_tail;

/** The tail of `count` units of these costs (borrowed, in decreasing order) for so many ranks in all. */
bl_tail bl_tail_begin(int64_t count, const double *cost, int64_t ranks);

/** Take the next chunk for a node of node_ranks ranks: units *first ... *first + result - 1 of the tail.
 * @return their number; 0 only when nothing is left.
 */
int64_t bl_tail_take(bl_tail *tail, int32_t node_ranks, int64_t *first);

/** A node asks for more when its list holds no more units than this. */
int64_t bl_rules_low_water(int32_t node_ranks);

#endif

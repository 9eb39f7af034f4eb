/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The items of work that ranks share in the summary, for the phase itself and for its forecast.
 */
#ifndef BORDERLINE_RUN_SUMMARY_ITEMS_H
#define BORDERLINE_RUN_SUMMARY_ITEMS_H

#include "borderline/grid.h"

/* The summary shares its work in these stages, one after the other. */
typedef enum bl_summary_stage {
    BL_SUMMARY_PREDICTIONS, /* of every (depth, dimension): the first-order law, the guaranteed median */
    BL_SUMMARY_LIMITS,      /* of every case: infinite width at some of its inputs */
    BL_SUMMARY_CASES,       /* of every case: statistics, dealt to ranks in turn */
    BL_SUMMARY_STAGES
} bl_summary_stage;

typedef enum bl_summary_kind {
    BL_SUMMARY_LAW,
    BL_SUMMARY_GUARANTEED_MEDIAN,
    BL_SUMMARY_LIMIT,
    BL_SUMMARY_STATISTICS
} bl_summary_kind;

typedef struct bl_summary_item {
    bl_summary_kind kind;
    bl_case c;     /* of a prediction: the first width's, whose depth and dimension count */
    size_t number; /* of the (depth, dimension) pair of a prediction; of the input of a limit; else 0 */
} bl_summary_item;

/** The items of a stage and their costs.
 *
 * Shapes:      item[*count], cost[*count] > 0, in the units of sweep/cost.h.
 * Collective:  no. A function of the grid alone.
 * Ownership:   both arrays are the caller's (bl_mem_free), also after a failure.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_summary_items(const bl_grid *grid, bl_summary_stage stage, size_t *count,
                               bl_summary_item **item, double **cost) BL_NODISCARD;

#endif

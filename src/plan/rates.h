/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How long work takes on this machine, or took in a result file.
 */
#ifndef BORDERLINE_PLAN_RATES_H
#define BORDERLINE_PLAN_RATES_H

#include "borderline/grid.h"
#include "plan_training.h"
#include "sweep/cost.h"

/* Seconds of a network of a case, by which those of like cost are reckoned. */
typedef struct bl_timing {
    double cost, seconds;                   /* of its measurement */
    double training_cost, training_seconds; /* 0 without */
} bl_timing;

/* How long work takes, and how single units scatter around that. */
typedef struct bl_rates {
    size_t count;
    bl_timing *timed;          /* [count] cases */
    bl_kernel_weights kernels; /* of spread kernels, seconds; 0: not timed */
    double share;              /* of training's multiply-adds by the full set */
    size_t ratios;
    double *ratio; /* [ratios] measured over expected, of single units; none when they were not measured */
} bl_rates;

/* Time a network of the cheapest case here, and of the middle and the dearest one where that takes seconds.
 * images: of a sweep that trains, else NULL. */
bl_err bl_rates_measure(const bl_grid *grid, const bl_plan_images *images, bl_rates *rates) BL_NODISCARD;

/** Take the times of the units in a result file, whose cases may be others and fewer.
 *
 * Math:        a case's rate is the sum of its units' seconds over the sum of their costs. A ratio is a unit's seconds over its
 *              expected ones; of a case with k units its distance from 1 is times sqrt(k/(k - 1)), since their own mean was taken.
 * @return BL_OK; BL_ERR_INPUT: no sweep's file, no unit done in it; BL_ERR_IO.
 */
bl_err bl_rates_read(const char *path, bl_rates *rates) BL_NODISCARD;
void bl_rates_clear(bl_rates *rates);

/* Seconds of `networks` networks of that case, their measurements at a cost of `measuring` in all: seconds a cost of the timed cases below and
 * above in cost, a power of the cost between them, constant beyond them. */
double bl_rates_seconds(const bl_rates *rates, const bl_config *config, const bl_case *c, double networks,
                        double measuring);
double bl_rates_seconds_of_unit(const bl_rates *rates, const bl_grid *grid, int64_t unit);

#endif

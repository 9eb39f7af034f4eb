/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How long work takes on this machine, or took in a result file.
 */
#ifndef BORDERLINE_PLAN_RATES_H
#define BORDERLINE_PLAN_RATES_H

#include "borderline/grid.h"
#include "plan_training.h"
#include "sweep/cost.h"

/* Measured times of one network of a case; times of networks of similar cost follow from them. */
typedef struct bl_timing {
    double cost, seconds;                   /* of measuring it */
    double training_cost, training_seconds; /* of training it; 0 without training */
} bl_timing;

/* How long work takes, and how much single units deviate from that. */
typedef struct bl_rates {
    size_t count;
    bl_timing *timed;          /* [count] cases */
    bl_kernel_weights kernels; /* of kernels that are spread over ranks, in seconds; 0: not timed */
    double share;              /* multiply-adds of a training over those with the full set of images */
    size_t ratios;
    double *ratio; /* [ratios] measured over expected, of single units; none when they were not measured */
} bl_rates;

/* Time one network of the cheapest case here, and of the middle and the most expensive case if they take only seconds.
 * images: those of a sweep that trains, else NULL. */
bl_err bl_rates_measure(const bl_grid *grid, const bl_plan_images *images, bl_rates *rates) BL_NODISCARD;

/** Take the times of the units in a result file, whose cases may differ from the grid's.
 *
 * Math:        a case's rate is the sum of its units' seconds over the sum of their costs. A ratio is a unit's seconds over its
 *              expected ones; in a case with k units its distance from 1 is multiplied by sqrt(k/(k - 1)), because the units'
 *              own mean was taken.
 * @return BL_OK; BL_ERR_INPUT: no sweep's file, no unit done in it; BL_ERR_IO.
 */
bl_err bl_rates_read(const char *path, bl_rates *rates) BL_NODISCARD;
void bl_rates_clear(bl_rates *rates);

/* Seconds of `networks` networks of a case, whose measurements together cost `measuring`. Seconds per cost are interpolated
 * between the timed cases next below and above in cost, as a power of the cost, and are constant beyond them. */
double bl_rates_seconds(const bl_rates *rates, const bl_config *config, const bl_case *c, double networks,
                        double measuring);
double bl_rates_seconds_of_unit(const bl_rates *rates, const bl_grid *grid, int64_t unit);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A whole run in simulated time.
 */
#ifndef BORDERLINE_PLAN_PHASES_H
#define BORDERLINE_PLAN_PHASES_H

#include "rates.h"

/* A machine to forecast for, and what is forecast: seconds from one phase's begin to its end, and the work of all ranks. */
typedef struct bl_machine {
    size_t ranks, ranks_per_node;
} bl_machine;

typedef struct bl_phases {
    double units, kernels, summary; /* seconds */
    double units_work, work;        /* seconds of ranks: of units, of all */
} bl_phases;

/** Simulate a whole run: units (expected[grid->units], real[grid->units] seconds), kernels, summary.
 *
 * Math:        bl_schedule_simulate_times with the items of work that the phases share; `plan` and `run` take them from the same
 *              functions.
 */
bl_err bl_phases_forecast(const bl_grid *grid, const bl_rates *rates, const double *expected,
                          const double *real, bl_machine machine, bl_phases *phases) BL_NODISCARD;

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Forecast of a whole run: the schedule is simulated, phase by phase.
 */
#ifndef BORDERLINE_PLAN_PHASES_H
#define BORDERLINE_PLAN_PHASES_H

#include "rates.h"

/* The machine to forecast for. */
typedef struct bl_machine {
    size_t ranks, ranks_per_node;
} bl_machine;

typedef struct bl_phases {
    double units, kernels, summary; /* durations of the phases, seconds */
    double units_work, work;        /* seconds that all ranks together work: on units, on everything */
} bl_phases;

/** Simulate a whole run: units (expected[grid->units], real[grid->units] seconds), kernels, summary.
 *
 * Math:        bl_schedule_simulate_times with the items of work that the phases share; `plan` and `run` take them from the same
 *              functions.
 */
bl_err bl_phases_forecast(const bl_grid *grid, const bl_rates *rates, const double *expected,
                          const double *real, bl_machine machine, bl_phases *phases) BL_NODISCARD;

#endif

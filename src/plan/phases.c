/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The phases follow each other: units, kernels, summary. In each, ranks share the items of work that the run itself shares.
 */
#include "phases.h"

#include "base/mem.h"
#include "experiment/kernels.h"
#include "parallel/schedule.h"
#include "run/summary_items.h"
#include "sweep/cost.h"

#include <math.h>

static const double latency = 1e-3; /* seconds that a request for more units takes */

/* Add the time that ranks take to share these items, and their work. */
static bl_err share(size_t count, const double *expected, const double *real, bl_machine m, double *seconds,
                    double *work) {
    bl_err err = BL_OK;
    bl_schedule_forecast forecast;
    const size_t node = m.ranks < m.ranks_per_node ? m.ranks : m.ranks_per_node;
    BL_TRY(bl_schedule_simulate_times((int64_t)count, expected, real, (int64_t)m.ranks, (int64_t)node,
                                      latency, &forecast));
    *seconds += forecast.makespan;
    *work += forecast.efficiency * forecast.makespan * (double)m.ranks;
cleanup:
    return err;
}

static double case_seconds(const bl_grid *grid, const bl_rates *rates, size_t number, double cost) {
    const bl_case c = bl_grid_case(grid, number);
    return bl_rates_seconds(rates, grid->config, &c, 0, cost);
}

/* Kernels that one rank can hold: groups of cases, one group after the other. */
static bl_err share_kernels(const bl_grid *grid, const bl_rates *rates, bl_machine m, bl_phases *phases) {
    bl_err err = BL_OK;
    const size_t together = bl_kernels_together(grid, m.ranks);
    double *cost = NULL;
    for (size_t first = 0; first < grid->cases; first += together) {
        const size_t cases = together < grid->cases - first ? together : grid->cases - first;
        size_t items = 0;
        BL_TRY(bl_kernels_costs(grid, first, cases, m.ranks, &items, &cost));
        for (size_t i = 0; i < items; i++)
            cost[i] = case_seconds(grid, rates, first + i / (items / cases), cost[i]);
        BL_TRY(share(items, cost, cost, m, &phases->kernels, &phases->work));
        bl_mem_free(cost);
        cost = NULL;
    }
cleanup:
    bl_mem_free(cost);
    return err;
}

/* Kernels that are spread over all ranks: one case after the other. */
static void spread_kernels(const bl_grid *grid, const bl_rates *rates, bl_machine m, bl_phases *phases) {
    for (size_t i = 0; i < grid->cases; i++) {
        const bl_case c = bl_grid_case(grid, i);
        const bl_kernel_weights *timed = rates->kernels.cube > 0 ? &rates->kernels : NULL;
        const double spread = bl_cost_kernel_spread(grid->config, &c, m.ranks, timed);
        const double alone = bl_cost_kernel_spread(grid->config, &c, 1, timed);
        phases->kernels += timed ? spread : case_seconds(grid, rates, i, spread);
        phases->work += timed ? alone : case_seconds(grid, rates, i, alone);
    }
}

static bl_err share_stage(const bl_grid *grid, const bl_rates *rates, bl_summary_stage stage, bl_machine m,
                          bl_phases *phases) {
    bl_err err = BL_OK;
    size_t count = 0;
    bl_summary_item *item = NULL;
    double *cost = NULL;
    BL_TRY(bl_summary_items(grid, stage, &count, &item, &cost));
    for (size_t i = 0; i < count; i++)
        cost[i] = case_seconds(grid, rates, item[i].c.number, cost[i]);
    BL_TRY(share(count, cost, cost, m, &phases->summary, &phases->work));
cleanup:
    bl_mem_free(item);
    bl_mem_free(cost);
    return err;
}

static bl_err share_summary(const bl_grid *grid, const bl_rates *rates, bl_machine m, bl_phases *phases) {
    bl_err err = BL_OK;
    for (bl_summary_stage stage = 0; stage < BL_SUMMARY_STAGES; stage++)
        BL_TRY(share_stage(grid, rates, stage, m, phases));
cleanup:
    return err;
}

bl_err bl_phases_forecast(const bl_grid *grid, const bl_rates *rates, const double *expected,
                          const double *real, bl_machine m, bl_phases *phases) {
    bl_err err = BL_OK;
    *phases = (bl_phases){0};
    BL_TRY(share((size_t)grid->units, expected, real, m, &phases->units, &phases->units_work));
    phases->work = phases->units_work;
    if (grid->config->kernel_inputs > BL_KERNELS_ONE_RANK)
        spread_kernels(grid, rates, m, phases);
    else if (grid->config->kernel_inputs > 0)
        BL_TRY(share_kernels(grid, rates, m, phases));
    BL_TRY(share_summary(grid, rates, m, phases));
cleanup:
    return err;
}

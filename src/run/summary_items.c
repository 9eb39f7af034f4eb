/* SPDX-License-Identifier: BSD-3-Clause */
#include "summary_items.h"

#include "base/mem.h"
#include "experiment/summary.h"
#include "sweep/cost.h"

/* Two items for each (depth, dimension). */
static bl_summary_item prediction(const bl_grid *grid, size_t i) {
    const bl_config *config = grid->config;
    const size_t pair = i / 2, dimensions = config->dimension.count;
    const size_t first_width = pair / dimensions * config->width.count * dimensions + pair % dimensions;
    return (bl_summary_item){.kind = i % 2 ? BL_SUMMARY_GUARANTEED_MEDIAN : BL_SUMMARY_LAW,
                             .c = bl_grid_case(grid, first_width),
                             .number = pair};
}

static bl_summary_item item_of(const bl_grid *grid, bl_summary_stage stage, size_t i) {
    const size_t limits = bl_summary_limits(grid->config);
    switch (stage) {
    case BL_SUMMARY_PREDICTIONS:
        return prediction(grid, i);
    case BL_SUMMARY_LIMITS:
        return (bl_summary_item){
            .kind = BL_SUMMARY_LIMIT, .c = bl_grid_case(grid, i / limits), .number = i % limits};
    default:
        return (bl_summary_item){.kind = BL_SUMMARY_STATISTICS, .c = bl_grid_case(grid, i)};
    }
}

static double cost_of(const bl_grid *grid, const bl_summary_item *item) {
    switch (item->kind) {
    case BL_SUMMARY_LAW:
        return bl_cost_law(grid->config, item->c.depth, item->c.dimension);
    case BL_SUMMARY_GUARANTEED_MEDIAN:
        return bl_cost_guaranteed(grid->config, item->c.depth, item->c.dimension);
    case BL_SUMMARY_LIMIT:
        return bl_cost_kernel_entry(grid->config, &item->c);
    default:
        return bl_cost_statistics(grid->config);
    }
}

bl_err bl_summary_items(const bl_grid *grid, bl_summary_stage stage, size_t *count, bl_summary_item **item,
                        double **cost) {
    bl_err err = BL_OK;
    const size_t counts[BL_SUMMARY_STAGES] = {
        [BL_SUMMARY_PREDICTIONS] = 2 * grid->config->depth.count * grid->config->dimension.count,
        [BL_SUMMARY_LIMITS] = grid->cases * bl_summary_limits(grid->config),
        [BL_SUMMARY_CASES] = grid->cases};
    *count = counts[stage];
    *item = NULL;
    *cost = NULL;
    BL_ALLOC(*item, *count);
    BL_ALLOC(*cost, *count);
    for (size_t i = 0; i < *count; i++) {
        (*item)[i] = item_of(grid, stage, i);
        (*cost)[i] = cost_of(grid, &(*item)[i]);
    }
cleanup:
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Cases in row-major order of (depth, width, dimension), and each case's networks x inputs cut into units, row by row.
 */
#include "borderline/grid.h"

#include "base/mem.h"
#include "cost.h"

#include <math.h>

static bl_err check_sizes(const bl_config *config) {
    bl_err err = BL_OK;
    double cases =
        (double)config->depth.count * (double)config->width.count * (double)config->dimension.count;
    BL_REQUIRE(cases <= 4294967295.0, BL_ERR_INPUT,
               "the grid has %.3g cases; at most 4294967295 can be numbered", cases);
    for (size_t i = 0; i < config->width.count; i++) {
        if (isfinite(config->width.value[i]))
            continue;
        BL_REQUIRE(config->family == BL_FAMILY_DENSE, BL_ERR_INPUT,
                   "grid.width: inf (the Gaussian process itself) is possible for network.family dense only; "
                   "give %s "
                   "finite widths",
                   bl_family_name[config->family]);
        BL_REQUIRE(config->training.set == BL_TRAINING_NONE, BL_ERR_INPUT,
                   "grid.width: inf (the Gaussian process itself) cannot be trained: leave out training, or "
                   "give finite "
                   "widths");
    }
cleanup:
    return err;
}

static size_t pieces(size_t count, size_t block) {
    return (count + block - 1) / block;
}

static size_t at_most(size_t a, size_t b) {
    return a < b ? a : b;
}

bl_err bl_grid_create(const bl_config *config, bl_grid **out) {
    bl_err err = BL_OK;
    bl_grid *grid = NULL;
    BL_TRY(check_sizes(config));
    BL_ALLOC(grid, 1);
    grid->config = config;
    grid->cases = config->depth.count * config->width.count * config->dimension.count;
    BL_ALLOC(grid->first_unit, grid->cases + 1);
    BL_ALLOC(grid->block, grid->cases);
    BL_ALLOC(grid->input_block, grid->cases);
    for (size_t i = 0; i < grid->cases; i++) {
        bl_case c = bl_grid_case(grid, i);
        grid->block[i] = bl_cost_block(config, &c);
        grid->input_block[i] = bl_cost_input_block(config, &c);
        grid->first_unit[i + 1] =
            grid->first_unit[i] + (int64_t)(pieces(config->networks, grid->block[i]) *
                                            pieces(config->inputs, grid->input_block[i]));
    }
    grid->units = grid->first_unit[grid->cases];
    *out = grid;
    grid = NULL;
cleanup:
    bl_grid_destroy(&grid);
    return err;
}

void bl_grid_destroy(bl_grid **grid) {
    if (!*grid)
        return;
    bl_mem_free((*grid)->first_unit);
    bl_mem_free((*grid)->block);
    bl_mem_free((*grid)->input_block);
    bl_mem_free(*grid);
    *grid = NULL;
}

bl_case bl_grid_case(const bl_grid *grid, size_t number) {
    const bl_config *config = grid->config;
    BL_ASSERT(number < grid->cases);
    bl_case c = {.number = number};
    c.dimension_index = number % config->dimension.count;
    c.width_index = number / config->dimension.count % config->width.count;
    c.depth_index = number / config->dimension.count / config->width.count;
    c.depth = (size_t)config->depth.value[c.depth_index];
    c.width = config->width.value[c.width_index];
    c.dimension = (size_t)config->dimension.value[c.dimension_index];
    return c;
}

bl_unit bl_grid_unit(const bl_grid *grid, int64_t number) {
    BL_ASSERT(number >= 0 && number < grid->units);
    size_t low = 0, high = grid->cases; /* first_unit[low] <= number < first_unit[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (grid->first_unit[middle] <= number)
            low = middle;
        else
            high = middle;
    }
    bl_unit u = {.number = number, .c = bl_grid_case(grid, low)};
    const bl_config *config = grid->config;
    size_t place = (size_t)(number - grid->first_unit[low]);
    size_t columns = pieces(config->inputs, grid->input_block[low]);
    u.first = place / columns * grid->block[low];
    u.count = at_most(config->networks - u.first, grid->block[low]);
    u.first_input = place % columns * grid->input_block[low];
    u.inputs = at_most(config->inputs - u.first_input, grid->input_block[low]);
    return u;
}

double bl_grid_cost(const bl_grid *grid, int64_t number) {
    const bl_unit u = bl_grid_unit(grid, number);
    return bl_cost_unit(grid->config, &u);
}

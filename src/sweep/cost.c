/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Costs in multiply-adds. The constants are ratios measured once; they move the balance between ranks, never
 * a result.
 */
#include "borderline/cost.h"

#include <math.h>

/* Mean passes an input and norm, verification included, by effort. */
static const double passes[] = {
    [BL_EFFORT_FAST] = 16, [BL_EFFORT_STANDARD] = 70, [BL_EFFORT_THOROUGH] = 1200};

/* Linear steps, selections and copies, as multiply-adds an input coordinate and pass. */
static const double sweep_cost = 60;

/* Sampling, packing and float64 copies, as multiply-adds a weight. */
static const double weight_cost = 300;

/* Weights of a dense network. */
static double dense_weights(double depth, double width, double dimension, double classes) {
    return dimension * width + (depth - 1) * width * width + width * classes;
}

double bl_cost_network(const bl_config *config, const bl_case *c) {
    double weights = dense_weights((double)c->depth, c->width, (double)c->dimension, (double)config->classes);
    double columns = (double)config->inputs * (double)config->p.count;
    return columns * passes[config->effort] * (weights + sweep_cost * (double)c->dimension) +
           weight_cost * weights;
}

double bl_cost_unit(const bl_grid *grid, int64_t unit) {
    bl_unit u = bl_grid_unit(grid, unit);
    return (double)u.count * bl_cost_network(grid->config, &u.c);
}

size_t bl_cost_block(const bl_config *config, const bl_case *c) {
    if (config->block > 0)
        return config->block < config->networks ? config->block : config->networks;
    double block = fmin(fmax(1, floor(BL_COST_UNIT / bl_cost_network(config, c))), (double)config->networks);
    /* as many units, of equal size */
    double units = ceil((double)config->networks / block);
    return (size_t)ceil((double)config->networks / units);
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Costs in multiply-adds. The constants are ratios measured once; they change the balance between ranks, never
 * a result.
 */
#include "cost.h"

#include "cost_family.h"

#include <math.h>

/* Mean number of passes per input and norm, verification included, by effort. */
static const double passes[] = {
    [BL_EFFORT_FAST] = 23, [BL_EFFORT_STANDARD] = 100, [BL_EFFORT_THOROUGH] = 1100};

/* Cost of a pass besides its products, in multiply-adds: a constant, and one per input coordinate (nearest points of planes,
 * linear steps, lengths). Least squares over the units of a sweep of 2 depths, 3 widths, 4 dimensions. */
static const double pass_cost = 4e4, sweep_cost = 350;

/* Sampling, packing and float64 copies, in multiply-adds per weight. */
static const double weight_cost = 30;

/* An input of an infinitely wide network: m queries make a factor of m (m + 1) rows, m^2 kernels with derivatives, and m^2
 * times n numbers of noise. */
static double draw_cost(const bl_config *config, const bl_case *c) {
    static const double queries[] = {
        [BL_EFFORT_FAST] = 6, [BL_EFFORT_STANDARD] = 10, [BL_EFFORT_THOROUGH] = 12};
    const double kernel = config->activation == BL_TANH ? 2e5 : 2e3;
    const double columns = (double)config->p.count, m = 1 + columns * queries[config->effort];
    const double rows = m * (m + columns), fields = config->classes == 2 ? 1 : (double)config->classes;
    return 0.6 * rows * rows * rows + kernel * 3 * m * m * (double)c->depth +
           (double)c->dimension * (10 * fields * m * m + 20 * sweep_cost * columns);
}

/* Cost of a network with this many of its inputs, training left out. */
static double part_cost(const bl_config *config, const bl_case *c, size_t inputs) {
    if (isinf(c->width))
        return (double)inputs * draw_cost(config, c);
    const bl_cost_family s = bl_cost_family_of(config, c);
    double columns = (double)(inputs * bl_config_kinds(config)) * (double)config->p.count;
    return columns * passes[config->effort] * (s.pass + pass_cost + sweep_cost * (double)c->dimension) +
           weight_cost * s.weights;
}

size_t bl_cost_images(const bl_config *config, bool test) {
    const size_t all = test ? 10000 : config->training.set == BL_TRAINING_MNIST ? 60000 : 50000;
    const size_t images = config->training.images;
    return images > 0 && images < all ? images : all;
}

double bl_cost_training(const bl_config *config, const bl_case *c) {
    if (config->training.set == BL_TRAINING_NONE)
        return 0;
    const double train = (double)bl_cost_images(config, false), test = (double)bl_cost_images(config, true);
    const double epochs = (double)config->training.epochs;
    return bl_cost_family_of(config, c).pass * (epochs * (3 * train + test) + train + test);
}

double bl_cost_network(const bl_config *config, const bl_case *c) {
    return part_cost(config, c, config->inputs) + bl_cost_training(config, c);
}

double bl_cost_unit(const bl_config *config, const bl_unit *unit) {
    return (double)unit->count *
           (part_cost(config, &unit->c, unit->inputs) + bl_cost_training(config, &unit->c));
}

double bl_cost_kernel_network(const bl_config *config, const bl_case *c) {
    const bl_cost_family s = bl_cost_family_of(config, c);
    return (double)config->kernel_inputs * s.pass + weight_cost * s.weights;
}

/* Converts the time of other work, in processor nanoseconds, into multiply-adds of passes that take as long; both were measured on
 * the same machine. */
static double passes_of(const bl_config *config, double nanoseconds) {
    return nanoseconds * (config->family == BL_FAMILY_DENSE ? 40 : 80);
}

double bl_cost_kernel_entry(const bl_config *config, const bl_case *c) {
    return passes_of(config, bl_cost_family_of(config, c).entry);
}

size_t bl_cost_law_draws(size_t n) {
    enum { MOST = 4096, LEAST = 256, NUMBERS = 1 << 28 };
    const size_t draws = NUMBERS / n;
    return draws > MOST ? MOST : draws < LEAST ? LEAST : draws;
}

/* Cost of an entry of the analytic kernel at one (depth, dimension) of an image family; 0 for dense ones, whose predictions need
 * no kernel. */
static double image_entry(const bl_config *config, size_t depth, size_t n) {
    const bl_case c = {.depth = depth, .dimension = n};
    return config->family == BL_FAMILY_DENSE ? 0 : bl_cost_kernel_entry(config, &c);
}

/* Measured at n = 9,408; the law of a gradient costs as much as 2.5 to 2.9 entries. */
double bl_cost_law(const bl_config *config, size_t depth, size_t n) {
    const double norms = (double)config->p.count;
    return passes_of(config, (double)bl_cost_law_draws(n) * (double)n * (5.5 + 4.4 * norms)) +
           32 * 2.7 * image_entry(config, depth, n);
}

double bl_cost_guaranteed(const bl_config *config, size_t depth, size_t n) {
    return 1 + 64 * image_entry(config, depth, n);
}

/* Measured at 3,000 distances of a norm, 300 networks, 1,000 resamples: 19 ms for the moments of outputs, 0.9 ms for each mean over
 * networks, 2.6 ms for the quantiles and the slope of each norm. */
double bl_cost_statistics(const bl_config *config) {
    const double networks = (double)config->networks, inputs = networks * (double)config->inputs;
    const double norms = (double)config->p.count * (double)bl_config_kinds(config);
    return passes_of(config, (double)config->bootstrap * (6.2 * inputs + 2.9 * networks * (1 + norms)) +
                                 870 * inputs * norms);
}

double bl_cost_kernel_spread(const bl_config *config, const bl_case *c, size_t ranks,
                             const bl_kernel_weights *weights) {
    enum { KERNELS = 3 };
    /* From processor times at M = 4,000 and 8,000 on two ranks. */
    static const bl_kernel_weights usual = {
        .network = 1, .product = 1.8, .term = 120, .entry = 1, .whole = 1500, .cube = 10, .cube_limit = 4.3};
    const bl_kernel_weights *w = weights ? weights : &usual;
    const double inputs = (double)config->kernel_inputs, entries = inputs * inputs / 2;
    const double networks = (double)config->networks, share = 1 / (double)ranks;
    const double shared =
        KERNELS * inputs * inputs * w->whole +
        entries * (w->entry * bl_cost_kernel_entry(config, c) + w->term * networks * (double)config->classes);
    if (isinf(c->width))
        return share * (shared + w->cube_limit * inputs * inputs * inputs);
    const bl_cost_family s = bl_cost_family_of(config, c);
    const double seen =
        fmin(1, 2 / sqrt((double)ranks)); /* of the inputs: rows and columns of a rank's blocks */
    const double every = w->network * networks * (weight_cost * s.weights + seen * inputs * s.pass);
    return every + share * (shared + w->product * networks * entries * s.features +
                            w->cube * inputs * inputs * inputs);
}

size_t bl_cost_block(const bl_config *config, const bl_case *c) {
    if (config->block > 0)
        return config->block < config->networks ? config->block : config->networks;
    double block = fmin(fmax(1, floor(BL_COST_UNIT / bl_cost_network(config, c))), (double)config->networks);
    /* the same number of units, but of equal size */
    double units = ceil((double)config->networks / block);
    return (size_t)ceil((double)config->networks / units);
}

size_t bl_cost_input_block(const bl_config *config, const bl_case *c) {
    if (config->training.set != BL_TRAINING_NONE)
        return config->inputs;
    if (config->input_block > 0)
        return config->input_block < config->inputs ? config->input_block : config->inputs;
    if (config->block > 0 || bl_cost_network(config, c) <= BL_COST_UNIT)
        return config->inputs;
    if (isinf(c->width))
        return 1;
    const bl_cost_family s = bl_cost_family_of(config, c);
    double columns = fmax(BL_COST_COLUMNS, fmax(BL_COST_REUSE * s.weights, BL_COST_BATCH) / s.pass);
    double least = columns / (double)config->p.count;
    size_t inputs = config->inputs;
    for (size_t parts = 1; parts <= config->inputs && config->inputs / parts >= (size_t)ceil(least); parts++)
        if (config->inputs % parts == 0)
            inputs = config->inputs / parts;
    return inputs;
}

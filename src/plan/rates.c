/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Times are measured here on one network of a few cases, or read from a result file; other cases follow by their cost.
 */
#include "rates.h"

#include "base/clock.h"
#include "base/mem.h"
#include "experiment/kernels.h"
#include "experiment/probe_network.h"
#include "experiment/worker.h"
#include "store/results.h"
#include "sweep/cost.h"

#include <math.h>
#include <stdlib.h>

enum { TIMED_MAX = 3 };
static const double timing_budget = 5; /* seconds: a case that takes longer is not timed */

/* Seconds of one network with all its inputs, from one unit's inputs of it. The second network counts, because the first also
 * prepares the libraries. */
static bl_err time_network(const bl_grid *grid, const bl_case *c, double *seconds) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    bl_probe_network *probe = NULL;
    float *x = NULL;
    double *x0 = NULL;
    bl_finding *finding = NULL;
    const bl_config *config = grid->config;
    bl_search_options options = bl_unit_search_options(config);
    size_t inputs =
        grid->input_block[c->number] < config->inputs ? grid->input_block[c->number] : config->inputs;
    const size_t numbers = inputs * c->dimension;
    BL_TRY(bl_network_create(config, c, &network));
    BL_TRY(bl_probe_network_create(network, &options, inputs, config->certify, &probe));
    BL_ALLOC(x, config->inputs * c->dimension);
    BL_ALLOC(x0, numbers);
    BL_ALLOC(finding, inputs * config->p.count);
    for (size_t i = 0; i < 2; i++) {
        double begin = bl_clock_processor();
        bl_unit_sample(config, c, i, network, x);
        for (size_t k = 0; k < numbers; k++)
            x0[k] = (double)x[k];
        BL_TRY(bl_probe_network_run(probe, network, x0, finding, NULL));
        *seconds = (bl_clock_processor() - begin) * (double)bl_config_inputs(config) / (double)inputs;
    }
cleanup:
    bl_probe_network_destroy(&probe);
    bl_network_destroy(&network);
    bl_mem_free(x);
    bl_mem_free(x0);
    bl_mem_free(finding);
    return err;
}

/* Seconds of one network of infinite width, from the first unit of its case. */
static bl_err time_limit(const bl_grid *grid, const bl_case *c, double *seconds) {
    bl_err err = BL_OK;
    bl_worker *worker = NULL;
    const bl_unit_result *result = NULL;
    BL_TRY(bl_worker_create(grid, NULL, &(bl_worker_hooks){0}, &worker));
    double begin = bl_clock_processor();
    BL_TRY(bl_worker_run(worker, grid->first_unit[c->number], &result));
    *seconds = (bl_clock_processor() - begin) * (double)grid->config->inputs /
               (double)(result->unit.count * result->unit.inputs);
cleanup:
    bl_worker_destroy(&worker);
    return err;
}

/* A case by its cost, for sorting. */
typedef struct priced {
    double cost; /* of one network, training included */
    size_t number;
} priced;

static int compare_prices(const void *a, const void *b) {
    const priced *x = a, *y = b;
    if (x->cost != y->cost)
        return x->cost < y->cost ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* Time the cheapest case, then the middle and the most expensive one if, by the rate so far, they fit the budget. */
bl_err bl_rates_measure(const bl_grid *grid, const bl_plan_images *images, bl_rates *r) {
    bl_err err = BL_OK;
    priced *order = NULL;
    *r = (bl_rates){.share = images ? bl_plan_training_share(grid->config, images) : 0};
    if (grid->config->kernel_inputs > BL_KERNELS_ONE_RANK)
        BL_TRY(bl_kernels_time(grid, &r->kernels));
    BL_ALLOC(r->timed, TIMED_MAX);
    BL_ALLOC(order, grid->cases);
    for (size_t i = 0; i < grid->cases; i++) {
        const bl_case c = bl_grid_case(grid, i);
        order[i] = (priced){bl_cost_network(grid->config, &c), i};
    }
    qsort(order, grid->cases, sizeof *order, compare_prices);
    const size_t wanted[TIMED_MAX] = {0, grid->cases / 2, grid->cases - 1};
    for (size_t i = 0; i < TIMED_MAX; i++) {
        if (i > 0 && wanted[i] == wanted[i - 1])
            continue;
        bl_case c = bl_grid_case(grid, order[wanted[i]].number);
        double cost = bl_cost_network(grid->config, &c) - bl_cost_training(grid->config, &c), seconds = 0;
        const bl_timing *last = r->count ? &r->timed[r->count - 1] : NULL;
        if (last && cost / last->cost * last->seconds > timing_budget)
            break;
        if (isinf(c.width))
            BL_TRY(time_limit(grid, &c, &seconds));
        else
            BL_TRY(time_network(grid, &c, &seconds));
        bl_timing *timed = &r->timed[r->count++];
        *timed = (bl_timing){.cost = cost, .seconds = seconds};
        if (images) {
            timed->training_cost = bl_cost_training(grid->config, &c);
            BL_TRY(bl_plan_training(grid->config, &c, images, &timed->training_seconds));
        }
    }
cleanup:
    bl_mem_free(order);
    return err;
}

/* Enter the rate of one case, from its units that are done, and the ratios of these units. */
static void read_case(const bl_grid *grid, size_t number, const bool *done, const double *seconds,
                      bl_rates *r) {
    const bl_case c = bl_grid_case(grid, number);
    const int64_t first = grid->first_unit[number], last = grid->first_unit[number + 1];
    double all_seconds = 0, all_cost = 0, units = 0;
    for (int64_t i = first; i < last; i++) {
        all_seconds += done[i] ? seconds[i] : 0;
        all_cost += done[i] ? bl_grid_cost(grid, i) : 0;
        units += done[i];
    }
    if (units == 0 || all_seconds <= 0)
        return;
    const double rate = all_seconds / all_cost, training = bl_cost_training(grid->config, &c);
    const double cost = bl_cost_network(grid->config, &c) - training;
    r->timed[r->count++] = (bl_timing){cost, rate * cost, training, rate * training};
    if (units == 1)
        return;
    for (int64_t i = first; i < last; i++)
        if (done[i]) {
            double ratio = seconds[i] / (rate * bl_grid_cost(grid, i));
            r->ratio[r->ratios++] = fmax(0.01, 1 + (ratio - 1) * sqrt(units / (units - 1)));
        }
}

bl_err bl_rates_read(const char *path, bl_rates *r) {
    bl_err err = BL_OK;
    bl_results *results = NULL;
    bl_config *config = NULL;
    bl_grid *grid = NULL;
    bool *done = NULL;
    double *seconds = NULL;
    int64_t damaged = 0;
    *r = (bl_rates){.share = 1};
    BL_TRY(bl_results_open(path, BL_RESULTS_READ, NULL, &results));
    BL_REQUIRE(!bl_results_is_measurement(results), BL_ERR_INPUT,
               "%s is a file of measure: --times takes one of run", path);
    BL_TRY(bl_results_config(results, &config));
    BL_TRY(bl_grid_create(config, &grid));
    const size_t start = 0, count = (size_t)grid->units;
    BL_ALLOC(done, count);
    BL_ALLOC(seconds, count);
    BL_ALLOC(r->timed, grid->cases);
    BL_ALLOC(r->ratio, count);
    BL_TRY(bl_results_verify(results, grid, done, &damaged));
    BL_TRY(bl_results_read(results, BL_FIELD_UNIT_SECONDS, &start, &count, seconds));
    for (size_t i = 0; i < grid->cases; i++)
        read_case(grid, i, done, seconds, r);
    BL_REQUIRE(r->count > 0, BL_ERR_INPUT, "%s: no unit is done in it yet: --times needs measured ones",
               path);
cleanup:
    if (results) {
        bl_err closed = bl_results_close(&results);
        err = err != BL_OK ? err : closed;
    }
    bl_grid_destroy(&grid);
    bl_config_destroy(&config);
    bl_mem_free(done);
    bl_mem_free(seconds);
    return err;
}

void bl_rates_clear(bl_rates *r) {
    bl_mem_free(r->timed);
    bl_mem_free(r->ratio);
    *r = (bl_rates){0};
}

double bl_rates_seconds(const bl_rates *r, const bl_config *config, const bl_case *c, double networks,
                        double measuring) {
    const double training = bl_cost_training(config, c), cost = bl_cost_network(config, c) - training;
    const bl_timing *below = NULL, *above = NULL;
    for (size_t i = 0; i < r->count; i++) {
        const bl_timing *t = &r->timed[i];
        if (t->cost <= cost && (!below || t->cost > below->cost))
            below = t;
        if (t->cost >= cost && (!above || t->cost < above->cost))
            above = t;
    }
    below = below ? below : above;
    above = above ? above : below;
    BL_ASSERT(below && above); /* there is at least one */
    const double span = log(above->cost / below->cost), part = span > 0 ? log(cost / below->cost) / span : 0;
    const double slow = log(above->seconds / above->cost), fast = log(below->seconds / below->cost);
    const bl_timing *nearest = part < 0.5 ? below : above;
    const double trained =
        training > 0 ? networks * training * nearest->training_seconds / nearest->training_cost : 0;
    return measuring * exp(fast + part * (slow - fast)) + trained;
}

double bl_rates_seconds_of_unit(const bl_rates *r, const bl_grid *grid, int64_t unit) {
    const bl_unit u = bl_grid_unit(grid, unit);
    const double networks = (double)u.count;
    return bl_rates_seconds(r, grid->config, &u.c, networks,
                            bl_grid_cost(grid, unit) - networks * bl_cost_training(grid->config, &u.c));
}

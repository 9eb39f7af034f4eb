/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan.h"

#include "base/mem.h"
#include "experiment/fields.h"
#include "experiment/kernels.h"
#include "experiment/worker.h"
#include "parallel/schedule.h"
#include "run/checkpoints.h"
#include "sweep/cost.h"

#include <math.h>

/* scatter of single units around estimates, where it was not measured */
static const double scatter_guessed = 0.2;

static bool trains(const bl_plan *plan) {
    return plan->grid->config->training.set != BL_TRAINING_NONE;
}

/* Source of times: a file of measured units, or networks timed on this machine. */
static bl_err find_rates(bl_plan *plan) {
    bl_err err = BL_OK;
    if (plan->options.times)
        return bl_rates_read(plan->options.times, &plan->rates);
    if (trains(plan))
        BL_TRY(bl_plan_images_create(plan->grid->config, &plan->images));
    BL_TRY(bl_rates_measure(plan->grid, trains(plan) ? &plan->images : NULL, &plan->rates));
cleanup:
    return err;
}

static void find_case(bl_plan *plan, size_t number) {
    const bl_grid *grid = plan->grid;
    const bl_config *config = grid->config;
    const bl_case c = bl_grid_case(grid, number);
    const double networks = (double)config->networks, training = bl_cost_training(config, &c);
    const double measuring = networks * (bl_cost_network(config, &c) - training);
    plan->cases[number] = (bl_plan_case){
        .c = c,
        .units = grid->first_unit[number + 1] - grid->first_unit[number],
        .networks = grid->block[number],
        .inputs = grid->input_block[number] * bl_config_kinds(config),
        .multiply_adds = measuring + networks * training * plan->rates.share,
        .seconds_per_unit = bl_rates_seconds_of_unit(&plan->rates, grid, grid->first_unit[number])};
    plan->seconds_one_core += bl_rates_seconds(&plan->rates, config, &c, networks, measuring);
}

static bl_err find_memory(bl_plan *plan) {
    bl_err err = BL_OK;
    size_t units = 0, kernels = 0, words = 0;
    BL_TRY(bl_worker_memory(plan->grid, &units, NULL));
    BL_TRY(bl_kernels_memory(plan->grid, plan->options.ranks, &kernels));
    BL_TRY(bl_worker_state_words(plan->grid, &words));
    plan->bytes_case = units > kernels ? units : kernels;
    plan->bytes_file = (double)bl_fields_bytes(plan->grid);
    plan->bytes_checkpoints = BL_CHECKPOINTS_PER_RANK * (double)sizeof(uint64_t) * (double)words;
cleanup:
    return err;
}

/* The real time of each unit is its expected time multiplied by a ratio, drawn from the measured ratios, else log-normal. */
static bl_err scatter_units(bl_plan *plan, const double *expected, double *real) {
    bl_err err = BL_OK;
    const bl_rates *rates = &plan->rates;
    const size_t count = (size_t)plan->grid->units;
    double *uniform = NULL, squares = 0;
    plan->scatter = plan->options.times ? 0 : scatter_guessed;
    if (rates->ratios == 0)
        return bl_schedule_scatter(plan->grid->units, expected, plan->scatter, real);
    for (size_t i = 0; i < rates->ratios; i++)
        squares += (rates->ratio[i] - 1) * (rates->ratio[i] - 1);
    plan->scatter = sqrt(squares / (double)rates->ratios);
    BL_ALLOC(uniform, count);
    bl_rng_uniform64(bl_rng_stream(0, 0, 0, BL_PURPOSE_FORECAST, 0), count, uniform);
    for (size_t i = 0; i < count; i++)
        real[i] = expected[i] * rates->ratio[(size_t)(uniform[i] * (double)rates->ratios)];
cleanup:
    bl_mem_free(uniform);
    return err;
}

/* The most expensive unit bounds the time from below, and so the number of ranks that have work. */
static void find_longest(bl_plan *plan, const double *expected) {
    double sum = 0;
    for (int64_t i = 0; i < plan->grid->units; i++) {
        plan->seconds_longest = fmax(plan->seconds_longest, expected[i]);
        sum += expected[i];
    }
    plan->ranks_with_work = fmax(1, sum / plan->seconds_longest);
}

static bl_err forecast(bl_plan *plan, const double *expected, const double *real) {
    bl_err err = BL_OK;
    const size_t ranks[] = {plan->options.ranks, 64, 1024, 16384, 65536};
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
        if (i > 0 && ranks[i] == ranks[0])
            continue;
        const bl_machine machine = {ranks[i], plan->options.ranks_per_node};
        const double size = (double)ranks[i];
        bl_plan_forecast *f = &plan->forecast[plan->forecasts++];
        f->ranks = ranks[i];
        BL_TRY(bl_phases_forecast(plan->grid, &plan->rates, expected, real, machine, &f->phases));
        f->seconds = f->phases.units + f->phases.kernels + f->phases.summary;
        f->units_efficiency = f->phases.units_work / (size * f->phases.units);
        f->efficiency = f->phases.work / (size * f->seconds);
    }
cleanup:
    return err;
}

static bl_err simulate(bl_plan *plan) {
    bl_err err = BL_OK;
    double *expected = NULL, *real = NULL;
    BL_ALLOC(expected, (size_t)plan->grid->units);
    BL_ALLOC(real, (size_t)plan->grid->units);
    for (int64_t i = 0; i < plan->grid->units; i++)
        expected[i] = bl_rates_seconds_of_unit(&plan->rates, plan->grid, i);
    find_longest(plan, expected);
    BL_TRY(scatter_units(plan, expected, real));
    BL_TRY(forecast(plan, expected, real));
cleanup:
    bl_mem_free(expected);
    bl_mem_free(real);
    return err;
}

bl_err bl_plan_create(const bl_grid *grid, const bl_plan_options *options, bl_plan **out) {
    bl_err err = BL_OK;
    bl_plan *plan = NULL;
    BL_ALLOC(plan, 1);
    *plan = (bl_plan){.grid = grid, .options = *options, .bytes_program = bl_mem_resident()};
    BL_ALLOC(plan->cases, grid->cases);
    BL_TRY(find_rates(plan));
    for (size_t i = 0; i < grid->cases; i++)
        find_case(plan, i);
    BL_TRY(find_memory(plan));
    BL_TRY(simulate(plan));
    *out = plan;
    plan = NULL;
cleanup:
    bl_plan_destroy(&plan);
    return err;
}

void bl_plan_destroy(bl_plan **plan) {
    if (!*plan)
        return;
    bl_plan_images_clear(&(*plan)->images);
    bl_rates_clear(&(*plan)->rates);
    bl_mem_free((*plan)->cases);
    bl_mem_free(*plan);
    *plan = NULL;
}

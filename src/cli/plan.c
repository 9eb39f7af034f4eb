/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `plan`: what a sweep is made of, and what it will take, without running it.
 */
#include "borderline/clock.h"
#include "borderline/cost.h"
#include "borderline/fields.h"
#include "borderline/kernels.h"
#include "borderline/mem.h"
#include "borderline/probe.h"
#include "borderline/schedule.h"
#include "borderline/unit.h"
#include "commands.h"
#include "interrupt.h"
#include "plan_posterior.h"
#include "plan_training.h"
#include "progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static size_t ranks = 1, ranks_a_node = 64;
static bl_texts overrides;

static const bl_flag flags[] = {
    {"--ranks", BL_FLAG_COUNT, &ranks, "N", "forecast for N ranks, beside 64, 1,024, 16,384 and 65,536"},
    {"--ranks-a-node", BL_FLAG_COUNT, &ranks_a_node, "K", "of the machine forecast for (64)"},
    {"--set", BL_FLAG_LIST, &overrides, "KEY=VALUE",
     "a value in place of the sweep file's (may be repeated)"},
};

static size_t flags_of(const bl_flag **flag) {
    *flag = flags;
    return sizeof flags / sizeof *flags;
}

static bl_err plan_command(const bl_invocation *invocation);

const bl_command bl_command_plan = {
    .name = "plan",
    .synopsis = "plan FILE.yaml [--ranks N] [--ranks-a-node K] [--set KEY=VALUE]...",
    .summary = "Print cases, units, work, memory a rank, file size and time of a sweep file (of a posterior "
               "file: work,\n"
               "      memory a rank and time), without running it.",
    .flags = flags_of,
    .run = plan_command,
    .keys_help = bl_config_help,
    .keys_of = "a sweep file",
};

/* --- time: a network of a few cases is timed, the others follow by their cost --- */

enum { TIMED_MAX = 3 };
static const double timing_budget = 5; /* seconds, for a case to be worth timing */

typedef struct timing {
    double cost, seconds;                   /* of one network */
    double training_cost, training_seconds; /* of its training; 0 without */
} timing;

typedef struct rates {
    size_t count;
    timing timed[TIMED_MAX];
    double share; /* of training's multiply-adds by the full set */
} rates;

/* Seconds of the second network (the first also prepares the libraries): of one unit's inputs, as many times as units make it up. */
static bl_err time_network(const bl_grid *grid, const bl_case *c, double *seconds) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    bl_probe *probe = NULL;
    float *x = NULL;
    double *x0 = NULL, *output = NULL, *norm = NULL;
    bl_search_result *result = NULL;
    const bl_config *config = grid->config;
    bl_search_options options = bl_search_options_of(config);
    size_t inputs =
        grid->input_block[c->number] < config->inputs ? grid->input_block[c->number] : config->inputs;
    size_t numbers = inputs * c->dimension, distances = inputs * config->p.count;
    BL_TRY(bl_network_create(config, c, &network));
    BL_TRY(bl_probe_create(network, &options, inputs, &probe));
    BL_ALLOC(x, config->inputs * c->dimension);
    BL_ALLOC(x0, numbers);
    BL_ALLOC(output, inputs);
    BL_ALLOC(norm, distances);
    BL_ALLOC(result, distances);
    for (size_t i = 0; i < 2; i++) {
        double begin = bl_clock();
        bl_unit_sample(config, c, i, network, x);
        for (size_t k = 0; k < numbers; k++)
            x0[k] = (double)x[k];
        BL_TRY(bl_probe_run(probe, network, x0, output, norm, result, NULL));
        *seconds = (bl_clock() - begin) * (double)bl_config_inputs(config) / (double)inputs;
    }
cleanup:
    bl_probe_destroy(&probe);
    bl_network_destroy(&network);
    bl_mem_free(x);
    bl_mem_free(x0);
    bl_mem_free(output);
    bl_mem_free(norm);
    bl_mem_free(result);
    return err;
}

/* Seconds of a network of infinite width, from its case's first unit. */
static bl_err time_limit(const bl_grid *grid, const bl_case *c, double *seconds) {
    bl_err err = BL_OK;
    bl_worker *worker = NULL;
    const bl_record *record = NULL;
    BL_TRY(bl_worker_create(grid, NULL, &(bl_worker_hooks){0}, &worker));
    BL_TRY(bl_worker_run(worker, grid->first_unit[c->number], &record));
    *seconds =
        record->seconds * (double)grid->config->inputs / (double)(record->unit.count * record->unit.inputs);
cleanup:
    bl_worker_destroy(&worker);
    return err;
}

static const bl_grid *sorted_grid; /* of compare_cases, for qsort */

static int compare_cases(const void *a, const void *b) {
    bl_case first = bl_grid_case(sorted_grid, *(const size_t *)a),
            second = bl_grid_case(sorted_grid, *(const size_t *)b);
    double x = bl_cost_network(sorted_grid->config, &first),
           y = bl_cost_network(sorted_grid->config, &second);
    return (x > y) - (x < y);
}

/* Time the cheapest case, then the middle and the dearest where the rate so far says they fit the budget. */
static bl_err measure_rates(const bl_grid *grid, const bl_plan_images *images, rates *r) {
    bl_err err = BL_OK;
    size_t *order = NULL;
    *r = (rates){.share = images ? bl_plan_training_share(grid->config, images) : 0};
    BL_ALLOC(order, grid->cases);
    for (size_t i = 0; i < grid->cases; i++)
        order[i] = i;
    sorted_grid = grid;
    qsort(order, grid->cases, sizeof *order, compare_cases);
    const size_t wanted[TIMED_MAX] = {0, grid->cases / 2, grid->cases - 1};
    for (size_t i = 0; i < TIMED_MAX; i++) {
        if (i > 0 && wanted[i] == wanted[i - 1])
            continue;
        bl_case c = bl_grid_case(grid, order[wanted[i]]);
        double cost = bl_cost_network(grid->config, &c) - bl_cost_training(grid->config, &c), seconds = 0;
        const timing *last = r->count ? &r->timed[r->count - 1] : NULL;
        if (last && cost / last->cost * last->seconds > timing_budget)
            break;
        if (isinf(c.width))
            BL_TRY(time_limit(grid, &c, &seconds));
        else
            BL_TRY(time_network(grid, &c, &seconds));
        r->timed[r->count] = (timing){.cost = cost, .seconds = seconds};
        if (images) {
            r->timed[r->count].training_cost = bl_cost_training(grid->config, &c);
            BL_TRY(bl_plan_training(grid->config, &c, images, &r->timed[r->count].training_seconds));
        }
        r->count++;
    }
cleanup:
    bl_mem_free(order);
    return err;
}

/* Seconds of `networks` networks of that case, their measurements at a cost of `measuring` in all, by the timed case that is
 * nearest in cost. */
static double seconds_of(const rates *r, const bl_config *config, const bl_case *c, double networks,
                         double measuring) {
    const double training = bl_cost_training(config, c), cost = bl_cost_network(config, c) - training;
    const timing *nearest = &r->timed[0];
    for (size_t i = 1; i < r->count; i++)
        if (fabs(log(r->timed[i].cost / cost)) < fabs(log(nearest->cost / cost)))
            nearest = &r->timed[i];
    const double trained =
        training > 0 ? networks * training * nearest->training_seconds / nearest->training_cost : 0;
    return measuring * nearest->seconds / nearest->cost + trained;
}

static double seconds_of_unit(const rates *r, const bl_grid *grid, int64_t unit) {
    const bl_unit u = bl_grid_unit(grid, unit);
    const double networks = (double)u.count;
    return seconds_of(r, grid->config, &u.c, networks,
                      bl_cost_unit(grid, unit) - networks * bl_cost_training(grid->config, &u.c));
}

/* --- what is printed --- */

static double print_cases(const bl_grid *grid, const rates *r) {
    double total = 0;
    (void)printf("%5s %6s %8s  %8s %14s %12s %14s %12s\n", "depth", "width", "n", "units", "networks/unit",
                 "inputs/unit", "Gmultiply-adds", "seconds/unit");
    for (size_t i = 0; i < grid->cases; i++) {
        bl_case c = bl_grid_case(grid, i);
        const double networks = (double)grid->config->networks, training = bl_cost_training(grid->config, &c);
        const double measuring = networks * (bl_cost_network(grid->config, &c) - training);
        (void)printf("%5zu %6.0f %8zu  %8" PRId64 " %14zu %12zu %14.3g %12.3g\n", c.depth, c.width,
                     c.dimension, grid->first_unit[i + 1] - grid->first_unit[i], grid->block[i],
                     grid->input_block[i] * bl_config_kinds(grid->config),
                     (measuring + networks * training * r->share) / 1e9,
                     seconds_of_unit(r, grid, grid->first_unit[i]));
        total += seconds_of(r, grid->config, &c, networks, measuring);
    }
    return total;
}

/* `program`: bytes that the program and its libraries hold before any case. */
static bl_err print_memory(const bl_grid *grid, size_t program) {
    bl_err err = BL_OK;
    size_t worker = 0, kernels = 0;
    double mib = 1024.0 * 1024.0;
    BL_TRY(bl_worker_memory(grid, &worker, NULL));
    BL_TRY(bl_kernels_memory(grid, ranks, &kernels));
    size_t ours = worker > kernels ? worker : kernels;
    (void)printf("memory a rank: %.0f MiB (largest case %.1f MiB, program and libraries %.0f MiB)\n",
                 (double)(ours + program) / mib, (double)ours / mib, (double)program / mib);
    (void)printf("result file: %.1f MiB\n", bl_fields_bytes(grid) / mib);
cleanup:
    return err;
}

static bl_err print_forecast(const bl_grid *grid, const double *seconds) {
    bl_err err = BL_OK;
    const size_t sizes[] = {ranks, 64, 1024, 16384, 65536};
    (void)printf("\n%8s %14s %10s %12s\n", "ranks", "sweep's time", "seconds", "efficiency");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        bl_schedule_forecast forecast;
        char text[32];
        size_t node = sizes[i] < ranks_a_node ? sizes[i] : ranks_a_node;
        if (i > 0 && sizes[i] == ranks)
            continue;
        BL_TRY(bl_schedule_simulate(grid->units, seconds, (int64_t)sizes[i], (int64_t)node, 0.2, 1e-3,
                                    &forecast));
        bl_progress_duration(forecast.makespan, text);
        (void)printf("%8zu %14s %10.4g %10.1f %%\n", sizes[i], text, forecast.makespan,
                     100 * forecast.efficiency);
    }
    (void)printf(
        "(simulation of the schedule, %zu ranks a node; real times scatter by 20 %% around estimates)\n",
        ranks_a_node);
cleanup:
    return err;
}

static void print_images(const bl_config *config, const bl_plan_images *images) {
    (void)printf("training: %zu epochs of %zu images, %zu test images, ", config->training.epochs,
                 images->count[BL_DATASET_TRAIN], images->count[BL_DATASET_TEST]);
    if (images->read)
        (void)printf("as read from %s\n", config->training.path);
    else
        (void)printf("going by the full set; it could not be read: %s\n", images->reason);
}

static bl_err print_plan(const bl_sweep *sweep) {
    bl_err err = BL_OK;
    rates r;
    double *seconds = NULL;
    const bl_grid *grid = sweep->grid;
    size_t program = bl_mem_resident();
    const bool trains = grid->config->training.set != BL_TRAINING_NONE;
    bl_plan_images images = {0};
    (void)printf("%s: %zu cases, %" PRId64 " units, %zu networks x %zu inputs x %zu norms a case%s\n",
                 grid->config->name, grid->cases, grid->units, grid->config->networks,
                 bl_config_inputs(grid->config), grid->config->p.count, trains ? ", networks trained" : "");
    if (trains) {
        BL_TRY(bl_plan_images_create(grid->config, &images));
        print_images(grid->config, &images);
    }
    BL_TRY(measure_rates(grid, trains ? &images : NULL, &r));
    double total = print_cases(grid, &r);
    BL_ALLOC(seconds, (size_t)grid->units);
    for (int64_t i = 0; i < grid->units; i++)
        seconds[i] = seconds_of_unit(&r, grid, i);
    char text[32];
    bl_progress_duration(total, text);
    (void)printf("work: %s on one core of this machine (timed on one network of %zu case%s%s)\n", text,
                 r.count, r.count > 1 ? "s" : "", trains ? "; training: some of its steps" : "");
    BL_TRY(print_memory(grid, program));
    BL_TRY(print_forecast(grid, seconds));
cleanup:
    bl_plan_images_clear(&images);
    bl_mem_free(seconds);
    return err;
}

static bl_err plan_command(const bl_invocation *invocation) {
    bl_err err = BL_OK;
    const char *place = NULL;
    char *text = NULL;
    size_t length = 0;
    bl_sweep sweep = {0};
    BL_TRY(bl_command_arguments(invocation, &bl_command_plan, "the sweep file", &place));
    BL_TRY(bl_command_read(invocation->comm, place, &text, &length));
    if (bl_plan_is_posterior(text)) {
        err = bl_plan_posterior(invocation->comm, place, text, length, &overrides, ranks);
        goto cleanup;
    }
    BL_TRY(bl_sweep_read(invocation->comm, place, &overrides, &sweep));
    BL_TRY(bl_agree(invocation->comm, invocation->comm->rank == 0 ? print_plan(&sweep) : BL_OK));
cleanup:
    bl_mem_free(text);
    bl_sweep_clear(&sweep);
    return err;
}

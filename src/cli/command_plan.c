/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `plan`: what a sweep is made of, and what it will take, without running it.
 */
#include "base/mem.h"
#include "command.h"
#include "command_plan_posterior.h"
#include "experiment/fields.h"
#include "experiment/kernels.h"
#include "experiment/unit.h"
#include "parallel/schedule.h"
#include "plan/phases.h"
#include "run/checkpoints.h"
#include "run/interrupt.h"
#include "run/progress.h"
#include "sweep/cost.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static size_t ranks = 1, ranks_a_node = 64;
static const char *times;
static bl_texts overrides;

static const double spread_guessed = 0.2; /* of single units around estimates, where it was not measured */

static const bl_flag flags[] = {
    {"--ranks", BL_FLAG_COUNT, &ranks, "N", "forecast for N ranks, beside 64, 1,024, 16,384 and 65,536"},
    {"--ranks-a-node", BL_FLAG_COUNT, &ranks_a_node, "K", "of the machine forecast for (64)"},
    {"--times", BL_FLAG_TEXT, &times, "RESULT.h5",
     "take times of units, and how they scatter, from this result file instead of timing a few networks "
     "here"},
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
    .synopsis = "plan FILE.yaml [--ranks N] [--ranks-a-node K] [--times RESULT.h5] [--set KEY=VALUE]...",
    .summary = "Print cases, units, work, memory a rank, file size and time of a sweep file (of a posterior "
               "file: work,\n"
               "      memory a rank and time), without running it.",
    .flags = flags_of,
    .run = plan_command,
    .keys_help = bl_config_help,
    .keys_of = "a sweep file",
};

static double print_cases(const bl_grid *grid, const bl_rates *r) {
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
                     bl_rates_seconds_of_unit(r, grid, grid->first_unit[i]));
        total += bl_rates_seconds(r, grid->config, &c, networks, measuring);
    }
    return total;
}

/* `program`: bytes that the program and its libraries hold before any case. */
static bl_err print_memory(const bl_grid *grid, size_t program) {
    bl_err err = BL_OK;
    size_t worker = 0, kernels = 0, words = 0;
    double mib = 1024.0 * 1024.0;
    BL_TRY(bl_worker_memory(grid, &worker, NULL));
    BL_TRY(bl_kernels_memory(grid, ranks, &kernels));
    size_t ours = worker > kernels ? worker : kernels;
    (void)printf("memory a rank: %.0f MiB (largest case %.1f MiB, program and libraries %.0f MiB)\n",
                 (double)(ours + program) / mib, (double)ours / mib, (double)program / mib);
    BL_TRY(bl_worker_state_words(grid, &words));
    (void)printf("result file: %.1f MiB", bl_fields_bytes(grid) / mib);
    if (words > 0)
        (void)printf(", and %.1f MiB a rank for trainings in progress",
                     BL_CHECKPOINTS_A_RANK * sizeof(uint64_t) * (double)words / mib);
    (void)printf("\n");
cleanup:
    return err;
}

/* Real times of units: the expected ones times a ratio each, drawn from the measured ones, else log-normal. */
static bl_err scatter_units(const bl_grid *grid, const bl_rates *r, const double *expected, double *real) {
    bl_err err = BL_OK;
    const size_t count = (size_t)grid->units;
    double *uniform = NULL;
    if (r->ratios == 0)
        return bl_schedule_scatter(grid->units, expected, times ? 0 : spread_guessed, real);
    BL_ALLOC(uniform, count);
    bl_rng_uniform64(bl_rng_stream(0, 0, 0, BL_PURPOSE_FORECAST, 0), count, uniform);
    for (size_t i = 0; i < count; i++)
        real[i] = expected[i] * r->ratio[(size_t)(uniform[i] * (double)r->ratios)];
cleanup:
    bl_mem_free(uniform);
    return err;
}

static double deviation(const bl_rates *r) {
    double squares = 0;
    for (size_t i = 0; i < r->ratios; i++)
        squares += (r->ratio[i] - 1) * (r->ratio[i] - 1);
    return r->ratios ? sqrt(squares / (double)r->ratios) : times ? 0 : spread_guessed;
}

/* The dearest unit bounds the time from below, and so the ranks that have work. */
static void print_limit(const bl_grid *grid, const double *expected) {
    double longest = 0, sum = 0;
    for (int64_t i = 0; i < grid->units; i++) {
        longest = fmax(longest, expected[i]);
        sum += expected[i];
    }
    (void)printf("longest unit: %.3g s; more than %.0f ranks end no sooner (samples.block, "
                 "samples.input_block: smaller units)\n",
                 longest, fmax(1, sum / longest));
}

static bl_err print_forecast(const bl_grid *grid, const bl_rates *r, const double *expected,
                             const double *real) {
    bl_err err = BL_OK;
    const size_t sizes[] = {ranks, 64, 1024, 16384, 65536};
    (void)printf("\n%8s %10s %10s %10s %10s %14s %10s %12s\n", "ranks", "units, s", "efficiency",
                 "kernels, s", "summary, s", "all", "seconds", "efficiency");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        bl_phases phases;
        char text[32];
        if (i > 0 && sizes[i] == ranks)
            continue;
        BL_TRY(bl_phases_forecast(grid, r, expected, real, (bl_machine){sizes[i], ranks_a_node}, &phases));
        const double all = phases.units + phases.kernels + phases.summary, size = (double)sizes[i];
        bl_progress_duration(all, text);
        (void)printf("%8zu %10.4g %8.1f %% %10.3g %10.3g %14s %10.4g %10.1f %%\n", sizes[i], phases.units,
                     100 * phases.units_work / (size * phases.units), phases.kernels, phases.summary, text,
                     all, 100 * phases.work / (size * all));
    }
    (void)printf("(simulation of the schedule, %zu ranks a node; units scatter by %.0f %% around what is "
                 "expected%s)\n",
                 ranks_a_node, 100 * deviation(r), times ? ", as measured" : "");
cleanup:
    return err;
}

static void print_work(const bl_rates *r, double total, bool trains) {
    char text[32];
    bl_progress_duration(total, text);
    if (times)
        (void)printf("work: %s on one core (of units, by %zu cases in %s)\n", text, r->count, times);
    else
        (void)printf(
            "work: %s on one core of this machine (of units, timed on one network of %zu case%s%s)\n", text,
            r->count, r->count > 1 ? "s" : "", trains ? "; training: some of its steps" : "");
}

static void print_images(const bl_config *config, const bl_plan_images *images) {
    (void)printf("training: %zu epochs of %zu images, %zu test images, ", config->training.epochs,
                 images->count[BL_DATASET_TRAIN], images->count[BL_DATASET_TEST]);
    if (images->read)
        (void)printf("as read from %s\n", config->training.path);
    else
        (void)printf("going by the full set; it could not be read: %s\n", images->reason);
}

/* Where from: a file of measured units, else networks timed here. */
static bl_err find_rates(const bl_grid *grid, bl_rates *r) {
    bl_err err = BL_OK;
    bl_plan_images images = {0};
    const bool trains = grid->config->training.set != BL_TRAINING_NONE;
    if (times)
        return bl_rates_read(times, r);
    if (trains) {
        BL_TRY(bl_plan_images_create(grid->config, &images));
        print_images(grid->config, &images);
    }
    BL_TRY(bl_rates_measure(grid, trains ? &images : NULL, r));
cleanup:
    bl_plan_images_clear(&images);
    return err;
}

static bl_err print_plan(const bl_sweep *sweep) {
    bl_err err = BL_OK;
    bl_rates r = {0};
    double *expected = NULL, *real = NULL;
    const bl_grid *grid = sweep->grid;
    size_t program = bl_mem_resident();
    const bool trains = grid->config->training.set != BL_TRAINING_NONE;
    (void)printf("%s: %zu cases, %" PRId64 " units, %zu networks x %zu inputs x %zu norms a case%s\n",
                 grid->config->name, grid->cases, grid->units, grid->config->networks,
                 bl_config_inputs(grid->config), grid->config->p.count, trains ? ", networks trained" : "");
    BL_TRY(find_rates(grid, &r));
    print_work(&r, print_cases(grid, &r), trains);
    BL_ALLOC(expected, (size_t)grid->units);
    BL_ALLOC(real, (size_t)grid->units);
    for (int64_t i = 0; i < grid->units; i++)
        expected[i] = bl_rates_seconds_of_unit(&r, grid, i);
    BL_TRY(scatter_units(grid, &r, expected, real));
    BL_TRY(print_memory(grid, program));
    print_limit(grid, expected);
    BL_TRY(print_forecast(grid, &r, expected, real));
cleanup:
    bl_rates_clear(&r);
    bl_mem_free(expected);
    bl_mem_free(real);
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
        bl_mem_free(text);
        goto cleanup;
    }
    BL_TRY(bl_sweep_parse(invocation->comm, place, text, length, &overrides, &sweep));
    BL_TRY(bl_agree(invocation->comm, invocation->comm->rank == 0 ? print_plan(&sweep) : BL_OK));
cleanup:
    bl_sweep_clear(&sweep);
    return err;
}

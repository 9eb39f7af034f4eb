/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `plan`: what a sweep is made of, and what it will take, without running it.
 */
#include "base/duration.h"
#include "base/mem.h"
#include "command.h"
#include "command_plan_posterior.h"
#include "plan/plan.h"
#include "sweep_file.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct options {
    size_t ranks, ranks_per_node;
    const char *times;
    bl_texts overrides;
} options;

static const options defaults = {.ranks = 1, .ranks_per_node = 64};

static const bl_flag flags[] = {
    {"--ranks", BL_FLAG_COUNT, offsetof(options, ranks), "N",
     "forecast for N ranks, beside 64, 1,024, 16,384 and 65,536", false},
    {"--ranks-a-node", BL_FLAG_COUNT, offsetof(options, ranks_per_node), "K",
     "ranks per node of the machine forecast for (64)", false},
    {"--times", BL_FLAG_TEXT, offsetof(options, times), "RESULT.h5",
     "take times of units, and how they scatter, from this result file instead of timing a few networks "
     "here",
     false},
    {"--set", BL_FLAG_LIST, offsetof(options, overrides), "KEY=VALUE",
     "a value in place of the sweep file's (may be repeated)", false},
};

static const double mib = 1024.0 * 1024.0;

static void print_images(const bl_plan *plan) {
    const bl_config *config = plan->grid->config;
    const bl_plan_images *images = &plan->images;
    if (config->training.set == BL_TRAINING_NONE || plan->options.times)
        return;
    (void)printf("training: %zu epochs of %zu images, %zu test images, ", config->training.epochs,
                 images->count[BL_DATASET_TRAIN], images->count[BL_DATASET_TEST]);
    if (images->read)
        (void)printf("as read from %s\n", config->training.path);
    else
        (void)printf("going by the full set; it could not be read: %s\n", images->reason);
}

static void print_cases(const bl_plan *plan) {
    (void)printf("%5s %6s %8s  %8s %14s %12s %14s %12s\n", "depth", "width", "n", "units", "networks/unit",
                 "inputs/unit", "Gmultiply-adds", "seconds/unit");
    for (size_t i = 0; i < plan->grid->cases; i++) {
        const bl_plan_case *c = &plan->cases[i];
        (void)printf("%5zu %6.0f %8zu  %8" PRId64 " %14zu %12zu %14.3g %12.3g\n", c->c.depth, c->c.width,
                     c->c.dimension, c->units, c->networks, c->inputs, c->multiply_adds / 1e9,
                     c->seconds_per_unit);
    }
}

static void print_work(const bl_plan *plan) {
    const bool trains = plan->grid->config->training.set != BL_TRAINING_NONE;
    const size_t count = plan->rates.count;
    char text[BL_DURATION_TEXT];
    bl_duration_text(plan->seconds_one_core, text);
    if (plan->options.times)
        (void)printf("work: %s on one core (of units, by %zu cases in %s)\n", text, count,
                     plan->options.times);
    else
        (void)printf(
            "work: %s on one core of this machine (of units, timed on one network of %zu case%s%s)\n", text,
            count, count > 1 ? "s" : "", trains ? "; training: some of its steps" : "");
}

static void print_memory(const bl_plan *plan) {
    (void)printf("memory per rank: %.0f MiB (largest case %.1f MiB, program and libraries %.0f MiB)\n",
                 (double)(plan->bytes_case + plan->bytes_program) / mib, (double)plan->bytes_case / mib,
                 (double)plan->bytes_program / mib);
    (void)printf("result file: %.1f MiB", plan->bytes_file / mib);
    if (plan->bytes_checkpoints > 0)
        (void)printf(", and %.1f MiB per rank for trainings in progress", plan->bytes_checkpoints / mib);
    (void)printf("\nlongest unit: %.3g s; more than %.0f ranks end no sooner (samples.block, "
                 "samples.input_block: smaller units)\n",
                 plan->seconds_longest, plan->ranks_with_work);
}

static void print_forecast(const bl_plan *plan) {
    (void)printf("\n%8s %10s %10s %10s %10s %14s %10s %12s\n", "ranks", "units, s", "efficiency",
                 "kernels, s", "summary, s", "all", "seconds", "efficiency");
    for (size_t i = 0; i < plan->forecasts; i++) {
        const bl_plan_forecast *f = &plan->forecast[i];
        char text[BL_DURATION_TEXT];
        bl_duration_text(f->seconds, text);
        (void)printf("%8zu %10.4g %8.1f %% %10.3g %10.3g %14s %10.4g %10.1f %%\n", f->ranks, f->phases.units,
                     100 * f->units_efficiency, f->phases.kernels, f->phases.summary, text, f->seconds,
                     100 * f->efficiency);
    }
    (void)printf("(simulation of the schedule, %zu ranks per node; units scatter by %.0f %% around what is "
                 "expected%s)\n",
                 plan->options.ranks_per_node, 100 * plan->scatter,
                 plan->options.times ? ", as measured" : "");
}

static bl_err print_plan(const options *o, const bl_sweep_file *sweep) {
    bl_err err = BL_OK;
    bl_plan *plan = NULL;
    const bl_grid *grid = sweep->grid;
    const bl_config *config = sweep->config;
    const bl_plan_options plan_options = {
        .ranks = o->ranks, .ranks_per_node = o->ranks_per_node, .times = o->times};
    (void)printf("%s: %zu cases, %" PRId64 " units, %zu networks x %zu inputs x %zu norms per case%s\n",
                 config->name, grid->cases, grid->units, config->networks, bl_config_inputs(config),
                 config->p.count, config->training.set != BL_TRAINING_NONE ? ", networks trained" : "");
    BL_TRY(bl_plan_create(grid, &plan_options, &plan));
    print_images(plan);
    print_cases(plan);
    print_work(plan);
    print_memory(plan);
    print_forecast(plan);
cleanup:
    bl_plan_destroy(&plan);
    return err;
}

static bl_err run(const bl_invocation *invocation, const void *given) {
    bl_err err = BL_OK;
    const options *o = given;
    const char *path = invocation->place;
    char *text = NULL;
    size_t length = 0;
    bl_sweep_file sweep = {0};
    BL_TRY(bl_command_read_text(invocation->comm, path, &text, &length));
    if (bl_plan_is_posterior(text)) {
        err = bl_plan_posterior(invocation->comm, path, text, length, &o->overrides, o->ranks);
        bl_mem_free(text);
        goto cleanup;
    }
    BL_TRY(bl_sweep_file_parse(invocation->comm, path, text, length, &o->overrides, &sweep));
    BL_TRY(bl_agree(invocation->comm, invocation->comm->rank == 0 ? print_plan(o, &sweep) : BL_OK));
cleanup:
    bl_sweep_file_clear(&sweep);
    return err;
}

const bl_command bl_command_plan = {
    .name = "plan",
    .summary =
        "Print cases, units, work, memory per rank, file size and time of a sweep file (of a posterior "
        "file: work,\n"
        "      memory per rank and time), without running it.",
    .arguments = {sizeof flags / sizeof *flags, flags, "the sweep file",
                  "plan FILE.yaml [--ranks N] [--ranks-a-node K] [--times RESULT.h5] [--set KEY=VALUE]..."},
    .options_size = sizeof(options),
    .defaults = &defaults,
    .run = run,
    .keys_help = bl_config_help,
    .keys_of = "a sweep file",
};

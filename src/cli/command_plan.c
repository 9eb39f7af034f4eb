/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `plan`: the parts of a sweep and its forecast, without running it.
 */
#include "base/duration.h"
#include "base/mem.h"
#include "command.h"
#include "json.h"
#include "plan/plan.h"
#include "plan_json.h"
#include "plan_posterior.h"
#include "sweep_file.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct options {
    size_t ranks, ranks_per_node;
    const char *times;
    bl_texts overrides;
    bool json;
    bl_texts keys;
} options;

static const options defaults = {.ranks = 1, .ranks_per_node = 64};

static const bl_flag flags[] = {
    {"--ranks", BL_FLAG_COUNT, offsetof(options, ranks), "N",
     "forecast for N ranks, beside 64, 1,024, 16,384 and 65,536", false},
    {"--ranks-per-node", BL_FLAG_COUNT, offsetof(options, ranks_per_node), "K",
     "ranks per node of the machine forecast for (64)", false},
    {"--times", BL_FLAG_TEXT, offsetof(options, times), "RESULT.h5",
     "take times of units, and how they scatter, from this result file instead of timing a few networks "
     "here",
     false},
    {"--set", BL_FLAG_LIST, offsetof(options, overrides), "KEY=VALUE",
     "a value in place of the sweep file's (may be repeated)", false},
    {"--json", BL_FLAG_SWITCH, offsetof(options, json), NULL, "print JSON, with the keys of src/cli/JSON.md",
     false},
    {"--key", BL_FLAG_LIST, offsetof(options, keys), "KEY",
     "print only this value of --json, as memory_per_rank or forecast.0.seconds (may be repeated); the table "
     "goes to standard error",
     false},
};

static const double mib = 1024.0 * 1024.0;

static void print_images(FILE *to, const bl_plan *plan) {
    const bl_config *config = plan->grid->config;
    const bl_plan_images *images = &plan->images;
    if (config->training.set == BL_TRAINING_NONE || plan->options.times)
        return;
    (void)fprintf(to, "training: %zu epochs of %zu images, %zu test images, ", config->training.epochs,
                  images->count[BL_DATASET_TRAIN], images->count[BL_DATASET_TEST]);
    if (images->read)
        (void)fprintf(to, "as read from %s\n", config->training.path);
    else
        (void)fprintf(to, "going by the full set; it could not be read: %s\n", images->reason);
}

static void print_cases(FILE *to, const bl_plan *plan) {
    (void)fprintf(to, "%5s %6s %8s  %8s %14s %12s %14s %12s\n", "depth", "width", "n", "units",
                  "networks/unit", "inputs/unit", "Gmultiply-adds", "seconds/unit");
    for (size_t i = 0; i < plan->grid->cases; i++) {
        const bl_plan_case *c = &plan->cases[i];
        (void)fprintf(to, "%5zu %6.0f %8zu  %8" PRId64 " %14zu %12zu %14.3g %12.3g\n", c->c.depth, c->c.width,
                      c->c.dimension, c->units, c->networks, c->inputs, c->multiply_adds / 1e9,
                      c->seconds_per_unit);
    }
}

static void print_work(FILE *to, const bl_plan *plan) {
    const bool trains = plan->grid->config->training.set != BL_TRAINING_NONE;
    const size_t count = plan->rates.count;
    char text[BL_DURATION_TEXT];
    bl_duration_text(plan->seconds_one_core, text);
    if (plan->options.times)
        (void)fprintf(to, "work: %s on one core (of units, by %zu cases in %s)\n", text, count,
                      plan->options.times);
    else
        (void)fprintf(
            to, "work: %s on one core of this machine (of units, timed on one network of %zu case%s%s)\n",
            text, count, count > 1 ? "s" : "", trains ? "; training: some of its steps" : "");
}

static void print_memory(FILE *to, const bl_plan *plan) {
    (void)fprintf(to, "memory per rank: %.0f MiB (largest case %.1f MiB, program and libraries %.0f MiB)\n",
                  (double)(plan->bytes_case + plan->bytes_program) / mib, (double)plan->bytes_case / mib,
                  (double)plan->bytes_program / mib);
    (void)fprintf(to, "result file: %.1f MiB", plan->bytes_file / mib);
    if (plan->bytes_checkpoints > 0)
        (void)fprintf(to, ", and %.1f MiB per rank for trainings in progress", plan->bytes_checkpoints / mib);
    (void)fprintf(to,
                  "\nlongest unit: %.3g s; more than %.0f ranks do not shorten the run (samples.block, "
                  "samples.input_block: smaller units)\n",
                  plan->seconds_longest, plan->ranks_with_work);
}

static void print_forecast(FILE *to, const bl_plan *plan) {
    (void)fprintf(to, "\n%8s %10s %10s %10s %10s %14s %10s %12s\n", "ranks", "units, s", "efficiency",
                  "kernels, s", "summary, s", "all", "seconds", "efficiency");
    for (size_t i = 0; i < plan->forecasts; i++) {
        const bl_plan_forecast *f = &plan->forecast[i];
        char text[BL_DURATION_TEXT];
        bl_duration_text(f->seconds, text);
        (void)fprintf(to, "%8zu %10.4g %8.1f %% %10.3g %10.3g %14s %10.4g %10.1f %%\n", f->ranks,
                      f->phases.units, 100 * f->units_efficiency, f->phases.kernels, f->phases.summary, text,
                      f->seconds, 100 * f->efficiency);
    }
    (void)fprintf(to,
                  "(simulation of the schedule, %zu ranks per node; units scatter by %.0f %% around the "
                  "estimate%s)\n",
                  plan->options.ranks_per_node, 100 * plan->scatter,
                  plan->options.times ? ", as measured" : "");
}

static void print_head(FILE *to, const bl_plan *plan) {
    const bl_config *config = plan->grid->config;
    (void)fprintf(to, "%s: %zu cases, %" PRId64 " units, %zu networks x %zu inputs x %zu norms per case%s\n",
                  config->name, plan->grid->cases, plan->grid->units, config->networks,
                  bl_config_inputs(config), config->p.count,
                  config->training.set != BL_TRAINING_NONE ? ", networks trained" : "");
}

static void print_plan(FILE *to, const bl_plan *plan) {
    print_head(to, plan);
    print_images(to, plan);
    print_cases(to, plan);
    print_work(to, plan);
    print_memory(to, plan);
    print_forecast(to, plan);
}

/* Plan a sweep, and print it or put it into JSON; both where scripts ask for single values. Only one rank calls. */
static bl_err plan_sweep(const options *o, const bl_grid *grid, bl_json *json) {
    bl_err err = BL_OK;
    bl_plan *plan = NULL;
    const bl_plan_options plan_options = {
        .ranks = o->ranks, .ranks_per_node = o->ranks_per_node, .times = o->times};
    BL_TRY(bl_plan_create(grid, &plan_options, &plan));
    if (json)
        bl_plan_json(json, plan);
    if (!json || o->keys.count > 0)
        print_plan(json ? stderr : stdout, plan);
cleanup:
    bl_plan_destroy(&plan);
    return err;
}

/* Of a posterior file or a sweep file. Collective. */
static bl_err plan_file(const bl_invocation *invocation, const options *o, bl_json *json) {
    bl_err err = BL_OK;
    const bl_comm *comm = invocation->comm;
    const char *path = invocation->place;
    char *text = NULL;
    size_t length = 0;
    bl_sweep_file sweep = {0};
    BL_TRY(bl_command_read_text(comm, path, &text, &length));
    if (bl_plan_posterior_is(text)) {
        err = bl_plan_posterior(comm, path, text, length, &o->overrides, o->ranks, json);
        bl_mem_free(text);
        goto cleanup;
    }
    BL_TRY(bl_sweep_file_parse(comm, path, text, length, &o->overrides, &sweep));
    BL_TRY(bl_agree(comm, comm->rank == 0 ? plan_sweep(o, sweep.grid, json) : BL_OK));
cleanup:
    bl_sweep_file_clear(&sweep);
    return err;
}

static bl_err run(const bl_invocation *invocation, const void *given) {
    const options *o = given;
    bl_json json;
    if (!o->json && o->keys.count == 0)
        return plan_file(invocation, o, NULL);
    bl_err err = bl_agree(invocation->comm, bl_json_begin(&o->keys, &json));
    if (err == BL_OK)
        err = plan_file(invocation, o, &json);
    return bl_json_finish(&json, err, invocation->comm->rank == 0);
}

const bl_command bl_command_plan = {
    .name = "plan",
    .summary =
        "Print cases, units, work, memory per rank, file size and time of a sweep file (of a posterior "
        "file: work,\n"
        "      memory per rank and time), without running it.",
    .arguments =
        {sizeof flags / sizeof *flags, flags, "the sweep file",
         "plan FILE.yaml [--ranks N] [--ranks-per-node K] [--times RESULT.h5] [--set KEY=VALUE]... [--json | "
         "--key KEY...]"},
    .options_size = sizeof(options),
    .defaults = &defaults,
    .run = run,
    .keys_help = bl_config_help,
    .keys_of = "a sweep file",
};

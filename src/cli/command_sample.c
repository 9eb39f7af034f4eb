/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `sample`: the networks and inputs that `run` would use, as a networks file; of a sweep with `training`, trained networks
 * with training, test and random images.
 */
#include "command.h"
#include "run/sample_run.h"
#include "signals.h"
#include "sweep_file.h"

#include <stdio.h>

typedef struct options {
    const char *output;
    bool force;
    size_t networks;
    bl_texts overrides;
} options;

static const bl_flag flags[] = {
    {"-o", BL_FLAG_TEXT, offsetof(options, output), "NETWORKS.h5", "the networks file (must be given)", true},
    {"--networks", BL_FLAG_COUNT, offsetof(options, networks), "K", "only the first K networks of each case",
     false},
    {"--force", BL_FLAG_SWITCH, offsetof(options, force), NULL, "overwrite NETWORKS.h5", false},
    {"--set", BL_FLAG_LIST, offsetof(options, overrides), "KEY=VALUE",
     "a value in place of the sweep file's (may be repeated)", false},
};

static bl_err run(const bl_invocation *invocation, const void *given) {
    bl_err err = BL_OK;
    const options *o = given;
    bl_sweep_file sweep = {0};
    const bl_sample_run_options run_options = {.networks = o->networks, .force = o->force};
    const bl_hooks hooks = {.stop = bl_signals_caught};
    bl_signals_catch();
    BL_TRY(bl_sweep_file_read(invocation->comm, invocation->place, &o->overrides, &sweep));
    BL_TRY(bl_sample_run(invocation->comm, sweep.config, o->output, &run_options, &hooks));
    const size_t all = sweep.config->networks, count = o->networks && o->networks < all ? o->networks : all;
    if (invocation->comm->rank == 0)
        (void)printf("%s: %zu networks of each of %zu cases\n", o->output, count, sweep.grid->cases);
cleanup:
    bl_sweep_file_clear(&sweep);
    return err;
}

const bl_command bl_command_sample = {
    .name = "sample",
    .summary = "Write the networks and inputs that `run` would use, for other programs and for `measure`; or "
               "train them.",
    .arguments = {sizeof flags / sizeof *flags, flags, "the sweep file",
                  "sample SWEEP.yaml -o NETWORKS.h5 [--networks K] [--set KEY=VALUE]... [--force]"},
    .options_size = sizeof(options),
    .run = run,
    .keys_help = bl_config_help,
    .keys_of = "a sweep file",
};

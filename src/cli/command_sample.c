/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `sample`: the networks and inputs that `run` would use, as a networks file; of a sweep with `training`, trained networks
 * with training, test and random images.
 */
#include "command.h"
#include "run/interrupt.h"
#include "run/sample.h"

#include <stdio.h>

static const char *output;
static bool force;
static size_t networks;
static bl_texts overrides;

static const bl_flag flags[] = {
    {"-o", BL_FLAG_TEXT, &output, "NETWORKS.h5", "the networks file (must be given)"},
    {"--networks", BL_FLAG_COUNT, &networks, "K", "only the first K networks of each case"},
    {"--force", BL_FLAG_SWITCH, &force, NULL, "overwrite NETWORKS.h5"},
    {"--set", BL_FLAG_LIST, &overrides, "KEY=VALUE",
     "a value in place of the sweep file's (may be repeated)"},
};

static size_t flags_of(const bl_flag **flag) {
    *flag = flags;
    return sizeof flags / sizeof *flags;
}

static bl_err sample_command(const bl_invocation *invocation);

const bl_command bl_command_sample = {
    .name = "sample",
    .synopsis = "sample SWEEP.yaml -o NETWORKS.h5 [--networks K] [--set KEY=VALUE]... [--force]",
    .summary = "Write the networks and inputs that `run` would use, for other programs and for `measure`; or "
               "train them.",
    .flags = flags_of,
    .run = sample_command,
    .keys_help = bl_config_help,
    .keys_of = "a sweep file",
};

static bl_err sample_command(const bl_invocation *invocation) {
    bl_err err = BL_OK;
    const char *place = NULL;
    bl_sweep sweep = {0};
    BL_TRY(bl_command_arguments(invocation, &bl_command_sample, "the sweep file", &place));
    BL_REQUIRE(output, BL_ERR_INPUT, "-o is missing: borderline %s", bl_command_sample.synopsis);
    bl_interrupt_start(0, 0);
    BL_TRY(bl_sweep_read(invocation->comm, place, &overrides, &sweep));
    const size_t all = sweep.config->networks, count = networks && networks < all ? networks : all;
    BL_TRY(bl_sample_all(invocation->comm, &sweep, output, count, force));
    if (invocation->comm->rank == 0)
        (void)printf("%s: %zu networks of each of %zu cases\n", output, count, sweep.grid->cases);
cleanup:
    bl_sweep_clear(&sweep);
    return err;
}

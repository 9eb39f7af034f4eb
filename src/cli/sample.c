/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `sample`: the networks and inputs that `run` would use, as a networks file; of a sweep with `training`, trained networks
 * with training, test and random images.
 */
#include "sample.h"
#include "base/mem.h"
#include "borderline/networks_file.h"
#include "commands.h"
#include "experiment/unit.h"
#include "interrupt.h"

#include <math.h>
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

void bl_sample_name(const bl_case *c, size_t number, char *name, size_t size) {
    (void)snprintf(name, size, "depth_%zu_width_%.0f_dimension_%zu_network_%06zu", c->depth, c->width,
                   c->dimension, number);
}

bl_err bl_sample_go_on(void) {
    return bl_interrupt_signalled()
               ? bl_err_set(BL_ERR_STOPPED, "stopped by %s: %s is not written", bl_interrupt_reason(), output)
               : BL_OK;
}

static bl_err sample_case(const bl_config *config, const bl_case *c, size_t count, bl_networks_file *file) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    float *x = NULL;
    BL_REQUIRE(
        isfinite(c->width), BL_ERR_INPUT,
        "an infinitely wide network cannot be written; give finite widths, as in --set grid.width=[1000]");
    BL_TRY(bl_network_create(config, c, &network));
    BL_ALLOC(x, config->inputs * c->dimension);
    for (size_t i = 0; i < count; i++) {
        char name[128];
        BL_TRY(bl_sample_go_on());
        bl_sample_name(c, i, name, sizeof name);
        bl_unit_sample(config, c, i, network, x);
        BL_TRY(bl_networks_file_append(file, name, network, x, config->inputs));
    }
cleanup:
    bl_mem_free(x);
    bl_network_destroy(&network);
    return err;
}

static bl_err create(const bl_sweep *sweep, bl_networks_file **file) {
    bl_err err = BL_OK;
    char *resolved = NULL;
    BL_TRY(bl_config_resolve(sweep->config, &resolved));
    BL_TRY(bl_networks_file_create(output, force, sweep->config->box, resolved, 0, file));
cleanup:
    bl_mem_free(resolved);
    return err;
}

/* Random networks are drawn by rank 0 alone, trained ones by all ranks. */
static bl_err sample_all(const bl_comm *comm, const bl_sweep *sweep) {
    bl_err err = BL_OK;
    bl_networks_file *file = NULL;
    size_t count = networks && networks < sweep->config->networks ? networks : sweep->config->networks;
    BL_TRY(bl_agree(comm, comm->rank == 0 ? create(sweep, &file) : BL_OK));
    for (size_t i = 0; i < sweep->grid->cases; i++) {
        bl_case c = bl_grid_case(sweep->grid, i);
        if (sweep->config->training.set != BL_TRAINING_NONE)
            BL_TRY(bl_sample_trained(comm, sweep->config, &c, count, file));
        else
            BL_TRY(bl_agree(comm, comm->rank == 0 ? sample_case(sweep->config, &c, count, file) : BL_OK));
    }
    if (comm->rank == 0) {
        BL_TRY(bl_networks_file_close(&file));
        (void)printf("%s: %zu networks of each of %zu cases\n", output, count, sweep->grid->cases);
    }
cleanup:
    bl_networks_file_discard(&file);
    return bl_agree(comm, err);
}

static bl_err sample_command(const bl_invocation *invocation) {
    bl_err err = BL_OK;
    const char *place = NULL;
    bl_sweep sweep = {0};
    BL_TRY(bl_command_arguments(invocation, &bl_command_sample, "the sweep file", &place));
    BL_REQUIRE(output, BL_ERR_INPUT, "-o is missing: borderline %s", bl_command_sample.synopsis);
    bl_interrupt_start(0, 0);
    BL_TRY(bl_sweep_read(invocation->comm, place, &overrides, &sweep));
    BL_TRY(sample_all(invocation->comm, &sweep));
cleanup:
    bl_sweep_clear(&sweep);
    return err;
}

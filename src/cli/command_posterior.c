/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `posterior`: Gaussian-process regression on labelled images, the Bayesian classifier and its boundary.
 */
#include "experiment/posterior.h"

#include "base/mem.h"
#include "command.h"
#include "posterior_table.h"
#include "run/interrupt.h"
#include "store/posterior_file.h"

static const char *output;
static bool force;
static double time_limit;
static bl_texts overrides;

static const bl_flag flags[] = {
    {"-o", BL_FLAG_TEXT, &output, "OUT.h5", "the result file (must be given)"},
    {"--force", BL_FLAG_SWITCH, &force, NULL, "overwrite OUT.h5"},
    {"--set", BL_FLAG_LIST, &overrides, "KEY=VALUE", "a value in place of the file's (may be repeated)"},
    {"--time-limit", BL_FLAG_TIME, &time_limit, "TIME",
     "begin no further phase after this time; seconds or [D-]HH:MM:SS"},
};

static size_t flags_of(const bl_flag **flag) {
    *flag = flags;
    return sizeof flags / sizeof *flags;
}

static bl_err posterior_command(const bl_invocation *invocation);

const bl_command bl_command_posterior = {
    .name = "posterior",
    .synopsis = "posterior POSTERIOR.yaml -o OUT.h5 [--force] [--set KEY=VALUE]...",
    .summary =
        "Exact Gaussian-process regression on labelled images: accuracy, likelihood, calibration, distances.",
    .flags = flags_of,
    .run = posterior_command,
    .keys_help = bl_posterior_config_help,
    .keys_of = "a posterior file",
};

/* Nothing is kept of what has not ended: a stop leaves no file. */
static bl_err pause(const bl_comm *comm) {
    bl_interrupt_share(comm);
    bool stop = bl_interrupt_signalled() || bl_interrupt_time_left() <= 0;
    return bl_agree(
        comm, stop ? bl_err_set(BL_ERR_STOPPED, "stopped by %s: nothing was written", bl_interrupt_reason())
                   : BL_OK);
}

/* The file as every rank has it. */
static bl_err read_config(const bl_comm *comm, const char *path, char **text, bl_posterior_config **config) {
    bl_err err = BL_OK;
    size_t length = 0;
    BL_TRY(bl_command_read(comm, path, text, &length));
    BL_TRY(bl_agree(comm,
                    bl_posterior_config_parse(path, *text, length, overrides.text, overrides.count, config)));
cleanup:
    return err;
}

static bl_err posterior_command(const bl_invocation *invocation) {
    bl_err err = BL_OK;
    const bl_comm *comm = invocation->comm;
    const char *place = NULL;
    char *text = NULL;
    bl_posterior_config *config = NULL;
    bl_posterior *posterior = NULL;
    bl_provenance *provenance = NULL;
    BL_TRY(bl_command_arguments(invocation, &bl_command_posterior, "the posterior file", &place));
    BL_REQUIRE(output, BL_ERR_INPUT, "-o is missing: borderline %s", bl_command_posterior.synopsis);
    bl_interrupt_start(time_limit, 0);
    BL_TRY(read_config(comm, place, &text, &config));
    BL_TRY(bl_agree(comm, comm->rank == 0 ? bl_posterior_file_check(output, force) : BL_OK));
    BL_TRY(bl_provenance_gather(comm, invocation->argc, invocation->argv, &provenance));
    BL_TRY(bl_posterior_create(comm, config, pause, &posterior));
    if (comm->rank == 0)
        err = bl_posterior_file_write(output, posterior, text, provenance, force);
    if (err == BL_OK && comm->rank == 0)
        err = bl_posterior_print(posterior);
    err = bl_agree(comm, err);
cleanup:
    bl_posterior_destroy(&posterior);
    bl_provenance_destroy(&provenance);
    bl_posterior_config_destroy(&config);
    bl_mem_free(text);
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `posterior`: Gaussian-process regression on labelled images, the Bayesian classifier and its boundary.
 */
#include "base/mem.h"
#include "command.h"
#include "run/posterior_run.h"
#include "show_posterior.h"
#include "signals.h"

typedef struct options {
    const char *output;
    bool force;
    double time_limit;
    bl_texts overrides;
} options;

static const bl_flag flags[] = {
    {"-o", BL_FLAG_TEXT, offsetof(options, output), "OUT.h5", "the result file (must be given)", true},
    {"--force", BL_FLAG_SWITCH, offsetof(options, force), NULL, "overwrite OUT.h5", false},
    {"--set", BL_FLAG_LIST, offsetof(options, overrides), "KEY=VALUE",
     "a value in place of the file's (may be repeated)", false},
    {"--time-limit", BL_FLAG_TIME, offsetof(options, time_limit), "TIME",
     "begin no further phase after this time; seconds or [D-]HH:MM:SS", false},
};

static bl_err run(const bl_invocation *invocation, const void *given) {
    bl_err err = BL_OK;
    const bl_comm *comm = invocation->comm;
    const options *o = given;
    char *text = NULL;
    size_t length = 0;
    bl_posterior_config *config = NULL;
    bl_posterior *posterior = NULL;
    bl_show_text table = {0};
    const bl_hooks hooks = {.stop = bl_signals_caught};
    bl_signals_catch();
    BL_TRY(bl_command_read_text(comm, invocation->place, &text, &length));
    err = bl_posterior_config_parse(invocation->place, text, length, o->overrides.text, o->overrides.count,
                                    &config);
    BL_TRY(bl_agree(comm, err));
    const bl_posterior_run_options run_options = {.force = o->force,
                                                  .time_limit = o->time_limit,
                                                  .text = text,
                                                  .argc = invocation->argc,
                                                  .argv = invocation->argv};
    BL_TRY(bl_posterior_run(comm, config, o->output, &run_options, &hooks, &posterior));
    if (comm->rank == 0)
        err = bl_show_posterior(posterior, &bl_show_text_format, &table);
    BL_TRY(bl_agree(comm, err));
cleanup:
    bl_posterior_destroy(&posterior);
    bl_posterior_config_destroy(&config);
    bl_mem_free(text);
    return err;
}

const bl_command bl_command_posterior = {
    .name = "posterior",
    .summary =
        "Exact Gaussian-process regression on labelled images: accuracy, likelihood, calibration, distances.",
    .arguments = {sizeof flags / sizeof *flags, flags, "the posterior file",
                  "posterior POSTERIOR.yaml -o OUT.h5 [--force] [--set KEY=VALUE]..."},
    .options_size = sizeof(options),
    .run = run,
    .keys_help = bl_posterior_config_help,
    .keys_of = "a posterior file",
};

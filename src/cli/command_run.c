/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `run`: sweep file in, result file out.
 */
#include "borderline/sweep.h"
#include "command.h"
#include "progress_bar.h"
#include "show.h"
#include "signals.h"
#include "sweep_file.h"

typedef struct options {
    const char *output, *save_networks;
    bool resume, force;
    double time_limit, grace, checkpoint;
    bl_texts overrides;
} options;

static const options defaults = {.grace = 30, .checkpoint = 300};

static const bl_flag flags[] = {
    {"-o", BL_FLAG_TEXT, offsetof(options, output), "OUT.h5", "the result file (must be given)", true},
    {"--resume", BL_FLAG_SWITCH, offsetof(options, resume), NULL,
     "go on with OUT.h5 where it stopped; start it where it is missing", false},
    {"--force", BL_FLAG_SWITCH, offsetof(options, force), NULL, "overwrite OUT.h5", false},
    {"--save-networks", BL_FLAG_TEXT, offsetof(options, save_networks), "FILE",
     "also write the networks and their inputs, for `measure` and other programs", false},
    {"--set", BL_FLAG_LIST, offsetof(options, overrides), "KEY=VALUE",
     "a value in place of the sweep file's (may be repeated)", false},
    {"--time-limit", BL_FLAG_TIME, offsetof(options, time_limit), "TIME",
     "begin no unit that would end later; seconds or [D-]HH:MM:SS (a Slurm job's own end also counts)",
     false},
    {"--grace", BL_FLAG_TIME, offsetof(options, grace), "TIME",
     "how long units in flight may go on after SIGTERM or SIGUSR1 (30 s)", false},
    {"--checkpoint", BL_FLAG_TIME, offsetof(options, checkpoint), "TIME",
     "how often a training in progress is stored in OUT.h5, so that --resume goes on with it (5 minutes)",
     false},
};

static bl_err run(const bl_invocation *invocation, const void *given) {
    bl_err err = BL_OK;
    const bl_comm *comm = invocation->comm;
    const options *o = given;
    bl_sweep_file sweep = {0};
    bl_progress_bar bar = {.what = "units"};
    bl_signals_catch();
    const bl_hooks hooks = bl_progress_bar_hooks(&bar);
    BL_TRY(bl_sweep_file_read(comm, invocation->place, &o->overrides, &sweep));
    const bl_sweep_run_options run_options = {.resume = o->resume,
                                              .force = o->force,
                                              .save_networks = o->save_networks,
                                              .time_limit = o->time_limit,
                                              .grace = o->grace,
                                              .checkpoint = o->checkpoint,
                                              .text = sweep.text,
                                              .argc = invocation->argc,
                                              .argv = invocation->argv};
    BL_TRY(bl_sweep_run(comm, sweep.config, o->output, &run_options, &hooks));
    BL_TRY(bl_agree(comm, comm->rank == 0 ? bl_show_table(o->output) : BL_OK));
cleanup:
    bl_sweep_file_clear(&sweep);
    return err;
}

const bl_command bl_command_run = {
    .name = "run",
    .summary = "Do a sweep; under mpirun or srun on as many ranks as they start.",
    .arguments = {sizeof flags / sizeof *flags, flags, "the sweep file",
                  "run SWEEP.yaml -o OUT.h5 [--resume | --force] [--set KEY=VALUE]... [--time-limit TIME]"},
    .options_size = sizeof(options),
    .defaults = &defaults,
    .run = run,
    .keys_help = bl_config_help,
    .keys_of = "a sweep file",
};

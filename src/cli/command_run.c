/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `run`: sweep file in, result file out.
 */
#include "command.h"
#include "run/interrupt.h"
#include "run/run.h"
#include "table.h"

static const char *output;
static const char *save_networks;
static bool resume, force;
static double time_limit, grace = 30, checkpoint = 300;
static bl_texts overrides;

static const bl_flag flags[] = {
    {"-o", BL_FLAG_TEXT, &output, "OUT.h5", "the result file (must be given)"},
    {"--resume", BL_FLAG_SWITCH, &resume, NULL,
     "go on with OUT.h5 where it stopped; start it where it is missing"},
    {"--force", BL_FLAG_SWITCH, &force, NULL, "overwrite OUT.h5"},
    {"--save-networks", BL_FLAG_TEXT, &save_networks, "FILE",
     "also write the networks and their inputs, for `measure` and other programs"},
    {"--set", BL_FLAG_LIST, &overrides, "KEY=VALUE",
     "a value in place of the sweep file's (may be repeated)"},
    {"--time-limit", BL_FLAG_TIME, &time_limit, "TIME",
     "begin no unit that would end later; seconds or [D-]HH:MM:SS (a Slurm job's own end also counts)"},
    {"--grace", BL_FLAG_TIME, &grace, "TIME",
     "how long units in flight may go on after SIGTERM or SIGUSR1 (30 s)"},
    {"--checkpoint", BL_FLAG_TIME, &checkpoint, "TIME",
     "how often a training in progress is stored in OUT.h5, so that --resume goes on with it (5 minutes)"},
};

static size_t flags_of(const bl_flag **flag) {
    *flag = flags;
    return sizeof flags / sizeof *flags;
}

static bl_err run_command(const bl_invocation *invocation);

const bl_command bl_command_run = {
    .name = "run",
    .synopsis = "run SWEEP.yaml -o OUT.h5 [--resume | --force] [--set KEY=VALUE]... [--time-limit TIME]",
    .summary = "Do a sweep; under mpirun or srun on as many ranks as they start.",
    .flags = flags_of,
    .run = run_command,
    .keys_help = bl_config_help,
    .keys_of = "a sweep file",
};

static bl_err run_command(const bl_invocation *invocation) {
    bl_err err = BL_OK;
    const bl_comm *comm = invocation->comm;
    const char *place = NULL;
    bl_run run = {0};
    BL_TRY(bl_command_arguments(invocation, &bl_command_run, "the sweep file", &place));
    run = (bl_run){.comm = comm,
                   .path = output,
                   .networks_path = save_networks,
                   .checkpoint = checkpoint,
                   .resume = resume,
                   .force = force};
    BL_REQUIRE(output, BL_ERR_INPUT, "-o is missing: borderline %s", bl_command_run.synopsis);
    BL_REQUIRE(!(resume && force), BL_ERR_INPUT, "--resume and --force exclude each other");
    bl_interrupt_start(time_limit, grace);
    BL_TRY(bl_sweep_read(comm, place, &overrides, &run.sweep));
    BL_TRY(bl_run_sweep(&run, invocation->argc, invocation->argv));
    BL_TRY(bl_agree(comm, comm->rank == 0 ? bl_table_print(output) : BL_OK));
cleanup:
    bl_sweep_clear(&run.sweep);
    return err;
}

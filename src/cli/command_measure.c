/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `measure`: distances of the networks and inputs of a file.
 */
#include "command.h"
#include "progress_bar.h"
#include "run/measure_run.h"
#include "show.h"
#include "signals.h"

#include <stdio.h>
#include <string.h>

typedef struct options {
    const char *output, *norms, *box, *effort, *certify;
    bool no_box, save_points, force;
    double time_limit, grace;
} options;

static const options defaults = {.norms = "1,2,inf", .effort = "standard", .certify = "none", .grace = 30};

static const bl_flag flags[] = {
    {"-o", BL_FLAG_TEXT, offsetof(options, output), "OUT.h5", "the output file (must be given)", true},
    {"--p", BL_FLAG_TEXT, offsetof(options, norms), "P,P,...", "norms: real p >= 1, inf, or 0 (1,2,inf)",
     false},
    {"--box", BL_FLAG_TEXT, offsetof(options, box), "LO,HI",
     "boundary points stay inside (the file's box attribute, else none)", false},
    {"--no-box", BL_FLAG_SWITCH, offsetof(options, no_box), NULL, "boundary points may be anywhere", false},
    {"--effort", BL_FLAG_TEXT, offsetof(options, effort), "EFFORT", "fast, standard or thorough (standard)",
     false},
    {"--certify", BL_FLAG_TEXT, offsetof(options, certify), "LEVEL",
     "also prove a lower bound of each distance: none, fast, standard or thorough (none)", false},
    {"--save-points", BL_FLAG_SWITCH, offsetof(options, save_points), NULL,
     "also write the boundary points, float64 and float32", false},
    {"--force", BL_FLAG_SWITCH, offsetof(options, force), NULL, "overwrite OUT.h5", false},
    {"--time-limit", BL_FLAG_TIME, offsetof(options, time_limit), "TIME",
     "begin no network after this time; seconds or [D-]HH:MM:SS", false},
    {"--grace", BL_FLAG_TIME, offsetof(options, grace), "TIME",
     "how long networks in flight may go on after SIGTERM or SIGUSR1 (30 s)", false},
};

/* Name the option that was given in the message of the sweep file's table. */
static bl_err name_option(bl_err err) {
    static const char *const name[][2] = {{"--set: grid.p: ", "--p: "},
                                          {"--set: inputs.box: ", "--box: "},
                                          {"--set: boundary.effort: ", "--effort: "},
                                          {"--set: boundary.certify: ", "--certify: "}};
    char text[1024];
    (void)snprintf(text, sizeof text, "%s", bl_err_message());
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (strncmp(text, name[i][0], strlen(name[i][0])) == 0)
            return bl_err_set(err, "%s%s", name[i][1], text + strlen(name[i][0]));
    return err;
}

/* Read the options by the sweep file's table of keys, which has their bounds and messages. */
static bl_err read_settings(const options *o, bl_config **settings) {
    bl_err err = BL_OK;
    char p[512], box[256], effort[64], certify[64];
    static const char grid[] = "grid: {depth: 1, width: 1, dimension: 1}";
    BL_REQUIRE(!(o->box && o->no_box), BL_ERR_INPUT, "--box and --no-box exclude each other");
    (void)snprintf(p, sizeof p, "grid.p=[%s]", o->norms);
    (void)snprintf(effort, sizeof effort, "boundary.effort=%s", o->effort);
    (void)snprintf(certify, sizeof certify, "boundary.certify=%s", o->certify);
    (void)snprintf(box, sizeof box, "inputs.box=[%s]", o->box ? o->box : "0,1");
    err = bl_config_parse("measure", grid, sizeof grid - 1, (const char *[]){p, effort, certify, box}, 4,
                          settings);
    if (err != BL_OK)
        err = name_option(err);
cleanup:
    return err;
}

static bl_err run(const bl_invocation *invocation, const void *given) {
    bl_err err = BL_OK;
    const bl_comm *comm = invocation->comm;
    const options *o = given;
    bl_config *settings = NULL;
    bl_progress_bar bar = {.what = "networks"};
    bl_signals_catch();
    const bl_hooks hooks = bl_progress_bar_hooks(&bar);
    BL_TRY(bl_agree(comm, read_settings(o, &settings)));
    const bl_measure_run_options run_options = {.settings = settings,
                                                .box = o->no_box ? BL_MEASURE_RUN_BOX_NONE
                                                       : o->box  ? BL_MEASURE_RUN_BOX_SETTINGS
                                                                 : BL_MEASURE_RUN_BOX_FILE,
                                                .points = o->save_points,
                                                .force = o->force,
                                                .time_limit = o->time_limit,
                                                .grace = o->grace,
                                                .argc = invocation->argc,
                                                .argv = invocation->argv};
    BL_TRY(bl_measure_run(comm, invocation->place, o->output, &run_options, &hooks));
    BL_TRY(bl_agree(comm, comm->rank == 0 ? bl_show_table(o->output) : BL_OK));
cleanup:
    bl_config_destroy(&settings);
    return err;
}

const bl_command bl_command_measure = {
    .name = "measure",
    .summary = "Distances of the networks and inputs of a file; under mpirun or srun the networks are "
               "divided over ranks.",
    .arguments = {sizeof flags / sizeof *flags, flags, "the networks file",
                  "measure NETWORKS.h5 -o OUT.h5 [--p 1,2,inf] [--box LO,HI | --no-box] [--effort "
                  "fast|standard|thorough] [--certify fast|standard|thorough] [--save-points]"},
    .options_size = sizeof(options),
    .defaults = &defaults,
    .run = run,
};

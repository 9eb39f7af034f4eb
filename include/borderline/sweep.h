/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A sweep as a function: all that `borderline run` does, but for its command line and its table.
 */
#ifndef BORDERLINE_SWEEP_H
#define BORDERLINE_SWEEP_H

#include "borderline/comm.h"
#include "borderline/config.h"
#include "borderline/hooks.h"

typedef struct bl_sweep_run_options {
    bool resume; /* go on with the file at the path where it stopped; begin it where there is none */
    bool force;  /* overwrite a file at the path; excludes resume */
    /* a networks file, to which every network is also written with its inputs; NULL: none */
    const char *save_networks;
    /* seconds from the call's begin, in which no unit is begun that would end later; 0: no limit. The end
     * of a Slurm job (SLURM_JOB_END_TIME) also counts. */
    double time_limit;
    double grace;      /* seconds that units in flight may go on after a stop was asked for */
    double checkpoint; /* seconds between two stored states of a training */
    /* the sweep file as given, kept in the result file for people; NULL: the resolved configuration */
    const char *text;
    int argc; /* the command that the result file names as its origin; 0: none */
    char **argv;
} bl_sweep_run_options;

/* grace 30 s, checkpoint 300 s, everything else 0. */
BL_API extern const bl_sweep_run_options bl_sweep_run_defaults;

/** Do a sweep: units, kernels and summary of a configuration into a result file, which holds the same numbers on any number of
 * ranks and after any number of stops and resumes.
 *
 * Math:        src/README.md names the file of each part.
 * Shapes:      the variables of the result file are the rows of src/experiment/fields.c.
 * Collective:  on comm->world. Every rank passes the same configuration, path and options (of `text`, argc and argv those of
 *              rank 0 count). The hooks may differ, and are called as borderline/hooks.h says.
 * Ownership:   everything is borrowed for the call.
 * @param[in] options  NULL: bl_sweep_run_defaults
 * @param[in] hooks    NULL: progress is not reported, and only the time limit stops the sweep
 * @return BL_OK: the file is complete, also when it was so before; BL_ERR_STOPPED: stopped early, and a call with `resume` goes on;
 *         BL_ERR_INPUT: the options contradict each other, the file exists and neither resume nor force is given, it was made with
 *         another configuration, another run is writing it, or this machine has too little memory or disk; BL_ERR_IO,
 *         BL_ERR_MEMORY, BL_ERR_LIBRARY, BL_ERR_NUMERIC. The same on every rank.
 */
BL_API bl_err bl_sweep_run(const bl_comm *comm, const bl_config *config, const char *path,
                           const bl_sweep_run_options *options, const bl_hooks *hooks) BL_NODISCARD;

#endif

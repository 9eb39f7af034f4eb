/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Distances of the networks and inputs of a file: what `borderline measure` does.
 */
#ifndef BORDERLINE_RUN_MEASURE_RUN_H
#define BORDERLINE_RUN_MEASURE_RUN_H

#include "borderline/comm.h"
#include "borderline/config.h"
#include "borderline/hooks.h"

/* Which box boundary points must lie in: the networks file's (unbounded where it has none), the settings', or none. */
typedef enum bl_measure_run_box {
    BL_MEASURE_RUN_BOX_FILE,
    BL_MEASURE_RUN_BOX_SETTINGS,
    BL_MEASURE_RUN_BOX_NONE
} bl_measure_run_box;

typedef struct bl_measure_run_options {
    const bl_config *settings; /* its p, effort, certify and box count */
    bl_measure_run_box box;
    bool points;       /* also write the boundary points */
    bool force;        /* overwrite a file at the path */
    double time_limit; /* seconds after which no network is begun; 0: no limit */
    double grace;      /* seconds that networks in flight may go on after a stop was asked for */
    int argc;          /* the command that the output names as its origin; 0: none */
    char **argv;
} bl_measure_run_options;

/** Measure every network of a networks file at its inputs; networks are divided over ranks.
 *
 * Collective:  on comm->world, with the same arguments on every rank but for the hooks.
 * Ownership:   everything is borrowed for the call.
 * @param[in] hooks  NULL for none; items of progress are networks
 * @return BL_OK; BL_ERR_STOPPED: the file has some of the networks; BL_ERR_INPUT: the networks file cannot be measured, an input is
 *         outside of the box, the output exists; BL_ERR_IO, BL_ERR_MEMORY, BL_ERR_LIBRARY. The same on every rank.
 */
BL_API bl_err bl_measure_run(const bl_comm *comm, const char *networks, const char *path,
                             const bl_measure_run_options *options, const bl_hooks *hooks) BL_NODISCARD;

#endif

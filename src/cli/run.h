/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The phases of `run`. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_RUN_H
#define BORDERLINE_CLI_RUN_H

#include "borderline/networks_file.h"
#include "commands.h"
#include "experiment/trained.h"
#include "store/results.h"

/* A run in progress. */
typedef struct bl_run {
    const bl_comm *comm;
    bl_sweep sweep;
    bl_images *images; /* of a sweep that trains */
    const char *path;
    const char *networks_path;  /* of --save-networks, or NULL */
    bl_networks_file *networks; /* while units are done */
    bl_results *results;
    double checkpoint; /* seconds between those of a training */
    int64_t launch;    /* row of provenance/launch that this start is */
} bl_run;

/* All units not yet done, over all ranks. Collective. BL_ERR_STOPPED when stopped early. */
bl_err bl_run_units(bl_run *run, int64_t *done) BL_NODISCARD;

/* Kernels of every case that has none in the file, or damaged ones. Collective. BL_ERR_STOPPED when stopped early. */
bl_err bl_run_kernels(bl_run *run, int64_t *done) BL_NODISCARD;
/* When all are there: what the log says of them, fits over widths. Collective. */
bl_err bl_run_kernels_finish(bl_run *run) BL_NODISCARD;

/* Statistics, predictions and fits from the distances in the file. Collective. */
bl_err bl_run_summary(bl_run *run) BL_NODISCARD;

/* Whether to stop before work that takes so many seconds: the verdict of all ranks; so_far (" after ..." or ""): for the message.
 * Collective. BL_ERR_STOPPED or BL_OK. */
bl_err bl_run_pause(const bl_run *run, double seconds, const char *so_far) BL_NODISCARD;

/* Close and open again: what any rank wrote is there for every rank after it. Collective. */
bl_err bl_run_sync(bl_run *run) BL_NODISCARD;

#endif

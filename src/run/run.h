/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A run of a sweep.
 */
#ifndef BORDERLINE_RUN_RUN_H
#define BORDERLINE_RUN_RUN_H

#include "borderline/grid.h"
#include "borderline/networks_file.h"
#include "experiment/trained.h"
#include "store/results.h"

/* A sweep as every rank has it. */
typedef struct bl_sweep {
    char *text; /* the file as given */
    bl_config *config;
    bl_grid *grid;
} bl_sweep;

/* A run in progress. */
typedef struct bl_run {
    const bl_comm *comm;
    bl_sweep sweep;
    bl_images *images; /* of a sweep that trains */
    const char *path;
    const char *networks_path;  /* of --save-networks, or NULL */
    bl_networks_file *networks; /* while units are done */
    bl_results *results;
    bool resume, force; /* the file may be there: go on with it, overwrite it */
    double checkpoint;  /* seconds between those of a training */
    int64_t launch;     /* row of provenance/launch that this start is */
} bl_run;

/* The whole sweep into run->path: run holds comm, sweep, path and options. Collective. BL_ERR_STOPPED when stopped early. */
bl_err bl_run_sweep(bl_run *run, int argc, char **argv) BL_NODISCARD;

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

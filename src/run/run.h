/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A sweep in progress, and what its phases share.
 */
#ifndef BORDERLINE_RUN_RUN_H
#define BORDERLINE_RUN_RUN_H

#include "borderline/grid.h"
#include "borderline/networks_file.h"
#include "borderline/sweep.h"
#include "experiment/images.h"
#include "interrupt.h"
#include "store/results.h"
#include "usage.h"

typedef struct bl_run {
    const bl_comm *comm;
    const bl_config *config;
    bl_grid *grid;
    const char *path;
    bl_sweep_run_options options;
    bl_interrupt interrupt;
    bl_images *images;          /* of a sweep that trains */
    bl_networks_file *networks; /* of options.save_networks, while units are done */
    bl_results *results;
    int64_t launch; /* row of provenance/launch that this start is */
    bl_usage usage; /* of this launch so far; complete on rank 0 */
} bl_run;

/* Whether to stop before work that takes so many seconds: the verdict of all ranks. so_far (" after ..." or "") is put into the
 * message. Collective. BL_ERR_STOPPED or BL_OK. */
bl_err bl_run_pause(bl_run *run, double seconds, const char *so_far) BL_NODISCARD;

/* Close the result file and open it again: afterwards every rank sees what all ranks have written. Collective. */
bl_err bl_run_sync(bl_run *run) BL_NODISCARD;

/* Write the launch's usage so far to the result file, with the most memory that any rank has held. Collective, but only rank 0
 * writes, and its error is not agreed. */
bl_err bl_run_write_usage(bl_run *run) BL_NODISCARD;

/* Report the progress of a phase to the caller's hook, on rank 0 alone. */
void bl_run_tell(const bl_run *run, bl_progress progress);

#endif

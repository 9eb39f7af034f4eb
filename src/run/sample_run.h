/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The networks and inputs that a sweep uses, as a networks file: what `borderline sample` does.
 */
#ifndef BORDERLINE_RUN_SAMPLE_RUN_H
#define BORDERLINE_RUN_SAMPLE_RUN_H

#include "borderline/comm.h"
#include "borderline/config.h"
#include "borderline/hooks.h"

typedef struct bl_sample_run_options {
    size_t networks; /* number of networks per case, the first ones; 0, or more than there are: all */
    bool force;      /* overwrite a file at the path */
} bl_sample_run_options;

/** Write networks of every case of a sweep, with their inputs, to a networks file. Random networks are drawn by rank 0 alone, and
 * trained ones trained by all ranks.
 *
 * Collective:  on comm->world, with the same arguments on every rank but for the hooks.
 * Ownership:   everything is borrowed for the call.
 * @param[in] hooks  NULL for none; progress is not told
 * @return BL_OK; BL_ERR_STOPPED: a stop was asked for, and there is no file; BL_ERR_INPUT: a width is infinite, a family does not
 *         take these numbers, the file exists; BL_ERR_IO, BL_ERR_MEMORY. The same on every rank.
 */
BL_API bl_err bl_sample_run(const bl_comm *comm, const bl_config *config, const char *path,
                            const bl_sample_run_options *options, const bl_hooks *hooks) BL_NODISCARD;

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `run --save-networks`: each rank writes the networks that it draws or trains to one networks file. Private to src/run.
 */
#ifndef BORDERLINE_RUN_RUN_NETWORKS_H
#define BORDERLINE_RUN_RUN_NETWORKS_H

#include "run.h"

/* On rank 0: create the file with room for all networks, or with `resume` check that the file that is there is of this sweep. */
bl_err bl_run_networks_prepare(const bl_run *run, bool resume, bool force) BL_NODISCARD;

/* On rank 0: take back done[unit] where networks of the unit are not in the file; *missing counts these units. */
bl_err bl_run_networks_verify(const bl_run *run, bool *done, int64_t *missing) BL_NODISCARD;

/* Write a network that a unit has made to the file that the run has open. */
bl_err bl_run_networks_save(bl_run *run, const bl_case *c, size_t number, const bl_network *network,
                            const float *x) BL_NODISCARD;

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `run --save-networks`: the sweep's networks into a networks file, by the ranks that draw or train them. Private to src/run.
 */
#ifndef BORDERLINE_RUN_RUN_NETWORKS_H
#define BORDERLINE_RUN_RUN_NETWORKS_H

#include "run.h"

/* Rank 0: create the file with room for all networks, or with resume take the one that is there, which must be this sweep's. */
bl_err bl_run_networks_prepare(const bl_run *run, bool resume, bool force) BL_NODISCARD;

/* Rank 0: units whose networks are not in the file are not done. *missing counts them. */
bl_err bl_run_networks_verify(const bl_run *run, bool *done, int64_t *missing) BL_NODISCARD;

/* A network that a unit has made, into the file that the run has open. */
bl_err bl_run_networks_save(bl_run *run, const bl_case *c, size_t number, const bl_network *network,
                            const float *x) BL_NODISCARD;

#endif

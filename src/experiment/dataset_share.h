/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A data set on every rank: rank 0 reads it and sends it to the others. Private to src/experiment.
 */
#ifndef BORDERLINE_DATASET_SHARE_H
#define BORDERLINE_DATASET_SHARE_H

#include "borderline/comm.h"
#include "network/dataset.h"

/** bl_dataset_read on rank 0, the same data on every rank.
 *
 * Collective:  on comm->world.
 * Ownership:   source is borrowed; each rank's *out is its caller's, freed with bl_dataset_destroy.
 * @return as bl_dataset_read, the same on every rank.
 */
BL_API bl_err bl_dataset_share(const bl_comm *comm, const bl_dataset_source *source,
                               bl_dataset **out) BL_NODISCARD;

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The data set of a sweep with `training`, and the inputs of its networks.
 */
#ifndef BORDERLINE_IMAGES_H
#define BORDERLINE_IMAGES_H

#include "borderline/comm.h"
#include "borderline/grid.h"
#include "network/dataset.h"

/* The data set of a sweep. */
typedef struct bl_images {
    bl_dataset *part[2]; /* BL_DATASET_TRAIN, BL_DATASET_TEST */
    size_t tests;        /* the first so many test images are used */
} bl_images;

/** Read what training.dataset names on rank 0, for every rank.
 *
 * Collective:  on comm->world.
 * Ownership:   each rank's *out is its caller's, freed with bl_images_destroy.
 * @return as bl_dataset_read, the same on every rank.
 */
BL_API bl_err bl_images_share(const bl_comm *comm, const bl_config *config, bl_images **out) BL_NODISCARD;
BL_API void bl_images_destroy(bl_images **images);

/** The inputs of network `number`: so many training images, test images and random inputs (BL_KIND_TRAIN, ...).
 *
 * Math:        image floor(w count / 2^32), w from stream (seed, case, network, training image, part).
 * Shapes:      x[BL_KINDS][config->inputs][n].
 * Collective:  no.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_images_inputs(const bl_images *images, const bl_config *config, const bl_case *c,
                               size_t number, float *x) BL_NODISCARD;

#endif

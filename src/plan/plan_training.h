/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How long a training takes on this machine.
 */
#ifndef BORDERLINE_PLAN_PLAN_TRAINING_H
#define BORDERLINE_PLAN_PLAN_TRAINING_H

#include "borderline/grid.h"
#include "network/dataset.h"

/* The images that the forecast of a training is based on. */
typedef struct bl_plan_images {
    bl_dataset *train; /* the images that steps are timed on */
    size_t count[2];   /* of training and test images */
    /* they are from the sweep's folder; else the counts are those of the full set, and the images are
     * empty */
    bool read;
    char reason[512]; /* why they could not be read */
} bl_plan_images;

/* Read the folder, or make up images where it cannot be read. Freed by bl_plan_images_clear, also after a failure. */
bl_err bl_plan_images_create(const bl_config *config, bl_plan_images *images) BL_NODISCARD;
void bl_plan_images_clear(bl_plan_images *images);

/* Time some training steps and some classifications, and give the seconds of one network's training. */
bl_err bl_plan_training(const bl_config *config, const bl_case *c, const bl_plan_images *images,
                        double *seconds) BL_NODISCARD;

/* Multiply-adds of a training with these images over those of bl_cost_training, which assumes the full set. */
double bl_plan_training_share(const bl_config *config, const bl_plan_images *images);

#endif

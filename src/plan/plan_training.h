/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `plan` of a sweep that trains: what a training takes on this machine.
 */
#ifndef BORDERLINE_PLAN_PLAN_TRAINING_H
#define BORDERLINE_PLAN_PLAN_TRAINING_H

#include "borderline/grid.h"
#include "network/dataset.h"

/* The images that a plan goes by. */
typedef struct bl_plan_images {
    bl_dataset *train; /* what steps are timed on */
    size_t count[2];   /* of training and test images */
    bool read;         /* from the sweep's folder; else the counts of the full set, and empty images */
    char reason[512];  /* why not */
} bl_plan_images;

/* Read the folder, or do without it. Freed by bl_plan_images_clear, also after a failure. */
bl_err bl_plan_images_create(const bl_config *config, bl_plan_images *images) BL_NODISCARD;
void bl_plan_images_clear(bl_plan_images *images);

/* Seconds of one network's training, from some steps and some batches that are only classified. */
bl_err bl_plan_training(const bl_config *config, const bl_case *c, const bl_plan_images *images,
                        double *seconds) BL_NODISCARD;

/* Multiply-adds of a training with these images over bl_cost_training's, which goes by the full set. */
double bl_plan_training_share(const bl_config *config, const bl_plan_images *images);

#endif

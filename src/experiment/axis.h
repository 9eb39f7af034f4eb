/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The axes of the result file.
 */
#ifndef BORDERLINE_EXPERIMENT_AXIS_H
#define BORDERLINE_EXPERIMENT_AXIS_H

#include "borderline/grid.h"

/* The axes; each is a dimension scale of the same name at the file's root (units: in group unit, launches: in
 * provenance/launch). */
typedef enum bl_axis_id {
    BL_AXIS_DEPTH,
    BL_AXIS_WIDTH,
    BL_AXIS_DIMENSION,
    BL_AXIS_NETWORK,
    BL_AXIS_IMAGE_KIND, /* only in files of sweeps that train */
    BL_AXIS_INPUT,
    BL_AXIS_P,
    BL_AXIS_KERNEL_INPUT,
    BL_AXIS_KERNEL_INPUT_2,
    BL_AXIS_QUANTILE, /* coordinates: the levels */
    BL_AXIS_EPOCH,    /* of training; 0: the random start */
    BL_AXIS_UNIT,
    BL_AXIS_LAUNCH, /* one row each time the program is started on the file */
    BL_AXIS_COUNT
} bl_axis_id;

enum { BL_LAUNCHES_MAX = 64 };

/* the levels of THEORY.md, section 5.1 */
enum { BL_QUANTILES = 9, BL_QUANTILE_MEDIAN = 4 };
BL_API extern const double bl_quantile_level[BL_QUANTILES]; /* .05 .25 .40 .45 .50 .55 .60 .75 .95 */

BL_API extern const char *const bl_axis_name[BL_AXIS_COUNT];
BL_API extern const char *const bl_axis_long_name[BL_AXIS_COUNT];

/** Length of an axis in the file of this grid.
 *
 * Collective:  no.
 * @return the length; 0 for the kernel inputs of a sweep without kernels and the epochs of one without training; 1 for the
 *         kinds of image of one without training.
 */
BL_API size_t bl_axis_length(const bl_grid *grid, bl_axis_id axis);

/** Whether the variables of this grid's file have the axis: without training none has image_kind, though the table names it.
 * Collective: no. */
BL_API bool bl_axis_exists(const bl_grid *grid, bl_axis_id axis);

#endif

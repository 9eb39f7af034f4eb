/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The grid: cases (depth, width, dimension), and units, the blocks of networks of one case that are
 * scheduled; where a network is expensive, a unit is one network with some of its inputs.
 */
#ifndef BORDERLINE_GRID_H
#define BORDERLINE_GRID_H

#include "borderline/config.h"

typedef struct bl_case {
    size_t number; /* (depth * widths + width) * dimensions + dimension */
    size_t depth_index, width_index, dimension_index;
    size_t depth, dimension;
    double width; /* may be infinite */
} bl_case;

typedef struct bl_unit {
    int64_t number;
    bl_case c;
    size_t first, count; /* networks */
    size_t first_input,
        inputs; /* of each of these networks, and of each kind of input where there are kinds */
} bl_unit;

typedef struct bl_grid {
    const bl_config *config; /* borrowed */
    size_t cases;
    int64_t units;
    int64_t *first_unit; /* [cases + 1]: units of a case are consecutive */
    size_t *block;       /* [cases]: networks per unit; the last unit may have fewer */
    size_t *input_block; /* [cases]: inputs per unit; the last may have fewer */
} bl_grid;

/** Expand the grid; checks that every case can be built (dimension against channels, width finite, ...).
 * Collective:  no.
 * @return BL_OK; BL_ERR_INPUT; BL_ERR_MEMORY. config must outlive the grid. */
BL_API bl_err bl_grid_create(const bl_config *config, bl_grid **out) BL_NODISCARD;
BL_API void bl_grid_destroy(bl_grid **grid);

/** Case `number` < grid->cases, and unit `number` < grid->units, decoded (both asserted). Collective: no. */
BL_API bl_case bl_grid_case(const bl_grid *grid, size_t number);
BL_API bl_unit bl_grid_unit(const bl_grid *grid, int64_t number);

/** Estimated cost of unit `number`, in multiply-adds of a float32 forward pass. Collective: no. */
BL_API double bl_grid_cost(const bl_grid *grid, int64_t number);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A unit of the sweep: what it is given, and what comes out.
 */
#ifndef BORDERLINE_UNIT_H
#define BORDERLINE_UNIT_H

#include "borderline/network.h"
#include "record.h"

/* What comes out of a unit: findings and trainings in the order of the file, [network][kind][input][p] (one kind without training),
 * [network][epoch] and [network]. */
typedef struct bl_unit_result {
    bl_unit unit;
    bl_record record;
    double seconds, seconds_sampling, seconds_passes; /* wall time */
} bl_unit_result;

/** The search options of a configuration (p is borrowed from it). Collective: no. */
BL_API bl_search_options bl_unit_search_options(const bl_config *config);

/** Sample network number `number` of the case with its inputs x[inputs][n], as every unit does.
 * Collective:  no.
 * Ownership:   network made by bl_network_create for the case; NULL: only the inputs.
 */
BL_API void bl_unit_sample(const bl_config *config, const bl_case *c, size_t number, bl_network *network,
                           float *x);

#endif

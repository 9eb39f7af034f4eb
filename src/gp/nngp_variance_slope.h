/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The derivative of one layer's recursion in a variance. Private to src/gp.
 */
#ifndef BORDERLINE_GP_VARIANCE_SLOPE_H
#define BORDERLINE_GP_VARIANCE_SLOPE_H

#include "borderline/gp.h"

/* dV/dk1 of bl_nngp_layer, k2 and k held; 0 for relu and leaky_relu at k1 = 0. */
double bl_nngp_variance_slope(const bl_gp_model *model, double k1, double k2, double k);

#endif

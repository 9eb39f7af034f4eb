/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The linear step as the search uses it: the box given as the room of each coordinate. Private to src/boundary.
 */
#ifndef BORDERLINE_BOUNDARY_LINEAR_STEP_H
#define BORDERLINE_BOUNDARY_LINEAR_STEP_H

#include "borderline/boundary.h"

/** bl_linear_step with lo[n] <= h <= hi[n] (lo <= 0 <= hi, infinite where there is no bound). */
bool bl_linear_step_within(double p, size_t n, const float *lo, const float *hi, const float *g, double c,
                           float *work, float *h, double *length);

/** l^p length of h[n] float32, to float32 accuracy. */
double bl_float_norm(double p, size_t n, const float *h);

#endif

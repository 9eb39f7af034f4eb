/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Nearest point of several half-spaces for p = 1 and inf: a dual simplex method. Private to src/boundary.
 */
#ifndef BORDERLINE_BOUNDARY_SIMPLEX_H
#define BORDERLINE_BOUNDARY_SIMPLEX_H

#include "nearest.h"

/** As bl_nearest_point, p = 1 or inf, a linear program in as many rows as there are planes.
 *
 * Math:        a vertex of the dual has active planes A with multipliers mu > 0, v = sum mu_j g_j, and tied coordinates T: |v_i| =
 * 1 (p = 1) or v_i = 0 (p = inf). Coordinates that are not tied stand where v says: p = 1: 0 where |v_i| < 1, else at their
 * end against v; p = inf: at the radius, or their end, against v. <g_j, h> = c_j for j in A gives the tied ones (and
 * the radius). What is violated then - a plane, or the range of a tied coordinate - leaves, along the edge of the dual
 * on which it improves; coordinates that change side on the way turn (long-step rule), until the gain is used up.
 * The first vertex is the linear step to plane `first` (problem->count: every plane admits h = 0).
 */
bool bl_simplex_nearest(const bl_nearest_problem *problem, bl_nearest_work *work, size_t first,
                        double *multiplier, float *h);

#endif

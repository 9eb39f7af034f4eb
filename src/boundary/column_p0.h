/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Runs for p = 0: the fewest coordinates whose change crosses the boundary. Private to src/boundary.
 */
#ifndef BORDERLINE_BOUNDARY_COLUMN_P0_H
#define BORDERLINE_BOUNDARY_COLUMN_P0_H

#include "column.h"

/** As bl_column_receive, for p = 0. A point is a set of coordinates, each at one end of its room.
 *
 * Math:        a coordinate outside the set promises |g_i| u_i, one inside holds -g_i h_i. A set that does not cross takes in
 * what promises most, as many as half of f asks for, while it is smaller than the best crossing; then it exchanges what holds least for
 * what promises most, with a memory of the last exchanges (tabu search, Glover 1989). A set that crosses lets go what
 * holds least.
 */
void bl_column_p0_receive(bl_column *column, const bl_search_input *input, size_t n, double f,
                          const float *gradient);

/** Make a set of a point: its largest coordinates, at most one fewer than the best crossing has, each moved to its end. */
void bl_column_p0_round(const bl_column *column, const bl_search_input *input, size_t n, float *h);

#endif

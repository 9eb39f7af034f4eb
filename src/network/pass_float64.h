/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Dense products in float64, for verification. Private to src/network.
 */
#ifndef BORDERLINE_NETWORK_PASS_FLOAT64_H
#define BORDERLINE_NETWORK_PASS_FLOAT64_H

#include "borderline/network.h"

/* y[rows][outputs] = x[rows][inputs] W^T + b. */
void bl_pass_float64_dense(const bl_layer *layer, size_t rows, const double *x, double *y);

#endif

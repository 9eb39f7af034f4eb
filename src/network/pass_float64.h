/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Dense products in float64, for verification: the only door of the passes to BLAS.
 */
#ifndef BORDERLINE_NETWORK_PASS_FLOAT64_H
#define BORDERLINE_NETWORK_PASS_FLOAT64_H

#include "borderline/network.h"

/* y[rows][outputs] = x[rows][inputs] W^T + b. The float32 weights become float64 a panel of BL_PANEL_ROWS
 * rows at a time (panel holds BL_PANEL_ROWS x inputs): a copy of all of them would take twice their memory.
 */
void bl_dense_forward64(const bl_layer *layer, size_t rows, const double *x, double *y, double *panel);

#endif

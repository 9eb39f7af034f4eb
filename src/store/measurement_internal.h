/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What writing and reading a file of `measure` share. Private to src/store.
 */
#ifndef BORDERLINE_STORE_MEASUREMENT_INTERNAL_H
#define BORDERLINE_STORE_MEASUREMENT_INTERNAL_H

#include "measurement.h"

/** Of a network's boundary points, `points` and `points_float32`. */
#define BL_POINTS_CHECKSUM "checksum_points"

#endif

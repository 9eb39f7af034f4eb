/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The phase of kernels. Private to src/run.
 */
#ifndef BORDERLINE_RUN_RUN_KERNELS_H
#define BORDERLINE_RUN_RUN_KERNELS_H

#include "run.h"

/* Compute the kernels of every case that has none in the file, or damaged ones. *done counts those that this call did. Collective.
 * BL_ERR_STOPPED when stopped early. */
bl_err bl_run_kernels(bl_run *run, int64_t *done) BL_NODISCARD;

/* When all are there: warn of kernels that are not positive definite, and fit deviations over widths. Collective. */
bl_err bl_run_kernels_finish(bl_run *run) BL_NODISCARD;

#endif

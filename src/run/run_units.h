/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The phase of units: every unit that the result file lacks. Private to src/run.
 */
#ifndef BORDERLINE_RUN_RUN_UNITS_H
#define BORDERLINE_RUN_RUN_UNITS_H

#include "run.h"

/* Do all units that are not done yet, over all ranks. *done counts those that this call did. Collective. BL_ERR_STOPPED when
 * stopped early. */
bl_err bl_run_units(bl_run *run, int64_t *done) BL_NODISCARD;

#endif

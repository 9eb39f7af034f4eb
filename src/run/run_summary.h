/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The phase of the summary. Private to src/run.
 */
#ifndef BORDERLINE_RUN_RUN_SUMMARY_H
#define BORDERLINE_RUN_RUN_SUMMARY_H

#include "run.h"

/* Statistics, predictions and fits from the distances in the file. Collective. BL_ERR_STOPPED when stopped early. */
bl_err bl_run_summary(bl_run *run) BL_NODISCARD;

#endif

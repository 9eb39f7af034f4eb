/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The summary table of a result file, finished or not. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_TABLE_H
#define BORDERLINE_CLI_TABLE_H

#include "borderline/err.h"

/* Print progress, medians, predictions and exponents to standard output. Any one process; no MPI is used. */
bl_err bl_table_print(const char *path) BL_NODISCARD;

#endif

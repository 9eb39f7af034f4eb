/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What `posterior` prints at its end, and `show` of its file. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_POSTERIOR_TABLE_H
#define BORDERLINE_CLI_POSTERIOR_TABLE_H

#include "experiment/posterior.h"

/* The times are left out where they are not known (of a file). */
bl_err bl_posterior_print(const bl_posterior *posterior) BL_NODISCARD;

#endif

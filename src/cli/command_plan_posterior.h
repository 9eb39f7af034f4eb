/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `plan` of a posterior file. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_COMMAND_PLAN_POSTERIOR_H
#define BORDERLINE_CLI_COMMAND_PLAN_POSTERIOR_H

#include "command.h"

/* Has the text a section `data`, as posterior files have and sweep files have not? */
bool bl_plan_is_posterior(const char *text);

/* Print the plan of a posterior file for these ranks beside others. Collective. */
bl_err bl_plan_posterior(const bl_comm *comm, const char *path, const char *text, size_t length,
                         const bl_texts *overrides, size_t ranks) BL_NODISCARD;

#endif

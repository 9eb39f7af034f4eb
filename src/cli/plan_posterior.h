/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `plan` of a posterior file. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_PLAN_POSTERIOR_H
#define BORDERLINE_CLI_PLAN_POSTERIOR_H

#include "command.h"
#include "json.h"

/* Has the text a section `data`, as posterior files have and sweep files have not? */
bool bl_plan_posterior_is(const char *text);

/* Plan a posterior file for these ranks beside others, and print it or put it into JSON; both where scripts ask for single values.
 * Rank 0 prints. Collective. */
bl_err bl_plan_posterior(const bl_comm *comm, const char *path, const char *text, size_t length,
                         const bl_texts *overrides, size_t ranks, bl_json *json) BL_NODISCARD;

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `plan --json`, for programs; src/cli/JSON.md describes every key. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_PLAN_JSON_H
#define BORDERLINE_CLI_PLAN_JSON_H

#include "json.h"
#include "plan/plan.h"

/* The members of a sweep's plan. */
void bl_plan_json(bl_json *json, const bl_plan *plan);

#endif

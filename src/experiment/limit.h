/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Distances of one infinitely wide network: what the probe is for finite ones, with draws of the Gaussian process in place of
 * passes. Each input has a draw of its own, which all p of it share. Private to src/experiment.
 */
#ifndef BORDERLINE_EXPERIMENT_LIMIT_H
#define BORDERLINE_EXPERIMENT_LIMIT_H

#include "borderline/boundary.h"
#include "borderline/grid.h"

typedef struct bl_limit bl_limit;

/** What a rank needs for the networks of a case of infinite width.
 * Collective:  no.
 * Ownership:   config and options are borrowed for its life.
 */
bl_err bl_limit_create(const bl_config *config, const bl_search_options *options, const bl_case *c,
                       bl_limit **out) BL_NODISCARD;
void bl_limit_destroy(bl_limit **limit);

/** As bl_probe_run, of inputs first .. first + count - 1 of network `number`. Draw: stream (seed, case, network, BL_PURPOSE_DRAW,
 * input). */
bl_err bl_limit_run(bl_limit *limit, size_t number, size_t first, size_t count, const double *x0,
                    double *output, double *norm, bl_search_result *result) BL_NODISCARD;

/** Seconds of the last run inside the draws. */
double bl_limit_seconds(const bl_limit *limit);

/** Bytes of it while it runs. */
size_t bl_limit_memory(const bl_search_options *options, const bl_case *c, size_t classes);

#endif

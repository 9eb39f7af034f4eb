/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Distances of inputs to the boundary of one classifier: the boundary search on the classifier's oracle, and what is recorded
 * of its inputs. Finite networks (probe_network.h), infinitely wide ones (probe_draw.h) and the posterior mean go through here,
 * so that equal classifiers get equal numbers.
 */
#ifndef BORDERLINE_PROBE_H
#define BORDERLINE_PROBE_H

#include "finding.h"

typedef struct bl_probe bl_probe;

/** A probe for this many inputs at once.
 * Collective:  no.
 * Ownership:   options and oracle are borrowed for the call, the oracle's context and functions for the probe's life.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_probe_create(const bl_search_options *options, const bl_oracle *oracle, size_t inputs,
                              bl_probe **out) BL_NODISCARD;
BL_API void bl_probe_destroy(bl_probe **probe);

/** Find the distances of all inputs for all p.
 * Math:        output: with two classes z_1 - z_0, with more the largest logit minus the next; input_norm: |x0|_p.
 * Shapes:      x0[inputs][n] float64 (inputs as at creation); finding[inputs][p_count]; points[inputs][p_count][n] or NULL.
 * Collective:  no.
 * @param[in] factor  the classifier's logits over those of the oracle: output and gradient_norm are in the classifier's scale
 * @return BL_OK; BL_ERR_STOPPED; an error of the oracle.
 */
BL_API bl_err bl_probe_run(bl_probe *probe, const double *x0, double factor, bl_finding *finding,
                           double *points) BL_NODISCARD;

/** Seconds (wall time) that the oracle has taken since the probe was created. Collective: no. */
BL_API double bl_probe_seconds(const bl_probe *probe);

/** Bytes that a probe holds, its oracle left out. Collective: no. */
BL_API size_t bl_probe_memory(const bl_search_options *options, size_t dimension, size_t classes,
                              size_t inputs);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Distances of one network at a time: the boundary search on the pass engine. `run` and `measure` both go
 * through here, so a sampled network measured later gives the same numbers.
 */
#ifndef BORDERLINE_PROBE_H
#define BORDERLINE_PROBE_H

#include "borderline/boundary.h"
#include "borderline/network.h"

typedef struct bl_probe bl_probe;

/** A probe for networks of this shape and up to `inputs` inputs at once.
 * Collective:  no.
 * Ownership:   shape and options are borrowed for the call.
 * @return BL_OK; BL_ERR_MEMORY; BL_ERR_LIBRARY.
 */
BL_API bl_err bl_probe_create(const bl_network *shape, const bl_search_options *options, size_t inputs,
                              bl_probe **out) BL_NODISCARD;
BL_API void bl_probe_destroy(bl_probe **probe);

/** Distances of all inputs of a network for all p.
 * Shapes:      x0[inputs][n] float64 (inputs as at creation); output[inputs]: two classes z_1 - z_0, more
 *              classes the margin of the predicted one; norm[inputs][p_count] = |x0|_p;
 *              result[inputs][p_count]; points[inputs][p_count][n] or NULL.
 * Collective:  no.
 * Ownership:   network is borrowed for the call; outputs are written.
 * @return BL_OK; BL_ERR_STOPPED; an error of the engine.
 */
BL_API bl_err bl_probe_run(bl_probe *probe, const bl_network *network, const double *x0, double *output,
                           double *norm, bl_search_result *result, double *points) BL_NODISCARD;

/** The output of a network from its logits: two classes z_1 - z_0; more: the largest minus the next. Not collective. */
BL_API double bl_probe_margin(size_t classes, const double *logits);

/** Wall time of the last run spent inside passes, packing of weights included, in seconds. Not collective. */
BL_API double bl_probe_seconds(const bl_probe *probe);

/** Bytes a probe holds: engine, search, packed weights. Collective: no. */
BL_API size_t bl_probe_memory(const bl_network *shape, const bl_search_options *options, size_t inputs);

#endif

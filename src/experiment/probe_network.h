/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The probe of finite networks, one after another: the pass engine answers. `run` and `measure` both go through here, so a
 * sampled network that is measured later gives the same numbers.
 */
#ifndef BORDERLINE_PROBE_NETWORK_H
#define BORDERLINE_PROBE_NETWORK_H

#include "borderline/network.h"
#include "finding.h"

typedef struct bl_probe_network bl_probe_network;

/** A probe for networks of this shape and so many inputs at once; with certify, distances get certificates too.
 * Collective:  no.
 * Ownership:   shape and options are borrowed for the call.
 * @return BL_OK; BL_ERR_MEMORY; BL_ERR_LIBRARY.
 */
BL_API bl_err bl_probe_network_create(const bl_network *shape, const bl_search_options *options,
                                      size_t inputs, bl_certify certify, bl_probe_network **out) BL_NODISCARD;
BL_API void bl_probe_network_destroy(bl_probe_network **probe);

/** As bl_probe_run, of a network of the probe's shape.
 * Collective:  no.
 * Ownership:   network is borrowed for the call and rescaled by powers of two (bl_network_rescale); findings are in the scale
 *              that it had.
 */
BL_API bl_err bl_probe_network_run(bl_probe_network *probe, bl_network *network, const double *x0,
                                   bl_finding *finding, double *points) BL_NODISCARD;

/** Seconds (wall time) of the last run inside passes, packing of weights included. Collective: no. */
BL_API double bl_probe_network_seconds(const bl_probe_network *probe);

/** Bytes that a probe holds: engine, search, packed weights. Collective: no. */
BL_API size_t bl_probe_network_memory(const bl_network *shape, const bl_search_options *options,
                                      size_t inputs);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The distances of a network's inputs, without files.
 */
#ifndef BORDERLINE_MEASURE_H
#define BORDERLINE_MEASURE_H

#include "borderline/boundary.h"
#include "borderline/network.h"

/** Distances of inputs to a network's classification boundary, with the bits that `borderline measure` writes for the same
 * inputs.
 *
 * Math:        min |h|_p subject to another class at x0 + h, for every p of the options (THEORY.md, section 2.1).
 * Shapes:      x0[inputs][n] float64; result[inputs][p_count]; points[inputs][p_count][n] float64 or NULL: the confirmed
 *              boundary points.
 * Collective:  no; MPI need not run.
 * Ownership:   everything is borrowed for the call. The weights of a network of relu or leaky_relu are rescaled by powers of two,
 *              layer by layer, which changes no class and no distance.
 * @return BL_OK: every result has a status; BL_ERR_STOPPED: the options' stop said so; BL_ERR_INPUT: a kind of layer that is not
 *         known; BL_ERR_MEMORY; BL_ERR_LIBRARY.
 */
BL_API bl_err bl_measure(bl_network *network, const bl_search_options *options, size_t inputs,
                         const double *x0, bl_search_result *result, double *points) BL_NODISCARD;

#endif

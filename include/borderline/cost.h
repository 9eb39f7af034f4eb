/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What work costs, before it is done: the same for every rank count, so that units are a function of the
 * sweep alone.
 */
#ifndef BORDERLINE_COST_H
#define BORDERLINE_COST_H

#include "borderline/grid.h"

/** Estimated cost of one network of a case: sampling, search and verification of all its inputs and norms.
 *
 * Math:        inputs x norms x passes(effort) x (weights + sweeps over the input) + sampling, where
 *              passes(effort) is the mean number of passes measured for the effort.
 * Units:       multiply-adds of the float32 passes (other work at its measured ratio to one).
 * Collective:  no.
 * @return the cost, > 0.
 */
BL_API double bl_cost_network(const bl_config *config, const bl_case *c);

/** Cost of the unit: bl_cost_network times its networks. */
BL_API double bl_cost_unit(const bl_grid *grid, int64_t unit);

/** Networks a unit of this case: as many as make about BL_COST_UNIT, at least one, at most all. */
BL_API size_t bl_cost_block(const bl_config *config, const bl_case *c);

/* Multiply-adds a unit aims at: about half a second of one core, long against scheduling and writing, short
 * against a job. */
#define BL_COST_UNIT 2e10

#endif

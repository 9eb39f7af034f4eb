/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What costs know of the families of networks. Private to src/sweep.
 */
#ifndef BORDERLINE_SWEEP_COST_FAMILY_H
#define BORDERLINE_SWEEP_COST_FAMILY_H

#include "borderline/grid.h"

/* A network of a case, to leading order; tests/unit/test_cost.c compares it with the layers. These numbers decide how a sweep is cut
 * into units, so that another formula would leave files that are not complete without a way to go on. */
typedef struct bl_cost_family {
    double weights;  /* numbers of all weights */
    double pass;     /* multiply-adds of a forward pass of one input */
    double features; /* numbers that the last layer sees of an input */
    double entry;    /* processor nanoseconds of an entry of the analytic kernel */
} bl_cost_family;

/* Width may be anything but infinite for weights, pass and features; entry does not depend on it. */
bl_cost_family bl_cost_family_of(const bl_config *config, const bl_case *c);

#endif

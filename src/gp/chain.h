/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Second moments of features behind residual sums whose shortcut carries activations. Private to src/gp.
 */
#ifndef BORDERLINE_GP_CHAIN_H
#define BORDERLINE_GP_CHAIN_H

#include "borderline/gp.h"

enum { BL_CHAIN_MAX = 16, BL_CHAIN_POINTS = 1024 };

/* Quasi-random standard normals for chains up to a length. */
typedef struct bl_chain {
    size_t longest;
    double *normal[BL_CHAIN_MAX + 1]; /* [length][2 length][BL_CHAIN_POINTS], NULL for lengths under 2 */
    double *path;                     /* [2 longest][BL_CHAIN_POINTS] slopes along the paths */
} bl_chain;

/* Variances of both inputs and their covariance, of one Gaussian. */
typedef struct bl_chain_link {
    double first, second, covariance;
} bl_chain_link;

bl_err bl_chain_create(size_t longest, bl_chain *chain) BL_NODISCARD;
void bl_chain_clear(bl_chain *chain);

/* E h h' for h = phi(... phi(phi(G_0) + G_1) ... + G_m), m = length - 1, the pairs (G_j, G_j') independent; and
 * with derivative != NULL the derivative of it in each covariance, E (dh/dG_j)(dh'/dG_j'). */
double bl_chain_moment(const bl_chain *chain, const bl_gp_model *model, size_t length,
                       const bl_chain_link *link, double *derivative);

#endif

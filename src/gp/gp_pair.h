/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The dense kernel at two points with its first and mixed second derivatives (THEORY.md, section 4.5). Private to src/gp.
 */
#ifndef BORDERLINE_GP_PAIR_H
#define BORDERLINE_GP_PAIR_H

#include "borderline/gp.h"

/* Where two points x and y lie, d = y - x. Differences are given in addition to the products, in which rounding would lose them. */
typedef struct bl_gp_geometry {
    double x2, y2;      /* |x|^2, |y|^2 */
    double xd, d2;      /* <x, d>, |d|^2 */
    double determinant; /* |x|^2 |y|^2 - <x, y>^2, to rounding of the points */
} bl_gp_geometry;

/* K(x, y) of one logit, in the basis u = (x, d less its part along x) at x, v = (y, -d less its part along y) at y. */
typedef struct bl_gp_pair {
    double along[2]; /* u_1 = d - along[0] x, v_1 = -d + along[1] y */
    double value;
    double x[2];   /* grad_x K = sum x[i] u_i */
    double y[2];   /* grad_y K = sum y[i] v_i */
    double across; /* grad_x grad_y^T K = across I + sum mixed[i][j] u_i v_j^T */
    double mixed[2][2];
} bl_gp_pair;

/** K and its derivatives for points with n coordinates. Where relu's second derivative diverges (x and y on one ray) it
 * is a factor of a product that vanishes, and the product is formed as a whole: the error of every entry is of the order of the
 * rounding of the diagonal ones. Collective: no. */
BL_API bl_gp_pair bl_gp_pair_at(const bl_gp_model *model, size_t n, const bl_gp_geometry *where);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Confirmation in float64: the shortest crossing on the ray through each column's best point.
 */
#ifndef BORDERLINE_BOUNDARY_VERIFY_H
#define BORDERLINE_BOUNDARY_VERIFY_H

#include "column.h"

/* A ray x0 + t h cut off at the box, and the bracket of its first known crossing. */
typedef struct bl_ray {
    const float *h;
    double inside, outside;     /* largest t known not to cross below the smallest known to cross */
    double f_inside, f_outside; /* margins there */
    double next;                /* t to evaluate */
    double slope;               /* estimate of df/dt near the crossing, < 0 */
    int evaluations;
    bool open; /* still looking */
} bl_ray;

/** Start at t = 1, where the margin's slope is about `slope`. */
bl_ray bl_ray_start(const float *h, double slope);

/** Take the float64 margin at t = next; sets the next t or closes the ray. A closed ray has a crossing when outside is finite. */
void bl_ray_receive(bl_ray *ray, double margin);

/** x[n] = x0 + t h, held in the box. */
void bl_ray_point(const bl_ray *ray, double t, size_t n, const double *x0, bl_box box, double *x);

#endif

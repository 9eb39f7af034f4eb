/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The bracket of a crossing on a ray, narrowed one float64 margin at a time. Private to src/boundary.
 */
#ifndef BORDERLINE_BOUNDARY_RAY_H
#define BORDERLINE_BOUNDARY_RAY_H

#include <stdbool.h>
#include <stddef.h>

/* The ray x0 + t h and the bracket of a crossing on it. */
typedef struct bl_ray {
    const float *h;
    double inside, outside;     /* t known not to cross, t > inside known to cross (infinite: none) */
    double f_inside, f_outside; /* margins there */
    double next;                /* t to evaluate */
    double slope;               /* df/dt near the crossing as far as it is known, < 0 */
    double doubt;               /* how far off the next expected crossing may be, relative */
    int evaluations;
    bool crossed; /* the last evaluation did */
    bool open;    /* still looking */
} bl_ray;

/** Start at t = 1, where the margin's slope is about `slope`. */
bl_ray bl_ray_start(const float *h, double slope);

/** Take the float64 margin at t = next; sets the next t or closes the ray. A closed ray has a crossing when outside
 * is finite. */
void bl_ray_receive(bl_ray *ray, double margin);

#endif

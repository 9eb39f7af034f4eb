/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One column of a search: one input and one p, advanced by one value and gradient at a time.
 */
#ifndef BORDERLINE_BOUNDARY_COLUMN_H
#define BORDERLINE_BOUNDARY_COLUMN_H

#include "borderline/boundary.h"
#include "nearest.h"

/* What all columns of one input share. */
typedef struct bl_search_input {
    size_t source;  /* predicted class, from float64 logits */
    size_t target;  /* class of the shortest linear step */
    double margin;  /* to that class at x0: the unit of every f below */
    double noise;   /* of f in float32, in that unit */
    float *lo, *hi; /* [n] room of h: box less x0 */
    double *bias;   /* [classes] float64 less float32 logits at x0 */
    bool usable;    /* finite logits, inside the box */
} bl_search_input;

typedef enum bl_phase { BL_PHASE_SEEK, BL_PHASE_DESCEND, BL_PHASE_DONE } bl_phase;

typedef struct bl_column {
    size_t input, p_index;
    double p;
    bl_phase phase;
    size_t target;
    size_t planes, planes_max;
    float *normal[BL_NEAREST_PLANES]; /* f near a point of evaluation: <normal, h> - offset */
    double offset[BL_NEAREST_PLANES], multiplier[BL_NEAREST_PLANES];
    float *query;     /* the point to evaluate next, less x0 */
    float *incumbent; /* shortest crossing of this run */
    float *best;      /* shortest crossing of all runs */
    double incumbent_length, incumbent_f, incumbent_slope;
    double best_length, best_f, best_slope; /* slope = d f(t best) / dt at 1 */
    size_t best_target;
    double scale; /* largest coordinate of the first step */
    double first_order;
    int seeks, stalls, runs, won;
    int32_t passes, limit;
} bl_column;

/** Begin a run at query. */
void bl_column_start(bl_column *column, size_t n);

/** Take value and gradient (in units of the input's margin) at query and set the next query, or end the run (phase DONE).
 * gradient[n] is copied. */
void bl_column_receive(bl_column *column, const bl_search_input *input, size_t n, double f,
                       const float *gradient, bl_nearest_work *work);

/** Keep a crossing as the best if it is shorter. */
void bl_column_offer(bl_column *column, size_t n, const float *h, double f, double slope, size_t target);

#endif

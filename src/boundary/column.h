/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One column of a search: one input and one p, advanced by one value and gradient at a time. Private to src/boundary.
 */
#ifndef BORDERLINE_BOUNDARY_COLUMN_H
#define BORDERLINE_BOUNDARY_COLUMN_H

#include "borderline/boundary.h"
#include "nearest.h"

/* What all columns of one input share. */
typedef struct bl_search_input {
    size_t source;  /* predicted class, from float64 logits */
    double margin;  /* to the nearest other class at x0: the unit of every f below */
    double slope;   /* l2 norm of its gradient there */
    double noise;   /* of f in float32, in that unit */
    float *lo, *hi; /* [n] room of h: box less x0 */
    double *bias;   /* [classes] float64 less float32 logits at x0 */
    bool usable;    /* finite logits, inside the box */
} bl_search_input;

/* Looking for a crossing; shortening one; between runs. */
typedef enum bl_phase { BL_PHASE_SEEK, BL_PHASE_DESCEND, BL_PHASE_DONE } bl_phase;

/* Tangent planes of f: near a visited point it is <normal, h> - offset. */
typedef struct bl_planes {
    size_t count;
    size_t target; /* class that f crosses to */
    float *normal[BL_NEAREST_PLANES];
    double offset[BL_NEAREST_PLANES], multiplier[BL_NEAREST_PLANES];
} bl_planes;

/* The run that a column is in, or that it ended last. */
typedef struct bl_column_run {
    bl_phase phase;
    bl_planes planes;
    size_t capacity;          /* planes at most */
    int patience;             /* evaluations before planes are overstepped */
    int held;                 /* evaluations of a later run that may promise nothing */
    double nearly;            /* as in the effort's limits */
    double coarse, gap;       /* between crossing and model, relative, where a run ends; of this run */
    float *query;             /* h to evaluate next */
    double query_length;      /* of the last one evaluated */
    float *incumbent;         /* DESCEND: shortest crossing of this run; SEEK: shortest guess of one */
    double incumbent_length;  /* of either */
    double incumbent_slope;   /* of a guess: d f(t h) / dt there, < 0 */
    double model_length;      /* DESCEND: of the nearest point of the planes */
    double length_before_run; /* the best length when the run began */
    int evaluations, stalls;
    int most, most_bent; /* evaluations of a run that has crossed, at most; more per unit of bend */
    bool finishing;      /* the run goes on from the best point */
    bool adopted;        /* it began at another p's crossing */
    bool held_to_class;  /* the class of its first point is chosen, not the nearest there */
} bl_column_run;

/* What is best of all runs of a column. */
typedef struct bl_column_best {
    float *point; /* shortest crossing, or one that a plane promised */
    double length, slope;
    float *crossed; /* shortest crossing that a float32 value confirmed */
    double crossed_length;
    int found_by;     /* number of the run that found the point */
    bl_planes planes; /* of that run, once it is over; empty where none are kept */
    double bound;     /* length that these planes promise */
    bool finished;    /* a run has gone on from it in this stage */
} bl_column_best;

/* One input and one p. */
typedef struct bl_column {
    size_t input, p_index;
    double p;
    double scale; /* largest coordinate of the first step */
    double first_order;
    double first_found; /* best length after the first run that crossed */
    float *first;       /* the first step */

    bl_column_run run;
    bl_column_best best;

    bool open;       /* it can be searched: not on the boundary, not all noise */
    double searched; /* largest length at which the network was evaluated */
    /* of the crossing that looking far has put into the query; infinite where there is none */
    double looked_length;
    bool keeps_planes; /* to go on from the best point at the end */
    bool claimed;      /* a float32 value crossed, or is all noise: more than a plane's promise */
    int runs, won;
    int returned;                  /* runs that came back to the best point's basin since it was found */
    int failures;                  /* runs in vain, halved by a run that wins */
    size_t visits;                 /* crossings of other inputs that runs have begun at */
    int class_tries;               /* runs that were held to a class, of this best point and stage */
    int32_t passes, passes_before; /* in all; before this stage */
} bl_column;

/** Whether p lies in [1, 2): minima move few coordinates, and are many. */
static inline bool bl_column_moves_few(const bl_column *column) {
    return column->p >= 1.0 && column->p < 2.0;
}

/** How far the best length is from that of the first step: |log ratio|, at most 1; 1 where either is unknown. The boundary of a
 * network that is nearly linear around x0 has a bend of a few hundredths, and few local minima. */
double bl_column_bend(const bl_column *column);

/** Probability that no point is nearer than the best by more than 1 %: odds of .3 (1 + returned) / (bend + .02)^.62.
 *
 * Math:        a logistic regression of 'within 1 % of the best known' on the logarithms of the runs that came back and of the bend,
 * over draws of wide and of hard networks, and trained ones (README.md). The number of runs in vain adds
 * nothing to these two.
 */
double bl_column_confidence(const bl_column *column);

/** Begin a run at query. */
void bl_column_start(bl_column *column);

/** The planes of the run that found the column's best point, or of its last run where none are kept. */
const bl_planes *bl_column_best_planes(const bl_column *column);

/** Begin a run at the best crossing of another column of the same input, with those of its planes that admit it.
 * @return false when there are none, or when they promise nothing in this column's norm: the run is over */
bool bl_column_adopt(bl_column *column, const bl_search_input *input, size_t n, const bl_column *other,
                     bl_nearest_work *work);

/** End the run: phase DONE, its success counted, its planes kept if it found the best point. */
void bl_column_end_run(bl_column *column);

/** Whether the best point's planes promise to shorten it by more than gap, relative. */
bool bl_column_unfinished(const bl_column *column, double gap);

/** Go on from the best point with its planes, until they promise no more than gap. */
void bl_column_finish(bl_column *column, const bl_search_input *input, size_t n, double gap,
                      bl_nearest_work *work);

/** Take value and gradient (in units of the input's margin) at query and set the next query, or end the run (phase
 * DONE). gradient[n] is copied. */
void bl_column_receive(bl_column *column, const bl_search_input *input, size_t n, double f,
                       const float *gradient, bl_nearest_work *work);

/** Keep the crossing h as the best if it is shorter. */
void bl_column_offer(bl_column *column, size_t n, const float *h, double slope);

#endif

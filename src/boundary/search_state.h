/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The search's workspace, shared by its files. Private to src/boundary.
 */
#ifndef BORDERLINE_BOUNDARY_SEARCH_STATE_H
#define BORDERLINE_BOUNDARY_SEARCH_STATE_H

#include "column.h"
#include "ray.h"

/* What an effort asks of its stage. */
typedef struct bl_effort_limits {
    int32_t passes; /* per column in the mean, without confirmation: no run begins beyond */
    int failures,
        failures_bent; /* of a column: as many that a nearer point is improbable; more per unit of bend */
    int classes;       /* that runs are held to, the likeliest at the best point, once for every best point */
    int evaluations, evaluations_bent; /* of a run that has crossed, at most; more per unit of bend */
    int patience;                      /* evaluations without a crossing before planes are overstepped */
    int held; /* evaluations of a later run while its planes promise nothing: it looks near the best length */
    double nearly; /* a margin that a plane promises to overcome this soon, relative, counts as a crossing */
    double coarse; /* gap between crossing and model, relative, where a run ends */
    double gap;    /* the same at the best point, where the stage ends */
    double look;   /* where the first run looks first, of the first step */
    size_t planes; /* of a run */
    /* few queries: no looks, the budget is kept to the query, no best point is gone on from */
    bool expensive;
} bl_effort_limits;

/* Points of n numbers that a column keeps: query, incumbent, best, crossed, first step. */
enum { BL_COLUMN_POINTS = 5 };

struct bl_search {
    bl_search_options options;
    bl_effort_limits limits;
    double *p;
    const double *x0; /* [inputs][n], borrowed for one search */
    size_t n, classes, inputs, columns;
    bl_search_input *input;
    bl_column *column;
    double *adopted;    /* [columns][p_count] length of the crossing last taken over from another p */
    float *best_logits; /* [columns][classes] */
    /* [columns][classes] whether a run has been held to the class since the best point's basin was found */
    bool *class_tried;
    int64_t budget; /* passes that the columns may still spend in this stage */
    bool beginners; /* columns are in their first run, which goes before others' second */
    bl_ray *ray;
    size_t *batch_column; /* [columns] which column each row of the batch serves */
    size_t *batch_input;
    double *rows;     /* [columns][n]: float64 points, or float32 points and gradients */
    double *logits64; /* [columns][classes] */
    float *logits, *seed;
    float *room;   /* [inputs][2][n] */
    double *bias;  /* [inputs][classes] */
    float *points; /* [columns][bl_search_rows][n] */
    bl_nearest_work work;
    float *work_rows; /* [4][n] */
};

/** Rows of n numbers that a column has: points, the planes of its run and those of its best point. */
static inline size_t bl_search_rows(const bl_effort_limits *limits) {
    return BL_COLUMN_POINTS + (limits->expensive ? 1 : 2) * limits->planes;
}

/** Logits, classes and first linear steps at the inputs; columns that can be searched are begun, all results are 'not found'. */
bl_err bl_search_begin(bl_search *search, const bl_oracle *oracle, const double *x0, double *logits0,
                       bl_search_result *result, double *points) BL_NODISCARD;

/** Look far, for the inputs of which a column has found nothing. */
bl_err bl_search_look(bl_search *search, const bl_oracle *oracle) BL_NODISCARD;

/** Begin a run at a crossing of another p that is new to the column. @return false when there is none that promises anything */
bool bl_search_adopt(bl_search *search, bl_column *column);

/** Remember the logits at a new best point, nearer than `before`: the classes that runs are held to next. */
void bl_search_note_classes(bl_search *search, bl_column *column, double before, const float *logits);

/** Begin a run at the best point, held to the likeliest class that has not been tried there. @return false when there is none */
bool bl_search_hold_to_class(const bl_search *search, bl_column *column);

/** Begin another run of the column's own. */
void bl_search_restart(bl_search *search, bl_column *column);

/** Confirm the best points in float64; a result, and its point, is written where it is nearer than the one already there. */
bl_err bl_search_confirm(bl_search *search, const bl_oracle *oracle, const double *x0,
                         bl_search_result *result, double *points) BL_NODISCARD;

/** Which first steps change the class by themselves. */
bl_err bl_search_try_first_steps(bl_search *search, const bl_oracle *oracle, const double *x0,
                                 bl_search_result *result) BL_NODISCARD;

#endif

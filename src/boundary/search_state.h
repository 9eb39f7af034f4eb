/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The search's workspace, shared by its files. Private to src/boundary.
 */
#ifndef BORDERLINE_BOUNDARY_SEARCH_STATE_H
#define BORDERLINE_BOUNDARY_SEARCH_STATE_H

#include "column.h"
#include "ray.h"

/* What an effort allows. */
typedef struct bl_effort_limits {
    int32_t passes; /* a column in the mean, without confirmation */
    int patience;   /* of columns looking for a crossing */
    int held; /* evaluations of a later run while its planes promise nothing: it looks near the best length */
    double nearly; /* a margin that a plane promises to overcome this soon, relative, counts as a crossing */
    double coarse; /* gap between crossing and model, relative, where a run ends */
    double gap;    /* the same at the best point, where the search ends */
    int finish; /* passes that are set aside to get there, a column; 0: nothing is gone on from, coarse is gap */
    double look;   /* where the first run looks first, of the first step */
    int runs;      /* a column */
    size_t planes; /* of a run */
} bl_effort_limits;

/* Points of n numbers that a column keeps: query, incumbent, best, crossed, first step. */
enum { BL_COLUMN_POINTS = 5 };

enum { BL_LAST_RESORT = 100 }; /* passes of a column that has found nothing, beyond its limit */

/* Passes that all columns share. */
typedef struct bl_budget {
    int64_t passes;
    int patience;   /* failures that a column may have and still begin a run */
    bool beginners; /* columns in their first run, which goes before others' second */
    int finished;   /* how often the best points have been gone on from */
    bool finishing; /* what is left is for going on from the best points */
} bl_budget;

struct bl_search {
    bl_search_options options;
    bl_effort_limits limits;
    double *p;
    const double *x0; /* [inputs][n], borrowed for one search */
    size_t n, classes, inputs, columns;
    bl_search_input *input;
    bl_column *column;
    double *adopted; /* [columns][p_count] length of the crossing last taken over from another p */
    bl_budget budget;
    double *typical; /* [p_count] mean of the best lengths */
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
    return BL_COLUMN_POINTS + (limits->finish > 0 ? 2 : 1) * limits->planes;
}

/** Logits, classes and first linear steps at the inputs; columns that can be searched are begun. */
bl_err bl_search_begin(bl_search *search, const bl_oracle *oracle, const double *x0,
                       double *logits0) BL_NODISCARD;

/** Put the start of another run in the column's query. */
void bl_search_restart(bl_search *search, bl_column *column);

/** Confirm the best points in float64 and write the results. */
bl_err bl_search_confirm(bl_search *search, const bl_oracle *oracle, const double *x0,
                         bl_search_result *result, double *points) BL_NODISCARD;

#endif

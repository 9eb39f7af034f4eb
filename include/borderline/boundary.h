/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Distance of inputs to the classification boundary, for any p, with or without a box (THEORY.md, section 2).
 */
#ifndef BORDERLINE_BOUNDARY_H
#define BORDERLINE_BOUNDARY_H

#include "borderline/config.h"
#include "borderline/pass.h"

/* What the search asks: logits and gradients at a batch of points. The pass engine, the GP field and the
 * posterior mean all serve. */
typedef struct bl_oracle {
    size_t dimension, classes;
    size_t batch; /* largest count of one call */
    void *context;
    /* logits[count][classes] at x[count][dimension]; input[count]: which of the search's inputs each row
     * belongs to */
    bl_err (*forward)(void *context, size_t count, const size_t *input, const float *x, float *logits);
    /* as bl_pass_gradient, of the last forward batch */
    bl_err (*gradient)(void *context, size_t count, const size_t *row, const float *seed, float *gradient);
    /* float64 logits for verification */
    bl_err (*forward64)(void *context, size_t count, const size_t *input, const double *x, double *logits);
} bl_oracle;

/** The oracle of a pass engine.
 *
 * Shapes:      batch: what the engine was created with.
 * Collective:  no.
 * Ownership:   pass is borrowed while the oracle is in use; loading another network of the same shape into it keeps the
 * oracle good.
 */
BL_API bl_oracle bl_oracle_of_pass(bl_pass *pass, const bl_network *network, size_t batch);

/* status of a distance; the numbers and words are the file's flag_values and flag_meanings. constant: the margin and its gradient are
 * exactly 0 at the input (a dead network), which then has no class. below_resolution: the first-order length is under the rounding of
 * the input in float64, so that the margin's sign is that of rounding. not_trained: the training of the network ended in a loss that is no number. None of
 * these has a distance. */
#define BL_STATUS_LIST(X)                                                                                    \
    X(PENDING, 0, "pending")                                                                                 \
    X(FOUND, 1, "found")                                                                                     \
    X(NOT_FOUND, 2, "not_found")                                                                             \
    X(NOT_VERIFIED, 3, "not_verified")                                                                       \
    X(CONSTANT, 4, "constant")                                                                               \
    X(BELOW_RESOLUTION, 5, "below_resolution")                                                               \
    X(NOT_TRAINED, 6, "not_trained")
enum {
#define BL_STATUS_ENUM(name, value, word) BL_STATUS_##name = value,
    BL_STATUS_LIST(BL_STATUS_ENUM)
#undef BL_STATUS_ENUM
};

typedef struct bl_search_options {
    const double *p; /* [p_count]: >= 1, INFINITY, or 0 */
    size_t p_count;
    bl_box box;
    bl_effort effort;
    /* 0; or, for an oracle whose answers are expensive: values with gradients per column, at most this in the mean; a run
     * then ends where it promises under 1e-4 */
    size_t queries;
    /* asked between rounds; true leaves the search with BL_ERR_STOPPED. May be NULL */
    bool (*stop)(void *context);
    void *stop_context;
} bl_search_options;

enum {
    BL_CONFIDENCE_PERCENT = 1
}; /* a point nearer by less than this does not count against a distance's confidence */

/* What is known of one (input, p). */
typedef struct bl_search_result {
    double distance; /* l^p length of a confirmed point's difference; NaN unless found */
    /* largest float64-confirmed non-crossing length on the same segment (the other bracket end) */
    double inside;
    /* length of the first linear step (box included); NaN when it cannot reach the plane */
    double first_order;
    /* |grad f(x0)|_2 of the margin to the nearest class; the same for all p; NaN where the logits are not finite or x0 is
     * outside the box */
    double gradient_norm;
    /* forward = 1, forward and backward = 2, verification included; not the one of first_step_crosses */
    int32_t passes;
    int32_t restarts_won; /* how many restarts improved the distance */
    /* estimated probability that no point is nearer by more than BL_CONFIDENCE_PERCENT, from how often the restarts came back to the nearest point
     * known; NaN where there is no distance, and for p = 0 */
    double confidence;
    /* largest l^p length of a difference from x0 at which the network was evaluated */
    double searched_radius;
    /* 1: the first step, stretched by 1.1 and held in the box, changes the class (float64); 0: it does not; -1: there is
     * none */
    int8_t first_step_crosses;
    int8_t status;
} bl_search_result;

typedef struct bl_search bl_search;

/** Workspace for searches with this many inputs, all p of the options at once.
 *
 * Collective:  no.
 * Ownership:   options->p is copied. *out is the caller's.
 */
BL_API bl_err bl_search_create(const bl_search_options *options, size_t dimension, size_t classes,
                               size_t inputs, bl_search **out) BL_NODISCARD;
BL_API void bl_search_destroy(bl_search **search);

/** The largest batch that the search passes to its oracle (for bl_pass_create). Collective: no. */
BL_API size_t bl_search_batch(const bl_search_options *options, size_t inputs);

/** Bytes of the workspace. Collective: no. */
BL_API size_t bl_search_memory(const bl_search_options *options, size_t dimension, size_t classes,
                               size_t inputs);

/** Distances of all inputs for all p, advanced together.
 *
 * Math:        min |h|_p subject to argmax changes at x0 + h [and lo <= x0 + h <= hi], THEORY.md, section 2.1.
 * Shapes:      x0[inputs][n] float64; result[inputs][p_count]; logits0[inputs][classes] float64 logits at x0
 * (written); points[inputs][p_count][n] float64 or NULL: the confirmed boundary points. Collective:  no. The
 * result is a function of oracle, x0 and options alone.
 * @return BL_OK (single failures are in the results' status); BL_ERR_STOPPED; what the oracle returned.
 */
BL_API bl_err bl_search_run(bl_search *search, const bl_oracle *oracle, const double *x0, double *logits0,
                            bl_search_result *result, double *points) BL_NODISCARD;

/** Linear step: the point of the plane {<g, h> = c} nearest to the origin in l^p, within the box.
 *
 * Math:        THEORY.md, section 2.2; p = 0 fills coordinates in decreasing order of a_i u_i.
 * Shapes:      x0[n] float64 or NULL (no box needed then), g[n], h[n] (may not alias g); work[n] float32
 * scratch.
 * Collective:  no.
 * @param[out] length  |h|_p (p = 0: number of coordinates moved)
 * @return true; false when no point of the box reaches the plane (h = the box's farthest point towards it).
 */
BL_API bool bl_linear_step(double p, size_t n, const double *x0, bl_box box, const float *g, double c,
                           float *work, float *h, double *length);

/** l^p length of h[n] (p = 0: number of nonzero entries), in float64. Collective: no. */
BL_API double bl_norm(double p, size_t n, const double *h);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The vertex bound of a chain, p = 1: a concave function below one difference of logits is least at the ball's vertices.
 * README.md derives it. Private to src/certify.
 */
#ifndef BORDERLINE_CERTIFY_VERTEX_H
#define BORDERLINE_CERTIFY_VERTEX_H

#include "ball.h"
#include "relu_chain.h"
#include "tree.h"

/* F(h) = f(x0) + sum constants + g h - sum [c]_- bent(h) <= f(x0 + h), at the vertices +-radius e_j: column j and n + j. */
typedef struct bl_vertex {
    const bl_relu_chain *chain;
    const bl_ball *ball;
    double *objective, offset; /* as of the quadratic bound */
    double at_input;           /* f(x0) */
    double *z, *base;          /* [neurons] at x0 */
    double *a;                 /* [neurons] slope of the piece there: 1 or the chain's */
    const int8_t *side;        /* [neurons] of a branch, or NULL */
    double *push;              /* [neurons] of neurons with a side: multiplier >= 0 of z >= 0 or z <= 0 */
    const double *x0;
    double *helpful;      /* [neurons] slope of the line that stands for a neuron with c > 0 */
    double *c, *gradient; /* [neurons], [n] */
    double *to_input;     /* G of the layers after the first, [neurons - width[1]][n] */
    double *bent;         /* [neurons][2 n] upper bounds of psi */
    double *rise;         /* [widest][2 n] */
    double *path[2];      /* [widest][widest] */
    double *most, *drift; /* [neurons] of |v| over the ball; what rounding can add to v */
    double *value;        /* [2 n] F less f(x0) and constants */
    double *share;        /* [2 n] the mixture of vertices where the bound is least */
    double constant;
    double bound, *best, *best_push; /* the best bound, its slopes and pushes [neurons] */
    double *work;                    /* [4 max(n, neurons)] */
} bl_vertex;

/** For `chain`, borrowed, and a point of input space: x0[n]; towards[n] is a point beyond the boundary, or NULL. Collective: no.
 * @return BL_OK with *out = NULL where the matrices would have more than BL_RELU_CHAIN_NUMBERS numbers; BL_ERR_MEMORY. */
BL_API bl_err bl_vertex_create(const bl_relu_chain *chain, size_t class, size_t other, const double *x0,
                               const double *towards, bl_vertex **out) BL_NODISCARD;
BL_API void bl_vertex_destroy(bl_vertex **vertex);

/** A lower bound over the ball (p = 1), rounding charged for; slopes of helpful neurons by `steps` steps, the first of
 * size `rate`, which end as soon as the bound is over 0. They begin where the last call's ended. Collective: no. */
BL_API double bl_vertex_bound(bl_vertex *v, const bl_ball *ball, int steps, double rate);

/* What branch and bound of the vertex bound is given, and what it meets; as bl_quadratic_search. */
typedef struct bl_vertex_search {
    bl_vertex *vertex; /* its slopes are the root's */
    const bl_ball *ball;
    int steps;
    size_t class, other;
    double *nearer;
    bool met;
} bl_vertex_search;

/** The neuron whose kink costs most at the mixture of the last bound; the number of neurons where none costs. Collective: no. */
size_t bl_vertex_most_expensive(bl_vertex *v);

/** Whether branch and bound proves the ball, within *nodes, which are counted down. Collective: no. */
bl_err bl_vertex_branch(bl_vertex_search *search, int32_t *nodes, bool *proven) BL_NODISCARD;

/** Expand at x0 with the signs of a branch (NULL: none). Collective: no. */
void bl_vertex_expand(bl_vertex *v, const int8_t *side);

#endif

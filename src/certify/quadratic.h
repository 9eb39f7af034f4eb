/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The quadratic Lagrangian of a chain: a lower bound of one difference of logits over a ball in which all neurons share one
 * budget |h|. README.md derives it. Private to src/certify.
 */
#ifndef BORDERLINE_CERTIFY_QUADRATIC_H
#define BORDERLINE_CERTIFY_QUADRATIC_H

#include "ball.h"
#include "relaxation.h"
#include "relu_chain.h"
#include "tree.h"

enum { BL_QUADRATIC_VECTORS = 6 };

/* Everything about one (input, pair of classes): where the expansion stands, its multipliers, and what the last evaluation
 * found. Arrays of neurons are in the chain's numbering. Neurons that `bend` are those whose psi can differ from 0. */
typedef struct bl_quadratic {
    const bl_relu_chain *chain;
    const bl_ball *ball;
    double *objective;  /* [width[depth]] last matrix, row of the class less row of the other */
    double offset;      /* the same of the last bias */
    const int8_t *side; /* [neurons] of a branch: 1 only z >= 0, -1 only z <= 0, 0 both; NULL: no branch */
    bool empty;         /* no point of the ball is in the branch */

    double *range_lo, *range_hi; /* [neurons] proven, of pre-activations */
    size_t bends, *bend;         /* [bends] neurons, ascending */
    size_t *first;               /* [depth + 1] of each layer in bend */

    double *centre;   /* [n] h_c */
    double at_centre; /* f */
    double *z,
        *base; /* [neurons] pre-activation there, and what phi is expanded from: phi(z + v) = base + a v + psi(v) */
    double *lo, *hi; /* [neurons] of v */

    double *slope;          /* [neurons] a */
    double *lambda, *kappa; /* [neurons] multipliers of v^2 and psi^2 (0 in the last layer) */
    double *t;              /* [n] p = inf: shape of the multipliers of D^2; else all 1 */

    double *c;              /* [neurons] coefficients of psi */
    double *gradient;       /* [n] g */
    double k;               /* multipliers of D^2 are k t */
    double value, *h;       /* the bound without rounding; [n] where the part of h is least */
    double *v, *psi, *loss; /* [neurons] the same of each neuron */
    double rho;             /* sum t D^2 there */

    size_t vectors; /* near-top eigenvectors of the condition, by weight */
    double weight[BL_QUADRATIC_VECTORS];
    double *v_square;   /* [neurons] mean of v^2 that they induce */
    double *psi_square; /* [neurons] */
    double *d_square;   /* [n] mean of t D^2 */
    double *k_slope;    /* [neurons] dk/da */

    double *start;                   /* [neurons] first vector of the next iteration for eigenvectors */
    double *gram;                    /* [width[1]]^2 W_0 T^-1 W_0^T of p = inf */
    double *scaled;                  /* [width[1]][n] p = inf */
    double *path[2];                 /* [widest][widest] */
    double *to_first;                /* J, all layers from the second: [neurons - width[1]][width[1]] */
    double *rows, *image;            /* [bends from layer 2][width[1]] */
    double *form, *factor, *columns; /* [neurons]^2 each */
    double *krylov;                  /* (steps + 4) [neurons] */
    double *work;                    /* [4 max(n, neurons)] */
} bl_quadratic;

/** For `chain`, which is borrowed; class and other: whose logits' difference is bounded. Collective: no. */
BL_API bl_err bl_quadratic_create(const bl_relu_chain *chain, size_t class, size_t other,
                                  bl_quadratic **out) BL_NODISCARD;
BL_API void bl_quadratic_destroy(bl_quadratic **quadratic);

/** Take the ball and the ranges found for it (and a branch, or NULL); multipliers stay.
 * Collective: no. Ball and side are borrowed until the next call. */
void bl_quadratic_place(bl_quadratic *q, const bl_ball *ball, const bl_relaxation *ranges,
                        const int8_t *side);

/** Expand at h[n]: pre-activations, f. Slopes of neurons that do not bend become exact; those of others are kept, or
 * (fresh) become those at the centre. Collective: no. */
void bl_quadratic_expand(bl_quadratic *q, const double *h, bool fresh);

/** Expand where f is small: from h[n], downhill within the ball. Collective: no. */
void bl_quadratic_descend(bl_quadratic *q, const double *h);

/** Coefficients c and gradient g of the slopes. Collective: no. */
void bl_quadratic_coefficients(bl_quadratic *q);

/** k of the multipliers, so that the condition holds, with what gradients need.
 *
 * Math:        the largest eigenvalue of C^-1 A C^-T, A the Gram matrix of sqrt(lambda) v over D, C C^T = 1 - B K^-1 B^T.
 * Collective:  no.
 * @return false where no k is enough.
 */
bool bl_quadratic_form(bl_quadratic *q);

/** The bound at the multipliers, rounding left out, with its minimisers. Collective: no. */
double bl_quadratic_evaluate(bl_quadratic *q);

/** Coefficients, form and bound of the multipliers as they are, lambda after the first layer made smaller where no k is enough.
 * Collective: no. */
double bl_quadratic_value(bl_quadratic *q);

/** Expand anew nearer to where the part of h is least, multipliers kept. Collective: no.
 * @return true; false, and nothing changed, where that is no better. */
bool bl_quadratic_recentre(bl_quadratic *q);

/* d value / d log lambda, log kappa, a (of neurons that bend) and log t (p = inf), of the form and the evaluation made last. */
typedef struct bl_quadratic_gradient {
    double *lambda, *kappa, *slope; /* [neurons] */
    double *t;                      /* [n] */
} bl_quadratic_gradient;

void bl_quadratic_gradients(bl_quadratic *q, bl_quadratic_gradient *gradient);

/** Search for multipliers: caps alone, by coordinate search of `rounds` rounds; or one a neuron, by `steps` steps of ascent.
 * Both end as soon as the value is over `enough`. Collective: no.
 * @return the value reached; the state is that of the value. */
double bl_quadratic_caps(bl_quadratic *q, int rounds, double enough);
double bl_quadratic_ascend(bl_quadratic *q, int steps, double enough);

/** The bound at the multipliers, proven: the condition confirmed by a Cholesky factorisation, all rounding charged for.
 * Collective: no.
 * @return the bound; -INFINITY where nothing is proven. */
BL_API double bl_quadratic_proof(bl_quadratic *q);

/* What branch and bound of the quadratic bound is given, and what it meets. */
typedef struct bl_quadratic_search {
    bl_quadratic *quadratic; /* its multipliers and centre are the root's */
    bl_relaxation *relaxation;
    const bl_ball *ball;
    double multiply_adds; /* of ranges */
    double enough;
    int steps; /* of ascent, per node */
    size_t class, other;
    /* [n] a point of another class (by the chain's own float64 pass) in the ball, where one was met */
    double *nearer;
    bool met;
} bl_quadratic_search;

/** Whether branch and bound proves the ball, within *nodes, which are counted down. Collective: no. */
bl_err bl_quadratic_branch(bl_quadratic_search *search, int32_t *nodes, bool *proven) BL_NODISCARD;

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Branch and bound with the quadratic bound at every node. A node inherits its parent's centre, slopes and multipliers; the ranges
 * of layers behind a neuron that was divided are found anew.
 */
#include "base/mem.h"
#include "quadratic.h"

#include <math.h>
#include <string.h>

enum { LAST_STEPS = 500 }; /* where no neuron is left to divide */

/* A node's state: centre, t [n], then slopes, lambda, kappa [neurons]. */
static size_t state_size(const bl_relu_chain *c) {
    return 2 * c->n + 3 * c->neurons;
}

static void save(const bl_quadratic *q, double *state) {
    const size_t n = q->chain->n, neurons = q->chain->neurons;
    memcpy(state, q->centre, n * sizeof *state);
    memcpy(state + n, q->t, n * sizeof *state);
    memcpy(state + 2 * n, q->slope, neurons * sizeof *state);
    memcpy(state + 2 * n + neurons, q->lambda, neurons * sizeof *state);
    memcpy(state + 2 * n + 2 * neurons, q->kappa, neurons * sizeof *state);
}

static void load(bl_quadratic *q, const double *state) {
    const size_t n = q->chain->n, neurons = q->chain->neurons;
    memcpy(q->centre, state, n * sizeof *state);
    memcpy(q->t, state + n, n * sizeof *state);
    memcpy(q->slope, state + 2 * n, neurons * sizeof *state);
    memcpy(q->lambda, state + 2 * n + neurons, neurons * sizeof *state);
    memcpy(q->kappa, state + 2 * n + 2 * neurons, neurons * sizeof *state);
}

/* Where the node's bound is least may be a point of another class. */
static void look_at_minimiser(bl_quadratic_search *s) {
    const bl_quadratic *q = s->quadratic;
    double *x = q->work + 2 * q->chain->neurons;
    for (int k = 0; k < 2 && !s->met; k++) {
        const double *h = k == 0 ? q->h : q->centre;
        bl_ball_point(s->ball, h, x);
        if (bl_relu_chain_margin(q->chain, s->class, s->other, x, q->work) <= 0.0) {
            memcpy(s->nearer, x, q->chain->n * sizeof *x);
            s->met = true;
        }
    }
}

/* The neuron that costs most; `neurons` where all that bend are divided. */
static size_t most_expensive(const bl_quadratic *q) {
    size_t found = q->chain->neurons;
    double most = INFINITY;
    for (size_t b = 0; b < q->bends; b++) {
        const size_t k = q->bend[b];
        const double loss = q->loss[k] - 1e-9 * fmin(-q->range_lo[k], q->range_hi[k]);
        if (q->side[k] == 0 && loss < most) {
            most = loss;
            found = k;
        }
    }
    return found;
}

static bl_err evaluate(void *context, bool root, bl_branch *branch) {
    bl_quadratic_search *s = context;
    bl_quadratic *q = s->quadratic;
    const bl_relu_chain *c = q->chain;
    for (size_t l = 0; l < c->depth; l++)
        bl_relaxation_branch(s->relaxation, c->activation[l], branch->side + c->offset[l]);
    const bl_err err = bl_relaxation_ranges(s->relaxation, s->ball, s->multiply_adds);
    branch->bound = -INFINITY;
    branch->split = c->neurons;
    if (err != BL_OK)
        return err == BL_ERR_NUMERIC ? BL_OK : err;
    if (bl_relaxation_is_empty(s->relaxation)) {
        branch->bound = INFINITY;
        return BL_OK;
    }
    if (!root)
        load(q, branch->state);
    bl_quadratic_place(q, s->ball, s->relaxation, branch->side);
    bl_quadratic_expand(q, q->centre, false);
    double value = bl_quadratic_ascend(q, s->steps, s->enough);
    if (value <= s->enough && bl_quadratic_recentre(q))
        value = bl_quadratic_ascend(q, s->steps / 2, s->enough);
    branch->split = most_expensive(q);
    if (value <= s->enough && branch->split == c->neurons)
        value = bl_quadratic_ascend(q, LAST_STEPS, s->enough);
    save(q, branch->state);
    if (value > 0.0)
        branch->bound = bl_quadratic_proof(q);
    else {
        branch->bound = value;
        look_at_minimiser(s);
        branch->refuted = s->met;
    }
    return BL_OK;
}

bl_err bl_quadratic_branch(bl_quadratic_search *s, int32_t *nodes, bool *proven) {
    const bl_relu_chain *c = s->quadratic->chain;
    const bl_tree tree = {.neurons = c->neurons, .states = state_size(c), .context = s, .evaluate = evaluate};
    const bl_err err = bl_tree_prove(&tree, nodes, proven);
    for (size_t l = 0; l < c->depth; l++)
        bl_relaxation_branch(s->relaxation, c->activation[l], NULL);
    return err;
}

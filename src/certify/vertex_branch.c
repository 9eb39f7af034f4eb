/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Branch and bound with the vertex bound at every node.
 */
#include "vertex.h"

#include <string.h>

enum { LAST_STEPS = 200 }; /* where no neuron is left to divide */

/* The mixture of vertices where the bound is least may be a point of another class. */
static void look_at_mixture(bl_vertex_search *s) {
    const bl_vertex *v = s->vertex;
    const size_t n = v->chain->n;
    double *x = s->nearer;
    for (size_t j = 0; j < n; j++)
        x[j] = s->ball->radius * (v->share[j] - v->share[n + j]);
    bl_ball_point(s->ball, x, x);
    s->met = bl_relu_chain_margin(v->chain, s->class, s->other, x, v->work) <= 0.0;
}

/* A node's state: helpful slopes and pushes. */
static bl_err evaluate(void *context, bool root, bl_branch *branch) {
    bl_vertex_search *s = context;
    bl_vertex *v = s->vertex;
    const size_t neurons = v->chain->neurons, bytes = neurons * sizeof(double);
    if (!root) {
        memcpy(v->helpful, branch->state, bytes);
        memcpy(v->push, branch->state + neurons, bytes);
    }
    bl_vertex_expand(v, branch->side);
    branch->bound = bl_vertex_bound(v, s->ball, s->steps, root ? 0.25 : 0.1);
    branch->split = neurons;
    if (!(branch->bound > 0.0))
        branch->split = bl_vertex_most_expensive(v);
    for (double rate = 0.05; branch->split == neurons && !(branch->bound > 0.0) && rate > 1e-4; rate *= 0.3)
        branch->bound = bl_vertex_bound(v, s->ball, LAST_STEPS, rate);
    memcpy(branch->state, v->helpful, bytes);
    memcpy(branch->state + neurons, v->push, bytes);
    if (branch->bound > 0.0)
        return BL_OK;
    look_at_mixture(s);
    branch->refuted = s->met;
    return BL_OK;
}

bl_err bl_vertex_branch(bl_vertex_search *s, int32_t *nodes, bool *proven) {
    const size_t neurons = s->vertex->chain->neurons;
    const bl_tree tree = {.neurons = neurons, .states = 2 * neurons, .context = s, .evaluate = evaluate};
    const bl_err err = bl_tree_prove(&tree, nodes, proven);
    bl_vertex_expand(s->vertex, NULL);
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Branch and bound on the signs of pre-activations, whatever the bound. Private to src/certify.
 */
#ifndef BORDERLINE_CERTIFY_TREE_H
#define BORDERLINE_CERTIFY_TREE_H

#include "borderline/err.h"
#include <stddef.h>
#include <stdint.h>

/* A branch: the ball where some pre-activations have given signs. */
typedef struct bl_branch {
    int8_t *side;  /* [neurons] 1: z >= 0, -1: z <= 0, 0: both */
    double *state; /* [states] what the bound leaves for the branch's own branches; in: its parent's */
    double bound;  /* proven where positive */
    size_t split;  /* the neuron to divide the branch by; `neurons`: none is left */
    bool refuted;  /* the ball holds a point of another class */
} bl_branch;

typedef struct bl_tree {
    size_t neurons, states;
    void *context;
    /* bound, split and refuted of branch->side, from branch->state, which it replaces; root: the state is to be made */
    bl_err (*evaluate)(void *context, bool root, bl_branch *branch);
} bl_tree;

/** Whether the bounds of branches prove the ball, within *nodes evaluations, which are counted down.
 *
 * Math:        depth first; of two branches the one with the smaller bound first.
 * Collective:  no.
 */
bl_err bl_tree_prove(const bl_tree *tree, int32_t *nodes, bool *proven) BL_NODISCARD;

#endif

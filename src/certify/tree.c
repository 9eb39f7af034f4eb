/* SPDX-License-Identifier: BSD-3-Clause */
#include "tree.h"
#include "base/mem.h"

#include <string.h>

/* A branch whose bound is not positive, on the stack of those to divide. */
typedef struct entry {
    struct entry *below;
    bl_branch branch;
} entry;

static void entry_destroy(entry **e) {
    if (!*e)
        return;
    bl_mem_free((*e)->branch.side);
    bl_mem_free((*e)->branch.state);
    bl_mem_free(*e);
    *e = NULL;
}

/* A branch of `parent` (NULL: the root) with the sign of its split neuron. */
static bl_err entry_create(const bl_tree *tree, const bl_branch *parent, int8_t sign, entry **out) {
    bl_err err = BL_OK;
    entry *e = NULL;
    BL_ALLOC(e, 1);
    BL_ALLOC(e->branch.side, tree->neurons);
    BL_ALLOC(e->branch.state, tree->states);
    if (parent) {
        memcpy(e->branch.side, parent->side, tree->neurons * sizeof *parent->side);
        memcpy(e->branch.state, parent->state, tree->states * sizeof *parent->state);
        e->branch.side[parent->split] = sign;
    }
    *out = e;
    e = NULL;
cleanup:
    entry_destroy(&e);
    return err;
}

/* Evaluate a branch; one that is proven is dropped, another goes on the stack. */
static bl_err add(const bl_tree *tree, const bl_branch *parent, int8_t sign, int32_t *nodes, entry **stack) {
    bl_err err = BL_OK;
    entry *e = NULL;
    BL_TRY(entry_create(tree, parent, sign, &e));
    BL_TRY(tree->evaluate(tree->context, parent == NULL, &e->branch));
    --*nodes;
    if (!(e->branch.bound > 0.0)) {
        entry **place = stack; /* the smaller bound on top, of the two branches of one parent */
        if (sign < 0 && *stack && (*stack)->branch.bound < e->branch.bound)
            place = &(*stack)->below;
        e->below = *place;
        *place = e;
        e = NULL;
    }
cleanup:
    entry_destroy(&e);
    return err;
}

bl_err bl_tree_prove(const bl_tree *tree, int32_t *nodes, bool *proven) {
    bl_err err = BL_OK;
    entry *stack = NULL, *top = NULL;
    bool open = *nodes > 0;
    *proven = false;
    if (open)
        BL_TRY(add(tree, NULL, 0, nodes, &stack));
    while (open && stack) {
        open = !stack->branch.refuted && stack->branch.split < tree->neurons && *nodes >= 2;
        if (!open)
            break;
        top = stack;
        stack = top->below;
        entry *kept = NULL; /* the two branches, so that they alone are put in order */
        err = add(tree, &top->branch, 1, nodes, &kept);
        if (err == BL_OK)
            err = add(tree, &top->branch, -1, nodes, &kept);
        entry **last = &kept;
        while (*last)
            last = &(*last)->below;
        *last = stack;
        stack = kept;
        entry_destroy(&top);
        BL_TRY(err);
        open = !(stack && (stack->branch.refuted || (stack->below && stack->below->branch.refuted)));
    }
    *proven = open && !stack;
cleanup:
    while (stack) {
        top = stack;
        stack = top->below;
        entry_destroy(&top);
    }
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The rules of the schedule: order, static share, size of a chunk, low water.
 */
#include "schedule_rules.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

/* Chosen by simulation over 64 to 65,536 ranks (tests/mpi/test_schedule_simulation.c prints what they give).
 * A larger static share saves requests; a smaller one leaves more to even out wrong estimates with, which
 * nodes of one rank need most, because no other rank can do their static share: with .65 they lose up to 10 %, with .5 still 4 %
 * where an expensive unit takes three times its estimate. The other numbers matter less than one per cent. */
static const double static_share = 0.35;
static const double chunk_divisor = 4.0; /* a chunk is a node's share of what is left, divided by this */
enum { RANKS_PER_SPARE_UNIT = 8 };       /* a node keeps one spare unit in its list for so many ranks */

typedef struct ranked {
    double cost;
    int64_t unit, place;
} ranked;

static int by_decreasing_cost(const void *left, const void *right) {
    const ranked *a = left, *b = right;
    if (a->cost != b->cost)
        return a->cost > b->cost ? -1 : 1;
    if (a->unit != b->unit)
        return a->unit < b->unit ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static bl_err sort_units(int64_t count, const int64_t *unit, const double *cost, int64_t *order) {
    bl_err err = BL_OK;
    ranked *list = NULL;
    BL_ALLOC(list, (size_t)count);
    for (int64_t i = 0; i < count; i++)
        list[i] = (ranked){cost[i], unit ? unit[i] : i, i};
    qsort(list, (size_t)count, sizeof *list, by_decreasing_cost);
    for (int64_t i = 0; i < count; i++)
        order[i] = list[i].place;
cleanup:
    bl_mem_free(list);
    return err;
}

/* How many units, from the largest on, make up the static share. */
static int64_t count_static(int64_t count, const int64_t *order, const double *cost) {
    double total = 0.0, sum = 0.0;
    int64_t taken = 0;
    for (int64_t i = 0; i < count; i++)
        total += cost[order[i]];
    while (taken < count && sum < static_share * total)
        sum += cost[order[taken++]];
    return taken;
}

typedef struct load {
    double cost;
    int32_t ranks, node;
} load;

static bool lighter(const load *a, const load *b) {
    double left = a->cost * b->ranks, right = b->cost * a->ranks;
    return left != right ? left < right : a->node < b->node;
}

/* Restore the heap (lightest first) below its top. */
static void sift_down(load *heap, int32_t count) {
    int32_t at = 0;
    for (;;) {
        int32_t child = 2 * at + 1;
        if (child >= count)
            return;
        if (child + 1 < count && lighter(&heap[child + 1], &heap[child]))
            child++;
        if (!lighter(&heap[child], &heap[at]))
            return;
        load moved = heap[at];
        heap[at] = heap[child];
        heap[child] = moved;
        at = child;
    }
}

static bl_err divide(bl_division *division, const double *cost, int32_t nodes, const int32_t *node_ranks) {
    bl_err err = BL_OK;
    load *heap = NULL;
    BL_ALLOC(heap, (size_t)nodes);
    for (int32_t node = 0; node < nodes; node++)
        heap[node] = (load){0.0, node_ranks[node], node};
    for (int64_t i = 0; i < division->static_count; i++) {
        division->owner[i] = heap[0].node;
        heap[0].cost += cost[division->order[i]];
        sift_down(heap, nodes);
    }
cleanup:
    bl_mem_free(heap);
    return err;
}

bl_err bl_division_create(int64_t count, const int64_t *unit, const double *cost, int32_t nodes,
                          const int32_t *node_ranks, bool served, bl_division **out) {
    bl_err err = BL_OK;
    bl_division *division = NULL;
    BL_ALLOC(division, 1);
    division->count = count;
    BL_ALLOC(division->order, (size_t)count);
    BL_TRY(sort_units(count, unit, cost, division->order));
    division->static_count = served ? count_static(count, division->order, cost) : count;
    BL_ALLOC(division->owner, (size_t)division->static_count);
    BL_TRY(divide(division, cost, nodes, node_ranks));
    *out = division;
    division = NULL;
cleanup:
    bl_division_destroy(&division);
    return err;
}

void bl_division_destroy(bl_division **division) {
    if (!*division)
        return;
    bl_mem_free((*division)->order);
    bl_mem_free((*division)->owner);
    bl_mem_free(*division);
    *division = NULL;
}

bl_tail bl_tail_begin(int64_t count, const double *cost, int64_t ranks) {
    bl_tail tail = {.count = count, .cost = cost, .ranks = ranks};
    for (int64_t i = 0; i < count; i++)
        tail.rest += cost[i];
    return tail;
}

int64_t bl_tail_take(bl_tail *tail, int32_t node_ranks, int64_t *first) {
    int64_t left = tail->count - tail->next, taken = 0;
    double share = (double)node_ranks / (double)tail->ranks;
    double aim = tail->rest * share / chunk_divisor, sum = 0.0;
    int64_t least = (int64_t)ceil(fmin((double)node_ranks / RANKS_PER_SPARE_UNIT, (double)left * share));
    *first = tail->next;
    while (taken < left && (taken < least || sum + tail->cost[tail->next] <= aim)) {
        sum += tail->cost[tail->next++];
        taken++;
    }
    tail->rest = tail->next < tail->count ? tail->rest - sum : 0.0;
    return taken;
}

int64_t bl_rules_low_water(int32_t node_ranks) {
    return node_ranks / RANKS_PER_SPARE_UNIT;
}

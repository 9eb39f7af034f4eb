/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The schedule in simulated time: the rules of the sweep, driven by a queue of events.
 */
#include "base/mem.h"
#include "borderline/rng.h"
#include "schedule.h"
#include "schedule_rules.h"

#include <limits.h>
#include <math.h>

typedef struct event {
    double time;
    int32_t rank; /* becomes free */
    bool brings;  /* with a chunk for its node */
} event;

typedef struct node {
    int32_t first_rank, ranks;
    int64_t *list; /* places in the order, not yet begun: list[head] ... list[tail - 1] */
    int64_t head, tail, capacity;
    int64_t chunk_first, chunk_count; /* on its way */
    bool asking, exhausted; /* exhausted: told that nothing more will come, after the chunk on its way */
    int32_t waiting;        /* first of a chain of ranks, -1 when none */
} node;

typedef struct simulation {
    bl_division *division;
    bl_tail tail;
    double *tail_cost; /* [count - static_count] */
    double *seconds;   /* [count] real times, by place in the order */
    int32_t nodes, ranks_per_node;
    node *node;            /* [nodes] */
    int32_t *next_waiting; /* [ranks] */
    event *heap;           /* [ranks] */
    int64_t events;
    double latency, makespan;
} simulation;

static bool sooner(const event *a, const event *b) {
    return a->time != b->time ? a->time < b->time : a->rank < b->rank;
}

static void push(simulation *s, event new_event) {
    int64_t at = s->events++;
    while (at > 0 && sooner(&new_event, &s->heap[(at - 1) / 2])) {
        s->heap[at] = s->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    s->heap[at] = new_event;
}

static event pop(simulation *s) {
    event first = s->heap[0], last = s->heap[--s->events];
    int64_t at = 0;
    for (int64_t child = 1; child < s->events; child = 2 * at + 1) {
        if (child + 1 < s->events && sooner(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (!sooner(&s->heap[child], &last))
            break;
        s->heap[at] = s->heap[child];
        at = child;
    }
    s->heap[at] = last;
    return first;
}

static bl_err append(node *n, int64_t place) {
    bl_err err = BL_OK;
    int64_t *larger = NULL;
    if (n->tail == n->capacity) {
        int64_t capacity = 2 * n->capacity + 16;
        BL_ALLOC(larger, (size_t)capacity);
        for (int64_t i = n->head; i < n->tail; i++)
            larger[i - n->head] = n->list[i];
        bl_mem_free(n->list);
        n->list = larger;
        n->tail -= n->head;
        n->head = 0;
        n->capacity = capacity;
    }
    n->list[n->tail++] = place;
cleanup:
    return err;
}

/* A rank is free: it fetches more units for its node, begins a unit, waits for another rank that is fetching, or ends. */
static void rank_free(simulation *s, node *n, int32_t rank, double time) {
    if (!n->exhausted && !n->asking && n->tail - n->head <= bl_rules_low_water(n->ranks)) {
        n->asking = true;
        n->chunk_count = bl_tail_take(&s->tail, n->ranks, &n->chunk_first);
        n->exhausted = s->tail.next == s->tail.count;
        push(s, (event){time + s->latency, rank, true});
    } else if (n->head < n->tail) {
        double end = time + s->seconds[n->list[n->head++]];
        s->makespan = fmax(s->makespan, end);
        push(s, (event){end, rank, false});
    } else if (n->asking) {
        s->next_waiting[rank] = n->waiting;
        n->waiting = rank;
    }
}

static bl_err run(simulation *s) {
    bl_err err = BL_OK;
    while (s->events > 0) {
        event e = pop(s);
        node *n = &s->node[e.rank / s->ranks_per_node];
        int32_t waiting = -1;
        if (e.brings) {
            for (int64_t i = 0; i < n->chunk_count; i++)
                BL_TRY(append(n, s->division->static_count + n->chunk_first + i));
            n->asking = false;
            waiting = n->waiting;
            n->waiting = -1;
        }
        rank_free(s, n, e.rank, e.time);
        while (waiting >= 0) {
            int32_t rank = waiting;
            waiting = s->next_waiting[rank];
            rank_free(s, n, rank, e.time);
        }
    }
cleanup:
    return err;
}

bl_err bl_schedule_scatter(int64_t count, const double *cost, double spread, double *seconds) {
    bl_err err = BL_OK;
    float *normal = NULL;
    BL_ALLOC(normal, (size_t)count);
    bl_rng_normal(bl_rng_stream(0, 0, 0, BL_PURPOSE_FORECAST, 0), 1.0F, (size_t)count, normal);
    for (int64_t i = 0; i < count; i++)
        seconds[i] = cost[i] * exp(spread * normal[i] - 0.5 * spread * spread);
cleanup:
    bl_mem_free(normal);
    return err;
}

static bl_err prepare(simulation *s, int64_t count, const double *cost, int32_t ranks) {
    bl_err err = BL_OK;
    int32_t *node_ranks = NULL;
    BL_ALLOC(node_ranks, (size_t)s->nodes);
    BL_ALLOC(s->node, (size_t)s->nodes);
    BL_ALLOC(s->next_waiting, (size_t)ranks);
    BL_ALLOC(s->heap, (size_t)ranks);
    BL_ALLOC(s->seconds, (size_t)count);
    for (int32_t i = 0; i < s->nodes; i++) {
        int32_t first = i * s->ranks_per_node, rest = ranks - first;
        node_ranks[i] = rest < s->ranks_per_node ? rest : s->ranks_per_node;
        s->node[i] = (node){.first_rank = first, .ranks = node_ranks[i], .waiting = -1};
    }
    BL_TRY(bl_division_create(count, NULL, cost, s->nodes, node_ranks, s->nodes > 1, &s->division));
    int64_t divided = s->division->static_count;
    BL_ALLOC(s->tail_cost, (size_t)(count - divided));
    for (int64_t i = divided; i < count; i++)
        s->tail_cost[i - divided] = cost[s->division->order[i]];
    s->tail = bl_tail_begin(count - divided, s->tail_cost, ranks);
    for (int64_t i = 0; i < divided; i++)
        BL_TRY(append(&s->node[s->division->owner[i]], i));
    for (int32_t i = 0; i < s->nodes; i++)
        s->node[i].exhausted = divided == count;
    for (int32_t rank = 0; rank < ranks; rank++)
        push(s, (event){0.0, rank, false});
cleanup:
    bl_mem_free(node_ranks);
    return err;
}

static void release(simulation *s) {
    for (int32_t i = 0; s->node && i < s->nodes; i++)
        bl_mem_free(s->node[i].list);
    bl_mem_free(s->node);
    bl_mem_free(s->next_waiting);
    bl_mem_free(s->heap);
    bl_mem_free(s->seconds);
    bl_mem_free(s->tail_cost);
    bl_division_destroy(&s->division);
}

bl_err bl_schedule_simulate_times(int64_t count, const double *cost, const double *seconds, int64_t ranks,
                                  int64_t ranks_per_node, double latency, bl_schedule_forecast *forecast) {
    bl_err err = BL_OK;
    simulation s = {.latency = latency};
    BL_REQUIRE(ranks >= 1 && ranks_per_node >= 1 && ranks <= INT32_MAX / 2, BL_ERR_INPUT,
               "a schedule of %lld ranks, %lld per node, cannot be simulated", (long long)ranks,
               (long long)ranks_per_node);
    s.ranks_per_node = (int32_t)(ranks_per_node < ranks ? ranks_per_node : ranks);
    s.nodes = (int32_t)((ranks + s.ranks_per_node - 1) / s.ranks_per_node);
    BL_TRY(prepare(&s, count, cost, (int32_t)ranks));
    for (int64_t i = 0; i < count; i++)
        s.seconds[i] = seconds[s.division->order[i]];
    BL_TRY(run(&s));
    double work = 0.0;
    for (int64_t i = 0; i < count; i++)
        work += s.seconds[i];
    forecast->makespan = s.makespan;
    forecast->efficiency = count > 0 ? work / ((double)ranks * s.makespan) : 1.0;
cleanup:
    release(&s);
    return err;
}

bl_err bl_schedule_simulate(int64_t count, const double *cost, int64_t ranks, int64_t ranks_per_node,
                            double spread, double latency, bl_schedule_forecast *forecast) {
    bl_err err = BL_OK;
    double *seconds = NULL;
    BL_ALLOC(seconds, (size_t)count);
    BL_TRY(bl_schedule_scatter(count, cost, spread, seconds));
    BL_TRY(bl_schedule_simulate_times(count, cost, seconds, ranks, ranks_per_node, latency, forecast));
cleanup:
    bl_mem_free(seconds);
    return err;
}

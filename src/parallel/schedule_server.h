/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The thread of rank 0 that hands out the tail of a sweep, and the messages between nodes and the thread.
 * Private to src/parallel.
 */
#ifndef BORDERLINE_SCHEDULE_SERVER_H
#define BORDERLINE_SCHEDULE_SERVER_H

#include "schedule_rules.h"
#include <mpi.h>
#include <stdatomic.h>

enum { BL_TAG_REQUEST = 1, BL_TAG_ANSWER = 2 };

typedef enum bl_schedule_request_kind {
    BL_REQUEST_UNITS,
    BL_REQUEST_REPORT,
    BL_REQUEST_HALT
} bl_schedule_request_kind;

typedef struct bl_schedule_request {
    int64_t kind, node;
    int64_t finished; /* units that the node has finished */
} bl_schedule_request;

typedef struct bl_schedule_answer {
    int64_t first, count; /* units of the tail for the node */
    int64_t elsewhere;    /* units finished on all other nodes */
    bool exhausted;       /* nothing more will come after these */
    bool halted;
} bl_schedule_answer;

/* Head of a node's list of units, in the shared memory of its ranks. */
typedef struct bl_node_list {
    _Atomic int64_t head, tail; /* units head ... tail - 1 are ready to be taken */
    atomic_bool asking;         /* a rank is fetching more */
    atomic_bool exhausted;      /* nothing more will come */
    atomic_bool halted;
    _Atomic int64_t finished;    /* units, by this node's ranks */
    _Atomic int64_t reported;    /* of those, known to rank 0 */
    _Atomic int64_t elsewhere;   /* units finished by other nodes, as far as known here */
    _Atomic int64_t report_time; /* of the last exchange with rank 0, ns of the monotonic clock */
    int64_t tail_place;          /* where the numbers of the tail begin, counted from the list's begin */
} bl_node_list;

/* Set *value to the larger of *value and other. */
static inline void bl_atomic_raise(_Atomic int64_t *value, int64_t other) {
    int64_t old = atomic_load(value);
    while (old < other && !atomic_compare_exchange_weak(value, &old, other))
        ;
}

typedef struct bl_schedule_server bl_schedule_server;

/** Start the thread. Only rank 0 calls.
 *
 * Shapes:      node_ranks[nodes].
 * Ownership:   what is needed of division, cost and node_ranks is copied; own is the list of rank 0's node,
 * told directly of halts and counts; comm and own must outlive the server.
 * @return BL_OK; BL_ERR_MEMORY; BL_ERR_LIBRARY when the system gives no thread.
 */
bl_err bl_schedule_server_start(MPI_Comm comm, const bl_division *division, const double *cost, int32_t nodes,
                                const int32_t *node_ranks, bl_node_list *own,
                                bl_schedule_server **out) BL_NODISCARD;

/** End the thread; no rank may be waiting for an answer. */
void bl_schedule_server_stop(bl_schedule_server **server);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The thread of rank 0 that hands out the tail of a sweep.
 */
#include "schedule_server.h"
#include "base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

struct bl_schedule_server {
    MPI_Comm comm;
    pthread_t thread;
    bool running;
    atomic_bool stop;
    bl_tail tail;
    double *tail_cost;   /* [tail.count] */
    int32_t *node_ranks; /* [nodes] */
    int64_t *finished;   /* [nodes] units, as last reported */
    int64_t finished_total;
    bool halted;
    bl_node_list *own;
};

static bl_schedule_answer answer_to(bl_schedule_server *server, const bl_schedule_request *request) {
    bl_schedule_answer answer = {0};
    int64_t *finished = &server->finished[request->node];
    if (request->finished > *finished) { /* two ranks of a node may report in the wrong order */
        server->finished_total += request->finished - *finished;
        *finished = request->finished;
    }
    if (request->kind == BL_REQUEST_HALT)
        server->halted = true;
    if (request->kind == BL_REQUEST_UNITS && !server->halted)
        answer.count = bl_tail_take(&server->tail, server->node_ranks[request->node], &answer.first);
    answer.exhausted = server->halted || server->tail.next == server->tail.count;
    answer.halted = server->halted;
    answer.elsewhere = server->finished_total - *finished;
    if (server->halted)
        atomic_store(&server->own->halted, true);
    /* rank 0's node is number 0 */
    bl_atomic_raise(&server->own->elsewhere, server->finished_total - server->finished[0]);
    return answer;
}

/* Look for requests: often after one, since others follow near the end of a sweep; less often when none comes. A
 * look takes some 20 us of rank 0's core, which is 2 % of it at the longest pause; its node then does fewer units. */
static void *serve(void *argument) {
    enum { PAUSE_LEAST = 200000, PAUSE_MOST = 1000000 }; /* ns */
    bl_schedule_server *server = argument;
    struct timespec pause = {.tv_nsec = PAUSE_LEAST};
    while (!atomic_load(&server->stop)) {
        int there = 0;
        MPI_Status status;
        MPI_Iprobe(MPI_ANY_SOURCE, BL_TAG_REQUEST, server->comm, &there, &status);
        if (!there) {
            (void)nanosleep(&pause, NULL);
            pause.tv_nsec = pause.tv_nsec < PAUSE_MOST / 2 ? 2 * pause.tv_nsec : PAUSE_MOST;
            continue;
        }
        pause.tv_nsec = PAUSE_LEAST;
        bl_schedule_request request;
        MPI_Recv(&request, (int)sizeof request, MPI_BYTE, status.MPI_SOURCE, BL_TAG_REQUEST, server->comm,
                 MPI_STATUS_IGNORE);
        bl_schedule_answer answer = answer_to(server, &request);
        MPI_Send(&answer, (int)sizeof answer, MPI_BYTE, status.MPI_SOURCE, BL_TAG_ANSWER, server->comm);
    }
    return NULL;
}

/* The thread blocks all signals, so that the main thread gets them. */
static bl_err start_thread(bl_schedule_server *server) {
    bl_err err = BL_OK;
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&server->thread, NULL, serve, server);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    BL_REQUIRE(code == 0, BL_ERR_LIBRARY, "the schedule's thread could not be started (system error %d)",
               code);
    server->running = true;
cleanup:
    return err;
}

bl_err bl_schedule_server_start(MPI_Comm comm, const bl_division *division, const double *cost, int32_t nodes,
                                const int32_t *node_ranks, bl_node_list *own, bl_schedule_server **out) {
    bl_err err = BL_OK;
    bl_schedule_server *server = NULL;
    int64_t divided = division->static_count, ranks = 0;
    BL_ALLOC(server, 1);
    server->comm = comm;
    server->own = own;
    BL_ALLOC(server->tail_cost, (size_t)(division->count - divided));
    BL_ALLOC(server->node_ranks, (size_t)nodes);
    BL_ALLOC(server->finished, (size_t)nodes);
    memcpy(server->node_ranks, node_ranks, (size_t)nodes * sizeof *node_ranks);
    for (int32_t node = 0; node < nodes; node++)
        ranks += node_ranks[node];
    for (int64_t i = divided; i < division->count; i++)
        server->tail_cost[i - divided] = cost[division->order[i]];
    server->tail = bl_tail_begin(division->count - divided, server->tail_cost, ranks);
    BL_TRY(start_thread(server));
    *out = server;
    server = NULL;
cleanup:
    bl_schedule_server_stop(&server);
    return err;
}

void bl_schedule_server_stop(bl_schedule_server **server) {
    bl_schedule_server *s = *server;
    if (!s)
        return;
    if (s->running) {
        atomic_store(&s->stop, true);
        (void)pthread_join(s->thread, NULL);
    }
    bl_mem_free(s->tail_cost);
    bl_mem_free(s->node_ranks);
    bl_mem_free(s->finished);
    bl_mem_free(s);
    *server = NULL;
}

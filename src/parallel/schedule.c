/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The schedule of a sweep: one list of units per node in shared memory, refilled by rank 0's thread.
 */
#include "schedule.h"
#include "base/mem.h"
#include "schedule_rules.h"
#include "schedule_server.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

static const int64_t report_interval = 1000000000; /* ns */

struct bl_schedule {
    const bl_comm *comm;
    MPI_Comm messages; /* requests and answers, of all ranks */
    MPI_Win window;
    bl_node_list *list;         /* of this node, in shared memory */
    int64_t *number;            /* the list's units, after its head in shared memory */
    int64_t *tail_number;       /* [tail] units that rank 0 hands out, after them */
    bl_schedule_server *server; /* on rank 0, where there is one */
    bool served;
    int64_t current; /* the unit this rank has taken and not done, or -1 */
};

static int64_t now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Ask rank 0's thread; its answer is entered into the node's list head. */
static bl_schedule_answer exchange(bl_schedule *s, bl_schedule_request_kind kind) {
    bl_schedule_request request = {.kind = kind, .node = s->comm->node_number};
    bl_schedule_answer answer;
    MPI_Request received;
    atomic_store(&s->list->report_time, now());
    request.finished = atomic_load(&s->list->finished);
    MPI_Irecv(&answer, (int)sizeof answer, MPI_BYTE, 0, BL_TAG_ANSWER, s->messages, &received);
    MPI_Send(&request, (int)sizeof request, MPI_BYTE, 0, BL_TAG_REQUEST, s->messages);
    bl_comm_wait(&received);
    bl_atomic_raise(&s->list->reported, request.finished);
    bl_atomic_raise(&s->list->elsewhere, answer.elsewhere);
    if (answer.halted)
        atomic_store(&s->list->halted, true);
    return answer;
}

/* Get a chunk for this node, unless its list is long enough or another rank is at it. */
static bool refill(bl_schedule *s) {
    bl_node_list *list = s->list;
    bool expected = false;
    if (atomic_load(&list->exhausted) ||
        atomic_load(&list->tail) - atomic_load(&list->head) > bl_rules_low_water(s->comm->node_size) ||
        !atomic_compare_exchange_strong(&list->asking, &expected, true))
        return false;
    bl_schedule_answer answer = exchange(s, BL_REQUEST_UNITS);
    int64_t tail = atomic_load(&list->tail);
    memcpy(s->number + tail, s->tail_number + answer.first, (size_t)answer.count * sizeof *s->number);
    atomic_store(&list->tail, tail + answer.count);
    if (answer.exhausted)
        atomic_store(&list->exhausted, true);
    atomic_store(&list->asking, false);
    return true;
}

static bool take(bl_schedule *s, int64_t *unit) {
    int64_t head = atomic_load(&s->list->head);
    while (head < atomic_load(&s->list->tail))
        if (atomic_compare_exchange_weak(&s->list->head, &head, head + 1)) {
            *unit = s->number[head];
            return true;
        }
    return false;
}

int64_t bl_schedule_next(bl_schedule *s) {
    const struct timespec pause = {.tv_nsec = 100000};
    int64_t unit = -1;
    while (!atomic_load(&s->list->halted)) {
        if (refill(s))
            continue;
        bool last = atomic_load(&s->list->exhausted); /* read first: once it is set the list does not grow */
        if (take(s, &unit)) {
            s->current = unit;
            return unit;
        }
        if (last)
            break;
        (void)nanosleep(&pause, NULL); /* another rank of this node is fetching more */
    }
    if (s->served && atomic_load(&s->list->reported) < atomic_load(&s->list->finished))
        (void)exchange(s, BL_REQUEST_REPORT);
    return -1;
}

void bl_schedule_done(bl_schedule *s, int64_t unit) {
    BL_ASSERT(unit >= 0 && unit == s->current);
    s->current = -1;
    atomic_fetch_add(&s->list->finished, 1);
    int64_t last = atomic_load(&s->list->report_time), time = now();
    if (s->served && time - last >= report_interval &&
        atomic_compare_exchange_strong(&s->list->report_time, &last, time))
        (void)exchange(s, BL_REQUEST_REPORT);
}

int64_t bl_schedule_finished(const bl_schedule *s) {
    return atomic_load(&s->list->finished) + atomic_load(&s->list->elsewhere);
}

void bl_schedule_halt(bl_schedule *s) {
    if (!atomic_exchange(&s->list->halted, true) && s->served)
        (void)exchange(s, BL_REQUEST_HALT);
}

bool bl_schedule_halted(const bl_schedule *s) {
    return atomic_load(&s->list->halted);
}

/* Lay out this node's shared memory (its first rank gives the size) and find it on every rank. */
static void map_list(bl_schedule *s, int64_t units, int64_t tail_count) {
    MPI_Aint bytes = 0;
    int unit_size;
    void *memory = NULL;
    if (s->comm->node_rank == 0)
        bytes = (MPI_Aint)(sizeof *s->list + (size_t)(units + 2 * tail_count) * sizeof *s->number);
    MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, s->comm->node, &memory, &s->window);
    MPI_Win_shared_query(s->window, 0, &bytes, &unit_size, &memory);
    s->list = memory;
    s->number = (int64_t *)(s->list + 1);
    if (s->comm->node_rank == 0) {
        memset(s->list, 0, sizeof *s->list);
        s->list->exhausted = !s->served;
        s->list->tail_place = units + tail_count;
        s->list->report_time = now();
        BL_ASSERT(atomic_is_lock_free(&s->list->head) && (uintptr_t)memory % sizeof(int64_t) == 0);
    }
}

static void fill_list(bl_schedule *s, const bl_division *division, const int64_t *unit) {
    int64_t tail = 0;
    for (int64_t i = 0; i < division->static_count; i++)
        if (division->owner[i] == s->comm->node_number)
            s->number[tail++] = unit[division->order[i]];
    for (int64_t i = division->static_count; i < division->count; i++)
        s->number[s->list->tail_place + i - division->static_count] = unit[division->order[i]];
    atomic_store(&s->list->tail, tail);
}

static int64_t count_own(const bl_schedule *s, const bl_division *division) {
    int64_t own = 0;
    for (int64_t i = 0; i < division->static_count; i++)
        own += division->owner[i] == s->comm->node_number;
    return own;
}

/* [node_count] ranks of every node, on every rank. */
static bl_err gather_node_ranks(const bl_comm *comm, int32_t **out) {
    bl_err err = BL_OK;
    int32_t *ranks = NULL;
    ranks = bl_mem_alloc((size_t)comm->node_count, sizeof *ranks);
    BL_TRY(bl_agree(comm, ranks ? BL_OK : BL_ERR_MEMORY));
    if (comm->node_rank == 0)
        ranks[comm->node_number] = comm->node_size;
    MPI_Allreduce(MPI_IN_PLACE, ranks, comm->node_count, MPI_INT32_T, MPI_SUM, comm->world);
    *out = ranks;
    ranks = NULL;
cleanup:
    bl_mem_free(ranks);
    return err;
}

bl_err bl_schedule_create(const bl_comm *comm, int64_t count, const int64_t *unit, const double *cost,
                          bl_schedule **out) {
    bl_err err = BL_OK;
    int32_t *node_ranks = NULL;
    bl_division *division = NULL;
    bl_schedule *s = bl_mem_alloc(1, sizeof *s);
    if (s)
        *s = (bl_schedule){.comm = comm, .messages = MPI_COMM_NULL, .window = MPI_WIN_NULL, .current = -1};
    BL_TRY(bl_agree(comm, s ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(s);
    s->served = comm->node_count > 1 && comm->threads;
    MPI_Comm_dup(comm->world, &s->messages);
    BL_TRY(gather_node_ranks(comm, &node_ranks));
    /* One rank per node computes the division: on a large node, copies on all ranks would only waste memory. */
    if (comm->node_rank == 0)
        err = bl_division_create(count, unit, cost, comm->node_count, node_ranks, s->served, &division);
    BL_TRY(bl_agree(comm, err));
    map_list(s, division ? count_own(s, division) : 0, division ? count - division->static_count : 0);
    if (division)
        fill_list(s, division, unit);
    MPI_Barrier(comm->node);
    s->tail_number = s->number + s->list->tail_place;
    if (comm->rank == 0 && s->served)
        err = bl_schedule_server_start(s->messages, division, cost, comm->node_count, node_ranks, s->list,
                                       &s->server);
    BL_TRY(bl_agree(comm, err));
    *out = s;
    s = NULL;
cleanup:
    bl_mem_free(node_ranks);
    bl_division_destroy(&division);
    bl_schedule_destroy(&s);
    return err;
}

void bl_schedule_destroy(bl_schedule **schedule) {
    bl_schedule *s = *schedule;
    if (!s)
        return;
    if (s->messages != MPI_COMM_NULL) {
        bl_comm_barrier(s->messages); /* after it no rank asks any more */
        bl_schedule_server_stop(&s->server);
        MPI_Comm_free(&s->messages);
    }
    if (s->window != MPI_WIN_NULL)
        MPI_Win_free(&s->window);
    bl_mem_free(s);
    *schedule = NULL;
}

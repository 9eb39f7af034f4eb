/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The schedule on real ranks, all on one node and on nodes of one and two ranks: every unit exactly once, a
 * halt reaches everybody, nobody is idle.
 */
#include "base/mem.h"
#include "borderline/rng.h"
#include "parallel/schedule.h"
#include <mpi.h>

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void sleep_for(double seconds) {
    const struct timespec time = {.tv_sec = (time_t)seconds,
                                  .tv_nsec = (long)((seconds - floor(seconds)) * 1e9)};
    (void)nanosleep(&time, NULL);
}

/* Costs spread log-uniformly over a factor 100, the same on every rank. */
static double *random_costs(int64_t count, uint32_t stream) {
    double *cost = bl_mem_alloc((size_t)count, sizeof *cost);
    BL_ASSERT(cost != NULL);
    bl_rng_uniform64(bl_rng_stream(1, stream, 0, BL_PURPOSE_TEST, 0), (size_t)count, cost);
    for (int64_t i = 0; i < count; i++)
        cost[i] = pow(100.0, cost[i]);
    return cost;
}

/* Units 7, 10, 13, ... of random duration; none twice, none left, and rank 0 has counted them all. */
static void test_exactly_once(const bl_comm *comm, int64_t count) {
    bl_schedule *schedule = NULL;
    double *cost = random_costs(count, 1), scale = 1e-5;
    int64_t *unit = bl_mem_alloc((size_t)count, sizeof *unit), number, taken = 0;
    int *times = bl_mem_alloc((size_t)(7 + 3 * count), sizeof *times);
    BL_ASSERT(unit && times);
    for (int64_t i = 0; i < count; i++)
        unit[i] = 7 + 3 * i;
    CHECK_OK(bl_schedule_create(comm, count, unit, cost, &schedule));
    memset(unit, 0, (size_t)count * sizeof *unit); /* copied by the schedule */
    double before = INFINITY;
    for (;;) {
        number = bl_schedule_next(schedule);
        if (number < 0)
            break;
        bool known = number >= 7 && number < 7 + 3 * count && (number - 7) % 3 == 0;
        CHECK(known);
        if (!known)
            break;
        double duration = cost[(number - 7) / 3];
        CHECK(comm->node_count > 1 || duration <= before);
        before = duration;
        times[number]++;
        taken++;
        sleep_for(scale * duration * (comm->rank + 1));
        bl_schedule_done(schedule, number);
        CHECK(bl_schedule_finished(schedule) >= taken && bl_schedule_finished(schedule) <= count);
    }
    number = bl_schedule_next(schedule);
    CHECK(number == -1 && !bl_schedule_halted(schedule));
    MPI_Barrier(comm->world);
    if (comm->rank == 0)
        CHECK(bl_schedule_finished(schedule) == count);
    bl_schedule_destroy(&schedule);
    CHECK(schedule == NULL);
    MPI_Allreduce(MPI_IN_PLACE, times, (int)(7 + 3 * count), MPI_INT, MPI_SUM, comm->world);
    int64_t wrong = 0;
    for (int64_t i = 0; i < 7 + 3 * count; i++)
        wrong += times[i] != (i >= 7 && (i - 7) % 3 == 0);
    CHECK(wrong == 0);
    bl_mem_free(cost);
    bl_mem_free(unit);
    bl_mem_free(times);
}

/* The last rank halts after a few units: all end soon, though there is work for 20 s on one rank. */
static void test_halt(const bl_comm *comm) {
    enum { COUNT = 1000 };
    int64_t unit[COUNT], number, taken = 0, total;
    double cost[COUNT], begin = MPI_Wtime();
    bl_schedule *schedule = NULL;
    for (int i = 0; i < COUNT; i++) {
        unit[i] = i;
        cost[i] = 1.0;
    }
    CHECK_OK(bl_schedule_create(comm, COUNT, unit, cost, &schedule));
    for (;;) {
        number = bl_schedule_next(schedule);
        if (number < 0)
            break;
        sleep_for(0.02);
        bl_schedule_done(schedule, number);
        if (++taken == 10 && comm->rank == comm->size - 1) {
            bl_schedule_halt(schedule);
            CHECK(bl_schedule_halted(schedule));
        }
    }
    CHECK(bl_schedule_halted(schedule));
    CHECK(MPI_Wtime() - begin < 4.0);
    MPI_Allreduce(&taken, &total, 1, MPI_INT64_T, MPI_SUM, comm->world);
    CHECK(total >= 10 && total < COUNT);
    if (comm->rank == 0)
        CHECK(bl_schedule_finished(schedule) == total);
    bl_schedule_destroy(&schedule);
}

/* A rank that fails leaves without a word; the others do the rest, and destroying brings all together. */
static void test_early_leave(const bl_comm *comm) {
    enum { COUNT = 40 };
    int64_t unit[COUNT], number, taken = 0;
    double cost[COUNT];
    bl_schedule *schedule = NULL;
    for (int i = 0; i < COUNT; i++) {
        unit[i] = i;
        cost[i] = COUNT - i;
    }
    CHECK_OK(bl_schedule_create(comm, COUNT, unit, cost, &schedule));
    for (;;) {
        number = bl_schedule_next(schedule);
        if (number < 0 || (comm->rank == 0 && taken == 2))
            break;
        taken++;
        sleep_for(0.001);
        bl_schedule_done(schedule, number);
    }
    CHECK(comm->rank != 0 || taken == 2);
    bl_schedule_destroy(&schedule);
}

/* 400 units of very different length, 2 s a rank in all, estimates off by a quarter: all ranks busy over 95 %
 * of the time (many ranks on few cores: 90 %, as one may wake late). Units sleep, so that the test does not need as many cores as
 * ranks. */
static void test_busy(const bl_comm *comm) {
    enum { COUNT = 400 };
    int64_t unit[COUNT], number;
    double *cost = random_costs(COUNT, 2), sum = 0.0, busy = 0.0, least;
    float normal[COUNT];
    bl_schedule *schedule = NULL;
    bl_rng_normal(bl_rng_stream(1, 3, 0, BL_PURPOSE_TEST, 0), 0.25F, COUNT, normal);
    for (int i = 0; i < COUNT; i++) {
        unit[i] = i;
        sum += cost[i];
    }
    CHECK_OK(bl_schedule_create(comm, COUNT, unit, cost, &schedule));
    MPI_Barrier(comm->world);
    double begin = MPI_Wtime();
    for (;;) {
        number = bl_schedule_next(schedule);
        if (number < 0)
            break;
        double start = MPI_Wtime();
        sleep_for(2.0 * comm->size * cost[number] / sum * exp((double)normal[number]));
        busy += MPI_Wtime() - start;
        bl_schedule_done(schedule, number);
    }
    double end = MPI_Wtime(), last_end;
    MPI_Allreduce(&end, &last_end, 1, MPI_DOUBLE, MPI_MAX, comm->world);
    busy /= last_end - begin;
    MPI_Allreduce(&busy, &least, 1, MPI_DOUBLE, MPI_MIN, comm->world);
    if (comm->rank == 0)
        (void)printf("%d ranks, %d nodes: the least busy rank worked %.1f %% of the time\n", comm->size,
                     comm->node_count, 100.0 * least);
    CHECK(least > (comm->size > 4 ? 0.90 : 0.95));
    bl_schedule_destroy(&schedule);
    bl_mem_free(cost);
}

enum { ITEMS = 300 };

typedef struct items {
    int times[ITEMS];
    int64_t fails; /* this one */
} items;

static bl_err do_item(void *context, int64_t item) {
    items *i = context;
    i->times[item]++;
    sleep_for(1e-4);
    return item == i->fails ? bl_err_set(BL_ERR_INPUT, "item %d", (int)item) : BL_OK;
}

/* Each item once on some rank; an error of one is everybody's, and ends the whole. */
static void test_each(const bl_comm *comm) {
    double *cost = random_costs(ITEMS, 4);
    items i = {.fails = -1};
    CHECK_OK(bl_schedule_each(comm, 0, cost, do_item, &i));
    CHECK_OK(bl_schedule_each(comm, ITEMS, cost, do_item, &i));
    MPI_Allreduce(MPI_IN_PLACE, i.times, ITEMS, MPI_INT, MPI_SUM, comm->world);
    int wrong = 0, done = 0;
    for (int k = 0; k < ITEMS; k++)
        wrong += i.times[k] != 1;
    CHECK(wrong == 0);
    i = (items){.fails = 3};
    for (int k = 0; k < ITEMS; k++)
        cost[k] = ITEMS - k; /* the fourth fails */
    CHECK(bl_schedule_each(comm, ITEMS, cost, do_item, &i) == BL_ERR_INPUT);
    CHECK(strcmp(bl_err_message(), "item 3") == 0);
    for (int k = 0; k < ITEMS; k++)
        done += i.times[k];
    MPI_Allreduce(MPI_IN_PLACE, &done, 1, MPI_INT, MPI_SUM, comm->world);
    CHECK(done >= 4 && done < ITEMS);
    bl_mem_free(cost);
}

static void test_all(const char *ranks_per_node) {
    bl_comm comm;
    if (ranks_per_node)
        CHECK(setenv("BORDERLINE_RANKS_PER_NODE", ranks_per_node, 1) == 0);
    CHECK_OK(bl_comm_start(NULL, NULL, &comm));
    for (int64_t count = 0; count <= 5; count++)
        test_exactly_once(&comm, count);
    test_exactly_once(&comm, 64);
    test_exactly_once(&comm, 1500);
    test_halt(&comm);
    test_early_leave(&comm);
    test_each(&comm);
    test_busy(&comm);
    bl_comm_end(&comm);
}

int main(int argc, char **argv) {
    int granted;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &granted);
    CHECK(granted == MPI_THREAD_MULTIPLE);
    test_all(NULL);
    test_all("1");
    test_all("2");
    int result = check_result();
    MPI_Finalize();
    return result;
}

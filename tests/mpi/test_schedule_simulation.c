/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The schedule in simulated time: small cases by hand, bounds of list scheduling, conservation of work, the same
 * numbers on every rank, and how well the rules do at 64 to 65,536 ranks.
 */
#include "base/mem.h"
#include "borderline/rng.h"
#include "parallel/schedule.h"
#include <mpi.h>

#include "check.h"

static int rank;

static double *random_costs(int64_t count, double factor) {
    double *cost = bl_mem_alloc((size_t)count, sizeof *cost);
    BL_ASSERT(cost != NULL);
    bl_rng_uniform64(bl_rng_stream(9, 0, 0, BL_PURPOSE_TEST, 0), (size_t)count, cost);
    for (int64_t i = 0; i < count; i++)
        cost[i] = pow(factor, cost[i]);
    return cost;
}

static double sum_of(const double *cost, int64_t count) {
    double sum = 0.0;
    for (int64_t i = 0; i < count; i++)
        sum += cost[i];
    return sum;
}

/* Units of one length: ceil(count / ranks) of them one after the other, however the ranks share nodes. */
static void test_equal_units(void) {
    const int64_t counts[] = {1, 2, 7, 8, 9, 100, 1000};
    double cost[1000];
    bl_schedule_forecast forecast;
    for (int i = 0; i < 1000; i++)
        cost[i] = 2.5;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (int64_t ranks = 1; ranks <= 8; ranks++)
            for (int64_t ranks_per_node = 1; ranks_per_node <= 8; ranks_per_node++) {
                int64_t rounds = (counts[i] + ranks - 1) / ranks;
                CHECK_OK(bl_schedule_simulate(counts[i], cost, ranks, ranks_per_node, 0.0, 0.0, &forecast));
                CHECK_CLOSE(forecast.makespan, 2.5 * (double)rounds, 1e-9);
                CHECK_CLOSE(forecast.efficiency, (double)counts[i] / (double)(ranks * rounds), 1e-12);
            }
}

static void test_by_hand(void) {
    /* two ranks, longest first: 7 4 | 6 5, then 3 when both are free at 11 */
    const double cost[] = {3.0, 7.0, 5.0, 6.0, 4.0};
    bl_schedule_forecast forecast;
    CHECK_OK(bl_schedule_simulate(5, cost, 2, 2, 0.0, 0.0, &forecast));
    CHECK_CLOSE(forecast.makespan, 14.0, 1e-12);
    CHECK_CLOSE(forecast.efficiency, 25.0 / 28.0, 1e-12);
    CHECK_OK(bl_schedule_simulate(5, cost, 1, 1, 0.0, 0.0, &forecast));
    CHECK_CLOSE(forecast.makespan, 25.0, 1e-12);
    CHECK_CLOSE(forecast.efficiency, 1.0, 1e-12);
    /* Two nodes of one rank. Beforehand 7 and 6, half of the cost; at 6 the second asks and has 5 at 6.5, at 7 the
     * first asks and has 4 at 7.5; both end at 11.5, and the first (by number) asks before the second: 3 from 12. */
    CHECK_OK(bl_schedule_simulate(5, cost, 2, 1, 0.0, 0.5, &forecast));
    CHECK_CLOSE(forecast.makespan, 15.0, 1e-12);
    CHECK_OK(bl_schedule_simulate(0, cost, 4, 2, 0.2, 0.1, &forecast));
    CHECK(forecast.makespan == 0.0 && forecast.efficiency == 1.0);
    CHECK(bl_schedule_simulate(5, cost, 0, 1, 0.0, 0.0, &forecast) == BL_ERR_INPUT);
    CHECK(bl_schedule_simulate(5, cost, 1, 0, 0.0, 0.0, &forecast) == BL_ERR_INPUT);
}

/* No schedule is shorter than max(sum / ranks, largest); on one node none of ours is longer than Graham's bound
 * sum / ranks + (1 - 1/ranks) largest. Work is conserved. */
static void test_bounds(void) {
    enum { COUNT = 700 };
    double *cost = random_costs(COUNT, 100.0), sum = sum_of(cost, COUNT), largest = 0.0;
    bl_schedule_forecast forecast;
    for (int i = 0; i < COUNT; i++)
        largest = fmax(largest, cost[i]);
    for (int64_t ranks = 1; ranks <= 2048; ranks *= 4)
        for (int64_t ranks_per_node = 1; ranks_per_node <= ranks; ranks_per_node *= 2) {
            CHECK_OK(bl_schedule_simulate(COUNT, cost, ranks, ranks_per_node, 0.0, 0.01, &forecast));
            double share = sum / (double)ranks;
            CHECK_CLOSE(forecast.efficiency * (double)ranks * forecast.makespan, sum, 1e-9 * sum);
            CHECK(forecast.makespan >= fmax(share, largest) * (1.0 - 1e-12));
            if (ranks_per_node == ranks)
                CHECK(forecast.makespan <= share + (1.0 - 1.0 / (double)ranks) * largest + 1e-9);
        }
    bl_mem_free(cost);
}

/* Estimates are right in the mean; every rank of the job gets the same bits. */
static void test_scatter(void) {
    enum { COUNT = 100000 };
    double *cost = random_costs(COUNT, 10.0), sum = sum_of(cost, COUNT);
    bl_schedule_forecast forecast;
    CHECK_OK(bl_schedule_simulate(COUNT, cost, 1000, 48, 0.3, 0.01, &forecast));
    CHECK_CLOSE(forecast.efficiency * 1000.0 * forecast.makespan / sum, 1.0, 0.005);
    double mine[2] = {forecast.makespan, forecast.efficiency}, first[2] = {mine[0], mine[1]};
    MPI_Bcast(first, 2, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    CHECK(mine[0] == first[0] && mine[1] == first[1]);
    bl_mem_free(cost);
}

/* Costs over a factor 100, estimates off by a quarter, 16 units per rank and latency of a thousandth of the mean. */
static void test_scale(void) {
    const struct {
        int64_t ranks, ranks_per_node;
    } machine[] = {{64, 64}, {64, 1}, {1024, 64}, {1024, 1}, {16384, 128}, {65536, 64}};
    for (size_t i = 0; i < sizeof machine / sizeof *machine; i++) {
        int64_t count = 16 * machine[i].ranks;
        double *cost = random_costs(count, 100.0), latency = 1e-3 * sum_of(cost, count) / (double)count;
        bl_schedule_forecast forecast;
        double begin = MPI_Wtime();
        CHECK_OK(bl_schedule_simulate(count, cost, machine[i].ranks, machine[i].ranks_per_node, 0.25, latency,
                                      &forecast));
        (void)printf("%6lld ranks, %3lld a node, %7lld units: efficiency %.3f (simulated in %.2f s)\n",
                     (long long)machine[i].ranks, (long long)machine[i].ranks_per_node, (long long)count,
                     forecast.efficiency, MPI_Wtime() - begin);
        CHECK(forecast.efficiency > 0.985);
        bl_mem_free(cost);
    }
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    test_scatter();
    if (rank == 0) {
        test_equal_units();
        test_by_hand();
        test_bounds();
        test_scale();
    }
    int result = check_result();
    MPI_Finalize();
    return result;
}

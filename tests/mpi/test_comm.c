/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Start of MPI, nodes, agreement on errors, broadcast.
 */
#include "base/mem.h"
#include "borderline/comm.h"
#include <mpi.h>

#include "check.h"

#include <stdlib.h>
#include <string.h>

/* Calls that make this program need its BLAS and oneDNN, as the real one does. */
extern double cblas_ddot(int n, const double *x, int x_step, const double *y, int y_step);
extern const void *dnnl_version(void);

/* whichever of the threaded libraries came with them */
extern void openblas_set_num_threads(int) __attribute__((weak));
extern int openblas_get_num_threads(void) __attribute__((weak));
extern void omp_set_num_threads(int) __attribute__((weak));
extern int omp_get_max_threads(void) __attribute__((weak));

/* Libraries set to two threads are held to one, unless the environment has its own wish. */
static void test_threads(const char *wish, int expected) {
    bl_comm comm;
    const double x[2] = {3.0, 4.0};
    CHECK(cblas_ddot(2, x, 1, x, 1) == 25.0 && dnnl_version() != NULL);
    if (wish)
        CHECK(setenv("OMP_NUM_THREADS", wish, 1) == 0);
    if (openblas_set_num_threads)
        openblas_set_num_threads(2);
    if (omp_set_num_threads)
        omp_set_num_threads(2);
    CHECK_OK(bl_comm_start(NULL, NULL, &comm));
    CHECK(comm.threads);
    if (openblas_get_num_threads)
        CHECK(openblas_get_num_threads() == expected);
    if (omp_get_max_threads)
        CHECK(omp_get_max_threads() == expected);
    if (comm.rank == 0)
        (void)printf("OpenBLAS %s, OpenMP %s\n", openblas_get_num_threads ? "asked" : "absent",
                     omp_get_max_threads ? "asked" : "absent");
    bl_comm_end(&comm);
    CHECK(unsetenv("OMP_NUM_THREADS") == 0);
}

/* Nodes of `expected` consecutive ranks, the last with what is left. */
static void test_nodes(const char *ranks_per_node, int expected) {
    bl_comm comm;
    CHECK(setenv("BORDERLINE_RANKS_PER_NODE", ranks_per_node, 1) == 0);
    CHECK_OK(bl_comm_start(NULL, NULL, &comm));
    CHECK(!comm.owns_mpi);
    CHECK(comm.node_number == comm.rank / expected);
    CHECK(comm.node_rank == comm.rank % expected);
    CHECK(comm.node_count == (comm.size + expected - 1) / expected);
    int rest = comm.size - comm.node_number * expected;
    CHECK(comm.node_size == (rest < expected ? rest : expected));
    bl_comm_end(&comm);
}

static void test_bad_nodes(const char *ranks_per_node) {
    bl_comm comm;
    CHECK(setenv("BORDERLINE_RANKS_PER_NODE", ranks_per_node, 1) == 0);
    CHECK(bl_comm_start(NULL, NULL, &comm) == BL_ERR_INPUT);
    CHECK(strstr(bl_err_message(), ranks_per_node) && strstr(bl_err_message(), "BORDERLINE_RANKS_PER_NODE"));
    bl_comm_end(&comm);
}

/* One rank fails, then a worse failure at a higher rank, then two equally bad ones. */
static void test_agree(const bl_comm *comm) {
    CHECK(bl_agree(comm, BL_OK) == BL_OK);
    for (int failing = 0; failing < comm->size; failing++) {
        bl_err code = BL_OK;
        if (comm->rank == failing)
            code = bl_err_set(BL_ERR_IO, "rank %d has no disk", failing);
        CHECK(bl_agree(comm, code) == BL_ERR_IO);
        char expected[64];
        (void)snprintf(expected, sizeof expected, "rank %d has no disk", failing);
        CHECK(strcmp(bl_err_message(), expected) == 0);
    }
    int last = comm->size - 1;
    bl_err code = bl_err_set(BL_ERR_STOPPED, "stop at rank %d", comm->rank);
    CHECK(bl_agree(comm, code) == BL_ERR_STOPPED);
    CHECK(strcmp(bl_err_message(), "stop at rank 0") == 0);
    code = bl_err_set(comm->rank == last ? BL_ERR_NUMERIC : BL_ERR_STOPPED, "from rank %d", comm->rank);
    CHECK(bl_agree(comm, code) == BL_ERR_NUMERIC);
    char expected[64];
    (void)snprintf(expected, sizeof expected, "from rank %d", last);
    CHECK(strcmp(bl_err_message(), expected) == 0);
}

static void test_broadcast(const bl_comm *comm) {
    char text[] = "seed: 1\nname: broadcast\n";
    const size_t lengths[] = {0, 1, sizeof text - 1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        void *bytes = comm->rank == 0 ? text : NULL;
        size_t length = comm->rank == 0 ? lengths[i] : 0;
        CHECK_OK(bl_comm_broadcast(comm, BL_OK, &bytes, &length));
        CHECK(length == lengths[i]);
        CHECK(memcmp(bytes, text, lengths[i]) == 0);
        if (comm->rank != 0) {
            CHECK(((char *)bytes)[length] == '\0');
            bl_mem_free(bytes);
        }
    }
    void *bytes = NULL;
    size_t length = 0;
    bl_err code = comm->rank == 0 ? bl_err_set(BL_ERR_INPUT, "no such file") : BL_OK;
    CHECK(bl_comm_broadcast(comm, code, &bytes, &length) == BL_ERR_INPUT);
    CHECK(strcmp(bl_err_message(), "no such file") == 0);
    CHECK(bytes == NULL);
}

int main(int argc, char **argv) {
    bl_comm comm;
    CHECK(unsetenv("OMP_NUM_THREADS") == 0 && unsetenv("OPENBLAS_NUM_THREADS") == 0);
    CHECK_OK(bl_comm_start(&argc, &argv, &comm));
    CHECK(comm.owns_mpi);
    test_threads(NULL, 1);
    test_threads("2", 2);
    test_nodes("1", 1);
    test_nodes("2", 2);
    test_nodes("3", 3);
    test_bad_nodes("two");
    test_bad_nodes("0");
    test_agree(&comm);
    test_broadcast(&comm);
    int result = check_result();
    bl_comm_end(&comm);
    return result;
}

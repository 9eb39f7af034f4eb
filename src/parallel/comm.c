/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MPI: start and end, agreement on errors, broadcast of small things.
 */
#include "borderline/comm.h"
#include "base/mem.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Which of these threaded libraries exist is known only when the program is linked; functions of absent ones are null. */
extern void openblas_set_num_threads(int) __attribute__((weak));
extern void bli_thread_set_num_threads(int64_t) __attribute__((weak));
extern void MKL_Set_Num_Threads(int) __attribute__((weak));
extern void omp_set_num_threads(int) __attribute__((weak));

enum { MESSAGE_SIZE = 1024, BROADCAST_PIECE = 1 << 30 };

/* Libraries read their environment when they are loaded, so it is too late to set variables; functions are called instead. */
static void hold_threads(void) {
    if (getenv("OMP_NUM_THREADS"))
        return;
    if (omp_set_num_threads)
        omp_set_num_threads(1);
    if (openblas_set_num_threads && !getenv("OPENBLAS_NUM_THREADS") && !getenv("GOTO_NUM_THREADS"))
        openblas_set_num_threads(1);
    if (bli_thread_set_num_threads && !getenv("BLIS_NUM_THREADS"))
        bli_thread_set_num_threads(1);
    if (MKL_Set_Num_Threads && !getenv("MKL_NUM_THREADS"))
        MKL_Set_Num_Threads(1);
}

/* *ranks = BORDERLINE_RANKS_PER_NODE of rank 0, 0 when it is not set. */
static bl_err ranks_per_node(const bl_comm *comm, long *ranks) {
    bl_err err = BL_OK;
    const char *text = NULL;
    *ranks = 0;
    if (comm->rank == 0) {
        text = getenv("BORDERLINE_RANKS_PER_NODE");
        char *end = NULL;
        if (text)
            *ranks = strtol(text, &end, 10);
        if (text && (end == text || *end != '\0' || *ranks < 1 || *ranks > INT_MAX))
            err =
                bl_err_set(BL_ERR_INPUT, "BORDERLINE_RANKS_PER_NODE=%s: a positive number is expected", text);
    }
    BL_TRY(bl_agree(comm, err));
    MPI_Bcast(ranks, 1, MPI_LONG, 0, comm->world);
cleanup:
    return err;
}

/* Group the ranks that share memory, and number the groups in the order of their first ranks. */
static bl_err find_nodes(bl_comm *comm) {
    bl_err err = BL_OK;
    long ranks = 0;
    BL_TRY(ranks_per_node(comm, &ranks));
    MPI_Comm_split_type(comm->world, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &comm->node);
    if (ranks > 0) {
        MPI_Comm host = comm->node;
        int host_rank;
        MPI_Comm_rank(host, &host_rank);
        MPI_Comm_split(host, host_rank / (int)ranks, host_rank, &comm->node);
        MPI_Comm_free(&host);
    }
    MPI_Comm_rank(comm->node, &comm->node_rank);
    MPI_Comm_size(comm->node, &comm->node_size);
    int leads = comm->node_rank == 0;
    MPI_Scan(&leads, &comm->node_number, 1, MPI_INT, MPI_SUM, comm->world);
    comm->node_number--;
    MPI_Bcast(&comm->node_number, 1, MPI_INT, 0, comm->node);
    MPI_Allreduce(&leads, &comm->node_count, 1, MPI_INT, MPI_SUM, comm->world);
cleanup:
    return err;
}

/* A launcher of another MPI starts as many programs as ranks were asked for, each alone, that would all do the same. The
 * variables are those by which launchers tell a process how many they started. */
static bl_err check_launcher(const bl_comm *comm) {
    static const char *const variable[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE",
                                           "SLURM_STEP_NUM_TASKS"};
    bl_err err = BL_OK;
    for (size_t i = 0; comm->size == 1 && i < sizeof variable / sizeof *variable; i++) {
        const char *text = getenv(variable[i]);
        char *end = NULL;
        const long started = text ? strtol(text, &end, 10) : 1;
        BL_REQUIRE(
            started <= 1 || *end != '\0', BL_ERR_INPUT,
            "%s=%s, but the program runs on one rank: the launcher is not that of its MPI library. "
            "`srun --mpi=list` names what srun can start (pmix for Open MPI, pmi2 for MPICH); or use the "
            "library's own mpirun",
            variable[i], text);
    }
cleanup:
    return err;
}

bl_err bl_comm_start(int *argc, char ***argv, bl_comm *comm) {
    bl_err err = BL_OK;
    int running = 0, granted = MPI_THREAD_SINGLE;
    *comm = (bl_comm){.world = MPI_COMM_NULL, .node = MPI_COMM_NULL, .size = 1, .node_size = 1};
    MPI_Initialized(&running);
    if (!running) {
        /* Shared file pointers, which nothing here uses: these two of Open MPI's components write the names of their helper files
         * into 256 bytes and abort for longer paths. */
        (void)setenv("OMPI_MCA_sharedfp", "^sm,lockedfile", 0);
        int code = MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &granted);
        BL_REQUIRE(code == MPI_SUCCESS, BL_ERR_LIBRARY, "MPI could not be started (code %d)", code);
        comm->owns_mpi = true;
    } else {
        MPI_Query_thread(&granted);
    }
    comm->threads = granted == MPI_THREAD_MULTIPLE;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm->world);
    MPI_Comm_rank(comm->world, &comm->rank);
    MPI_Comm_size(comm->world, &comm->size);
    if (comm->owns_mpi)
        BL_TRY(check_launcher(comm));
    hold_threads();
    BL_TRY(find_nodes(comm));
cleanup:
    return err;
}

void bl_comm_end(bl_comm *comm) {
    if (comm->node != MPI_COMM_NULL)
        MPI_Comm_free(&comm->node);
    if (comm->world != MPI_COMM_NULL)
        MPI_Comm_free(&comm->world);
    if (comm->owns_mpi)
        MPI_Finalize();
    comm->owns_mpi = false;
}

static int severity(bl_err code) {
    if (code == BL_OK)
        return 0;
    if (code == BL_ERR_STOPPED)
        return 1;
    return code == BL_ERR_PEER ? 2 : 3;
}

/* Every rank takes the code and the message of rank `root`. */
static bl_err adopt(MPI_Comm comm, int root, bl_err code) {
    struct {
        int code;
        char message[MESSAGE_SIZE];
    } failure = {.code = (int)code};
    strncpy(failure.message, bl_err_message(), MESSAGE_SIZE - 1);
    MPI_Bcast(&failure, (int)sizeof failure, MPI_BYTE, root, comm);
    return bl_err_set((bl_err)failure.code, "%s", failure.message);
}

bl_err bl_comm_agree(MPI_Comm comm, bl_err code) {
    struct {
        int severity, rank;
    } mine = {.severity = severity(code)}, worst;
    MPI_Request request;
    MPI_Comm_rank(comm, &mine.rank);
    MPI_Iallreduce(&mine, &worst, 1, MPI_2INT, MPI_MAXLOC, comm, &request);
    bl_comm_wait(&request);
    return worst.severity == 0 ? BL_OK : adopt(comm, worst.rank, code);
}

bl_err bl_agree(const bl_comm *comm, bl_err code) {
    return bl_comm_agree(comm->world, code);
}

bl_err bl_comm_broadcast(const bl_comm *comm, bl_err code, void **bytes, size_t *length) {
    bl_err err = BL_OK;
    void *copy = NULL;
    struct {
        int64_t code, length;
    } head = {(int64_t)code, (int64_t)*length};
    MPI_Bcast(&head, 2, MPI_INT64_T, 0, comm->world);
    if (head.code != BL_OK)
        return adopt(comm->world, 0, code);
    if (comm->rank != 0)
        copy = bl_mem_alloc((size_t)head.length + 1, 1);
    BL_TRY(bl_agree(comm, comm->rank == 0 || copy ? BL_OK : BL_ERR_MEMORY));
    if (comm->rank != 0) {
        *bytes = copy;
        *length = (size_t)head.length;
        copy = NULL;
    }
    for (size_t done = 0; done < *length; done += BROADCAST_PIECE) {
        size_t rest = *length - done;
        int piece = (int)(rest < BROADCAST_PIECE ? rest : BROADCAST_PIECE);
        MPI_Bcast((char *)*bytes + done, piece, MPI_BYTE, 0, comm->world);
    }
cleanup:
    bl_mem_free(copy);
    return err;
}

void bl_comm_wait(MPI_Request *request) {
    enum { EAGER_TESTS = 1000 }; /* poll without sleeping at first: most waits are short */
    const struct timespec pause = {.tv_nsec = 200000};
    int done = 0;
    for (long test = 0; !done; test++) {
        if (test > EAGER_TESTS)
            (void)nanosleep(&pause, NULL);
        MPI_Test(request, &done, MPI_STATUS_IGNORE);
    }
}

void bl_comm_barrier(MPI_Comm comm) {
    MPI_Request request;
    MPI_Ibarrier(comm, &request);
    bl_comm_wait(&request);
}

/* What would fit into memory, in words. */
static bl_err suggest_ranks(const bl_comm *comm, bl_comm_need need, const void *context, double available,
                            char *text, size_t length) {
    enum { NODES_MAX = 1 << 20 };
    bl_err err = BL_OK;
    const size_t nodes = (size_t)comm->node_count, per_node = (size_t)comm->node_size;
    double bytes = 0;
    for (size_t more = nodes + 1; more < NODES_MAX; more += 1 + more / 8) {
        BL_TRY(need(context, more * per_node, &bytes));
        if (bytes * (double)per_node > available)
            continue;
        (void)snprintf(text, length, "%zu ranks on %zu such nodes would fit", more * per_node, more);
        goto cleanup;
    }
    for (size_t fewer = per_node - 1; fewer > 0; fewer--) {
        BL_TRY(need(context, nodes * fewer, &bytes));
        if (bytes * (double)fewer > available)
            continue;
        (void)snprintf(text, length, "%zu ranks per node would fit", fewer);
        goto cleanup;
    }
    (void)snprintf(text, length, "no number of such nodes would be enough");
cleanup:
    return err;
}

bl_err bl_comm_require_memory(const bl_comm *comm, bl_comm_need need, const void *context, const char *what) {
    bl_err err = BL_OK;
    const double gib = 1024.0 * 1024.0 * 1024.0, available = (double)bl_mem_available();
    double bytes = 0;
    char would_do[128];
    BL_TRY(need(context, (size_t)comm->size, &bytes));
    if (available == 0 || bytes * comm->node_size <= available)
        goto cleanup;
    BL_TRY(suggest_ranks(comm, need, context, available, would_do, sizeof would_do));
    BL_FAIL(BL_ERR_INPUT,
            "%s too large for memory: %.3g GiB per rank x %d ranks on a node that has %.3g GiB free; %s",
            what, bytes / gib, comm->node_size, available / gib, would_do);
cleanup:
    return err;
}

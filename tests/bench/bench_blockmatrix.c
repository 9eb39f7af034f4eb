/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Cholesky factor and eigenvalues of a symmetric matrix: ScaLAPACK on the ranks it is started on, for several block
 * sizes; in one process also LAPACK with one and two threads. JSON lines: processor seconds of all ranks and threads
 * outside MPI (what the arithmetic costs, whatever else the machine does), those inside (ranks that wait for each other spin),
 * elapsed seconds, the rate in the first and the last, and the first as a share of a core's multiply-add peak.
 *
 *     [jobs/launch RANKS] bench_blockmatrix [rows [block]...]      (default: 4000 32 64 128 256)
 *
 * The matrix is rho^|i - j|, of log determinant (rows - 1) log(1 - rho^2): every result's error is printed.
 */
#include "peak.h"
#include "ranks.h"

#include "base/clock.h"
#include "base/mem.h"
#include "parallel/blockmatrix.h"

#include <stdio.h>

extern void dpotrf_(const char *triangle, const int *n, double *a, const int *leading, int *info,
                    size_t triangle_length);
extern void dsyev_(const char *job, const char *triangle, const int *n, double *a, const int *leading,
                   double *eigenvalue, double *work, const int *work_length, int *info, size_t job_length,
                   size_t triangle_length);
extern void openblas_set_num_threads(int) __attribute__((weak));

/* Processor time inside MPI: ScaLAPACK's calls come here first. */
static double in_mpi;
#define TIMED(name, parameters, ...)                                                                         \
    int name parameters {                                                                                    \
        const double begun = bench_seconds();                                                                \
        const int code = P##name(__VA_ARGS__);                                                               \
        in_mpi += bench_seconds() - begun;                                                                   \
        return code;                                                                                         \
    }
TIMED(MPI_Send, (const void *x, int n, MPI_Datatype t, int to, int tag, MPI_Comm c), x, n, t, to, tag, c)
TIMED(MPI_Rsend, (const void *x, int n, MPI_Datatype t, int to, int tag, MPI_Comm c), x, n, t, to, tag, c)
TIMED(MPI_Isend, (const void *x, int n, MPI_Datatype t, int to, int tag, MPI_Comm c, MPI_Request *r), x, n, t,
      to, tag, c, r)
TIMED(MPI_Recv, (void *x, int n, MPI_Datatype t, int from, int tag, MPI_Comm c, MPI_Status *s), x, n, t, from,
      tag, c, s)
TIMED(MPI_Irecv, (void *x, int n, MPI_Datatype t, int from, int tag, MPI_Comm c, MPI_Request *r), x, n, t,
      from, tag, c, r)
TIMED(MPI_Waitall, (int n, MPI_Request r[], MPI_Status s[]), n, r, s)
TIMED(MPI_Testall, (int n, MPI_Request r[], int *flag, MPI_Status s[]), n, r, flag, s)
TIMED(MPI_Bcast, (void *x, int n, MPI_Datatype t, int root, MPI_Comm c), x, n, t, root, c)
TIMED(MPI_Reduce, (const void *x, void *y, int n, MPI_Datatype t, MPI_Op op, int root, MPI_Comm c), x, y, n,
      t, op, root, c)
TIMED(MPI_Allreduce, (const void *x, void *y, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c), x, y, n, t, op,
      c)
TIMED(MPI_Barrier, (MPI_Comm c), c)

static const double rho = 0.9;

static double entry(void *context, size_t i, size_t j) {
    (void)context;
    return pow(rho, fabs((double)i - (double)j));
}

/* What is timed: begin, do, end; log_det comes of the result. */
typedef struct measurement {
    double elapsed, cpu, mpi, log_det; /* cpu: outside MPI */
} measurement;

static void begin(const bl_comm *comm, measurement *m) {
    MPI_Barrier(comm->world);
    *m = (measurement){.elapsed = bl_clock(), .cpu = bench_seconds(), .mpi = in_mpi};
}

static void end(const bl_comm *comm, measurement *m) {
    m->mpi = in_mpi - m->mpi;
    m->cpu = bench_seconds() - m->cpu - m->mpi;
    m->elapsed = bl_clock() - m->elapsed;
    MPI_Allreduce(MPI_IN_PLACE, &m->cpu, 1, MPI_DOUBLE, MPI_SUM, comm->world);
    MPI_Allreduce(MPI_IN_PLACE, &m->mpi, 1, MPI_DOUBLE, MPI_SUM, comm->world);
    MPI_Allreduce(MPI_IN_PLACE, &m->elapsed, 1, MPI_DOUBLE, MPI_MAX, comm->world);
}

static double sum_of_logs(size_t n, const double *value) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += log(value[i]);
    return sum;
}

/* Operations: n^3/3 of a Cholesky factor, 4 n^3/3 of the reduction to a tridiagonal matrix (Golub and Van Loan 2013). */
static void report(const char *library, const char *task, size_t n, size_t block, int ranks, int threads,
                   double peak, const measurement *m) {
    const double cube = (double)n * (double)n * (double)n, right = ((double)n - 1) * log(1 - rho * rho);
    const double work = 1e-9 * (task[0] == 'c' ? cube / 3 : 4 * cube / 3);
    (void)printf(
        "{\"bench\": \"blockmatrix\", \"library\": \"%s\", \"task\": \"%s\", \"rows\": %zu, \"block\": %zu, "
        "\"ranks\": %d, \"threads\": %d, \"cpu_seconds\": %.4g, \"mpi_seconds\": %.4g, \"seconds\": %.4g, "
        "\"gflops_a_cpu_second\": "
        "%.4g, "
        "\"gflops_a_second\": %.4g, \"share_of_peak\": %.3f, \"error\": %.2g}\n",
        library, task, n, block, ranks, threads, m->cpu, m->mpi, m->elapsed, work / m->cpu, work / m->elapsed,
        work / m->cpu / peak, fabs(m->log_det / right - 1));
    (void)fflush(stdout);
}

static bl_err time_scalapack(const bl_comm *comm, size_t n, size_t block, double peak) {
    bl_err err = BL_OK;
    bl_blockmatrix *matrix = NULL;
    double *eigenvalue = NULL;
    measurement m;
    BL_TRY(bl_blockmatrix_create(comm->world, n, block, &matrix));
    eigenvalue = bl_mem_alloc(n, sizeof *eigenvalue);
    BL_TRY(bl_agree(comm, eigenvalue ? BL_OK : BL_ERR_MEMORY));
    bl_blockmatrix_fill(matrix, entry, NULL);
    begin(comm, &m);
    BL_TRY(bl_blockmatrix_eigenvalues(matrix, eigenvalue));
    end(comm, &m);
    m.log_det = sum_of_logs(n, eigenvalue);
    if (comm->rank == 0)
        report("scalapack", "eigenvalues", n, block, comm->size, 1, peak, &m);
    begin(comm, &m);
    BL_TRY(bl_blockmatrix_cholesky(matrix));
    end(comm, &m);
    BL_TRY(bl_blockmatrix_log_determinant(matrix, &m.log_det));
    if (comm->rank == 0)
        report("scalapack", "cholesky", n, block, comm->size, 1, peak, &m);
cleanup:
    bl_blockmatrix_destroy(&matrix);
    bl_mem_free(eigenvalue);
    return err;
}

static void fill(size_t n, double *a) {
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < n; i++)
            a[j * n + i] = entry(NULL, i, j);
}

static bl_err time_lapack(const bl_comm *comm, size_t rows, int threads, double peak) {
    bl_err err = BL_OK;
    const int n = (int)rows;
    int info = 0, work_length = -1;
    double *a = NULL, *eigenvalue = NULL, *work = NULL, length = 0;
    measurement m;
    BL_ALLOC(a, rows * rows);
    BL_ALLOC(eigenvalue, rows);
    dsyev_("N", "L", &n, a, &n, eigenvalue, &length, &work_length, &info, 1, 1);
    work_length = (int)length;
    BL_ALLOC(work, (size_t)work_length);
    fill(rows, a);
    begin(comm, &m);
    dsyev_("N", "L", &n, a, &n, eigenvalue, work, &work_length, &info, 1, 1);
    end(comm, &m);
    BL_REQUIRE(info == 0, BL_ERR_LIBRARY, "LAPACK's DSYEV ended with info = %d", info);
    m.log_det = sum_of_logs(rows, eigenvalue);
    report("lapack", "eigenvalues", rows, 0, 1, threads, peak, &m);
    fill(rows, a);
    begin(comm, &m);
    dpotrf_("L", &n, a, &n, &info, 1);
    end(comm, &m);
    BL_REQUIRE(info == 0, BL_ERR_LIBRARY, "LAPACK's DPOTRF ended with info = %d", info);
    for (size_t i = 0; i < rows; i++)
        eigenvalue[i] = a[i * rows + i];
    m.log_det = 2 * sum_of_logs(rows, eigenvalue);
    report("lapack", "cholesky", rows, 0, 1, threads, peak, &m);
cleanup:
    bl_mem_free(a);
    bl_mem_free(eigenvalue);
    bl_mem_free(work);
    return err;
}

static bl_err time_all(const bl_comm *comm, int argc, char **argv) {
    bl_err err = BL_OK;
    const size_t blocks[] = {32, 64, 128, 256}, rows = argc > 1 ? strtoul(argv[1], NULL, 10) : 4000;
    const size_t count = argc > 2 ? (size_t)argc - 2 : sizeof blocks / sizeof *blocks;
    const double peak = bench_peak_float64();
    BL_REQUIRE(rows > 0 && rows < 46341, BL_ERR_INPUT, "rows: 1 to 46340");
    for (int threads = 1; comm->size == 1 && threads <= 2; threads++) {
        if (openblas_set_num_threads)
            openblas_set_num_threads(threads);
        else if (threads > 1)
            continue;
        BL_TRY(time_lapack(comm, rows, threads, peak));
    }
    if (openblas_set_num_threads)
        openblas_set_num_threads(1);
    for (size_t i = 0; i < count; i++)
        BL_TRY(time_scalapack(comm, rows, argc > 2 ? strtoul(argv[i + 2], NULL, 10) : blocks[i], peak));
cleanup:
    return err;
}

int main(int argc, char **argv) {
    return bench_on_ranks("bench_blockmatrix", time_all, argc, argv);
}

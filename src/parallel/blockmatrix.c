/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Block-cyclic distributed symmetric matrices over ScaLAPACK, which has no C header: its routines are declared
 * here, with the lengths of character arguments that Fortran compilers expect at the end.
 */
#include "borderline/blockmatrix.h"
#include "borderline/comm.h"
#include "borderline/mem.h"

#include <limits.h>
#include <math.h>
#include <string.h>

extern int Csys2blacs_handle(MPI_Comm comm);
extern void Cfree_blacs_system_handle(int handle);
extern void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
extern void Cblacs_gridinfo(int context, int *rows, int *columns, int *row, int *column);
extern void Cblacs_gridexit(int context);
extern void pdsyev_(const char *job, const char *triangle, const int *n, double *a, const int *ia,
                    const int *ja, const int *a_description, double *eigenvalue, double *z, const int *iz,
                    const int *jz, const int *z_description, double *work, const int *work_length, int *info,
                    size_t job_length, size_t triangle_length);
extern void pdpotrf_(const char *triangle, const int *n, double *a, const int *ia, const int *ja,
                     const int *a_description, int *info, size_t triangle_length);
extern void pdpotrs_(const char *triangle, const int *n, const int *columns, const double *a, const int *ia,
                     const int *ja, const int *a_description, double *b, const int *ib, const int *jb,
                     const int *b_description, int *info, size_t triangle_length);

static const int one = 1;

struct bl_blockmatrix {
    MPI_Comm comm;
    int n, block;
    int context;                   /* of BLACS; -1 outside the process grid */
    int rows, columns;             /* of the process grid */
    int row, column;               /* this rank's place in it; -1 outside */
    int local_rows, local_columns; /* 0 outside */
    int description[9];
    double *local; /* [local_columns][local_rows], columns one after the other */
};

/* How many of n rows in blocks, dealt out in turn to `processes`, fall to number `process`. */
static int dealt(int n, int block, int process, int processes) {
    int blocks = n / block, own = blocks / processes * block, extra = blocks % processes;
    if (process < extra)
        return own + block;
    return process == extra ? own + n % block : own;
}

/* The global number of a local row or column. */
static size_t global_index(int local, int block, int process, int processes) {
    return ((size_t)(local / block) * (size_t)processes + (size_t)process) * (size_t)block +
           (size_t)(local % block);
}

/* The largest grid of at most `size` ranks and `limit` rows or columns; of equal ones the squarest. */
static void choose_grid(int size, int limit, int *rows, int *columns) {
    enum { ASPECT_MAX = 4 };
    *rows = *columns = 1;
    for (int r = 1; r <= limit && r <= size / r; r++) {
        int c = size / r;
        c = c < limit ? c : limit;
        c = c < ASPECT_MAX * r ? c : ASPECT_MAX * r;
        if (r * c >= *rows * *columns) {
            *rows = r;
            *columns = c;
        }
    }
}

/* Lay the grid over the communicator and find this rank's part. */
static void enter_grid(bl_blockmatrix *m) {
    /* The grid keeps a communicator of its own. BLACS gives every matrix on one communicator the same handle, so
     * it is freed at once; handle 0 is the world's, which BLACS keeps. */
    int handle = Csys2blacs_handle(m->comm);
    m->context = handle;
    Cblacs_gridinit(&m->context, "Row", m->rows, m->columns);
    if (handle > 0)
        Cfree_blacs_system_handle(handle);
    m->row = m->column = -1;
    if (m->context >= 0) {
        Cblacs_gridinfo(m->context, &m->rows, &m->columns, &m->row, &m->column);
        m->local_rows = dealt(m->n, m->block, m->row, m->rows);
        m->local_columns = dealt(m->n, m->block, m->column, m->columns);
    }
    int leading = m->local_rows > 1 ? m->local_rows : 1;
    const int description[9] = {1, m->context, m->n, m->n, m->block, m->block, 0, 0, leading};
    memcpy(m->description, description, sizeof description);
}

bl_err bl_blockmatrix_create(MPI_Comm comm, size_t n, size_t block, bl_blockmatrix **out) {
    bl_err err = BL_OK;
    int size;
    bl_blockmatrix *m = bl_mem_alloc(1, sizeof *m);
    BL_TRY(bl_comm_agree(comm, m ? BL_OK : BL_ERR_MEMORY));
    m->context = -1;
    BL_REQUIRE(n >= 1 && block >= 1 && n <= INT_MAX, BL_ERR_INPUT,
               "a distributed matrix of %zu rows in blocks of %zu is not possible", n, block);
    m->comm = comm;
    m->n = (int)n;
    m->block = (int)(block < n ? block : n);
    MPI_Comm_size(comm, &size);
    choose_grid(size, (m->n - 1) / m->block + 1, &m->rows, &m->columns);
    /* process (0, 0) has the largest part, so all ranks decide alike */
    size_t most = (size_t)dealt(m->n, m->block, 0, m->rows) * (size_t)dealt(m->n, m->block, 0, m->columns);
    BL_REQUIRE(
        most <= INT_MAX, BL_ERR_INPUT,
        "a matrix of %zu rows has parts of %zu entries on %d ranks; at most %d are possible: use at least "
        "%.0f ranks",
        n, most, size, INT_MAX, ceil(1.1 * (double)n * (double)n / INT_MAX));
    enter_grid(m);
    m->local = bl_mem_alloc((size_t)m->local_rows * (size_t)m->local_columns, sizeof *m->local);
    BL_TRY(bl_comm_agree(comm, m->local ? BL_OK : BL_ERR_MEMORY));
    *out = m;
    m = NULL;
cleanup:
    bl_blockmatrix_destroy(&m);
    return err;
}

void bl_blockmatrix_destroy(bl_blockmatrix **matrix) {
    bl_blockmatrix *m = *matrix;
    if (!m)
        return;
    if (m->context >= 0)
        Cblacs_gridexit(m->context);
    bl_mem_free(m->local);
    bl_mem_free(m);
    *matrix = NULL;
}

static size_t local_size(const bl_blockmatrix *m) {
    return (size_t)m->local_rows * (size_t)m->local_columns;
}

void bl_blockmatrix_fill(bl_blockmatrix *m, double (*value)(void *context, size_t i, size_t j),
                         void *context) {
    for (int j = 0; j < m->local_columns; j++) {
        double *column = m->local + (size_t)j * (size_t)m->local_rows;
        size_t global_j = global_index(j, m->block, m->column, m->columns);
        for (int i = 0; i < m->local_rows; i++)
            column[i] = value(context, global_index(i, m->block, m->row, m->rows), global_j);
    }
}

/* Copies of the local part share the grid of the original, which owns it. */
static bl_err copy_local(const bl_blockmatrix *m, double **out) {
    *out = bl_mem_alloc(local_size(m), sizeof **out);
    if (*out)
        memcpy(*out, m->local, local_size(m) * sizeof **out);
    return bl_comm_agree(m->comm, *out ? BL_OK : BL_ERR_MEMORY);
}

/* ScaLAPACK lets NaN through its checks, or does not return. */
static bl_err require_finite(const bl_blockmatrix *m) {
    int finite = 1;
    for (size_t i = 0; i < local_size(m); i++)
        finite &= isfinite(m->local[i]) != 0;
    MPI_Allreduce(MPI_IN_PLACE, &finite, 1, MPI_INT, MPI_LAND, m->comm);
    return finite ? BL_OK : bl_err_set(BL_ERR_NUMERIC, "the matrix has entries that are not finite");
}

/* What the grid's first rank, which is rank 0 of the communicator, was told is everybody's. */
static bl_err require_success(const bl_blockmatrix *m, const char *routine, int info) {
    MPI_Bcast(&info, 1, MPI_INT, 0, m->comm);
    if (info == 0)
        return BL_OK;
    return bl_err_set(info > 0 ? BL_ERR_NUMERIC : BL_ERR_LIBRARY, "ScaLAPACK's %s ended with info = %d",
                      routine, info);
}

/* Eigenvalues of a[local], which is overwritten, on the ranks of the grid. */
static bl_err grid_eigenvalues(const bl_blockmatrix *m, double *a, double *eigenvalue, int *info) {
    bl_err err = BL_OK;
    double *work = NULL, length = 0.0, unused = 0.0;
    int work_length = -1;
    pdsyev_("N", "L", &m->n, a, &one, &one, m->description, eigenvalue, &unused, &one, &one, m->description,
            &length, &work_length, info, 1, 1);
    BL_REQUIRE(*info == 0 && length < INT_MAX, BL_ERR_LIBRARY,
               "ScaLAPACK's PDSYEV gives no size of workspace");
    work_length = (int)length;
    BL_ALLOC(work, (size_t)work_length);
    pdsyev_("N", "L", &m->n, a, &one, &one, m->description, eigenvalue, &unused, &one, &one, m->description,
            work, &work_length, info, 1, 1);
cleanup:
    bl_mem_free(work);
    return err;
}

bl_err bl_blockmatrix_eigenvalues(const bl_blockmatrix *m, double *eigenvalue) {
    bl_err err = BL_OK;
    double *a = NULL;
    int info = 0;
    BL_TRY(require_finite(m));
    BL_TRY(copy_local(m, &a));
    if (m->context >= 0)
        err = grid_eigenvalues(m, a, eigenvalue, &info);
    BL_TRY(bl_comm_agree(m->comm, err));
    BL_TRY(require_success(m, "PDSYEV", info));
    MPI_Bcast(eigenvalue, m->n, MPI_DOUBLE, 0, m->comm);
cleanup:
    bl_mem_free(a);
    return err;
}

/* Call visit(context, global index, entry) for the locally owned entries of the diagonal. */
static void visit_diagonal(const bl_blockmatrix *m, void (*visit)(void *context, size_t i, double entry),
                           void *context) {
    for (int j = 0; j < m->local_columns; j++) {
        int global = (int)global_index(j, m->block, m->column, m->columns);
        if (global / m->block % m->rows != m->row)
            continue;
        int i = global / m->block / m->rows * m->block + global % m->block;
        visit(context, (size_t)global, m->local[(size_t)j * (size_t)m->local_rows + (size_t)i]);
    }
}

bl_err bl_blockmatrix_cholesky(bl_blockmatrix *m) {
    bl_err err = BL_OK;
    int info = 0;
    BL_TRY(require_finite(m));
    if (m->context >= 0)
        pdpotrf_("L", &m->n, m->local, &one, &one, m->description, &info, 1);
    MPI_Bcast(&info, 1, MPI_INT, 0, m->comm);
    BL_REQUIRE(info <= 0, BL_ERR_NUMERIC,
               "the matrix of %d rows is not positive definite: its pivot %d is not positive", m->n, info);
    BL_TRY(require_success(m, "PDPOTRF", info));
cleanup:
    return err;
}

static void add_log(void *context, size_t i, double entry) {
    (void)i;
    *(double *)context += log(entry);
}

static void add(void *context, size_t i, double entry) {
    (void)i;
    *(double *)context += entry;
}

/* The sum of visit's contributions over all ranks. */
static double sum_diagonal(const bl_blockmatrix *m, void (*visit)(void *context, size_t i, double entry)) {
    double sum = 0.0;
    visit_diagonal(m, visit, &sum);
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, m->comm);
    return sum;
}

bl_err bl_blockmatrix_log_determinant(const bl_blockmatrix *factor, double *value) {
    *value = 2.0 * sum_diagonal(factor, add_log);
    return BL_OK;
}

bl_err bl_blockmatrix_solve_trace(const bl_blockmatrix *factor, bl_blockmatrix *b, double *value) {
    bl_err err = BL_OK;
    int info = 0;
    BL_ASSERT(factor->comm == b->comm && factor->n == b->n && factor->block == b->block);
    int b_description[9]; /* in the factor's context: each matrix has one of its own, over the same ranks */
    memcpy(b_description, b->description, sizeof b_description);
    b_description[1] = factor->context;
    if (factor->context >= 0)
        pdpotrs_("L", &factor->n, &factor->n, factor->local, &one, &one, factor->description, b->local, &one,
                 &one, b_description, &info, 1);
    BL_TRY(require_success(factor, "PDPOTRS", info));
    *value = sum_diagonal(b, add);
cleanup:
    return err;
}

/* log det A, leaving A as it is. */
static bl_err copy_log_determinant(bl_blockmatrix *a, double *value) {
    bl_err err = BL_OK;
    double *original = NULL;
    BL_TRY(copy_local(a, &original));
    BL_TRY(bl_blockmatrix_cholesky(a));
    BL_TRY(bl_blockmatrix_log_determinant(a, value));
    memcpy(a->local, original, local_size(a) * sizeof *original);
cleanup:
    bl_mem_free(original);
    return err;
}

bl_err bl_blockmatrix_divergence(bl_blockmatrix *a, bl_blockmatrix *b, double *value) {
    bl_err err = BL_OK;
    double trace, log_a, log_b;
    err = copy_log_determinant(a, &log_a);
    if (err != BL_OK)
        bl_err_prefix("first covariance: ");
    BL_TRY(err);
    err = bl_blockmatrix_cholesky(b);
    if (err != BL_OK)
        bl_err_prefix("second covariance: ");
    BL_TRY(err);
    BL_TRY(bl_blockmatrix_log_determinant(b, &log_b));
    BL_TRY(bl_blockmatrix_solve_trace(b, a, &trace));
    *value = 0.5 * (trace - a->n + log_b - log_a);
cleanup:
    return err;
}

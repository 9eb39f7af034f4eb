/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Block-cyclic distributed symmetric matrices over ScaLAPACK, which has no C header: its routines are declared
 * here, with the lengths of character arguments that Fortran compilers expect at the end.
 */
#include "blockmatrix.h"
#include "base/mem.h"
#include "borderline/comm.h"

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

extern void pdtran_(const int *rows, const int *columns, const double *alpha, const double *a, const int *ia,
                    const int *ja, const int *a_description, const double *beta, double *c, const int *ic,
                    const int *jc, const int *c_description);
typedef void triangular(const char *side, const char *triangle, const char *transposed, const char *unit,
                        const int *rows, const int *columns, const double *alpha, const double *, const int *,
                        const int *, const int *, double *, const int *, const int *, const int *, size_t,
                        size_t, size_t, size_t);
extern triangular pdtrsm_, pdtrmm_;

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
    /* process (0, 0) has the largest part, so all ranks take the same decision */
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

/* A local block on or below the diagonal. */
typedef struct tile {
    size_t i, rows, j, columns; /* global */
    double *local;              /* of its first entry; columns are m->local_rows apart */
} tile;

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The next tile in the order of local columns; start with t->local = NULL. */
static bool next_tile(const bl_blockmatrix *m, int *row, int *column, tile *t) {
    for (;;) {
        *row = t->local ? *row + m->block : 0;
        if (!t->local)
            *column = 0;
        if (*row >= m->local_rows) {
            *row = 0;
            *column += m->block;
        }
        if (*column >= m->local_columns || m->local_rows == 0)
            return false;
        t->i = global_index(*row, m->block, m->row, m->rows);
        t->j = global_index(*column, m->block, m->column, m->columns);
        t->rows = smaller((size_t)m->block, (size_t)m->n - t->i);
        t->columns = smaller((size_t)m->block, (size_t)m->n - t->j);
        t->local = m->local + (size_t)*column * (size_t)m->local_rows + (size_t)*row;
        if (t->i >= t->j)
            return true;
    }
}

bl_err bl_blockmatrix_add(bl_blockmatrix *m, bl_blockmatrix_block add, void *context) {
    bl_err err = BL_OK;
    double *block = NULL;
    tile t = {.local = NULL};
    int row = 0, column = 0;
    BL_ALLOC(block, (size_t)m->block * (size_t)m->block);
    while (next_tile(m, &row, &column, &t)) {
        memset(block, 0, t.rows * t.columns * sizeof *block);
        BL_TRY(add(context, t.i, t.rows, t.j, t.columns, block));
        for (size_t b = 0; b < t.columns; b++)
            for (size_t a = 0; a < t.rows; a++)
                t.local[b * (size_t)m->local_rows + a] += block[a * t.columns + b];
    }
cleanup:
    bl_mem_free(block);
    return bl_comm_agree(m->comm, err);
}

bool bl_blockmatrix_touches(const bl_blockmatrix *m, size_t b) {
    return m->context >= 0 &&
           ((int)(b % (size_t)m->rows) == m->row || (int)(b % (size_t)m->columns) == m->column);
}

void bl_blockmatrix_scale(bl_blockmatrix *m, double factor) {
    for (size_t i = 0; i < local_size(m); i++)
        m->local[i] *= factor;
}

void bl_blockmatrix_shift(bl_blockmatrix *m, double value) {
    tile t = {.local = NULL};
    int row = 0, column = 0;
    while (next_tile(m, &row, &column, &t))
        for (size_t a = 0; t.i == t.j && a < t.rows; a++)
            t.local[a * (size_t)m->local_rows + a] += value;
}

bl_err bl_blockmatrix_distance(const bl_blockmatrix *a, double scale, const bl_blockmatrix *b,
                               double *difference, double *norm) {
    double sum[2] = {0, 0};
    tile t = {.local = NULL};
    int row = 0, column = 0;
    BL_ASSERT(a->comm == b->comm && a->n == b->n && a->block == b->block);
    while (next_tile(b, &row, &column, &t)) {
        const double twice = t.i == t.j ? 1 : 2;
        const double *other = a->local + (t.local - b->local);
        for (size_t k = 0; k < t.columns; k++)
            for (size_t i = 0; i < t.rows; i++) {
                size_t at = k * (size_t)b->local_rows + i;
                double d = scale * other[at] - t.local[at];
                sum[0] += twice * d * d;
                sum[1] += twice * t.local[at] * t.local[at];
            }
    }
    MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, a->comm);
    *difference = sum[0];
    *norm = sum[1];
    return BL_OK;
}

void bl_blockmatrix_copy(const bl_blockmatrix *from, bl_blockmatrix *to) {
    BL_ASSERT(from->comm == to->comm && from->n == to->n && from->block == to->block);
    memcpy(to->local, from->local, local_size(from) * sizeof *to->local);
}

/* Copies of the local part share the grid of the original, which owns it. */
static bl_err copy_local(const bl_blockmatrix *m, double **out) {
    *out = bl_mem_alloc(local_size(m), sizeof **out);
    if (*out)
        memcpy(*out, m->local, local_size(m) * sizeof **out);
    return bl_comm_agree(m->comm, *out ? BL_OK : BL_ERR_MEMORY);
}

bl_err bl_blockmatrix_complete(bl_blockmatrix *m) {
    bl_err err = BL_OK;
    double *below = NULL;
    const double unit = 1.0;
    tile t = {.local = NULL};
    int row = 0, column = 0;
    for (int j = 0; j < m->local_columns; j++) /* nothing above the diagonal blocks */
        for (int i = 0; i < m->local_rows; i++)
            if (global_index(i, m->block, m->row, m->rows) / (size_t)m->block <
                global_index(j, m->block, m->column, m->columns) / (size_t)m->block)
                m->local[(size_t)j * (size_t)m->local_rows + (size_t)i] = 0.0;
    BL_TRY(copy_local(m, &below));
    while (next_tile(m, &row, &column, &t)) /* the diagonal blocks are complete */
        for (size_t b = 0; t.i == t.j && b < t.columns; b++)
            memset(below + (t.local - m->local) + b * (size_t)m->local_rows, 0, t.rows * sizeof *below);
    if (m->context >= 0)
        pdtran_(&m->n, &m->n, &unit, below, &one, &one, m->description, &unit, m->local, &one, &one,
                m->description);
cleanup:
    bl_mem_free(below);
    return err;
}

/* The columns of one local block of columns from all rows of the process grid, whole and in order, on `root`. */
static void gather_columns(const bl_blockmatrix *m, MPI_Comm line, int root, int first, int count,
                           double *pieces, double *whole) {
    const double *mine = m->local + (size_t)first * (size_t)m->local_rows;
    int rank, counts[1024], starts[1024], total = 0;
    BL_ASSERT(pieces && whole);
    MPI_Comm_rank(line, &rank);
    for (int r = 0; r < m->rows; r++) {
        counts[r] = dealt(m->n, m->block, r, m->rows) * count;
        starts[r] = total;
        total += counts[r];
    }
    MPI_Gatherv(mine, m->local_rows * count, MPI_DOUBLE, pieces, counts, starts, MPI_DOUBLE, root, line);
    if (rank != root)
        return;
    for (int r = 0; r < m->rows; r++) {
        int rows = dealt(m->n, m->block, r, m->rows);
        for (int k = 0; k < count; k++)
            for (int i = 0; i < rows; i += m->block)
                memcpy(whole + (size_t)k * (size_t)m->n + global_index(i, m->block, r, m->rows),
                       pieces + starts[r] + (size_t)k * (size_t)rows + (size_t)i,
                       smaller((size_t)m->block, (size_t)(rows - i)) * sizeof *whole);
    }
}

bl_err bl_blockmatrix_visit_rows(const bl_blockmatrix *m,
                                 bl_err (*visit)(void *context, size_t first, size_t count,
                                                 const double *rows),
                                 void *context) {
    bl_err err = BL_OK;
    double *pieces = NULL, *whole = NULL;
    MPI_Comm line = MPI_COMM_NULL; /* the ranks of one column of the grid */
    size_t panel = (size_t)m->block * (size_t)m->n;
    BL_ASSERT(m->rows <= 1024);
    MPI_Comm_split(m->comm, m->context >= 0 ? m->column : MPI_UNDEFINED, m->row, &line);
    pieces = bl_mem_alloc(panel, sizeof *pieces);
    whole = bl_mem_alloc(panel, sizeof *whole);
    err = bl_comm_agree(m->comm, pieces && whole ? BL_OK : BL_ERR_MEMORY);
    for (int j = 0; err == BL_OK && j < m->local_columns; j += m->block) {
        size_t first = global_index(j, m->block, m->column, m->columns);
        size_t count = smaller((size_t)m->block, (size_t)m->n - first);
        int root = j / m->block % m->rows;
        gather_columns(m, line, root, j, (int)count, pieces, whole);
        bl_err code = m->row == root ? visit(context, first, count, whole) : BL_OK;
        err = bl_comm_agree(line, code);
    }
    if (line != MPI_COMM_NULL)
        MPI_Comm_free(&line);
    bl_mem_free(pieces);
    bl_mem_free(whole);
    return bl_comm_agree(m->comm, err);
}

/* ScaLAPACK does not notice NaN, or does not return. */
static bl_err require_finite(const bl_blockmatrix *m) {
    int finite = 1;
    for (size_t i = 0; i < local_size(m); i++)
        finite &= isfinite(m->local[i]) != 0;
    MPI_Allreduce(MPI_IN_PLACE, &finite, 1, MPI_INT, MPI_LAND, m->comm);
    return finite ? BL_OK : bl_err_set(BL_ERR_NUMERIC, "the matrix has entries that are not finite");
}

/* All ranks take what the grid's first rank, rank 0 of the communicator, was told. */
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
               "ScaLAPACK's PDSYEV does not say how much workspace it needs");
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

bl_err bl_blockmatrix_try_cholesky(bl_blockmatrix *m, int *pivot) {
    int info = 0;
    bl_err err = require_finite(m);
    if (err == BL_OK && m->context >= 0)
        pdpotrf_("L", &m->n, m->local, &one, &one, m->description, &info, 1);
    MPI_Bcast(&info, 1, MPI_INT, 0, m->comm);
    *pivot = info > 0 ? info : 0;
    return err == BL_OK ? require_success(m, "PDPOTRF", info < 0 ? info : 0) : err;
}

bl_err bl_blockmatrix_cholesky(bl_blockmatrix *m) {
    bl_err err = BL_OK;
    int pivot = 0;
    BL_TRY(bl_blockmatrix_try_cholesky(m, &pivot));
    BL_REQUIRE(pivot == 0, BL_ERR_NUMERIC,
               "the matrix of %d rows is not positive definite: its pivot %d is not positive", m->n, pivot);
cleanup:
    return err;
}

static double itself(double entry) {
    return entry;
}

/* The sum over the diagonal of a function of its entries. */
static double sum_diagonal(const bl_blockmatrix *m, double (*of)(double)) {
    double sum = 0.0;
    for (int j = 0; j < m->local_columns; j++) {
        int global = (int)global_index(j, m->block, m->column, m->columns);
        if (global / m->block % m->rows != m->row)
            continue;
        int i = global / m->block / m->rows * m->block + global % m->block;
        sum += of(m->local[(size_t)j * (size_t)m->local_rows + (size_t)i]);
    }
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, m->comm);
    return sum;
}

double bl_blockmatrix_trace(const bl_blockmatrix *m) {
    return sum_diagonal(m, itself);
}

bl_err bl_blockmatrix_log_determinant(const bl_blockmatrix *factor, double *value) {
    *value = 2.0 * sum_diagonal(factor, log);
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
    *value = sum_diagonal(b, itself);
cleanup:
    return err;
}

/* log det of a matrix that is overwritten by its factor; NaN and the pivot where it is not positive definite. */
static bl_err factor_log_determinant(bl_blockmatrix *m, double *value, int *pivot) {
    bl_err err = BL_OK;
    *value = NAN;
    BL_TRY(bl_blockmatrix_try_cholesky(m, pivot));
    if (*pivot == 0)
        BL_TRY(bl_blockmatrix_log_determinant(m, value));
cleanup:
    return err;
}

bl_err bl_blockmatrix_divergence(bl_blockmatrix *a, bl_blockmatrix *b, bl_divergence *d) {
    bl_err err = BL_OK;
    double *original = NULL, trace = 0.0;
    BL_TRY(copy_local(a, &original));
    BL_TRY(factor_log_determinant(a, &d->log_det_a, &d->pivot_a));
    memcpy(a->local, original, local_size(a) * sizeof *original);
    BL_TRY(factor_log_determinant(b, &d->log_det_b, &d->pivot_b));
    d->value = NAN;
    if (isnan(d->log_det_a) || isnan(d->log_det_b))
        goto cleanup;
    BL_TRY(bl_blockmatrix_solve_trace(b, a, &trace));
    d->value = 0.5 * (trace - a->n + d->log_det_b - d->log_det_a);
cleanup:
    bl_mem_free(original);
    return err;
}

/* --- right sides: a matrix of n rows and a few columns on the factor's grid --- */

typedef struct right_sides {
    int columns, local_columns;
    int description[9];
    double *local; /* [local_columns][local_rows] of the factor */
} right_sides;

static bl_err create_right_sides(const bl_blockmatrix *m, size_t columns, right_sides *b) {
    *b = (right_sides){.columns = (int)columns};
    memcpy(b->description, m->description, sizeof b->description);
    b->description[3] = b->columns;
    if (m->context >= 0)
        b->local_columns = dealt(b->columns, m->block, m->column, m->columns);
    b->local = bl_mem_alloc((size_t)m->local_rows * (size_t)b->local_columns, sizeof *b->local);
    return bl_comm_agree(m->comm, b->local ? BL_OK : BL_ERR_MEMORY);
}

/* The place in b[columns][n] of local entry k. */
static size_t place_of(const bl_blockmatrix *m, size_t k) {
    const int i = (int)(k % (size_t)m->local_rows), j = (int)(k / (size_t)m->local_rows);
    return global_index(j, m->block, m->column, m->columns) * (size_t)m->n +
           global_index(i, m->block, m->row, m->rows);
}

/* Replace b[columns][n], the same on every rank, by what `act` makes of it on the grid. */
static bl_err act_on(const bl_blockmatrix *m, size_t columns, double *b,
                     bl_err (*act)(const bl_blockmatrix *m, right_sides *x)) {
    bl_err err = BL_OK;
    right_sides x = {0};
    BL_TRY(create_right_sides(m, columns, &x));
    const size_t entries = (size_t)x.local_columns * (size_t)m->local_rows;
    for (size_t k = 0; k < entries; k++)
        x.local[k] = b[place_of(m, k)];
    BL_TRY(act(m, &x));
    memset(b, 0, columns * (size_t)m->n * sizeof *b);
    for (size_t k = 0; k < entries; k++)
        b[place_of(m, k)] = x.local[k];
    for (size_t j = 0; j < columns; j++) /* every entry has one owner: the sum is exact */
        MPI_Allreduce(MPI_IN_PLACE, b + j * (size_t)m->n, m->n, MPI_DOUBLE, MPI_SUM, m->comm);
cleanup:
    bl_mem_free(x.local);
    return err;
}

static bl_err solve(const bl_blockmatrix *m, right_sides *x) {
    int info = 0;
    if (m->context >= 0)
        pdpotrs_("L", &m->n, &x->columns, m->local, &one, &one, m->description, x->local, &one, &one,
                 x->description, &info, 1);
    return require_success(m, "PDPOTRS", info);
}

static bl_err multiply(const bl_blockmatrix *m, right_sides *x) {
    const double unit = 1.0;
    if (m->context >= 0)
        pdtrmm_("L", "L", "N", "N", &m->n, &x->columns, &unit, m->local, &one, &one, m->description, x->local,
                &one, &one, x->description, 1, 1, 1, 1);
    return BL_OK;
}

bl_err bl_blockmatrix_solve(const bl_blockmatrix *factor, size_t columns, double *b) {
    return act_on(factor, columns, b, solve);
}

bl_err bl_blockmatrix_multiply(const bl_blockmatrix *factor, size_t columns, double *b) {
    return act_on(factor, columns, b, multiply);
}

/* Every local block of the right sides from `right`. */
static bl_err fill_right_sides(const bl_blockmatrix *m, right_sides *b, bl_blockmatrix_block right,
                               void *context) {
    bl_err err = BL_OK;
    double *block = NULL;
    BL_ALLOC(block, (size_t)m->block * (size_t)m->block);
    for (int j = 0; j < b->local_columns; j += m->block)
        for (int i = 0; i < m->local_rows; i += m->block) {
            size_t first = global_index(j, m->block, m->column, m->columns);
            size_t row = global_index(i, m->block, m->row, m->rows);
            size_t columns = smaller((size_t)m->block, (size_t)b->columns - first);
            size_t rows = smaller((size_t)m->block, (size_t)m->n - row);
            BL_TRY(right(context, row, rows, first, columns, block));
            for (size_t k = 0; k < columns; k++)
                for (size_t r = 0; r < rows; r++)
                    b->local[((size_t)j + k) * (size_t)m->local_rows + (size_t)i + r] =
                        block[r * columns + k];
        }
cleanup:
    bl_mem_free(block);
    return err;
}

bl_err bl_blockmatrix_quadratic(const bl_blockmatrix *m, size_t columns, bl_blockmatrix_block right,
                                void *context, double *value) {
    bl_err err = BL_OK;
    right_sides b = {0};
    const double unit = 1.0;
    BL_TRY(create_right_sides(m, columns, &b));
    BL_TRY(bl_comm_agree(m->comm, fill_right_sides(m, &b, right, context)));
    if (m->context >= 0)
        pdtrsm_("L", "L", "N", "N", &m->n, &b.columns, &unit, m->local, &one, &one, m->description, b.local,
                &one, &one, b.description, 1, 1, 1, 1);
    memset(value, 0, columns * sizeof *value);
    for (int j = 0; j < b.local_columns; j++)
        for (int i = 0; i < m->local_rows; i++) {
            double entry = b.local[(size_t)j * (size_t)m->local_rows + (size_t)i];
            value[global_index(j, m->block, m->column, m->columns)] += entry * entry;
        }
    MPI_Allreduce(MPI_IN_PLACE, value, (int)columns, MPI_DOUBLE, MPI_SUM, m->comm);
cleanup:
    bl_mem_free(b.local);
    return err;
}

size_t bl_blockmatrix_bytes(size_t n, size_t block, size_t ranks) {
    int rows, columns, length = (int)smaller(n, INT_MAX), side = (int)smaller(block, n);
    choose_grid((int)smaller(ranks, INT_MAX), (length - 1) / side + 1, &rows, &columns);
    return (size_t)dealt(length, side, 0, rows) * (size_t)dealt(length, side, 0, columns) * sizeof(double);
}

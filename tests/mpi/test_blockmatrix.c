/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Distributed matrices against closed forms (second differences, multiples of the identity) and LAPACK, for sizes
 * that do not divide by the block or the grid.
 */
#include "base/mem.h"
#include "borderline/comm.h"
#include "borderline/rng.h"
#include "parallel/blockmatrix.h"
#include <mpi.h>

#include "check.h"

#include <string.h>

extern void dsyev_(const char *job, const char *triangle, const int *n, double *a, const int *leading,
                   double *eigenvalue, double *work, const int *work_length, int *info, size_t job_length,
                   size_t triangle_length);

static const double pi = 3.14159265358979323846;

/* T + shift I, T the matrix of second differences: eigenvalues 2 - 2 cos(k pi / (n + 1)) + shift. */
static double second_difference(void *shift, size_t i, size_t j) {
    if (i == j)
        return 2.0 + *(double *)shift;
    return i + 1 == j || j + 1 == i ? -1.0 : 0.0;
}

static double difference_eigenvalue(size_t n, size_t k, double shift) {
    return 2.0 - 2.0 * cos((double)(k + 1) * pi / (double)(n + 1)) + shift;
}

typedef struct full {
    size_t n;
    double *entry; /* [n][n] */
} full;

static double full_entry(void *context, size_t i, size_t j) {
    const full *matrix = context;
    return matrix->entry[i * matrix->n + j];
}

/* Symmetric, entries uniform in (-1/2, 1/2), the same on every rank. */
static full random_symmetric(size_t n) {
    full matrix = {n, bl_mem_alloc(n * n, sizeof(double))};
    BL_ASSERT(matrix.entry != NULL);
    bl_rng_uniform64(bl_rng_stream(5, (uint32_t)n, 0, BL_PURPOSE_TEST, 0), n * n, matrix.entry);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            matrix.entry[i * n + j] = matrix.entry[j * n + i] = matrix.entry[i * n + j] - 0.5;
    return matrix;
}

static bl_blockmatrix *create(MPI_Comm comm, size_t n, size_t block,
                              double (*value)(void *context, size_t i, size_t j), void *context) {
    bl_blockmatrix *matrix = NULL;
    CHECK_OK(bl_blockmatrix_create(comm, n, block, &matrix));
    bl_blockmatrix_fill(matrix, value, context);
    return matrix;
}

static void test_eigenvalues(MPI_Comm comm, size_t n, size_t block) {
    double shift = 0.0;
    double *eigenvalue = bl_mem_alloc(n, sizeof *eigenvalue), *again = bl_mem_alloc(n, sizeof *again);
    BL_ASSERT(eigenvalue && again);
    bl_blockmatrix *matrix = create(comm, n, block, second_difference, &shift);
    CHECK_OK(bl_blockmatrix_eigenvalues(matrix, eigenvalue));
    for (size_t k = 0; k < n; k++)
        CHECK_CLOSE(eigenvalue[k], difference_eigenvalue(n, k, 0.0), 1e-13);
    CHECK_OK(bl_blockmatrix_eigenvalues(matrix, again)); /* the matrix was left as it was */
    CHECK(memcmp(eigenvalue, again, n * sizeof *again) == 0);
    bl_blockmatrix_destroy(&matrix);
    bl_mem_free(eigenvalue);
    bl_mem_free(again);
}

static void test_against_lapack(MPI_Comm comm, size_t n, size_t block) {
    full a = random_symmetric(n);
    int order = (int)n, info = 0, work_length = 64 * order;
    double *expected = bl_mem_alloc(n, sizeof *expected), *eigenvalue = bl_mem_alloc(n, sizeof *eigenvalue);
    double *work = bl_mem_alloc((size_t)work_length, sizeof *work);
    BL_ASSERT(expected && eigenvalue && work);
    bl_blockmatrix *matrix = create(comm, n, block, full_entry, &a);
    CHECK_OK(bl_blockmatrix_eigenvalues(matrix, eigenvalue));
    dsyev_("N", "L", &order, a.entry, &order, expected, work, &work_length, &info, 1, 1);
    CHECK(info == 0);
    for (size_t k = 0; k < n; k++)
        CHECK_CLOSE(eigenvalue[k], expected[k], 1e-13 * (double)n);
    bl_blockmatrix_destroy(&matrix);
    bl_mem_free(a.entry);
    bl_mem_free(expected);
    bl_mem_free(eigenvalue);
    bl_mem_free(work);
}

/* det T = n + 1 and (T^-1)_ij = min(i, j) (n + 1 - max(i, j)) / (n + 1), counted from 1. */
static void test_cholesky(MPI_Comm comm, size_t n, size_t block) {
    double shift = 0.0, value = 0.0, expected = 0.0;
    full b = random_symmetric(n);
    bl_blockmatrix *factor = create(comm, n, block, second_difference, &shift);
    bl_blockmatrix *right = create(comm, n, block, full_entry, &b);
    CHECK_OK(bl_blockmatrix_cholesky(factor));
    CHECK_OK(bl_blockmatrix_log_determinant(factor, &value));
    CHECK_CLOSE(value, log((double)n + 1.0), 1e-12);
    CHECK_OK(bl_blockmatrix_solve_trace(factor, right, &value));
    for (size_t i = 1; i <= n; i++)
        for (size_t j = 1; j <= n; j++) {
            double least = (double)(i < j ? i : j), most = (double)(i < j ? j : i);
            expected += least * ((double)n + 1.0 - most) / ((double)n + 1.0) * b.entry[(i - 1) * n + j - 1];
        }
    CHECK_CLOSE(value, expected, 1e-10 * (1.0 + fabs(expected)));
    bl_blockmatrix_destroy(&factor);
    bl_blockmatrix_destroy(&right);
    bl_mem_free(b.entry);
}

/* Commuting covariances: the divergence is a sum over eigenvalues. */
static void test_divergence(MPI_Comm comm, size_t n, size_t block) {
    double shift_a = 0.25, shift_b = 1.0, expected = 0.0, log_a = 0.0;
    bl_divergence d = {NAN, NAN, NAN, 0, 0};
    bl_blockmatrix *a = create(comm, n, block, second_difference, &shift_a);
    bl_blockmatrix *b = create(comm, n, block, second_difference, &shift_b);
    CHECK_OK(bl_blockmatrix_divergence(a, b, &d));
    for (size_t k = 0; k < n; k++) {
        double ratio = difference_eigenvalue(n, k, shift_a) / difference_eigenvalue(n, k, shift_b);
        expected += 0.5 * (ratio - 1.0 - log(ratio));
        log_a += log(difference_eigenvalue(n, k, shift_a));
    }
    CHECK_CLOSE(d.log_det_a, log_a, 1e-12 * (double)n);
    CHECK_CLOSE(d.value, expected, 1e-12 * (double)n);
    bl_blockmatrix_fill(a, second_difference, &shift_a);
    bl_blockmatrix_fill(b, second_difference, &shift_a);
    CHECK_OK(bl_blockmatrix_divergence(a, b, &d));
    CHECK_CLOSE(d.value, 0.0, 1e-12 * (double)n);
    bl_blockmatrix_destroy(&a);
    bl_blockmatrix_destroy(&b);
}

static double negative_at(void *place, size_t i, size_t j) {
    if (i != j)
        return 0.0;
    return i + 1 == *(size_t *)place ? -1.0 : 1.0;
}

static double nan_at(void *place, size_t i, size_t j) {
    return i + 1 == *(size_t *)place && i == j ? NAN : (double)(i == j);
}

/* The first bad pivot is named on every rank, wherever it is; later calls work. */
static void test_not_positive(MPI_Comm comm, size_t n, size_t block) {
    for (size_t place = 1; place <= n; place += 1 + n / 5) {
        char pivot[64];
        (void)snprintf(pivot, sizeof pivot, "pivot %zu is", place);
        bl_blockmatrix *matrix = create(comm, n, block, negative_at, &place);
        CHECK(bl_blockmatrix_cholesky(matrix) == BL_ERR_NUMERIC);
        CHECK(strstr(bl_err_message(), pivot) != NULL);
        bl_blockmatrix_fill(matrix, nan_at, &place);
        CHECK(bl_blockmatrix_cholesky(matrix) == BL_ERR_NUMERIC);
        CHECK(strstr(bl_err_message(), "not finite") != NULL);
        double *eigenvalue = bl_mem_alloc(n, sizeof *eigenvalue);
        CHECK(eigenvalue && bl_blockmatrix_eigenvalues(matrix, eigenvalue) == BL_ERR_NUMERIC);
        bl_mem_free(eigenvalue);
        bl_blockmatrix_destroy(&matrix);
    }
    double shift = 1.0;
    bl_divergence d;
    size_t last = n;
    bl_blockmatrix *good = create(comm, n, block, second_difference, &shift);
    bl_blockmatrix *bad = create(comm, n, block, negative_at, &last);
    CHECK_OK(bl_blockmatrix_divergence(bad, good, &d));
    CHECK(isnan(d.value) && isnan(d.log_det_a) && isfinite(d.log_det_b));
    bl_blockmatrix_fill(bad, negative_at, &last);
    bl_blockmatrix_fill(good, second_difference, &shift);
    CHECK_OK(bl_blockmatrix_divergence(good, bad, &d));
    CHECK(isnan(d.value) && isfinite(d.log_det_a) && isnan(d.log_det_b));
    bl_blockmatrix_destroy(&good);
    bl_blockmatrix_destroy(&bad);
}

static bl_err add_block(void *context, size_t i, size_t rows, size_t j, size_t columns, double *block) {
    for (size_t a = 0; a < rows; a++)
        for (size_t b = 0; b < columns; b++)
            block[a * columns + b] = full_entry(context, i + a, j + b);
    return BL_OK;
}

static bl_err fail_block(void *context, size_t i, size_t rows, size_t j, size_t columns, double *block) {
    (void)context, (void)j, (void)columns, (void)block;
    return i + rows == *(size_t *)context ? bl_err_set(BL_ERR_INPUT, "the last row") : BL_OK;
}

typedef struct seen {
    const full *matrix;
    double factor, shift;
    size_t rows, wrong;
} seen;

static bl_err see_rows(void *context, size_t first, size_t count, const double *rows) {
    seen *s = context;
    size_t n = s->matrix->n;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < n; j++)
            s->wrong += rows[i * n + j] != s->factor * 2 * s->matrix->entry[(first + i) * n + j] +
                                               (first + i == j ? s->shift : 0);
    s->rows += count;
    return BL_OK;
}

/* Blocks added below the diagonal, completed above it, handed out in whole rows: every bit arrives. */
static void test_blocks(MPI_Comm comm, size_t n, size_t block) {
    full a = random_symmetric(n);
    bl_blockmatrix *m = NULL, *other = NULL;
    double difference = 0, norm = 0, expected = 0;
    CHECK_OK(bl_blockmatrix_create(comm, n, block, &m));
    CHECK_OK(bl_blockmatrix_add(m, add_block, &a));
    CHECK_OK(bl_blockmatrix_add(m, add_block, &a));
    bl_blockmatrix_scale(m, 0.25);
    bl_blockmatrix_shift(m, 3.0);
    CHECK_OK(bl_blockmatrix_complete(m));
    seen s = {&a, 0.25, 3.0, 0, 0};
    CHECK_OK(bl_blockmatrix_visit_rows(m, see_rows, &s));
    CHECK(s.wrong == 0);
    unsigned long rows = s.rows;
    MPI_Allreduce(MPI_IN_PLACE, &rows, 1, MPI_UNSIGNED_LONG, MPI_SUM, comm);
    CHECK(rows == n);
    CHECK_OK(bl_blockmatrix_create(comm, n, block, &other));
    CHECK_OK(bl_blockmatrix_add(other, add_block, &a));
    CHECK_OK(bl_blockmatrix_distance(m, 2.0, other, &difference, &norm));
    for (size_t k = 0; k < n * n; k++)
        expected += a.entry[k] * a.entry[k];
    CHECK_CLOSE(norm, expected, 1e-12 * expected);
    CHECK_CLOSE(difference, 36.0 * (double)n, 1e-10 * (double)n);
    CHECK(bl_blockmatrix_add(m, fail_block, &n) == BL_ERR_INPUT);
    CHECK(strcmp(bl_err_message(), "the last row") == 0);
    bl_blockmatrix_destroy(&m);
    bl_blockmatrix_destroy(&other);
    bl_mem_free(a.entry);
}

static bl_err right_block(void *context, size_t i, size_t rows, size_t j, size_t columns, double *block) {
    (void)context;
    for (size_t a = 0; a < rows; a++)
        for (size_t b = 0; b < columns; b++)
            block[a * columns + b] = i + a == j + b ? 1.0 : 0.0;
    return BL_OK;
}

/* L e_k, a column of T's bidiagonal factor; from a copy of T, whose trace is known. */
static void test_multiply(MPI_Comm comm, size_t n, size_t block) {
    double shift = 0.0;
    size_t columns = n < 5 ? n : 5;
    double *b = bl_mem_alloc(columns * n, sizeof *b);
    BL_ASSERT(b);
    bl_blockmatrix *matrix = create(comm, n, block, second_difference, &shift), *factor = NULL;
    CHECK_CLOSE(bl_blockmatrix_trace(matrix), 2.0 * (double)n, 1e-12 * (double)n);
    CHECK_OK(bl_blockmatrix_create(comm, n, block, &factor));
    bl_blockmatrix_copy(matrix, factor);
    CHECK_OK(bl_blockmatrix_cholesky(factor));
    for (size_t k = 0; k < columns; k++)
        b[k * n + k] = 1.0;
    CHECK_OK(bl_blockmatrix_multiply(factor, columns, b));
    for (size_t k = 0; k < columns; k++)
        for (size_t i = 0; i < n; i++) {
            double ratio = sqrt(((double)k + 2.0) / ((double)k + 1.0));
            CHECK_CLOSE(b[k * n + i], i == k ? ratio : i == k + 1 ? -1.0 / ratio : 0.0, 1e-13);
        }
    bl_blockmatrix_destroy(&matrix);
    bl_blockmatrix_destroy(&factor);
    bl_mem_free(b);
}

/* T x = e_k and e_k T^-1 e_k, by the inverse that test_cholesky knows. */
static void test_solve(MPI_Comm comm, size_t n, size_t block) {
    double shift = 0.0;
    size_t columns = n < 5 ? n : 5;
    double *b = bl_mem_alloc(columns * n, sizeof *b), *value = bl_mem_alloc(n, sizeof *value);
    BL_ASSERT(b && value);
    bl_blockmatrix *factor = create(comm, n, block, second_difference, &shift);
    CHECK_OK(bl_blockmatrix_cholesky(factor));
    for (size_t k = 0; k < columns; k++)
        b[k * n + k] = 1.0;
    CHECK_OK(bl_blockmatrix_solve(factor, columns, b));
    CHECK_OK(bl_blockmatrix_quadratic(factor, n, right_block, NULL, value));
    double size = (double)n + 1.0;
    for (size_t k = 0; k < columns; k++)
        for (size_t i = 0; i < n; i++) {
            double least = (double)(i < k ? i : k) + 1.0, most = (double)(i < k ? k : i) + 1.0;
            CHECK_CLOSE(b[k * n + i], least * (size - most) / size, 1e-12 * size);
        }
    for (size_t i = 0; i < n; i++)
        CHECK_CLOSE(value[i], ((double)i + 1.0) * (size - (double)i - 1.0) / size, 1e-12 * size);
    bl_blockmatrix_destroy(&factor);
    bl_mem_free(b);
    bl_mem_free(value);
}

static void test_bad_sizes(void) {
    bl_blockmatrix *matrix = NULL;
    CHECK(bl_blockmatrix_create(MPI_COMM_SELF, 0, 64, &matrix) == BL_ERR_INPUT);
    CHECK(bl_blockmatrix_create(MPI_COMM_SELF, 64, 0, &matrix) == BL_ERR_INPUT);
    CHECK(bl_blockmatrix_create(MPI_COMM_SELF, 50000, 64, &matrix) == BL_ERR_INPUT);
    CHECK(strstr(bl_err_message(), "use at least 2 ranks") != NULL);
    CHECK(matrix == NULL);
}

/* BLACS keeps tables of its contexts: they must be given back. */
static void test_many(MPI_Comm comm) {
    double shift = 0.0, value;
    for (int i = 0; i < 500; i++) {
        bl_blockmatrix *matrix = create(comm, 9, 2, second_difference, &shift);
        CHECK_OK(bl_blockmatrix_cholesky(matrix));
        CHECK_OK(bl_blockmatrix_log_determinant(matrix, &value));
        CHECK_CLOSE(value, log(10.0), 1e-13);
        bl_blockmatrix_destroy(&matrix);
    }
}

static void test_all(MPI_Comm comm) {
    const size_t sizes[] = {1, 7, 64, 65, 200}, blocks[] = {1, 3, 64};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t j = 0; j < sizeof blocks / sizeof *blocks; j++) {
            if (sizes[i] / blocks[j] > 70) /* many messages on few cores: slow, and nothing new */
                continue;
            test_eigenvalues(comm, sizes[i], blocks[j]);
            test_against_lapack(comm, sizes[i], blocks[j]);
            test_cholesky(comm, sizes[i], blocks[j]);
            test_divergence(comm, sizes[i], blocks[j]);
            test_not_positive(comm, sizes[i], blocks[j]);
            test_blocks(comm, sizes[i], blocks[j]);
            test_solve(comm, sizes[i], blocks[j]);
            test_multiply(comm, sizes[i], blocks[j]);
        }
    test_many(comm);
}

int main(int argc, char **argv) {
    bl_comm comm;
    CHECK_OK(bl_comm_start(&argc, &argv, &comm));
    test_bad_sizes();
    test_all(comm.world);
    test_all(MPI_COMM_SELF);
    int result = check_result();
    bl_comm_end(&comm);
    return result;
}

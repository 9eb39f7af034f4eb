/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The condition on the multipliers: matrices, the largest eigenvalue, and what its eigenvectors say of gradients.
 *
 * Rows are the neurons that bend, scaled by sqrt(lambda): sqrt(lambda) v = E D + B psi with E = sqrt(lambda) J W_0 and
 * B = sqrt(lambda) P; columns of B, scaled by 1 / sqrt(kappa), are those that bend in layers before the last. Only Gram
 * matrices of E are needed, E T^-1 E^T = sqrt(lambda) J (W_0 T^-1 W_0^T) J^T sqrt(lambda): nothing is as long as the input.
 */
#include "quadratic_form.h"
#include "base/blas.h"
#include "quadratic.h"

#include <math.h>
#include <string.h>

enum { STEPS = 36 };
static const double NEAR_TOP = 0.15, TEMPERATURE = 0.03;

/* W_0 T^-1 W_0^T. */
const double *bl_quadratic_gram(bl_quadratic *q) {
    const bl_relu_chain *c = q->chain;
    const size_t rows = c->width[1], n = c->n;
    if (!isinf(q->ball->p))
        return c->gram;
    for (size_t j = 0; j < n; j++)
        q->work[j] = 1.0 / sqrt(q->t[j]);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++)
            q->scaled[i * n + j] = c->weight[0][i * n + j] * q->work[j];
    bl_blas_syrk(rows, n, 1.0, q->scaled, n, 0.0, q->gram, rows);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < i; j++)
            q->gram[j * rows + i] = q->gram[i * rows + j];
    return q->gram;
}

/* J_l of the layers after the first: v_l = J_l W_0 D + ...; J_l = W_{l-1} diag(a) J_{l-1}, J_1 = 1. */
static void paths_to_first(bl_quadratic *q) {
    const bl_relu_chain *c = q->chain;
    const size_t first = c->width[1];
    for (size_t l = 1; l < c->depth; l++) {
        const size_t rows = c->width[l + 1], inner = c->width[l];
        const double *a = q->slope + c->offset[l - 1], *weight = c->weight[l];
        double *to = q->to_first + (c->offset[l] - first) * first;
        if (l == 1) {
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < inner; j++)
                    to[i * inner + j] = weight[i * inner + j] * a[j];
            continue;
        }
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < inner; j++)
                q->path[0][i * inner + j] = weight[i * inner + j] * a[j];
        bl_blas_gemm(false, false, rows, first, inner, 1.0, q->path[0], inner,
                     q->to_first + (c->offset[l - 1] - first) * first, first, 0.0, to, first);
    }
}

/* B of psi in layer m (from 0): P of one layer after the other, W_{m+1} first, then W diag(a) P. */
static void columns_of_layer(bl_quadratic *q, size_t m, size_t ld) {
    const bl_relu_chain *c = q->chain;
    const size_t from = q->first[m], count = q->first[m + 1] - from, second = q->first[1];
    double *path = q->path[0], *next = q->path[1], *scaled = q->form; /* the form comes later */
    if (count == 0)
        return;
    for (size_t l = m + 1; l < c->depth; l++) {
        const size_t rows = c->width[l + 1], inner = c->width[l];
        const double *weight = c->weight[l], *a = q->slope + c->offset[l - 1];
        if (l == m + 1)
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < count; j++)
                    next[i * count + j] = weight[i * inner + q->bend[from + j] - c->offset[m]];
        else {
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < inner; j++)
                    scaled[i * inner + j] = weight[i * inner + j] * a[j];
            bl_blas_gemm(false, false, rows, count, inner, 1.0, scaled, inner, path, count, 0.0, next, count);
        }
        for (size_t b = q->first[l]; b < q->first[l + 1]; b++) {
            const double *row = next + (q->bend[b] - c->offset[l]) * count,
                         scale = sqrt(q->lambda[q->bend[b]]);
            for (size_t j = 0; j < count; j++)
                q->columns[(b - second) * ld + from + j] = scale * row[j] / sqrt(q->kappa[q->bend[from + j]]);
        }
        double *swap = path;
        path = next;
        next = swap;
    }
}

size_t bl_quadratic_columns(bl_quadratic *q) {
    const bl_relu_chain *c = q->chain;
    const size_t ld = q->first[c->depth - 1], rows = q->bends - q->first[1];
    memset(q->columns, 0, rows * ld * sizeof *q->columns);
    for (size_t m = 0; m + 1 < c->depth; m++)
        columns_of_layer(q, m, ld);
    return ld;
}

/* The Gram matrix of the rows, lower triangle of form[bends][bends]. */
void bl_quadratic_gram_of_rows(bl_quadratic *q, const double *gram) {
    const bl_relu_chain *c = q->chain;
    const size_t first = c->width[1], m = q->bends, one = q->first[1], rest = m - one;
    for (size_t i = 0; i < one; i++)
        for (size_t j = 0; j <= i; j++)
            q->form[i * m + j] =
                gram[q->bend[i] * first + q->bend[j]] * sqrt(q->lambda[q->bend[i]] * q->lambda[q->bend[j]]);
    if (rest == 0)
        return;
    for (size_t b = one; b < m; b++) {
        const double *row = q->to_first + (q->bend[b] - first) * first, scale = sqrt(q->lambda[q->bend[b]]);
        for (size_t j = 0; j < first; j++)
            q->rows[(b - one) * first + j] = scale * row[j];
    }
    bl_blas_gemm(false, false, rest, first, first, 1.0, q->rows, first, gram, first, 0.0, q->image, first);
    for (size_t b = one; b < m; b++)
        for (size_t j = 0; j < one; j++)
            q->form[b * m + j] = q->image[(b - one) * first + q->bend[j]] * sqrt(q->lambda[q->bend[j]]);
    bl_blas_gemm(false, true, rest, rest, first, 1.0, q->image, first, q->rows, first, 0.0,
                 q->form + one * m + one, m);
}

/* y = C^-1 A C^-T x; C works on the rows after the first layer's. */
static void apply(const bl_quadratic *q, const double *x, double *y, double *work) {
    const size_t m = q->bends, one = q->first[1], rest = m - one;
    memcpy(work, x, m * sizeof *work);
    if (rest > 0)
        bl_blas_solve_lower(true, rest, q->factor, rest, work + one);
    bl_blas_symv(m, q->form, m, work, y);
    if (rest > 0)
        bl_blas_solve_lower(false, rest, q->factor, rest, y + one);
}

/* Lanczos with full orthogonalisation. @return number of steps; diagonal, below: the tridiagonal matrix */
static size_t lanczos(bl_quadratic *q, double *diagonal, double *below) {
    const size_t m = q->bends, most = m < STEPS ? m : STEPS;
    double *basis = q->krylov, *work = q->krylov + (most + 1) * m;
    double norm = sqrt(bl_blas_dot(m, q->start, q->start));
    for (size_t i = 0; i < m && !(norm > 0.0); i++)
        q->start[i] = 1.0 + (double)(i * 7919 % 101) / 101.0;
    norm = sqrt(bl_blas_dot(m, q->start, q->start));
    for (size_t i = 0; i < m; i++)
        basis[i] = q->start[i] / norm;
    for (size_t k = 0; k < most; k++) {
        double *v = basis + k * m, *next = v + m;
        apply(q, v, next, work);
        diagonal[k] = bl_blas_dot(m, v, next);
        for (int pass = 0; pass < 2; pass++)
            for (size_t e = 0; e <= k; e++) {
                const double overlap = bl_blas_dot(m, basis + e * m, next);
                for (size_t i = 0; i < m; i++)
                    next[i] -= overlap * basis[e * m + i];
            }
        below[k] = sqrt(bl_blas_dot(m, next, next));
        if (k + 1 == most || !(below[k] > 1e-12 * fabs(diagonal[0])))
            return k + 1;
        for (size_t i = 0; i < m; i++)
            next[i] /= below[k];
    }
    return most;
}

/* What one eigenvector x, value k, induces: with y = C^-T x, sqrt(lambda) v = sqrt(k) y, psi = sqrt(k / kappa) B^T y. Then v of all
 * neurons, layer by layer, and dk/da by the chain rule backwards. */
static void add_vector(bl_quadratic *q, double weight, const double *gram, size_t ld) {
    const bl_relu_chain *c = q->chain;
    const size_t m = q->bends, one = q->first[1], rest = m - one, first = c->width[1];
    double *y = q->krylov, *psi = y + m, *inner = psi + c->neurons, *v = inner + c->neurons,
           *force = v + c->neurons, *part = force + c->neurons;
    const double root = sqrt(q->k);
    memset(psi, 0, c->neurons * sizeof *psi);
    if (rest > 0) {
        bl_blas_solve_lower(true, rest, q->factor, rest, y + one);
        if (ld > 0)
            bl_blas_gemv(true, rest, ld, 1.0, q->columns, ld, y + one, 0.0, part);
        for (size_t b = 0; b < ld; b++)
            psi[q->bend[b]] = root * part[b] / sqrt(q->kappa[q->bend[b]]);
    }
    /* inner = sum sqrt(lambda) J^T y over rows: D = T^-1 W_0^T inner / sqrt(k), W_0 D = gram inner / sqrt(k) */
    memset(inner, 0, first * sizeof *inner);
    for (size_t b = 0; b < one; b++)
        inner[q->bend[b]] = sqrt(q->lambda[q->bend[b]]) * y[b];
    if (rest > 0)
        bl_blas_gemv(true, rest, first, 1.0, q->rows, first, y + one, 1.0, inner);
    if (isinf(q->ball->p)) {
        bl_blas_gemv(true, first, c->n, 1.0 / root, q->scaled, c->n, inner, 0.0, q->work); /* sqrt(t) D */
        for (size_t j = 0; j < c->n; j++)
            q->d_square[j] += weight * q->work[j] * q->work[j];
    }
    bl_blas_gemv(false, first, first, 1.0 / root, gram, first, inner, 0.0, v);
    for (size_t l = 1; l < c->depth; l++) {
        for (size_t i = 0; i < c->width[l]; i++)
            part[i] = q->slope[c->offset[l - 1] + i] * v[c->offset[l - 1] + i] + psi[c->offset[l - 1] + i];
        bl_blas_gemv(false, c->width[l + 1], c->width[l], 1.0, c->weight[l], c->width[l], part, 0.0,
                     v + c->offset[l]);
    }
    memset(force, 0, c->neurons * sizeof *force); /* force = d/dv of sum lambda v^2, all paths */
    for (size_t l = c->depth; l-- > 0;) {
        const size_t at = c->offset[l], width = c->width[l + 1];
        for (size_t k = at; k < at + width; k++) {
            q->v_square[k] += weight * v[k] * v[k];
            q->psi_square[k] += weight * psi[k] * psi[k];
            q->k_slope[k] += weight * force[k] * v[k]; /* before a: through the layers above */
            force[k] = q->slope[k] * force[k] + 2.0 * q->lambda[k] * v[k];
        }
        if (l > 0)
            bl_blas_gemv(true, width, c->width[l], 1.0, c->weight[l], c->width[l], force + at, 0.0,
                         force + c->offset[l - 1]);
    }
}

/* Eigenvectors near the top, weighted as a softmax of their values: the largest eigenvalue is not smooth where several meet. */
static bool take_vectors(bl_quadratic *q, const double *gram, size_t ld) {
    const size_t m = q->bends;
    double diagonal[STEPS], below[STEPS], ritz[STEPS * STEPS], work[2 * STEPS], sum = 0.0;
    const size_t steps = lanczos(q, diagonal, below);
    if (!bl_blas_tridiagonal(steps, diagonal, below, ritz, work))
        return false;
    const double top = diagonal[steps - 1];
    double *vector =
        q->work; /* [BL_QUADRATIC_VECTORS][m] would be too long: made one at a time from the basis */
    (void)vector;
    q->k = top;
    q->vectors = 0;
    if (!(top > 0.0))
        return isfinite(top);
    while (q->vectors < steps && q->vectors < BL_QUADRATIC_VECTORS &&
           diagonal[steps - 1 - q->vectors] > top * (1.0 - NEAR_TOP)) {
        q->weight[q->vectors] = exp((diagonal[steps - 1 - q->vectors] - top) / (TEMPERATURE * top));
        sum += q->weight[q->vectors++];
    }
    double *found = q->form; /* no longer needed: the form's memory takes the vectors */
    for (size_t e = 0; e < q->vectors; e++) {
        q->weight[e] /= sum;
        bl_blas_gemv(true, steps, m, 1.0, q->krylov, m, ritz + (steps - 1 - e) * steps, 0.0, found + e * m);
    }
    memset(q->start, 0, m * sizeof *q->start);
    for (size_t e = 0; e < q->vectors; e++)
        for (size_t i = 0; i < m; i++)
            q->start[i] += found[e * m + i] * (e == 0 ? 1.0 : 0.3);
    for (size_t e = 0; e < q->vectors; e++) {
        memcpy(q->krylov, found + e * m, m * sizeof *found);
        add_vector(q, q->weight[e], gram, ld);
    }
    return true;
}

bool bl_quadratic_form(bl_quadratic *q) {
    const bl_relu_chain *c = q->chain;
    const size_t rest = q->bends - q->first[1];
    size_t ld = 0;
    q->k = 0.0;
    q->vectors = 0;
    memset(q->v_square, 0, c->neurons * sizeof(double));
    memset(q->psi_square, 0, c->neurons * sizeof(double));
    memset(q->k_slope, 0, c->neurons * sizeof(double));
    memset(q->d_square, 0, c->n * sizeof(double));
    if (q->bends == 0)
        return true;
    if (rest > 0) {
        ld = bl_quadratic_columns(q);
        memset(q->factor, 0, rest * rest * sizeof *q->factor);
        if (ld > 0)
            bl_blas_syrk(rest, ld, -1.0, q->columns, ld, 0.0, q->factor, rest);
        for (size_t i = 0; i < rest; i++)
            q->factor[i * rest + i] += 1.0;
        if (!bl_blas_cholesky(rest, q->factor, rest))
            return false;
        paths_to_first(q);
    }
    const double *gram = bl_quadratic_gram(q);
    bl_quadratic_gram_of_rows(q, gram);
    return take_vectors(q, gram, ld);
}

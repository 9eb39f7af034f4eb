/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Kernels of infinitely wide dense networks (THEORY.md, section 3.1). The law of value and gradient at a point is
 * in nngp_local.c.
 */
#include "borderline/gp.h"

#include "base/mem.h"
#include "tanh_nodes.h"
#include <math.h>

static const double pi = 3.14159265358979323846;

/* k1 k2 - k^2, without cancellation where k is near sqrt(k1 k2), never negative */
static double determinant(double k1, double k2, double k) {
    double geometric_mean = sqrt(k1 * k2);
    return fmax((geometric_mean - k) * (geometric_mean + k), 0.0);
}

/* slopes a below and 1 above zero (Cho and Saul 2009 for a = 0; Tsuchida et al. 2018) */
static void two_slope_layer(double a, double k1, double k2, double k, double *v, double *dv) {
    double root = sqrt(determinant(k1, k2, k)), angle = atan2(root, k);
    double step = (a - 1.0) * (a - 1.0) / (2.0 * pi);
    *dv = 0.5 * (1.0 + a * a) - step * angle;
    *v = step * root + *dv * k;
}

/* Williams 1997; product = k1 k2 - k^2 */
static inline void erf_layer(double k1, double k2, double k, double product, double *v, double *dv) {
    double root = sqrt(1.0 + 2.0 * (k1 + k2) + 4.0 * product);
    *v = 2.0 / pi * atan2(2.0 * k, root);
    *dv = 4.0 / (pi * root);
}

static void tanh_layer(double k1, double k2, double k, double *v, double *dv) {
    double product = determinant(k1, k2, k), v_sum = 0.0, dv_sum = 0.0;
    for (int i = 0; i < TANH_NODES; i++) {
        double s1 = tanh_node[i].scale, v_row = 0.0, dv_row = 0.0;
        for (int j = 0; j < TANH_NODES; j++) {
            double s2 = tanh_node[j].scale, s12 = s1 * s2, v_term, dv_term;
            erf_layer(s1 * s1 * k1, s2 * s2 * k2, s12 * k, s12 * s12 * product, &v_term, &dv_term);
            v_row += tanh_node[j].weight * v_term;
            dv_row += tanh_node[j].weight * s12 * dv_term;
        }
        v_sum += tanh_node[i].weight * v_row;
        dv_sum += tanh_node[i].weight * dv_row;
    }
    *v = v_sum;
    *dv = dv_sum;
}

/* Tsuchida et al. 2021 (THEORY.md, section 3.2); dV is the derivative in k. */
static void gelu_layer(double k1, double k2, double k, double *v, double *dv) {
    double ends = (1.0 + k1) * (1.0 + k2), square = 1.0 + k1 + k2 + determinant(k1, k2, k);
    double root = sqrt(square), angle = atan2(k, root);
    *v = 0.25 * k + ((k * k + k1 * k2 * square) / (ends * root) + k * angle) / (2.0 * pi);
    *dv =
        0.25 + (angle + k / root + k * (2.0 - k1 * k2) / (ends * root) + k * k * k / (ends * square * root)) /
                   (2.0 * pi);
}

void bl_nngp_layer(const bl_gp_model *model, double k1, double k2, double k, double *v, double *dv) {
    double derivative = 0.0;
    switch (model->activation) {
    case BL_RELU:
        two_slope_layer(0.0, k1, k2, k, v, &derivative);
        break;
    case BL_LEAKY_RELU:
        two_slope_layer(model->negative_slope, k1, k2, k, v, &derivative);
        break;
    case BL_ERF:
        erf_layer(k1, k2, k, determinant(k1, k2, k), v, &derivative);
        break;
    case BL_TANH:
        tanh_layer(k1, k2, k, v, &derivative);
        break;
    case BL_GELU:
        gelu_layer(k1, k2, k, v, &derivative);
        break;
    case BL_ACTIVATION_COUNT:
        bl_err_bug(__FILE__, __LINE__, "the activation is known");
    }
    if (dv)
        *dv = derivative;
}

static double affine(const bl_gp_model *model, double covariance) {
    return model->bias_variance + model->weight_variance * covariance;
}

/* Kernel of each input with itself, all layers: variance[layer][count], layer 0 filled on entry. */
static void variances(const bl_gp_model *model, size_t count, double *variance) {
    for (size_t k = 0; k < model->depth * count; k++) {
        double v;
        bl_nngp_layer(model, variance[k], variance[k], variance[k], &v, NULL);
        variance[count + k] = affine(model, v);
    }
}

/* Eight partial sums: vectors of one processor need no other order than those of another. */
static double mean_square(size_t n, const float *x) {
    enum { LANES = 8 };
    double lane[LANES] = {0}, sum = 0.0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += (double)x[i + k] * (double)x[i + k];
    for (; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    for (size_t k = 0; k < LANES; k++)
        sum += lane[k];
    return sum / (double)n;
}

/* One entry through all layers; on entry k is <x, y>/n. */
static double entry(const bl_gp_model *model, double k, const double *row_variance, size_t rows,
                    const double *column_variance, size_t columns) {
    k = affine(model, k);
    for (size_t l = 0; l < model->depth; l++) {
        double v;
        bl_nngp_layer(model, row_variance[l * rows], column_variance[l * columns], k, &v, NULL);
        k = affine(model, v);
    }
    return k;
}

static bl_err kernel_symmetric(const bl_gp_model *model, size_t n, size_t count, const float *x,
                               double *kernel) {
    bl_err err = BL_OK;
    double *variance = NULL;
    BL_ALLOC(variance, (model->depth + 1) * count);
    BL_TRY(bl_gram_product(n, count, x, count, x, 1.0 / (double)n, 0.0, kernel));
    for (size_t i = 0; i < count; i++)
        variance[i] = affine(model, kernel[i * count + i]);
    variances(model, count, variance);
    for (size_t i = 0; i < count; i++) {
        kernel[i * count + i] = variance[model->depth * count + i];
        for (size_t j = 0; j < i; j++) {
            double k = entry(model, kernel[i * count + j], variance + i, count, variance + j, count);
            kernel[i * count + j] = kernel[j * count + i] = k;
        }
    }
cleanup:
    bl_mem_free(variance);
    return err;
}

bl_err bl_nngp_kernel(const bl_gp_model *model, size_t n, size_t rows, const float *x, size_t columns,
                      const float *y, double *kernel) {
    if (x == y && rows == columns)
        return kernel_symmetric(model, n, rows, x, kernel);
    bl_err err = BL_OK;
    double *row_variance = NULL, *column_variance = NULL;
    BL_ALLOC(row_variance, (model->depth + 1) * rows);
    BL_ALLOC(column_variance, (model->depth + 1) * columns);
    for (size_t i = 0; i < rows; i++)
        row_variance[i] = affine(model, mean_square(n, x + i * n));
    for (size_t j = 0; j < columns; j++)
        column_variance[j] = affine(model, mean_square(n, y + j * n));
    variances(model, rows, row_variance);
    variances(model, columns, column_variance);
    BL_TRY(bl_gram_product(n, rows, x, columns, y, 1.0 / (double)n, 0.0, kernel));
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            kernel[i * columns + j] =
                entry(model, kernel[i * columns + j], row_variance + i, rows, column_variance + j, columns);
cleanup:
    bl_mem_free(row_variance);
    bl_mem_free(column_variance);
    return err;
}

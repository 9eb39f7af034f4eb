/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Kernels of sampled networks, and how far they are from the limit.
 */
#include "borderline/gp.h"

#include "base/mem.h"
#include "base/stats.h"
#include <math.h>

bl_err bl_empirical_add_features(const bl_gp_model *model, size_t inputs, size_t width, const float *features,
                                 double *gram) {
    for (size_t k = 0; k < inputs * inputs; k++)
        gram[k] += model->bias_variance;
    return bl_gram_product(width, inputs, features, inputs, features, model->weight_variance / (double)width,
                           1.0, gram);
}

/* Covariance over the classes of two inputs' logits: sum of (z - mean)(z' - mean'), measured from the first class. */
static double output_term(size_t classes, const float *left, const float *right) {
    double product = 0.0, left_sum = 0.0, right_sum = 0.0;
    for (size_t c = 1; c < classes; c++) {
        double a = (double)left[c] - (double)left[0], b = (double)right[c] - (double)right[0];
        product += a * b;
        left_sum += a;
        right_sum += b;
    }
    return 1.0 / (double)(classes - 1) * (product - left_sum * right_sum / (double)classes);
}

void bl_empirical_add_outputs(size_t inputs, size_t classes, const float *logits, double *gram) {
    BL_ASSERT(classes >= 2);
    for (size_t i = 0; i < inputs; i++)
        for (size_t j = 0; j <= i; j++) {
            double term = output_term(classes, logits + i * classes, logits + j * classes);
            gram[i * inputs + j] += term;
            if (j < i)
                gram[j * inputs + i] += term;
        }
}

void bl_empirical_add_output_block(size_t rows, const float *left, size_t columns, const float *right,
                                   size_t classes, double *block) {
    BL_ASSERT(classes >= 2);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            block[i * columns + j] += output_term(classes, left + i * classes, right + j * classes);
}

double bl_empirical_deviation(size_t inputs, double scale, const double *a, const double *b) {
    double difference = 0.0, norm = 0.0;
    for (size_t k = 0; k < inputs * inputs; k++) {
        double d = scale * a[k] - b[k];
        difference += d * d;
        norm += b[k] * b[k];
    }
    return sqrt(difference / norm);
}

double bl_empirical_kurtosis(size_t samples, size_t inputs, const double *output) {
    double sum = 0.0, columns = 0.0;
    for (size_t i = 0; i < inputs; i++) {
        double moment[BL_MOMENTS];
        bl_stats_moments(output + i, samples, inputs, NULL, moment);
        if (!isnan(moment[BL_MOMENT_KURTOSIS])) {
            sum += moment[BL_MOMENT_KURTOSIS];
            columns += 1.0;
        }
    }
    return sum / columns;
}

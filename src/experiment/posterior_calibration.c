/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Probabilities of classes from the posterior of regression, and how well they are calibrated.
 */
#include "posterior_internal.h"

#include "base/stats.h"

#include <math.h>

/* P(number c is the largest) of independent normals of these means and one deviation: the trapezoidal rule, whose error for
 * this smooth integrand on the whole line is under 1e-12. */
static double probability_of(size_t count, const double *mean, double deviation, size_t c) {
    enum { POINTS = 137 };
    const double end = 8.5, step = 0.125, one_over_sqrt_2pi = 0.39894228040143267794;
    double sum = 0;
    for (int i = 0; i < POINTS; i++) {
        const double u = step * i - end;
        double term = exp(-0.5 * u * u);
        for (size_t j = 0; j < count && term > 0; j++)
            if (j != c)
                term *= bl_stats_normal_cdf((mean[c] - mean[j]) / deviation + u);
        sum += term;
    }
    return sum * step * one_over_sqrt_2pi;
}

static double class_probability(const bl_posterior *p, size_t t, size_t c) {
    double deviation = sqrt(p->variance[t] + p->config->noise);
    if (p->columns == 1)
        return bl_stats_normal_cdf((c == 1 ? 1 : -1) * p->mean[t] / deviation);
    return probability_of(p->columns, p->mean + t * p->columns, deviation, c);
}

static size_t largest(const bl_posterior *p, const double *value, size_t stride) {
    size_t best = 0;
    if (p->columns == 1)
        return value[0] > 0;
    for (size_t c = 1; c < p->columns; c++)
        best = value[c * stride] > value[best * stride] ? c : best;
    return best;
}

/* The posterior mean at the training images is y - noise alpha. */
static double training_accuracy(const bl_posterior *p) {
    size_t right = 0;
    for (size_t i = 0; i < p->train; i++) {
        double value[256];
        for (size_t c = 0; c < p->columns; c++) {
            size_t at = c * p->train + i;
            value[c] = p->target[at] - p->config->noise * p->alpha[at];
        }
        right += (int32_t)largest(p, value, 1) == p->label[i];
    }
    return (double)right / (double)p->train;
}

static void close_bins(bl_posterior *p) {
    p->calibration_error = 0;
    for (size_t b = 0; b < BL_CALIBRATION_BINS; b++) {
        double count = (double)p->bin_count[b];
        if (count > 0)
            p->calibration_error += fabs(p->bin_accuracy[b] - p->bin_confidence[b]) / (double)p->test;
        p->bin_accuracy[b] = count > 0 ? p->bin_accuracy[b] / count : NAN;
        p->bin_confidence[b] = count > 0 ? p->bin_confidence[b] / count : NAN;
    }
}

bl_err bl_posterior_calibrate(bl_posterior *p) {
    size_t right = 0;
    for (size_t t = 0; t < p->test; t++) {
        size_t best = largest(p, p->mean + t * p->columns, 1);
        bool hit = (int32_t)best == p->label_test[t];
        p->predicted[t] = (int32_t)best;
        p->confidence[t] = class_probability(p, t, best);
        double truth = class_probability(p, t, (size_t)p->label_test[t]);
        p->negative_log -= log(fmax(truth, 1e-300)) / (double)p->test;
        size_t bin = (size_t)(p->confidence[t] * BL_CALIBRATION_BINS);
        bin = bin < BL_CALIBRATION_BINS ? bin : BL_CALIBRATION_BINS - 1;
        p->bin_count[bin]++;
        p->bin_confidence[bin] += p->confidence[t];
        p->bin_accuracy[bin] += hit;
        right += hit;
    }
    p->accuracy = (double)right / (double)p->test;
    p->accuracy_train = training_accuracy(p);
    close_bins(p);
    return BL_OK;
}

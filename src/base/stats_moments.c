/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How far a sample is from standard normal: moments, the Kolmogorov-Smirnov distance, their standard errors.
 */
#include "mem.h"
#include "stats.h"

#include <math.h>
#include <stdlib.h>

void bl_stats_resample(bl_stream stream, size_t number, size_t clusters, uint32_t *word,
                       uint32_t *multiplicity) {
    uint64_t words = (clusters + 3) / 4 * 4; /* a resample starts at a whole counter */
    bl_rng_words(stream, words * number, clusters, word);
    for (size_t c = 0; c < clusters; c++)
        multiplicity[c] = 0;
    for (size_t c = 0; c < clusters; c++)
        multiplicity[(uint64_t)word[c] * clusters >> 32]++;
}

void bl_stats_moments(const double *x, size_t count, size_t stride, const uint32_t *weight, double *moment) {
    double m = 0.0, sum = 0.0, power[3] = {0.0};
    for (size_t i = 0; i < count; i++)
        if (!isnan(x[i * stride])) {
            double w = weight ? weight[i] : 1.0;
            m += w;
            sum += w * x[i * stride];
        }
    const double mean = sum / m;
    for (size_t i = 0; i < count; i++)
        if (!isnan(x[i * stride])) {
            double w = weight ? weight[i] : 1.0, d = x[i * stride] - mean, square = d * d;
            power[0] += w * square;
            power[1] += w * square * d;
            power[2] += w * square * square;
        }
    moment[BL_MOMENT_VARIANCE] = moment[BL_MOMENT_SKEWNESS] = moment[BL_MOMENT_KURTOSIS] = NAN;
    if (m < 4.0 || !(power[0] > 0.0))
        return;
    const double second = power[0] / m, skewness = power[1] / m / (second * sqrt(second));
    const double kurtosis = power[2] / m / (second * second) - 3.0;
    moment[BL_MOMENT_VARIANCE] = power[0] / (m - 1.0);
    moment[BL_MOMENT_SKEWNESS] = sqrt(m * (m - 1.0)) / (m - 2.0) * skewness;
    moment[BL_MOMENT_KURTOSIS] = (m - 1.0) * ((m + 1.0) * kurtosis + 6.0) / ((m - 2.0) * (m - 3.0));
}

double bl_stats_deviation(const double *x, size_t count) {
    double moment[BL_MOMENTS];
    bl_stats_moments(x, count, 1, NULL, moment);
    return sqrt(moment[BL_MOMENT_VARIANCE]);
}

/* A number of a column, its row, and Phi there. */
typedef struct entry {
    double value, normal;
    uint32_t row;
} entry;

static int compare(const void *a, const void *b) {
    const entry *left = a, *right = b;
    int order = (left->value > right->value) - (left->value < right->value);
    return order ? order : (left->row > right->row) - (left->row < right->row);
}

/* sup |F - Phi| of a sorted column, both sides of each jump */
static double distance_to_normal(const entry *sorted, size_t count, const uint32_t *weight) {
    double total = 0.0, below = 0.0, distance = 0.0;
    for (size_t i = 0; i < count; i++)
        total += weight ? weight[sorted[i].row] : 1.0;
    for (size_t i = 0; i < count; i++) {
        double above = below + (weight ? weight[sorted[i].row] : 1.0);
        distance = fmax(distance, fmax(sorted[i].normal - below / total, above / total - sorted[i].normal));
        below = above;
    }
    return total > 0.0 ? distance : NAN;
}

typedef struct columns {
    const double *x;
    size_t rows, count;
    entry *sorted;   /* [count][rows] */
    size_t *numbers; /* [count] that are not missing */
} columns;

/* Means over the columns that have enough numbers. */
static void measure(const columns *c, const uint32_t *weight, double *moment) {
    double used = 0.0;
    for (size_t k = 0; k < BL_MOMENTS; k++)
        moment[k] = 0.0;
    for (size_t j = 0; j < c->count; j++) {
        double one[BL_MOMENTS];
        bl_stats_moments(c->x + j, c->rows, c->count, weight, one);
        if (isnan(one[BL_MOMENT_VARIANCE]))
            continue;
        one[BL_MOMENT_KS] = distance_to_normal(c->sorted + j * c->rows, c->numbers[j], weight);
        for (size_t k = 0; k < BL_MOMENTS; k++)
            moment[k] += one[k];
        used += 1.0;
    }
    for (size_t k = 0; k < BL_MOMENTS; k++)
        moment[k] /= used;
}

static bl_err sort_columns(columns *c) {
    bl_err err = BL_OK;
    BL_ALLOC(c->sorted, c->rows * c->count);
    BL_ALLOC(c->numbers, c->count);
    for (size_t j = 0; j < c->count; j++) {
        entry *sorted = c->sorted + j * c->rows;
        for (size_t i = 0; i < c->rows; i++) {
            double value = c->x[i * c->count + j];
            if (!isnan(value))
                sorted[c->numbers[j]++] = (entry){value, bl_stats_normal_cdf(value), (uint32_t)i};
        }
        qsort(sorted, c->numbers[j], sizeof *sorted, compare);
    }
cleanup:
    return err;
}

bl_err bl_stats_normality(const double *x, size_t rows, size_t columns_count, size_t resamples,
                          bl_stream stream, double *moment, double *error) {
    bl_err err = BL_OK;
    columns c = {x, rows, columns_count, NULL, NULL};
    uint32_t *word = NULL, *multiplicity = NULL;
    double *found = NULL; /* [BL_MOMENTS][resamples] */
    BL_ASSERT(rows <= UINT32_MAX);
    BL_TRY(sort_columns(&c));
    BL_ALLOC(word, rows);
    BL_ALLOC(multiplicity, rows);
    BL_ALLOC(found, BL_MOMENTS * resamples);
    measure(&c, NULL, moment);
    for (size_t r = 0; r < resamples; r++) {
        double one[BL_MOMENTS];
        bl_stats_resample(stream, r, rows, word, multiplicity);
        measure(&c, multiplicity, one);
        for (size_t k = 0; k < BL_MOMENTS; k++)
            found[k * resamples + r] = one[k];
    }
    for (size_t k = 0; k < BL_MOMENTS; k++)
        error[k] = bl_stats_deviation(found + k * resamples, resamples);
cleanup:
    bl_mem_free(c.sorted);
    bl_mem_free(c.numbers);
    bl_mem_free(word);
    bl_mem_free(multiplicity);
    bl_mem_free(found);
    return err;
}

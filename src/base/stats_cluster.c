/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Mean and variance over clusters: each is its count, sum and sum of squares.
 */
#include "mem.h"
#include "stats.h"

#include <math.h>

typedef struct cluster {
    double count, sum, squares; /* of x less a common origin */
} cluster;

static void moments(const cluster *c, size_t clusters, const uint32_t *weight, double *mean,
                    double *variance) {
    cluster all = {0};
    double used = 0.0, spread = 0.0;
    for (size_t i = 0; i < clusters; i++) {
        const double w = weight ? weight[i] : 1.0;
        all.count += w * c[i].count;
        all.sum += w * c[i].sum;
        all.squares += w * c[i].squares;
        used += c[i].count > 0.0 ? w : 0.0;
    }
    *mean = all.sum / all.count;
    for (size_t i = 0; i < clusters; i++) {
        const double d = c[i].sum - c[i].count * *mean;
        spread += (weight ? weight[i] : 1.0) * d * d;
    }
    spread *= used / (used - 1.0) / (all.count * all.count);
    *variance = used > 1.0 ? all.squares / all.count - *mean * *mean + spread : (double)NAN;
}

bl_err bl_stats_cluster_moments(const double *x, size_t clusters, size_t size, size_t resamples,
                                bl_stream stream, double *mean, double *mean_error, double *variance,
                                double *variance_error) {
    bl_err err = BL_OK;
    cluster *c = NULL;
    uint32_t *word = NULL, *multiplicity = NULL;
    double *found = NULL, origin = NAN; /* found[2][resamples] */
    BL_ALLOC(c, clusters);
    BL_ALLOC(word, clusters);
    BL_ALLOC(multiplicity, clusters);
    BL_ALLOC(found, 2 * resamples);
    for (size_t i = 0; i < clusters * size; i++) {
        if (isnan(x[i]))
            continue;
        origin = isnan(origin) ? x[i] : origin;
        const double d = x[i] - origin;
        c[i / size].count += 1.0;
        c[i / size].sum += d;
        c[i / size].squares += d * d;
    }
    moments(c, clusters, NULL, mean, variance);
    *mean += origin;
    for (size_t r = 0; r < resamples; r++) {
        bl_stats_resample(stream, r, clusters, word, multiplicity);
        moments(c, clusters, multiplicity, &found[r], &found[resamples + r]);
    }
    *mean_error = bl_stats_deviation(found, resamples);
    *variance_error = bl_stats_deviation(found + resamples, resamples);
    if (isnan(*mean_error)) /* no spread */
        *mean_error = 0.0;
    if (clusters < 2 || isnan(*mean))
        *mean_error = *variance_error = NAN;
cleanup:
    bl_mem_free(c);
    bl_mem_free(word);
    bl_mem_free(multiplicity);
    bl_mem_free(found);
    return err;
}

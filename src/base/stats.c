/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Order statistics, of numbers and of clusters of dependent numbers. Fits are in stats_fit.c, moments in stats_moments.c and
 * stats_cluster.c, distributions in stats_normal.c and stats_beta.c.
 */
#include "stats.h"

#include "mem.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct entry {
    double value;
    uint32_t cluster;
} entry;

/* ascending, NaN last */
static int compare(double a, double b) {
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int compare_doubles(const void *a, const void *b) {
    return compare(*(const double *)a, *(const double *)b);
}

static int compare_entries(const void *a, const void *b) {
    const entry *left = a, *right = b;
    int order = compare(left->value, right->value);
    return order ? order : (left->cluster > right->cluster) - (left->cluster < right->cluster);
}

/* numbers before the NaN of sorted x */
static size_t sort_numbers(double *x, size_t count) {
    qsort(x, count, sizeof *x, compare_doubles);
    while (count > 0 && isnan(x[count - 1]))
        count--;
    return count;
}

/* between two order statistics; equal ones may be infinite */
static double interpolate(double below, double above, double fraction) {
    return fraction == 0.0 || below == above ? below : below + fraction * (above - below);
}

double bl_stats_quantile(double *x, size_t count, double level) {
    count = sort_numbers(x, count);
    if (count == 0)
        return NAN;
    const double position = (double)(count - 1) * level;
    const size_t place = (size_t)position, next = place + 1 < count ? place + 1 : place;
    return interpolate(x[place], x[next], position - (double)place);
}

/* --- clusters --- */

/* The numbers of all clusters in ascending order. */
typedef struct sample {
    size_t clusters; /* with at least one number */
    size_t values;
    entry *sorted;  /* [values] */
    size_t *size;   /* [all clusters] numbers */
    double *weight; /* [all clusters] scratch */
    size_t all;     /* clusters, empty ones too */
} sample;

static bl_err sample_create(const double *x, size_t clusters, size_t size, sample *s) {
    bl_err err = BL_OK;
    BL_ASSERT(clusters <= UINT32_MAX);
    BL_ALLOC(s->sorted, clusters * size);
    BL_ALLOC(s->size, clusters);
    BL_ALLOC(s->weight, clusters);
    s->all = clusters;
    for (size_t c = 0; c < clusters; c++) {
        for (size_t i = 0; i < size; i++)
            if (!isnan(x[c * size + i])) {
                s->sorted[s->values++] = (entry){x[c * size + i], (uint32_t)c};
                s->size[c]++;
            }
        s->clusters += s->size[c] > 0;
    }
    qsort(s->sorted, s->values, sizeof *s->sorted, compare_entries);
cleanup:
    return err;
}

static void sample_clear(sample *s) {
    bl_mem_free(s->sorted);
    bl_mem_free(s->size);
    bl_mem_free(s->weight);
}

/* The number at a position, 0 the first; positions outside are the ends. `low`: the lower end of an interval does not reach
 * beyond the last finite number. */
static double value_at(const sample *s, double position, bool low) {
    position = fmin(fmax(position, 0.0), (double)(s->values - 1));
    const size_t place = (size_t)position, next = place + 1 < s->values ? place + 1 : place;
    const double below = s->sorted[place].value, above = s->sorted[next].value;
    return low && isinf(above) ? below : interpolate(below, above, position - (double)place);
}

/* How many independent numbers would know the share of numbers below the quantile of this level as well: the variance of that share
 * between clusters, over what it were without them. Equal numbers at the quantile count alike, so that the share is the level. */
static double effective_size(sample *s, double level, double confidence) {
    const double n = (double)s->values, below = level * n, clusters = (double)s->clusters;
    size_t first = (size_t)below < s->values ? (size_t)below : s->values - 1, last = first;
    while (first > 0 && s->sorted[first - 1].value == s->sorted[first].value)
        first--;
    while (last + 1 < s->values && s->sorted[last + 1].value == s->sorted[last].value)
        last++;
    const double share = (below - (double)first) / (double)(last + 1 - first);
    for (size_t c = 0; c < s->all; c++)
        s->weight[c] = -level * (double)s->size[c];
    for (size_t i = 0; i <= last; i++)
        s->weight[s->sorted[i].cluster] += i < first ? 1.0 : share;
    double between = 0.0;
    for (size_t c = 0; c < s->all; c++)
        between += s->weight[c] * s->weight[c];
    between *= clusters / (clusters - 1.0) / (n * n);
    const double single =
        (((double)first + (double)(last + 1 - first) * share * share) / n - level * level) / (n - 1.0);
    if (s->clusters == s->values || !(single > 0.0)) /* no clusters, or all numbers equal */
        return n;
    const double upper = 0.5 + 0.5 * confidence;
    const double widening =
        bl_stats_student_quantile(clusters - 1.0, upper) / bl_stats_normal_quantile(upper);
    return n / fmax(1.0, between / single * widening * widening);
}

/* The share u at which the end of the interval stands: I_level((n + 1) u, (n + 1)(1 - u)) = tail, which falls in u. */
static double end_share(double n, double level, double tail) {
    double low = 0.0, high = 1.0;
    while (high - low > 1e-12) {
        const double u = 0.5 * (low + high);
        *(bl_stats_beta_cdf((n + 1.0) * u, (n + 1.0) * (1.0 - u), level) > tail ? &low : &high) = u;
    }
    return 0.5 * (low + high);
}

static void interval(sample *s, double level, double confidence, double *low, double *high) {
    const double tail = 0.5 * (1.0 - confidence), clusters = (double)s->clusters;
    const bool has_low = s->clusters > 1 && pow(1.0 - level, clusters) <= tail;
    const bool has_high = s->clusters > 1 && pow(level, clusters) <= tail;
    *low = *high = NAN;
    if (!has_low && !has_high)
        return;
    /* `block` numbers stand for one: order statistic k of n is in the middle of its block */
    const double n = effective_size(s, level, confidence), block = (double)s->values / n;
    if (has_low)
        *low = value_at(s, ((n + 1.0) * end_share(n, level, 1.0 - tail) - 0.5) * block - 0.5, true);
    if (has_high)
        *high = value_at(s, ((n + 1.0) * end_share(n, level, tail) - 0.5) * block - 0.5, false);
}

bl_err bl_stats_cluster_quantiles(const double *x, size_t clusters, size_t size, const double *level,
                                  size_t levels, double confidence, double *estimate, double *low,
                                  double *high) {
    bl_err err = BL_OK;
    sample s = {0};
    BL_TRY(sample_create(x, clusters, size, &s));
    for (size_t l = 0; l < levels; l++) {
        estimate[l] = low[l] = high[l] = NAN;
        if (s.values == 0)
            continue;
        estimate[l] = value_at(&s, (double)(s.values - 1) * level[l], false);
        interval(&s, level[l], confidence, &low[l], &high[l]);
    }
cleanup:
    sample_clear(&s);
    return err;
}

/* --- slope at zero --- */

/* Of each cluster: the share of its numbers up to order statistic `rank` (from 1) of all the others, over that number; the mean over
 * numbers. weight[c] is the cluster's numbers among the first `rank` of all. */
static double cross_slope(sample *s, size_t rank) {
    double sum = 0.0;
    for (size_t c = 0; c < s->all; c++)
        s->weight[c] = 0.0;
    for (size_t i = 0; i < rank; i++)
        s->weight[s->sorted[i].cluster] += 1.0;
    for (size_t c = 0; c < s->all; c++) {
        double own = s->weight[c];
        size_t place = rank; /* numbers passed: `rank` of others and `own` */
        while ((double)place - own < (double)rank) {
            own += s->sorted[place].cluster == c;
            place++;
        }
        const double threshold = s->sorted[place - 1].cluster == c ? NAN : s->sorted[place - 1].value;
        if (own > 0.0)
            sum += own / threshold;
    }
    return sum / (double)s->values;
}

bl_err bl_stats_slope_at_zero(const double *x, size_t clusters, size_t size, double confidence,
                              bl_slope *slope) {
    bl_err err = BL_OK;
    sample s = {0};
    size_t largest = 0;
    *slope = (bl_slope){NAN, NAN, NAN};
    BL_TRY(sample_create(x, clusters, size, &s));
    for (size_t c = 0; c < clusters; c++)
        largest = s.size[c] > largest ? s.size[c] : largest;
    const size_t rank = (s.values - largest) / 4;
    if (rank == 0 || !(s.sorted[rank - 1].value > 0.0) || isinf(s.sorted[rank - 1].value))
        goto cleanup;
    slope->value = cross_slope(&s, rank);
    const double level = (double)rank / (double)s.values, reach = s.sorted[rank - 1].value;
    const double n = effective_size(&s, level, confidence), k = level * n;
    slope->low = bl_stats_beta_quantile(k, n - k + 1.0, 0.5 - 0.5 * confidence) / reach;
    slope->high = bl_stats_beta_quantile(k, n - k + 1.0, 0.5 + 0.5 * confidence) / reach;
cleanup:
    sample_clear(&s);
    return err;
}

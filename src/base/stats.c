/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Order statistics, bootstrap over clusters, least squares. The normal distribution is in stats_normal.c, distances to it
 * are in stats_moments.c.
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

static double sorted_quantile(const double *x, size_t count, double level) {
    if (count == 0)
        return NAN;
    double position = (double)(count - 1) * level;
    size_t floor_position = (size_t)position;
    size_t next = floor_position + 1 < count ? floor_position + 1 : floor_position;
    return interpolate(x[floor_position], x[next], position - (double)floor_position);
}

double bl_stats_quantile(double *x, size_t count, double level) {
    return sorted_quantile(x, sort_numbers(x, count), level);
}

/* The sorted values, and room for one resample. */
typedef struct bootstrap {
    size_t clusters, values;
    entry *sorted;          /* [values] */
    uint32_t *word;         /* [clusters] random words of a resample */
    uint32_t *multiplicity; /* [clusters] how often a cluster is in it */
    uint64_t *cumulative;   /* [values] order statistics up to and with this value */
} bootstrap;

/* order statistic number `place` of the resample: the first value whose cumulative count exceeds it */
static double resample_order_statistic(const bootstrap *b, uint64_t place) {
    size_t low = 0, high = b->values - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (b->cumulative[middle] > place)
            high = middle;
        else
            low = middle + 1;
    }
    return b->sorted[low].value;
}

static double resample_quantile(const bootstrap *b, double level) {
    uint64_t count = b->cumulative[b->values - 1];
    if (count == 0)
        return NAN;
    double position = (double)(count - 1) * level;
    uint64_t floor_position = (uint64_t)position;
    uint64_t next = floor_position + 1 < count ? floor_position + 1 : floor_position;
    return interpolate(resample_order_statistic(b, floor_position), resample_order_statistic(b, next),
                       position - (double)floor_position);
}

void bl_stats_resample(bl_stream stream, size_t number, size_t clusters, uint32_t *word,
                       uint32_t *multiplicity) {
    uint64_t words = (clusters + 3) / 4 * 4; /* a resample starts at a whole counter */
    bl_rng_words(stream, words * number, clusters, word);
    for (size_t c = 0; c < clusters; c++)
        multiplicity[c] = 0;
    for (size_t c = 0; c < clusters; c++)
        multiplicity[(uint64_t)word[c] * clusters >> 32]++;
}

static void resample(bootstrap *b, bl_stream stream, size_t number) {
    bl_stats_resample(stream, number, b->clusters, b->word, b->multiplicity);
    uint64_t sum = 0;
    for (size_t i = 0; i < b->values; i++) {
        sum += b->multiplicity[b->sorted[i].cluster];
        b->cumulative[i] = sum;
    }
}

static bl_err bootstrap_create(const double *x, size_t clusters, size_t size, bootstrap *b) {
    bl_err err = BL_OK;
    BL_ALLOC(b->sorted, clusters * size);
    BL_ALLOC(b->cumulative, clusters * size);
    BL_ALLOC(b->word, clusters);
    BL_ALLOC(b->multiplicity, clusters);
    b->clusters = clusters;
    for (size_t c = 0; c < clusters; c++)
        for (size_t i = 0; i < size; i++)
            if (!isnan(x[c * size + i]))
                b->sorted[b->values++] = (entry){x[c * size + i], (uint32_t)c};
    qsort(b->sorted, b->values, sizeof *b->sorted, compare_entries);
cleanup:
    return err;
}

bl_err bl_stats_cluster_quantiles(const double *x, size_t clusters, size_t size, const double *level,
                                  size_t levels, size_t resamples, double confidence, bl_stream stream,
                                  double *estimate, double *low, double *high) {
    bl_err err = BL_OK;
    bootstrap b = {0};
    double *found = NULL; /* [levels][resamples] */
    BL_ASSERT(clusters <= UINT32_MAX);
    BL_TRY(bootstrap_create(x, clusters, size, &b));
    BL_ALLOC(found, levels * resamples);
    for (size_t l = 0; l < levels; l++)
        estimate[l] = low[l] = high[l] = NAN;
    if (b.values == 0)
        goto cleanup;
    for (size_t i = 0; i < b.values; i++)
        b.cumulative[i] = i + 1;
    for (size_t l = 0; l < levels; l++)
        estimate[l] = resample_quantile(&b, level[l]);
    for (size_t r = 0; r < resamples; r++) {
        resample(&b, stream, r);
        for (size_t l = 0; l < levels; l++)
            found[l * resamples + r] = resample_quantile(&b, level[l]);
    }
    for (size_t l = 0; l < levels; l++) {
        size_t count = sort_numbers(found + l * resamples, resamples);
        low[l] = sorted_quantile(found + l * resamples, count, 0.5 - confidence / 2);
        high[l] = sorted_quantile(found + l * resamples, count, 0.5 + confidence / 2);
    }
cleanup:
    bl_mem_free(found);
    bl_mem_free(b.sorted);
    bl_mem_free(b.cumulative);
    bl_mem_free(b.word);
    bl_mem_free(b.multiplicity);
    return err;
}

/* weight of a point; 0 for one that is left out */
static double point_weight(const double *x, const double *y, const double *weight, size_t i) {
    if (isnan(x[i]) || isnan(y[i]))
        return 0.0;
    return weight ? weight[i] : 1.0;
}

/* weighted sum over the points of (u - u0)(v - v0), u and v of x and y */
static double point_product(const double *x, const double *y, const double *weight, size_t count,
                            const double *u, double u0, const double *v, double v0) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double w = point_weight(x, y, weight, i);
        if (w > 0.0)
            sum += w * (u[i] - u0) * (v[i] - v0);
    }
    return sum;
}

bl_fit bl_stats_line(const double *x, const double *y, const double *weight, size_t count) {
    bl_fit fit = {NAN, NAN, NAN, NAN, 0};
    double total = 0, mean_x = 0, mean_y = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double w = point_weight(x, y, weight, i);
        if (w > 0.0) {
            fit.points++;
            total += w;
            mean_x += w * x[i];
            mean_y += w * y[i];
        }
    }
    mean_x /= total;
    mean_y /= total;
    double xx = point_product(x, y, weight, count, x, mean_x, x, mean_x);
    double xy = point_product(x, y, weight, count, x, mean_x, y, mean_y);
    /* of one x that is repeated only rounding is left */
    if (fit.points < 2 || !(xx > 1e-28 * total * mean_x * mean_x))
        return fit;
    fit.slope = xy / xx;
    fit.intercept = mean_y - fit.slope * mean_x;
    if (fit.points < 3)
        return fit;
    for (size_t i = 0; i < count; i++) {
        double w = point_weight(x, y, weight, i);
        double residual = w > 0.0 ? y[i] - mean_y - fit.slope * (x[i] - mean_x) : 0.0;
        squares += w * residual * residual;
    }
    double variance = squares / (double)(fit.points - 2);
    fit.slope_error = sqrt(variance / xx);
    fit.intercept_error = sqrt(variance * (1.0 / total + mean_x * mean_x / xx));
    return fit;
}

typedef struct power_law {
    const double *n, *y;
    size_t count;  /* of n and y, points with NaN are counted */
    size_t points; /* without them */
    double power, smallest, largest;
    double scale; /* of the last trial */
} power_law;

/* sum of squares of y - c (n - n0)^power at the best c, n0 = smallest - exp(log_gap); the basis is divided by
 * its value at the smallest n, which changes c alone */
static double power_law_squares(power_law *law, double log_gap) {
    double gap = exp(log_gap), basis_y = 0, basis_basis = 0, squares = 0;
    for (size_t i = 0; i < law->count; i++)
        if (point_weight(law->n, law->y, NULL, i) > 0.0) {
            double basis = pow((law->n[i] - law->smallest) / gap + 1.0, law->power);
            basis_y += basis * law->y[i];
            basis_basis += basis * basis;
        }
    double scale = basis_y / basis_basis;
    for (size_t i = 0; i < law->count; i++)
        if (point_weight(law->n, law->y, NULL, i) > 0.0) {
            double residual = law->y[i] - scale * pow((law->n[i] - law->smallest) / gap + 1.0, law->power);
            squares += residual * residual;
        }
    law->scale = scale * pow(gap, -law->power);
    return squares;
}

/* golden-section search for the minimum between two places */
static double power_law_minimum(power_law *law, double from, double to) {
    const double golden = 0.61803398874989485;
    double a = to - golden * (to - from), b = from + golden * (to - from);
    double at_a = power_law_squares(law, a), at_b = power_law_squares(law, b);
    while (to - from > 1e-12 * (1.0 + fabs(from))) {
        if (at_a < at_b) {
            to = b;
            b = a;
            at_b = at_a;
            a = to - golden * (to - from);
            at_a = power_law_squares(law, a);
        } else {
            from = a;
            a = b;
            at_a = at_b;
            b = from + golden * (to - from);
            at_b = power_law_squares(law, b);
        }
        if (b <= a)
            break;
    }
    return (from + to) / 2;
}

static bl_paper_fit power_law_search(power_law *law) {
    enum { STEPS = 240 };
    /* n0 from a millionth of the spread below the smallest n to a million spreads below */
    const double spread = law->largest - law->smallest;
    const double first = log(1e-6 * spread), last = log(1e6 * spread), step = (last - first) / STEPS;
    double best = INFINITY;
    int best_step = 0;
    for (int k = 0; k <= STEPS; k++) {
        double squares = power_law_squares(law, first + k * step);
        if (squares < best) {
            best = squares;
            best_step = k;
        }
    }
    bl_paper_fit fit = {NAN, NAN, NAN, law->points};
    if (best_step == 0 || best_step == STEPS)
        return fit;
    double log_gap = power_law_minimum(law, first + (best_step - 1) * step, first + (best_step + 1) * step);
    double squares = power_law_squares(law, log_gap);
    fit.scale = law->scale;
    fit.offset = law->smallest - exp(log_gap);
    fit.residual = sqrt(squares / (double)law->points);
    return fit;
}

bl_paper_fit bl_stats_paper_fit(const double *n, const double *y, size_t count, double power) {
    power_law law = {n, y, count, 0, power, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < count; i++)
        if (point_weight(n, y, NULL, i) > 0.0) {
            law.points++;
            law.smallest = fmin(law.smallest, n[i]);
            law.largest = fmax(law.largest, n[i]);
        }
    if (power == 0.0 && law.points > 0) {
        double squares = power_law_squares(&law, 0.0);
        return (bl_paper_fit){law.scale, NAN, sqrt(squares / (double)law.points), law.points};
    }
    if (law.points < 2 || !(law.largest > law.smallest))
        return (bl_paper_fit){NAN, NAN, NAN, law.points};
    return power_law_search(&law);
}

double bl_stats_slope_at_zero(double *x, size_t count) {
    count = sort_numbers(x, count);
    double level_level = 0, level_x = 0;
    for (size_t i = 0; i < count / 4; i++) {
        double level = (double)(i + 1) / (double)(count + 1);
        level_level += level * level;
        level_x += level * x[i];
    }
    return level_x > 0 ? level_level / level_x : NAN;
}

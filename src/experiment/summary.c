/* SPDX-License-Identifier: BSD-3-Clause */
#include "summary.h"

#include "base/mem.h"
#include "borderline/gp.h"
#include "unit.h"

#include <math.h>

bl_err bl_summary_record_create(const bl_config *config, bl_record *record) {
    static const bl_field_id wanted[] = {
        BL_FIELD_DISTANCE,        BL_FIELD_FIRST_ORDER,        BL_FIELD_INPUT_NORM,    BL_FIELD_PASSES,
        BL_FIELD_STATUS,          BL_FIELD_FIRST_STEP_CROSSES, BL_FIELD_OUTPUT,        BL_FIELD_GRADIENT_NORM,
        BL_FIELD_SEARCHED_RADIUS, BL_FIELD_DISTANCE_CERTIFIED, BL_FIELD_CERTIFY_STATUS};
    const bool certified = config->certify != BL_CERTIFY_NONE;
    const bl_record_shape shape = {
        .rows = config->networks * config->inputs, .norms = config->p.count, .certified = certified};
    return bl_record_create(&shape, wanted, sizeof wanted / sizeof *wanted - (certified ? 0 : 2), record);
}

static bl_stream bootstrap_stream(const bl_config *config, const bl_case *c) {
    return bl_rng_stream(config->seed, (uint32_t)c->number, 0, BL_PURPOSE_BOOTSTRAP, 0);
}

static bl_err quantiles(const bl_config *config, const double *x, bl_quantiles *q) {
    return bl_stats_cluster_quantiles(x, config->networks, config->inputs, bl_quantile_level, BL_QUANTILES,
                                      config->confidence, q->estimate, q->low, q->high);
}

double bl_summary_length(int8_t status, double distance) {
    switch (status) {
    case BL_STATUS_FOUND:
        return distance;
    case BL_STATUS_NOT_FOUND:
    case BL_STATUS_NOT_VERIFIED:
        return INFINITY;
    case BL_STATUS_BELOW_RESOLUTION:
        return 0.0;
    default:
        return NAN;
    }
}

/* The larger of the two, NaN left out. */
static void enlarge(double *largest, double length) {
    *largest = fmax(*largest, length);
}

/* Distances of one p, [networks][inputs], as bl_summary_length. */
typedef struct lengths {
    double *distance, *relative, *linearity, *crosses;
} lengths;

static bl_err lengths_create(size_t count, lengths *l) {
    bl_err err = BL_OK;
    BL_ALLOC(l->distance, count);
    BL_ALLOC(l->relative, count);
    BL_ALLOC(l->linearity, count);
    BL_ALLOC(l->crosses, count);
cleanup:
    return err;
}

static void lengths_clear(lengths *l) {
    bl_mem_free(l->distance);
    bl_mem_free(l->relative);
    bl_mem_free(l->linearity);
    bl_mem_free(l->crosses);
}

static void measure(const bl_config *config, const bl_record *data, size_t p_index, lengths *l,
                    bl_summary *s) {
    const size_t count = config->networks * config->inputs;
    const double *distance = data->data[BL_FIELD_DISTANCE], *first_order = data->data[BL_FIELD_FIRST_ORDER];
    const double *input_norm = data->data[BL_FIELD_INPUT_NORM],
                 *searched = data->data[BL_FIELD_SEARCHED_RADIUS];
    const int8_t *status = data->data[BL_FIELD_STATUS], *crosses = data->data[BL_FIELD_FIRST_STEP_CROSSES];
    const int32_t *spent = data->data[BL_FIELD_PASSES];
    double passes = 0;
    s->distance.looked = s->relative.looked = NAN;
    s->linearity.looked = 1;
    for (size_t i = 0; i < count; i++) {
        const size_t at = i * config->p.count + p_index;
        const bool found = status[at] == BL_STATUS_FOUND, pending = status[at] == BL_STATUS_PENDING;
        const double norm = input_norm[at], first = first_order[at];
        l->distance[i] = bl_summary_length(status[at], distance[at]);
        l->relative[i] = l->distance[i] / norm;
        l->linearity[i] = l->distance[i] / first;
        l->crosses[i] = crosses[at] < 0 ? NAN : crosses[at];
        s->pending += pending;
        s->failures += !pending && !found;
        passes += spent[at];
        if (isnan(l->distance[i]))
            continue;
        const double looked = isinf(l->distance[i]) ? fmax(first, searched[at]) : l->distance[i];
        enlarge(&s->distance.looked, looked);
        enlarge(&s->relative.looked, looked / norm);
        if (found)
            enlarge(&s->linearity.looked, l->linearity[i]);
    }
    const double done = (double)count - (double)s->pending;
    s->passes = done > 0 ? passes / done : (double)NAN;
}

bl_err bl_summary_case(const bl_config *config, const bl_case *c, const bl_record *data, size_t p_index,
                       bl_summary *summary) {
    bl_err err = BL_OK;
    lengths l = {0};
    double unused[2];
    *summary = (bl_summary){0};
    BL_TRY(lengths_create(config->networks * config->inputs, &l));
    measure(config, data, p_index, &l, summary);
    BL_TRY(quantiles(config, l.distance, &summary->distance));
    BL_TRY(quantiles(config, l.relative, &summary->relative));
    BL_TRY(quantiles(config, l.linearity, &summary->linearity));
    BL_TRY(bl_stats_cluster_moments(l.crosses, config->networks, config->inputs, config->bootstrap,
                                    bootstrap_stream(config, c), &summary->first_step_crosses,
                                    &summary->first_step_crosses_error, &unused[0], &unused[1]));
    BL_TRY(bl_stats_slope_at_zero(l.distance, config->networks, config->inputs, config->confidence,
                                  &summary->slope_at_zero));
cleanup:
    lengths_clear(&l);
    return err;
}

bl_err bl_summary_certified(const bl_config *config, const bl_record *data, size_t p_index,
                            bl_summary_certificates *summary) {
    bl_err err = BL_OK;
    const size_t count = config->networks * config->inputs;
    const double *distance = data->data[BL_FIELD_DISTANCE],
                 *certified = data->data[BL_FIELD_DISTANCE_CERTIFIED];
    const int8_t *status = data->data[BL_FIELD_STATUS], *proven = data->data[BL_FIELD_CERTIFY_STATUS];
    double *ratio = NULL, *low = NULL, *high = NULL, exact = 0.0, done = 0.0;
    bl_quantiles end;
    BL_ALLOC(ratio, count);
    BL_ALLOC(low, count);
    BL_ALLOC(high, count);
    for (size_t i = 0; i < count; i++) {
        const size_t at = i * config->p.count + p_index;
        const bool pending = status[at] == BL_STATUS_PENDING, found = status[at] == BL_STATUS_FOUND;
        const bool none = proven[at] == BL_CERTIFICATE_NO_BOUNDARY;
        ratio[i] = found && distance[at] > 0.0 ? certified[at] / distance[at] : NAN;
        low[i] = pending ? NAN : none ? INFINITY : certified[at];
        high[i] = bl_summary_length(status[at], distance[at]);
        exact += none || proven[at] == BL_CERTIFICATE_EXACT;
        done += !pending;
    }
    BL_TRY(quantiles(config, ratio, &summary->ratio));
    BL_TRY(quantiles(config, low, &end));
    summary->median = end.estimate[BL_QUANTILE_MEDIAN];
    summary->median_low = end.low[BL_QUANTILE_MEDIAN];
    BL_TRY(quantiles(config, high, &end));
    summary->median_high = end.high[BL_QUANTILE_MEDIAN];
    summary->exact = done > 0.0 ? exact / done : NAN;
cleanup:
    bl_mem_free(ratio);
    bl_mem_free(low);
    bl_mem_free(high);
    return err;
}

/* Inputs at which the limit is computed. An image family's kernel takes 30 ms at n = 768, its gradient three times as long. */
enum { IMAGE_KERNELS = 32, IMAGE_GRADIENTS = 8, DENSE_GRADIENTS = 256 };

size_t bl_summary_limits(const bl_config *config) {
    const size_t all = config->networks * config->inputs;
    if (config->family == BL_FAMILY_DENSE || config->classes != 2)
        return 0;
    return all < IMAGE_KERNELS ? all : IMAGE_KERNELS;
}

bl_err bl_summary_limit_at(const bl_config *config, const bl_case *c, size_t number, bl_summary_limit *at) {
    bl_err err = BL_OK;
    const size_t n = c->dimension;
    bl_gp_law limit = {0};
    float *all = NULL;
    *at = (bl_summary_limit){0};
    BL_ALLOC(all, config->inputs * n);
    bl_unit_sample(config, c, number / config->inputs, NULL, all);
    const float *x = all + number % config->inputs * n;
    BL_TRY(bl_gp_law_create(config, c->depth, n, &limit));
    BL_TRY(bl_gp_law_kernel(&limit, 1, x, 1, x, &at->kernel));
    if (number < IMAGE_GRADIENTS)
        BL_TRY(bl_gp_law_gradient(&limit, x, &at->gradient_mean, &at->gradient_variance));
cleanup:
    bl_gp_law_clear(&limit);
    bl_mem_free(all);
    return err;
}

/* z of a dense family: each input has its own K. */
static bl_err divide_dense(const bl_config *config, const bl_case *c, const double *output, double *z) {
    bl_err err = BL_OK;
    const size_t inputs = config->inputs, n = c->dimension;
    const bl_gp_model model = bl_gp_model_of(config, c->depth);
    float *x = NULL;
    BL_ALLOC(x, inputs * n);
    for (size_t s = 0; s < config->networks; s++) {
        bl_unit_sample(config, c, s, NULL, x);
        for (size_t i = 0; i < inputs; i++) {
            double kernel = 0.0;
            BL_TRY(bl_nngp_kernel(&model, n, 1, x + i * n, 1, x + i * n, &kernel));
            z[s * inputs + i] = output[s * inputs + i] / sqrt(2.0 * kernel);
        }
    }
cleanup:
    bl_mem_free(x);
    return err;
}

bl_err bl_summary_outputs(const bl_config *config, const bl_case *c, const bl_summary_limit *limit,
                          const double *output, double *moment, double *error) {
    bl_err err = BL_OK;
    const size_t count = config->networks * config->inputs, known = bl_summary_limits(config);
    double *z = NULL, sum = 0.0;
    for (size_t k = 0; k < BL_MOMENTS; k++)
        moment[k] = error[k] = NAN;
    if (config->classes != 2)
        goto cleanup;
    BL_ALLOC(z, count);
    if (known == 0)
        BL_TRY(divide_dense(config, c, output, z));
    for (size_t i = 0; i < known; i++)
        sum += limit[i].kernel;
    for (size_t i = 0; known > 0 && i < count; i++)
        z[i] = output[i] / sqrt(2.0 * sum / (double)known);
    BL_TRY(bl_stats_normality(z, config->networks, config->inputs, config->bootstrap,
                              bootstrap_stream(config, c), moment, error));
cleanup:
    bl_mem_free(z);
    return err;
}

/* Gradients of a dense family's limit at its first inputs. */
static bl_err dense_gradients(const bl_config *config, const bl_case *c, size_t count, bl_summary_limit *at) {
    bl_err err = BL_OK;
    bl_gp_law limit = {0};
    float *x = NULL;
    BL_TRY(bl_gp_law_create(config, c->depth, c->dimension, &limit));
    BL_ALLOC(x, config->inputs * c->dimension);
    for (size_t i = 0; i < count; i++) {
        if (i % config->inputs == 0)
            bl_unit_sample(config, c, i / config->inputs, NULL, x);
        BL_TRY(bl_gp_law_gradient(&limit, x + i % config->inputs * c->dimension, &at[i].gradient_mean,
                                  &at[i].gradient_variance));
    }
cleanup:
    bl_gp_law_clear(&limit);
    bl_mem_free(x);
    return err;
}

/* Over draws and inputs: mean of means; mean of variances plus variance of means. */
static bl_err gradient_limit(const bl_config *config, const bl_case *c, const bl_summary_limit *limit,
                             bl_summary_gradient *s) {
    bl_err err = BL_OK;
    const size_t most = bl_summary_limits(config) > 0 ? IMAGE_GRADIENTS : DENSE_GRADIENTS;
    const size_t all = config->networks * config->inputs, count = all < most ? all : most;
    bl_summary_limit dense[DENSE_GRADIENTS];
    double mean[DENSE_GRADIENTS], spread[BL_MOMENTS], variance = 0.0, sum = 0.0;
    if (bl_summary_limits(config) == 0) {
        BL_TRY(dense_gradients(config, c, count, dense));
        limit = dense;
    }
    for (size_t i = 0; i < count; i++) {
        mean[i] = limit[i].gradient_mean;
        sum += mean[i];
        variance += limit[i].gradient_variance;
    }
    bl_stats_moments(mean, count, 1, NULL, spread);
    s->mean_limit = sum / (double)count;
    s->variance_limit = variance / (double)count;
    if (spread[BL_MOMENT_VARIANCE] > 0.0)
        s->variance_limit += spread[BL_MOMENT_VARIANCE];
cleanup:
    return err;
}

bl_err bl_summary_gradients(const bl_config *config, const bl_case *c, const bl_summary_limit *limit,
                            const double *gradient_norm, bl_summary_gradient *summary) {
    bl_err err = BL_OK;
    const size_t count = config->networks * config->inputs;
    double *logarithm = NULL;
    *summary = (bl_summary_gradient){.mean_limit = NAN, .variance_limit = NAN};
    BL_ALLOC(logarithm, count);
    for (size_t i = 0; i < count; i++)
        logarithm[i] = gradient_norm[i] > 0.0 ? log(gradient_norm[i]) : NAN;
    BL_TRY(bl_stats_cluster_moments(logarithm, config->networks, config->inputs, config->bootstrap,
                                    bootstrap_stream(config, c), &summary->mean, &summary->mean_error,
                                    &summary->variance, &summary->variance_error));
    if (config->classes == 2)
        BL_TRY(gradient_limit(config, c, limit, summary));
cleanup:
    bl_mem_free(logarithm);
    return err;
}

/* Power of n in the paper's fits of the median distance, by norm. */
static bool paper_power(double p, double *power) {
    *power = p == 1 ? 0.5 : p == 2 ? 0 : -0.5;
    return p == 1 || p == 2 || isinf(p);
}

/* The slope of bl_stats_line is linear in y: sum (x - mean x) y / sum (x - mean x)^2 over its points, with independent errors. */
static double slope_error(const double *x, const double *y, const double *error, size_t count) {
    double points = 0, mean = 0, xx = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(y[i])) {
            points++;
            mean += x[i];
        }
    mean /= points;
    for (size_t i = 0; i < count; i++)
        if (!isnan(y[i])) {
            xx += (x[i] - mean) * (x[i] - mean);
            squares += (x[i] - mean) * (x[i] - mean) * error[i] * error[i];
        }
    return squares > 0 && isfinite(squares) ? sqrt(squares) / xx : NAN;
}

bl_scaling bl_summary_scaling(const bl_config *config, size_t p_index, const bl_median *median) {
    double x[BL_AXIS_LENGTH_MAX], y[BL_AXIS_LENGTH_MAX], error[BL_AXIS_LENGTH_MAX];
    double value[BL_AXIS_LENGTH_MAX], power = 0;
    size_t count = config->dimension.count;
    const double interval =
        2 * bl_stats_normal_quantile(0.5 + config->confidence / 2); /* in standard errors */
    bl_scaling scaling = {.power = {NAN, NAN, NAN, NAN, 0}, .paper = {NAN, NAN, NAN, 0}};
    for (size_t i = 0; i < count; i++) {
        if (isinf(median[i].value)) /* beyond what was looked at: no curve goes through it */
            return scaling;
        value[i] = median[i].value;
        x[i] = log(config->dimension.value[i]);
        y[i] = value[i] > 0 ? log(value[i]) : NAN;
        error[i] = log(median[i].high / median[i].low) / interval;
    }
    scaling.power = bl_stats_line(x, y, NULL, count);
    scaling.power.slope_error = slope_error(x, y, error, count);
    if (paper_power(config->p.value[p_index], &power))
        scaling.paper = bl_stats_paper_fit(config->dimension.value, value, count, power);
    return scaling;
}

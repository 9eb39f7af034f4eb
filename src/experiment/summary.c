/* SPDX-License-Identifier: BSD-3-Clause */
#include "borderline/summary.h"

#include "borderline/gp.h"
#include "borderline/mem.h"
#include "borderline/unit.h"

#include <math.h>

static bl_stream bootstrap_stream(const bl_config *config, const bl_case *c) {
    return bl_rng_stream(config->seed, (uint32_t)c->number, 0, BL_PURPOSE_BOOTSTRAP, 0);
}

static bl_err quantiles(const bl_config *config, const bl_case *c, const double *x, bl_quantiles *q) {
    return bl_stats_cluster_quantiles(x, config->networks, config->inputs, bl_quantile_level, BL_QUANTILES,
                                      config->bootstrap, config->confidence, bootstrap_stream(config, c),
                                      q->estimate, q->low, q->high);
}

bl_err bl_summary_case(const bl_config *config, const bl_case *c, const bl_case_data *data, size_t p_index,
                       bl_summary *summary) {
    bl_err err = BL_OK;
    size_t count = config->networks * config->inputs;
    double *distance = NULL, *relative = NULL, *linearity = NULL;
    double passes = 0;
    *summary = (bl_summary){0};
    BL_ALLOC(distance, count);
    BL_ALLOC(relative, count);
    BL_ALLOC(linearity, count);
    for (size_t i = 0; i < count; i++) {
        size_t at = i * config->p.count + p_index;
        bool found = data->status[at] == BL_STATUS_FOUND;
        distance[i] = found ? data->distance[at] : NAN;
        relative[i] = distance[i] / data->input_norm[at];
        linearity[i] = distance[i] / data->first_order[at];
        summary->pending += data->status[at] == BL_STATUS_PENDING;
        summary->failures += data->status[at] != BL_STATUS_PENDING && !found;
        passes += data->passes[at];
    }
    BL_TRY(quantiles(config, c, distance, &summary->distance));
    BL_TRY(quantiles(config, c, relative, &summary->relative));
    BL_TRY(quantiles(config, c, linearity, &summary->linearity));
    double done = (double)count - (double)summary->pending;
    summary->passes = done > 0 ? passes / done : NAN;
    summary->slope_at_zero = bl_stats_slope_at_zero(distance, count);
cleanup:
    bl_mem_free(distance);
    bl_mem_free(relative);
    bl_mem_free(linearity);
    return err;
}

/* Inputs at which the kernel of an image family is computed: 30 ms each at n = 768. */
enum { IMAGE_KERNELS = 32 };

size_t bl_summary_variances(const bl_config *config) {
    const size_t all = config->networks * config->inputs;
    if (config->family == BL_FAMILY_DENSE || config->classes != 2)
        return 0;
    return all < IMAGE_KERNELS ? all : IMAGE_KERNELS;
}

bl_err bl_summary_variance(const bl_config *config, const bl_case *c, size_t number, double *variance) {
    bl_err err = BL_OK;
    const size_t n = c->dimension;
    bl_gp_limit limit = {0};
    float *x = NULL;
    BL_ALLOC(x, config->inputs * n);
    bl_unit_sample(config, c, number / config->inputs, NULL, x);
    const float *at = x + number % config->inputs * n;
    BL_TRY(bl_gp_limit_create(config, c->depth, n, &limit));
    BL_TRY(bl_gp_limit_kernel(&limit, 1, at, 1, at, variance));
cleanup:
    bl_gp_limit_clear(&limit);
    bl_mem_free(x);
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

bl_err bl_summary_outputs(const bl_config *config, const bl_case *c, const double *variance,
                          const double *output, double *moment, double *error) {
    bl_err err = BL_OK;
    const size_t count = config->networks * config->inputs, known = bl_summary_variances(config);
    double *z = NULL, sum = 0.0;
    for (size_t k = 0; k < BL_MOMENTS; k++)
        moment[k] = error[k] = NAN;
    if (config->classes != 2)
        goto cleanup;
    BL_ALLOC(z, count);
    if (known == 0)
        BL_TRY(divide_dense(config, c, output, z));
    for (size_t i = 0; i < known; i++)
        sum += variance[i];
    for (size_t i = 0; known > 0 && i < count; i++)
        z[i] = output[i] / sqrt(2.0 * sum / (double)known);
    BL_TRY(bl_stats_normality(z, config->networks, config->inputs, config->bootstrap,
                              bootstrap_stream(config, c), moment, error));
cleanup:
    bl_mem_free(z);
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
    for (size_t i = 0; i < count; i++) {
        value[i] = median[i].value;
        x[i] = log(config->dimension.value[i]);
        y[i] = value[i] > 0 ? log(value[i]) : NAN;
        error[i] = log(median[i].high / median[i].low) / interval;
    }
    bl_scaling scaling = {.power = bl_stats_line(x, y, NULL, count), .paper = {NAN, NAN, NAN, 0}};
    scaling.power.slope_error = slope_error(x, y, error, count);
    if (paper_power(config->p.value[p_index], &power))
        scaling.paper = bl_stats_paper_fit(config->dimension.value, value, count, power);
    return scaling;
}

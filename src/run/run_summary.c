/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The summary has statistics of every case, predictions of every (depth, dimension) and fits over dimensions. All ranks share the
 * work; each number is computed by one rank from the file alone, so it is the same on any number of ranks.
 */
#include "run_summary.h"

#include "base/mem.h"
#include "borderline/gp.h"
#include "borderline/log.h"
#include "experiment/summary.h"
#include "parallel/schedule.h"
#include "summary_items.h"
#include "sweep/cost.h"

#include <math.h>

/* What one stage of the summary hands on to the next. Entries that other ranks computed are zero until they are merged. */
typedef struct tables {
    bl_run *run;
    size_t p_count, dimensions, kinds;
    size_t limits;           /* per case */
    bl_summary_item *item;   /* of the stage in progress */
    bl_summary_limit *limit; /* [case][limits] */
    bl_median *median;       /* [case][kind][p] */
    double *law_median;      /* [depth][dimension][p] */
    double *guaranteed;      /* [depth][dimension][p] */
} tables;

/* Give every rank the entries of all: each entry is zero on all ranks but one. Collective. */
static void merge(const bl_comm *comm, double *x, size_t count) {
    MPI_Allreduce(MPI_IN_PLACE, x, (int)count, MPI_DOUBLE, MPI_SUM, comm->world);
}

static bl_err write_number(bl_run *run, bl_field_id field, const size_t *start, double value) {
    size_t one[BL_FIELD_RANK_MAX] = {1, 1, 1, 1, 1, 1, 1};
    return bl_results_write(run->results, field, start, one, &value);
}

/* Fields of an estimate and of the ends of its interval. */
typedef bl_field_id interval_fields[3];

static bl_err write_quantiles(bl_run *run, const interval_fields field, const size_t *start,
                              const bl_quantiles *q) {
    bl_err err = BL_OK;
    size_t count[BL_FIELD_RANK_MAX] = {1, 1, 1, 1, 1, BL_QUANTILES};
    const double *values[] = {q->estimate, q->low, q->high};
    for (size_t i = 0; i < 3; i++)
        BL_TRY(bl_results_write(run->results, field[i], start, count, values[i]));
cleanup:
    return err;
}

static bl_err write_summary(bl_run *run, const size_t *start, const bl_summary *s) {
    bl_err err = BL_OK;
    static const interval_fields distance = {BL_FIELD_SUMMARY_QUANTILE, BL_FIELD_SUMMARY_QUANTILE_LOW,
                                             BL_FIELD_SUMMARY_QUANTILE_HIGH},
                                 relative = {BL_FIELD_SUMMARY_RELATIVE, BL_FIELD_SUMMARY_RELATIVE_LOW,
                                             BL_FIELD_SUMMARY_RELATIVE_HIGH},
                                 linearity = {BL_FIELD_SUMMARY_LINEARITY_QUANTILE,
                                              BL_FIELD_SUMMARY_LINEARITY_QUANTILE_LOW,
                                              BL_FIELD_SUMMARY_LINEARITY_QUANTILE_HIGH};
    size_t one[BL_FIELD_RANK_MAX] = {1, 1, 1, 1, 1};
    BL_TRY(write_quantiles(run, distance, start, &s->distance));
    BL_TRY(write_quantiles(run, relative, start, &s->relative));
    BL_TRY(write_quantiles(run, linearity, start, &s->linearity));
    BL_TRY(bl_results_write(run->results, BL_FIELD_SUMMARY_FAILURES, start, one, &s->failures));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_PASSES, start, s->passes));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_LINEARITY, start, s->linearity.estimate[BL_QUANTILE_MEDIAN]));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_LOOKED, start, s->distance.looked));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_SLOPE_AT_ZERO, start, s->slope_at_zero.value));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_SLOPE_AT_ZERO_LOW, start, s->slope_at_zero.low));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_SLOPE_AT_ZERO_HIGH, start, s->slope_at_zero.high));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_FIRST_STEP_CROSSES, start, s->first_step_crosses));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_FIRST_STEP_CROSSES_ERROR, start, s->first_step_crosses_error));
cleanup:
    return err;
}

static bl_err write_certificates(bl_run *run, const bl_record *data, size_t p_index, const size_t *start) {
    bl_err err = BL_OK;
    static const interval_fields ratio = {BL_FIELD_SUMMARY_CERTIFIED_RATIO,
                                          BL_FIELD_SUMMARY_CERTIFIED_RATIO_LOW,
                                          BL_FIELD_SUMMARY_CERTIFIED_RATIO_HIGH};
    bl_summary_certificates s;
    if (run->config->certify == BL_CERTIFY_NONE)
        goto cleanup;
    BL_TRY(bl_summary_certified(run->config, data, p_index, &s));
    BL_TRY(write_quantiles(run, ratio, start, &s.ratio));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_CERTIFIED_EXACT, start, s.exact));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_CERTIFIED_MEDIAN, start, s.median));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_CERTIFIED_MEDIAN_LOW, start, s.median_low));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_CERTIFIED_MEDIAN_HIGH, start, s.median_high));
cleanup:
    return err;
}

/* Write the measured median over the law's, with the measured one's interval, and over the guaranteed one. */
static bl_err write_ratios(bl_run *run, const tables *t, const bl_case *c, size_t p_index,
                           const size_t *start, const bl_summary *s) {
    bl_err err = BL_OK;
    size_t at = (c->depth_index * t->dimensions + c->dimension_index) * t->p_count + p_index;
    double law = t->law_median[at];
    BL_TRY(
        write_number(run, BL_FIELD_SUMMARY_OVER_LAW, start, s->distance.estimate[BL_QUANTILE_MEDIAN] / law));
    BL_TRY(
        write_number(run, BL_FIELD_SUMMARY_OVER_LAW_LOW, start, s->distance.low[BL_QUANTILE_MEDIAN] / law));
    BL_TRY(
        write_number(run, BL_FIELD_SUMMARY_OVER_LAW_HIGH, start, s->distance.high[BL_QUANTILE_MEDIAN] / law));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_OVER_GUARANTEED, start,
                        s->distance.estimate[BL_QUANTILE_MEDIAN] / t->guaranteed[at]));
cleanup:
    return err;
}

/* Write the moments of outputs and their errors. */
static bl_err write_outputs(bl_run *run, const tables *t, const bl_case *c, const double *output) {
    bl_err err = BL_OK;
    static const bl_field_id moment_field[BL_MOMENTS] = {
        [BL_MOMENT_VARIANCE] = BL_FIELD_SUMMARY_OUTPUT_VARIANCE,
        [BL_MOMENT_SKEWNESS] = BL_FIELD_SUMMARY_OUTPUT_SKEWNESS,
        [BL_MOMENT_KURTOSIS] = BL_FIELD_SUMMARY_OUTPUT_KURTOSIS,
        [BL_MOMENT_KS] = BL_FIELD_SUMMARY_OUTPUT_KS};
    static const bl_field_id error_field[BL_MOMENTS] = {
        [BL_MOMENT_VARIANCE] = BL_FIELD_SUMMARY_OUTPUT_VARIANCE_ERROR,
        [BL_MOMENT_SKEWNESS] = BL_FIELD_SUMMARY_OUTPUT_SKEWNESS_ERROR,
        [BL_MOMENT_KURTOSIS] = BL_FIELD_SUMMARY_OUTPUT_KURTOSIS_ERROR,
        [BL_MOMENT_KS] = BL_FIELD_SUMMARY_OUTPUT_KS_ERROR};
    size_t start[BL_FIELD_RANK_MAX] = {c->depth_index, c->width_index, c->dimension_index};
    double moment[BL_MOMENTS], error[BL_MOMENTS];
    BL_TRY(bl_summary_outputs(run->grid->config, c, t->limit + c->number * t->limits, output, moment, error));
    for (unsigned k = 0; k < BL_MOMENTS; k++) {
        BL_TRY(write_number(run, moment_field[k], start, moment[k]));
        BL_TRY(write_number(run, error_field[k], start, error[k]));
    }
cleanup:
    return err;
}

/* Write mean and variance of log gradient norms, measured and in the limit. */
static bl_err write_gradients(bl_run *run, const tables *t, const bl_case *c, const double *gradient_norm) {
    bl_err err = BL_OK;
    size_t start[BL_FIELD_RANK_MAX] = {c->depth_index, c->width_index, c->dimension_index};
    bl_summary_gradient s;
    BL_TRY(bl_summary_gradients(run->config, c, t->limit + c->number * t->limits, gradient_norm, &s));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_GRADIENT_LOG_MEAN, start, s.mean));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_GRADIENT_LOG_MEAN_ERROR, start, s.mean_error));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_GRADIENT_LOG_VARIANCE, start, s.variance));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_GRADIENT_LOG_VARIANCE_ERROR, start, s.variance_error));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_GRADIENT_LOG_MEAN_LIMIT, start, s.mean_limit));
    BL_TRY(write_number(run, BL_FIELD_SUMMARY_GRADIENT_LOG_VARIANCE_LIMIT, start, s.variance_limit));
cleanup:
    return err;
}

/* Summarise a case at inputs of one kind. Only the last kind, random inputs, has predictions. */
static bl_err summarise(bl_run *run, tables *t, const bl_case *c, size_t kind, const bl_record *data) {
    bl_err err = BL_OK;
    const bool random = kind + 1 == t->kinds;
    if (random) {
        BL_TRY(write_outputs(run, t, c, data->data[BL_FIELD_OUTPUT]));
        BL_TRY(write_gradients(run, t, c, data->data[BL_FIELD_GRADIENT_NORM]));
    }
    for (size_t k = 0; k < t->p_count; k++) {
        const size_t start[BL_FIELD_RANK_MAX] = {c->depth_index, c->width_index, c->dimension_index, kind, k};
        bl_summary summary;
        BL_TRY(bl_summary_case(run->config, c, data, k, &summary));
        BL_TRY(write_summary(run, start, &summary));
        BL_TRY(write_certificates(run, data, k, start));
        if (random)
            BL_TRY(write_ratios(run, t, c, k, start, &summary));
        t->median[(c->number * t->kinds + kind) * t->p_count + k] =
            (bl_median){summary.distance.estimate[BL_QUANTILE_MEDIAN],
                        summary.distance.low[BL_QUANTILE_MEDIAN], summary.distance.high[BL_QUANTILE_MEDIAN]};
    }
cleanup:
    return err;
}

static bl_err summarise_cases(bl_run *run, tables *t) {
    bl_err err = BL_OK;
    const bl_grid *grid = run->grid;
    bl_record record;
    BL_TRY(bl_summary_record_create(grid->config, &record));
    for (size_t i = (size_t)run->comm->rank; i < grid->cases; i += (size_t)run->comm->size) {
        bl_case c = bl_grid_case(grid, i);
        for (size_t kind = 0; kind < t->kinds; kind++) {
            BL_TRY(bl_results_read_record(run->results, &c, kind, &record));
            BL_TRY(summarise(run, t, &c, kind, &record));
        }
    }
cleanup:
    bl_record_clear(&record);
    return err;
}

/* Write quantiles of the first-order law, quantile[p][levels], and the errors of their medians, error[p]. */
static bl_err write_law(bl_run *run, bl_field_id field, bl_field_id error_field, const size_t *start,
                        const double *quantile, const double *error) {
    bl_err err = BL_OK;
    size_t count[BL_FIELD_RANK_MAX] = {1, 1, run->config->p.count, BL_QUANTILES};
    BL_TRY(bl_results_write(run->results, field, start, count, quantile));
    BL_TRY(bl_results_write(run->results, error_field, start, count, error));
cleanup:
    return err;
}

static bl_err predict_guaranteed(const tables *t, size_t pair) {
    bl_err err = BL_OK;
    const bl_config *config = t->run->config;
    const size_t depth = pair / t->dimensions, dimension = pair % t->dimensions;
    double *median = t->guaranteed + pair * t->p_count, *error = NULL;
    size_t start[BL_FIELD_RANK_MAX] = {depth, dimension}, count[BL_FIELD_RANK_MAX] = {1, 1, t->p_count};
    BL_ALLOC(error, t->p_count);
    BL_TRY(bl_predict_guaranteed_median(config, (size_t)config->depth.value[depth],
                                        (size_t)config->dimension.value[dimension], t->p_count,
                                        config->p.value, median, error));
    BL_TRY(bl_results_write(t->run->results, BL_FIELD_SUMMARY_GUARANTEED, start, count, median));
    BL_TRY(bl_results_write(t->run->results, BL_FIELD_SUMMARY_GUARANTEED_ERROR, start, count, error));
cleanup:
    bl_mem_free(error);
    return err;
}

/* The laws with the box and without it come from the same draws; they are the same law in a sweep without a box. */
static bl_err predict_law(const tables *t, size_t pair) {
    bl_err err = BL_OK;
    bl_run *run = t->run;
    const bl_config *config = run->config;
    const size_t start[BL_FIELD_RANK_MAX] = {pair / t->dimensions, pair % t->dimensions};
    const size_t n = (size_t)config->dimension.value[start[1]];
    const bl_box box[] = {config->box, {-INFINITY, INFINITY}};
    const size_t boxes = isfinite(config->box.lo) || isfinite(config->box.hi) ? 2 : 1;
    const size_t unboxed = (boxes - 1) * t->p_count;
    double *quantile = NULL, *error = NULL;
    BL_ALLOC(quantile, boxes * t->p_count * BL_QUANTILES);
    BL_ALLOC(error, boxes * t->p_count);
    BL_TRY(bl_predict_first_order(config, (size_t)config->depth.value[start[0]], n, boxes, box,
                                  bl_cost_law_draws(n), BL_QUANTILES, bl_quantile_level, quantile, error));
    BL_TRY(write_law(run, BL_FIELD_SUMMARY_LAW, BL_FIELD_SUMMARY_LAW_ERROR, start, quantile, error));
    BL_TRY(write_law(run, BL_FIELD_SUMMARY_LAW_UNBOXED, BL_FIELD_SUMMARY_LAW_UNBOXED_ERROR, start,
                     quantile + unboxed * BL_QUANTILES, error + unboxed));
    for (size_t k = 0; k < t->p_count; k++)
        t->law_median[pair * t->p_count + k] = quantile[k * BL_QUANTILES + BL_QUANTILE_MEDIAN];
cleanup:
    bl_mem_free(quantile);
    bl_mem_free(error);
    return err;
}

static bl_err do_item(void *context, int64_t i) {
    tables *t = context;
    const bl_summary_item *item = &t->item[i];
    switch (item->kind) {
    case BL_SUMMARY_LAW:
        return predict_law(t, item->number);
    case BL_SUMMARY_GUARANTEED_MEDIAN:
        return predict_guaranteed(t, item->number);
    case BL_SUMMARY_LIMIT:
        return bl_summary_limit_at(t->run->config, &item->c, item->number, &t->limit[i]);
    default:
        return BL_OK;
    }
}

/* Do a stage's items; a rank that is free takes the most expensive that is left. Collective. */
static bl_err do_stage(tables *t, bl_summary_stage stage) {
    bl_err err = BL_OK;
    const bl_comm *comm = t->run->comm;
    size_t count = 0;
    double *cost = NULL;
    BL_TRY(bl_agree(comm, bl_summary_items(t->run->grid, stage, &count, &t->item, &cost)));
    BL_TRY(bl_schedule_each(comm, (int64_t)count, cost, do_item, t));
cleanup:
    bl_mem_free(cost);
    bl_mem_free(t->item);
    t->item = NULL;
    return err;
}

/* Fit exponents of n for every (depth, width, kind, p). Only rank 0 calls: it is little work. */
static bl_err write_fits(bl_run *run, const tables *t) {
    bl_err err = BL_OK;
    const bl_config *config = run->config;
    const size_t curves = t->kinds * t->p_count;
    for (size_t i = 0; i < config->depth.count * config->width.count; i++)
        for (size_t k = 0; k < curves; k++) {
            bl_median median[BL_AXIS_LENGTH_MAX];
            for (size_t j = 0; j < t->dimensions; j++)
                median[j] = t->median[(i * t->dimensions + j) * curves + k];
            bl_scaling scaling = bl_summary_scaling(config, k % t->p_count, median);
            size_t start[BL_FIELD_RANK_MAX] = {i / config->width.count, i % config->width.count,
                                               k / t->p_count, k % t->p_count};
            BL_TRY(write_number(run, BL_FIELD_SUMMARY_EXPONENT, start, scaling.power.slope));
            BL_TRY(write_number(run, BL_FIELD_SUMMARY_EXPONENT_ERROR, start, scaling.power.slope_error));
            BL_TRY(write_number(run, BL_FIELD_SUMMARY_PREFACTOR, start, exp(scaling.power.intercept)));
            BL_TRY(write_number(run, BL_FIELD_SUMMARY_PAPER_SCALE, start, scaling.paper.scale));
            BL_TRY(write_number(run, BL_FIELD_SUMMARY_PAPER_OFFSET, start, scaling.paper.offset));
        }
cleanup:
    return err;
}

static bl_err allocate(tables *t) {
    bl_err err = BL_OK;
    const bl_grid *grid = t->run->grid;
    const size_t pairs = grid->config->depth.count * t->dimensions;
    BL_ALLOC(t->median, grid->cases * t->kinds * t->p_count);
    BL_ALLOC(t->limit, grid->cases * t->limits);
    BL_ALLOC(t->law_median, pairs * t->p_count);
    BL_ALLOC(t->guaranteed, pairs * t->p_count);
cleanup:
    return err;
}

bl_err bl_run_summary(bl_run *run) {
    bl_err err = BL_OK;
    const bl_comm *comm = run->comm;
    const bl_config *config = run->config;
    const size_t cases = run->grid->cases;
    tables t = {.run = run,
                .p_count = config->p.count,
                .dimensions = config->dimension.count,
                .kinds = bl_config_kinds(config),
                .limits = bl_summary_limits(config)};
    const size_t laws = config->depth.count * t.dimensions * t.p_count;
    bl_log(BL_LOG_INFO, "summary: statistics of %zu cases, predictions, fits", cases);
    bl_run_tell(run, (bl_progress){.phase = BL_PHASE_SUMMARY, .total = 1});
    BL_TRY(bl_run_pause(run, 0, ""));
    BL_TRY(bl_agree(comm, allocate(&t)));
    BL_TRY(do_stage(&t, BL_SUMMARY_PREDICTIONS));
    merge(comm, t.law_median, laws);
    merge(comm, t.guaranteed, laws);
    BL_TRY(do_stage(&t, BL_SUMMARY_LIMITS));
    merge(comm, &t.limit->kernel, cases * t.limits * (sizeof *t.limit / sizeof(double)));
    BL_TRY(bl_agree(comm, summarise_cases(run, &t)));
    merge(comm, &t.median->value, cases * t.kinds * t.p_count * (sizeof *t.median / sizeof(double)));
    BL_TRY(bl_agree(comm, comm->rank == 0 ? write_fits(run, &t) : BL_OK));
    bl_run_tell(run, (bl_progress){.phase = BL_PHASE_SUMMARY, .done = 1, .total = 1, .ended = true});
cleanup:
    bl_mem_free(t.median);
    bl_mem_free(t.limit);
    bl_mem_free(t.law_median);
    bl_mem_free(t.guaranteed);
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Statistics are computed from the distances that are there, so that a file still being written shows the same columns;
 * predictions and fits are read, and are '-' until the sweep's end.
 */
#include "table.h"

#include "base/mem.h"
#include "borderline/log.h"
#include "experiment/summary.h"
#include "store/measurement.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CELL = 32 };

/* Four significant digits, '-' for what is not there. */
static const char *cell(char *text, double value) {
    if (isnan(value))
        return "-";
    (void)snprintf(text, CELL, "%.4g", value);
    return text;
}

/* A value of an axis: whole numbers without a fraction, inf. */
static const char *axis_cell(char *text, double value) {
    if (isinf(value))
        return "inf";
    (void)snprintf(text, CELL, value == floor(value) ? "%.0f" : "%g", value);
    return text;
}

static bl_err read_number(const bl_results *results, bl_field_id field, const size_t *start, double *value) {
    return bl_results_read(results, field, start, (size_t[BL_FIELD_RANK_MAX]){1, 1, 1, 1, 1, 1, 1}, value);
}

/* A cell of the column that only sweeps that train have. */
static void print_kind(const bl_config *config, const char *text) {
    if (bl_config_kinds(config) > 1)
        (void)printf(" %6s", text);
}

static const char *const kind_name[BL_KINDS] = {"train", "test", "random"};

/* Predictions are of random inputs, the last kind. */
static bl_err print_case(const bl_results *results, const bl_config *config, const bl_case *c, size_t kind,
                         size_t p_index, const bl_summary *s) {
    bl_err err = BL_OK;
    double law = NAN, ratio = NAN, guaranteed = NAN;
    char text[10][CELL];
    size_t at_pair[BL_FIELD_RANK_MAX] = {c->depth_index, c->dimension_index, p_index, BL_QUANTILE_MEDIAN};
    size_t at_case[BL_FIELD_RANK_MAX] = {c->depth_index, c->width_index, c->dimension_index, kind, p_index};
    if (kind + 1 == bl_config_kinds(config)) {
        BL_TRY(read_number(results, BL_FIELD_SUMMARY_LAW, at_pair, &law));
        BL_TRY(read_number(results, BL_FIELD_SUMMARY_GUARANTEED, at_pair, &guaranteed));
        BL_TRY(read_number(results, BL_FIELD_SUMMARY_OVER_LAW, at_case, &ratio));
    }
    (void)printf("%5zu %6s %8zu", c->depth, axis_cell(text[0], c->width), c->dimension);
    print_kind(config, kind_name[kind]);
    (void)printf(" %5s  %10s [%9s, %9s] %10s %9s %8s %10s %7s %8" PRId64 "\n",
                 axis_cell(text[1], config->p.value[p_index]),
                 cell(text[2], s->distance.estimate[BL_QUANTILE_MEDIAN]),
                 cell(text[3], s->distance.low[BL_QUANTILE_MEDIAN]),
                 cell(text[4], s->distance.high[BL_QUANTILE_MEDIAN]),
                 cell(text[5], s->relative.estimate[BL_QUANTILE_MEDIAN]), cell(text[6], law),
                 cell(text[7], ratio), cell(text[8], guaranteed), cell(text[9], s->passes), s->failures);
cleanup:
    return err;
}

static bl_err print_cases(const bl_results *results, const bl_grid *grid) {
    bl_err err = BL_OK;
    const bl_config *config = grid->config;
    bl_record record;
    BL_TRY(bl_summary_record_create(config, &record));
    (void)printf("\n%5s %6s %8s", "depth", "width", "n");
    print_kind(config, "inputs");
    (void)printf(" %5s  %10s %-22s %11s %9s %8s %10s %7s %8s\n", "p", "median", " interval", "over |x0|_p",
                 "law", "over law", "guaranteed", "passes", "failures");
    for (size_t i = 0; i < grid->cases * bl_config_kinds(config); i++) {
        const size_t kind = i % bl_config_kinds(config);
        bl_case c = bl_grid_case(grid, i / bl_config_kinds(config));
        BL_TRY(bl_results_read_record(results, &c, kind, &record));
        for (size_t k = 0; k < config->p.count; k++) {
            bl_summary summary;
            BL_TRY(bl_summary_case(config, &c, &record, k, &summary));
            BL_TRY(print_case(results, config, &c, kind, k, &summary));
        }
    }
cleanup:
    bl_record_clear(&record);
    return err;
}

/* The paper's claim is d_p ~ |x0|_p / sqrt n, and |x0|_p ~ n^(1/p): n^(1/p - 1/2). */
static double expected_exponent(double p) {
    return p > 0 ? 1 / p - 0.5 : NAN;
}

static bl_err print_exponents(const bl_results *results, const bl_config *config) {
    bl_err err = BL_OK;
    char text[5][CELL];
    const size_t kinds = bl_config_kinds(config);
    (void)printf("\n%5s %6s", "depth", "width");
    print_kind(config, "inputs");
    (void)printf(" %5s  %22s %10s\n", "p", "exponent of n", "1/p - 1/2");
    for (size_t i = 0; i < config->depth.count * config->width.count * kinds; i++)
        for (size_t k = 0; k < config->p.count; k++) {
            const size_t depth = i / kinds / config->width.count, width = i / kinds % config->width.count;
            size_t at[BL_FIELD_RANK_MAX] = {depth, width, i % kinds, k};
            double exponent = NAN, error = NAN;
            BL_TRY(read_number(results, BL_FIELD_SUMMARY_EXPONENT, at, &exponent));
            BL_TRY(read_number(results, BL_FIELD_SUMMARY_EXPONENT_ERROR, at, &error));
            (void)printf("%5.0f %6s", config->depth.value[depth],
                         axis_cell(text[0], config->width.value[width]));
            print_kind(config, kind_name[i % kinds]);
            (void)printf(" %5s  %9s +- %9s %10s\n", axis_cell(text[1], config->p.value[k]),
                         cell(text[2], exponent), cell(text[3], error),
                         cell(text[4], expected_exponent(config->p.value[k])));
        }
cleanup:
    return err;
}

static bl_err print_kernels(const bl_results *results, const bl_grid *grid) {
    bl_err err = BL_OK;
    char text[5][CELL];
    (void)printf("\n%5s %6s %8s  %-33s %10s %10s\n%5s %6s %8s  %16s %16s %10s %10s\n", "", "", "",
                 "|K_empirical - K_nngp| / |K_nngp|", "kurtosis", "KL", "depth", "width", "n", "features",
                 "outputs", "(excess)", "(nats)");
    for (size_t i = 0; i < grid->cases; i++) {
        bl_case c = bl_grid_case(grid, i);
        size_t at[BL_FIELD_RANK_MAX] = {c.depth_index, c.width_index, c.dimension_index};
        double value[4];
        static const bl_field_id field[4] = {BL_FIELD_SUMMARY_KERNEL_DEVIATION,
                                             BL_FIELD_SUMMARY_KERNEL_DEVIATION_OUTPUT,
                                             BL_FIELD_SUMMARY_KURTOSIS, BL_FIELD_SUMMARY_KL_DIVERGENCE};
        for (size_t k = 0; k < 4; k++)
            BL_TRY(read_number(results, field[k], at, &value[k]));
        (void)printf("%5zu %6s %8zu  %16s %16s %10s %10s\n", c.depth, axis_cell(text[4], c.width),
                     c.dimension, cell(text[0], value[0]), cell(text[1], value[1]), cell(text[2], value[2]),
                     cell(text[3], value[3]));
    }
cleanup:
    return err;
}

/* Units done, of all. Those of a run in progress may be seen half written; in a complete file all is as it was written, or no
 * number is to be trusted. */
static bl_err count_done(const char *path, const bl_results *results, const bl_grid *grid, int64_t *count,
                         bool *complete) {
    bl_err err = BL_OK;
    bool *done = NULL, intact = false;
    int64_t damaged = 0;
    *count = 0;
    BL_ALLOC(done, (size_t)grid->units);
    BL_TRY(bl_results_is_complete(results, complete, &intact));
    BL_TRY(bl_results_verify(results, grid, done, &damaged));
    for (int64_t i = 0; i < grid->units; i++)
        *count += done[i];
    BL_REQUIRE(!*complete || *count == grid->units, BL_ERR_INPUT,
               "%s is damaged: %" PRId64 " units do not match their checksums; run --resume does them again",
               path, grid->units - *count);
    BL_REQUIRE(intact, BL_ERR_INPUT,
               "%s is damaged: kernels or summary do not match their checksum; run --resume does them again",
               path);
    if (damaged > 0)
        bl_log(BL_LOG_WARNING,
               "%" PRId64 " units in %s do not match their checksums: if no run is writing them, run "
               "--resume does them again",
               damaged, path);
cleanup:
    bl_mem_free(done);
    return err;
}

/* --- the file of measure --- */

static bl_err print_network(void *context, const bl_measurement_view *view) {
    bl_err err = BL_OK;
    const size_t inputs = view->record->shape.rows, p_count = view->record->shape.norms;
    const double *all = view->record->data[BL_FIELD_DISTANCE];
    const int32_t *spent = view->record->data[BL_FIELD_PASSES];
    const int8_t *status = view->record->data[BL_FIELD_STATUS];
    char text[4][CELL];
    double *distance = NULL;
    (void)context;
    BL_ALLOC(distance, inputs);
    for (size_t k = 0; k < p_count; k++) {
        double passes = 0;
        size_t found = 0, pending = 0;
        for (size_t i = 0; i < inputs; i++) {
            size_t at = i * p_count + k;
            distance[i] = all[at];
            passes += spent[at];
            found += status[at] == BL_STATUS_FOUND;
            pending += status[at] == BL_STATUS_PENDING;
        }
        (void)printf("%-48s %5s  %10s %10s %6zu of %zu%s\n", view->name, axis_cell(text[0], view->p[k]),
                     cell(text[1], bl_stats_quantile(distance, inputs, 0.5)),
                     cell(text[2], passes / (double)inputs), found, inputs, pending ? " (pending)" : "");
    }
cleanup:
    bl_mem_free(distance);
    return err;
}

static bl_err print_measurement(const bl_results *results) {
    (void)printf("%-48s %5s  %10s %10s %6s\n", "network", "p", "median", "passes", "found");
    return bl_measurement_each(results, print_network, NULL);
}

/* --- the file of run --- */

/* ", kernels of 3 of 8 cases" of a file that is not complete; else nothing. */
static bl_err say_kernels(const bl_results *results, const bl_grid *grid, bool complete, size_t room,
                          char *text) {
    bl_err err = BL_OK;
    const bl_config *config = grid->config;
    const size_t start[BL_FIELD_RANK_MAX] = {0};
    const size_t count[] = {config->depth.count, config->width.count, config->dimension.count};
    size_t done = 0;
    int8_t *status = NULL;
    *text = '\0';
    if (complete || !bl_results_marks_kernels(results))
        goto cleanup;
    BL_ALLOC(status, grid->cases);
    BL_TRY(bl_results_read(results, BL_FIELD_KERNEL_STATUS, start, count, status));
    for (size_t i = 0; i < grid->cases; i++)
        done += status[i] != BL_KERNELS_PENDING;
    (void)snprintf(text, room, ", kernels of %zu of %zu cases", done, grid->cases);
cleanup:
    bl_mem_free(status);
    return err;
}

static bl_err print_sweep(const char *path, const bl_results *results) {
    bl_err err = BL_OK;
    bl_config *config = NULL;
    bl_grid *grid = NULL;
    int64_t done = 0;
    bool complete = false;
    char kernels[64];
    BL_TRY(bl_results_config(results, &config));
    BL_TRY(bl_grid_create(config, &grid));
    BL_TRY(count_done(path, results, grid, &done, &complete));
    BL_TRY(say_kernels(results, grid, complete, sizeof kernels, kernels));
    (void)printf("%s: %s\n%s: %" PRId64 " of %" PRId64
                 " units done%s; %zu networks a case, %zu inputs %sa network, %g %% intervals\n",
                 path, config->name, complete ? "complete" : "not complete", done, grid->units, kernels,
                 config->networks, config->inputs,
                 config->training.set == BL_TRAINING_NONE ? "" : "of each kind ", 100 * config->confidence);
    BL_TRY(print_cases(results, grid));
    BL_TRY(print_exponents(results, config));
    if (config->kernel_inputs > 0)
        BL_TRY(print_kernels(results, grid));
cleanup:
    bl_grid_destroy(&grid);
    bl_config_destroy(&config);
    return err;
}

bl_err bl_table_print(const char *path) {
    bl_err err = BL_OK;
    bl_results *results = NULL;
    BL_TRY(bl_results_open(path, BL_RESULTS_READ, NULL, &results));
    BL_TRY(bl_results_is_measurement(results) ? print_measurement(results) : print_sweep(path, results));
cleanup:
    if (results) {
        bl_err closed = bl_results_close(&results);
        err = err != BL_OK ? err : closed;
    }
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Statistics are computed from the distances that are there, so that a file still being written shows the same rows; predictions
 * and fits are read, and are NaN until the sweep's end.
 */
#include "show.h"

#include "base/mem.h"
#include "base/stats.h"
#include "borderline/log.h"
#include "store/measurement.h"

#include <inttypes.h>
#include <math.h>

/* A file being shown. */
typedef struct view {
    const char *path;
    const bl_results *results;
    const bl_show_format *format;
    void *context;
    bl_config *config;
    bl_grid *grid;
} view;

static bl_err read_number(const view *v, bl_field_id field, const size_t *start, double *value) {
    return bl_results_read(v->results, field, start, (size_t[BL_FIELD_RANK_MAX]){1, 1, 1, 1, 1, 1, 1}, value);
}

static const char *kind_of(const view *v, size_t kind) {
    static const char *const name[BL_KINDS] = {"train", "test", "random"};
    return bl_config_kinds(v->config) > 1 ? name[kind] : name[BL_KIND_RANDOM];
}

/* --- the sections of a sweep --- */

/* Predictions are of random inputs, the last kind. */
static bl_err show_case(const view *v, const bl_case *c, size_t kind, size_t p_index,
                        const bl_record *record) {
    bl_err err = BL_OK;
    bl_show_case row = {.c = *c,
                        .kind = kind_of(v, kind),
                        .p = v->config->p.value[p_index],
                        .law = NAN,
                        .over_law = NAN,
                        .guaranteed = NAN,
                        .certificates = {.exact = NAN, .median_low = NAN, .median_high = NAN}};
    row.certificates.ratio.estimate[BL_QUANTILE_MEDIAN] = NAN;
    const size_t at_pair[BL_FIELD_RANK_MAX] = {c->depth_index, c->dimension_index, p_index,
                                               BL_QUANTILE_MEDIAN};
    const size_t at_case[BL_FIELD_RANK_MAX] = {c->depth_index, c->width_index, c->dimension_index, kind,
                                               p_index};
    BL_TRY(bl_summary_case(v->config, c, record, p_index, &row.summary));
    if (v->config->certify != BL_CERTIFY_NONE)
        BL_TRY(bl_summary_certified(v->config, record, p_index, &row.certificates));
    if (kind + 1 == bl_config_kinds(v->config)) {
        BL_TRY(read_number(v, BL_FIELD_SUMMARY_LAW, at_pair, &row.law));
        BL_TRY(read_number(v, BL_FIELD_SUMMARY_GUARANTEED, at_pair, &row.guaranteed));
        BL_TRY(read_number(v, BL_FIELD_SUMMARY_OVER_LAW, at_case, &row.over_law));
    }
    v->format->case_row(v->context, &row);
cleanup:
    return err;
}

static bl_err show_cases(const view *v) {
    bl_err err = BL_OK;
    bl_record record;
    const size_t kinds = bl_config_kinds(v->config);
    BL_TRY(bl_summary_record_create(v->config, &record));
    for (size_t i = 0; i < v->grid->cases * kinds; i++) {
        const bl_case c = bl_grid_case(v->grid, i / kinds);
        BL_TRY(bl_results_read_record(v->results, &c, i % kinds, &record));
        for (size_t k = 0; k < v->config->p.count; k++)
            BL_TRY(show_case(v, &c, i % kinds, k, &record));
    }
cleanup:
    bl_record_clear(&record);
    return err;
}

/* The paper's claim is d_p ~ |x0|_p / sqrt n, and |x0|_p ~ n^(1/p): n^(1/p - 1/2). */
static double expected_exponent(double p) {
    return p > 0 ? 1 / p - 0.5 : NAN;
}

static bl_err show_exponents(const view *v) {
    bl_err err = BL_OK;
    const bl_config *config = v->config;
    const size_t kinds = bl_config_kinds(config), widths = config->width.count;
    for (size_t i = 0; i < config->depth.count * widths * kinds * config->p.count; i++) {
        const size_t curve = i / config->p.count, k = i % config->p.count, kind = curve % kinds;
        const size_t at[BL_FIELD_RANK_MAX] = {curve / kinds / widths, curve / kinds % widths, kind, k};
        bl_show_exponent row = {.depth = config->depth.value[at[0]],
                                .width = config->width.value[at[1]],
                                .kind = kind_of(v, kind),
                                .p = config->p.value[k],
                                .expected = expected_exponent(config->p.value[k])};
        BL_TRY(read_number(v, BL_FIELD_SUMMARY_EXPONENT, at, &row.exponent));
        BL_TRY(read_number(v, BL_FIELD_SUMMARY_EXPONENT_ERROR, at, &row.error));
        v->format->exponent_row(v->context, &row);
    }
cleanup:
    return err;
}

static bl_err show_kernels(const view *v) {
    bl_err err = BL_OK;
    for (size_t i = 0; i < v->grid->cases; i++) {
        bl_show_kernel row = {.c = bl_grid_case(v->grid, i)};
        const size_t at[BL_FIELD_RANK_MAX] = {row.c.depth_index, row.c.width_index, row.c.dimension_index};
        BL_TRY(read_number(v, BL_FIELD_SUMMARY_KERNEL_DEVIATION, at, &row.deviation));
        BL_TRY(read_number(v, BL_FIELD_SUMMARY_KERNEL_DEVIATION_OUTPUT, at, &row.deviation_output));
        BL_TRY(read_number(v, BL_FIELD_SUMMARY_KURTOSIS, at, &row.kurtosis));
        BL_TRY(read_number(v, BL_FIELD_SUMMARY_KL_DIVERGENCE, at, &row.divergence));
        v->format->kernel_row(v->context, &row);
    }
cleanup:
    return err;
}

/* One launch; *there is false after the last. */
static bl_err show_launch(const view *v, int64_t launch, bool *there) {
    bl_err err = BL_OK;
    char *text[BL_PROVENANCE_KEYS] = {NULL};
    bl_show_launch row = {.text = text};
    for (size_t i = 0; i < BL_PROVENANCE_KEYS; i++)
        BL_TRY(bl_results_read_launch(v->results, launch, bl_provenance_keys[i].name, &text[i]));
    *there = *text[0] != '\0'; /* every launch has the time of its start */
    if (*there) {
        BL_TRY(bl_usage_read(v->results, launch, &row.usage));
        v->format->launch_row(v->context, &row);
    }
cleanup:
    for (size_t i = 0; i < BL_PROVENANCE_KEYS; i++)
        bl_mem_free(text[i]);
    return err;
}

static bl_err show_launches(const view *v) {
    bl_err err = BL_OK;
    bool there = true;
    for (int64_t launch = 0; launch < BL_LAUNCHES_MAX && there; launch++)
        BL_TRY(show_launch(v, launch, &there));
cleanup:
    return err;
}

/* --- the head of a sweep --- */

/* Units done, of all. Those of a run in progress may be seen half written; a complete file must be as it was written, else none
 * of its numbers can be trusted. */
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

static bl_err count_kernels(const view *v, bl_show_sweep *head) {
    bl_err err = BL_OK;
    const size_t start[BL_FIELD_RANK_MAX] = {0};
    const size_t count[] = {v->config->depth.count, v->config->width.count, v->config->dimension.count};
    int8_t *status = NULL;
    head->kernels_known = bl_results_marks_kernels(v->results);
    if (!head->kernels_known)
        goto cleanup;
    BL_ALLOC(status, v->grid->cases);
    BL_TRY(bl_results_read(v->results, BL_FIELD_KERNEL_STATUS, start, count, status));
    for (size_t i = 0; i < v->grid->cases; i++)
        head->kernels_done += status[i] != BL_KERNELS_PENDING;
cleanup:
    bl_mem_free(status);
    return err;
}

static bl_err show_sweep(view *v) {
    static bl_err (*const show[])(const view *) = {[BL_SHOW_CASES] = show_cases,
                                                   [BL_SHOW_EXPONENTS] = show_exponents,
                                                   [BL_SHOW_KERNELS] = show_kernels,
                                                   [BL_SHOW_LAUNCHES] = show_launches};
    bl_err err = BL_OK;
    bl_show_sweep head = {.path = v->path};
    BL_TRY(bl_results_config(v->results, &v->config));
    BL_TRY(bl_grid_create(v->config, &v->grid));
    head.grid = v->grid;
    BL_TRY(count_done(v->path, v->results, v->grid, &head.units_done, &head.complete));
    BL_TRY(count_kernels(v, &head));
    v->format->sweep(v->context, &head);
    for (bl_show_section section = BL_SHOW_CASES; section <= BL_SHOW_LAUNCHES; section++) {
        if ((section == BL_SHOW_KERNELS && v->config->kernel_inputs == 0) ||
            !v->format->begin(v->context, section, bl_config_kinds(v->config) > 1))
            continue;
        BL_TRY(show[section](v));
        v->format->end(v->context, section);
    }
cleanup:
    bl_grid_destroy(&v->grid);
    bl_config_destroy(&v->config);
    return err;
}

/* --- a file of measure --- */

static bl_err show_network(void *context, const bl_measurement_view *network) {
    bl_err err = BL_OK;
    const view *v = context;
    const bl_record *record = network->record;
    const size_t inputs = record->shape.rows, p_count = record->shape.norms;
    const double *distance = record->data[BL_FIELD_DISTANCE];
    const int32_t *passes = record->data[BL_FIELD_PASSES];
    const int8_t *status = record->data[BL_FIELD_STATUS];
    const double *certified = record->data[BL_FIELD_DISTANCE_CERTIFIED];
    double *value = NULL, *ratio = NULL;
    BL_ALLOC(value, inputs);
    BL_ALLOC(ratio, inputs);
    for (size_t k = 0; k < p_count; k++) {
        bl_show_network row = {.name = network->name, .p = network->p[k], .looked = NAN, .inputs = inputs};
        double spent = 0;
        for (size_t i = 0; i < inputs; i++) {
            const size_t at = i * p_count + k;
            value[i] = bl_summary_length(status[at], distance[at]);
            row.looked = isfinite(value[i]) ? fmax(row.looked, value[i]) : row.looked;
            ratio[i] = certified ? certified[at] / distance[at] : NAN;
            spent += passes[at];
            row.found += status[at] == BL_STATUS_FOUND;
            row.pending += status[at] == BL_STATUS_PENDING;
        }
        row.median = bl_stats_quantile(value, inputs, 0.5);
        row.certified = bl_stats_quantile(ratio, inputs, 0.5);
        row.passes = spent / (double)inputs;
        v->format->network_row(v->context, &row);
    }
cleanup:
    bl_mem_free(value);
    bl_mem_free(ratio);
    return err;
}

static bl_err show_measurement(view *v) {
    bl_err err = BL_OK;
    bool complete = false, intact = false;
    BL_TRY(bl_results_is_complete(v->results, &complete, &intact));
    v->format->measurement(v->context, v->path, complete);
    if (!v->format->begin(v->context, BL_SHOW_NETWORKS, false))
        goto cleanup;
    BL_TRY(bl_measurement_each(v->results, show_network, v));
    v->format->end(v->context, BL_SHOW_NETWORKS);
cleanup:
    return err;
}

/* --- both --- */

bl_err bl_show_file(const char *path, const bl_show_format *format, void *context) {
    bl_err err = BL_OK;
    bl_results *results = NULL;
    BL_TRY(bl_results_open(path, BL_RESULTS_READ, NULL, &results));
    view v = {.path = path, .results = results, .format = format, .context = context};
    BL_TRY(bl_results_is_measurement(results) ? show_measurement(&v) : show_sweep(&v));
cleanup:
    if (results) {
        bl_err closed = bl_results_close(&results);
        err = err != BL_OK ? err : closed;
    }
    return err;
}

bl_err bl_show_table(const char *path) {
    bl_show_text text = {0};
    return bl_show_file(path, &bl_show_text_format, &text);
}

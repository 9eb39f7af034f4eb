/* SPDX-License-Identifier: BSD-3-Clause */
#include "show_posterior.h"

#include "base/mem.h"
#include "base/stats.h"

#include <math.h>

/* Inputs of one kind, one p; value[p->inputs] is room to sort in. */
static bl_show_posterior_row row_of(const bl_posterior *p, size_t kind, size_t k, double *value) {
    const double *distance = p->record.data[BL_FIELD_DISTANCE];
    const double *input_norm = p->record.data[BL_FIELD_INPUT_NORM];
    const int8_t *status = p->record.data[BL_FIELD_STATUS];
    bl_show_posterior_row row = {.kind = bl_posterior_kind_name[kind],
                                 .p = p->config->base.p.value[k],
                                 .looked = NAN,
                                 .law = p->law[(kind * p->p_count + k) * BL_QUANTILES + BL_QUANTILE_MEDIAN],
                                 .inputs = p->inputs};
    double norm = 0;
    for (size_t i = 0; i < p->inputs; i++) {
        const size_t at = (kind * p->inputs + i) * p->p_count + k;
        value[i] = bl_summary_length(status[at], distance[at]);
        row.looked = isfinite(value[i]) ? fmax(row.looked, value[i]) : row.looked;
        row.found += status[at] == BL_STATUS_FOUND;
        norm += input_norm[at] / (double)p->inputs;
    }
    row.median = bl_stats_quantile(value, p->inputs, 0.5);
    row.relative = row.median / norm;
    row.relative_looked = row.looked / norm;
    return row;
}

bl_err bl_show_posterior(const bl_posterior *p, const bl_show_format *format, void *context) {
    bl_err err = BL_OK;
    double *value = NULL;
    format->posterior(context, p);
    if (p->inputs == 0 || !format->begin(context, BL_SHOW_DISTANCES, false))
        goto cleanup;
    BL_ALLOC(value, p->inputs);
    for (size_t kind = 0; kind < BL_POSTERIOR_KINDS; kind++)
        for (size_t k = 0; k < p->p_count; k++) {
            const bl_show_posterior_row row = row_of(p, kind, k, value);
            format->posterior_row(context, &row);
        }
    format->end(context, BL_SHOW_DISTANCES);
cleanup:
    bl_mem_free(value);
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "posterior_table.h"

#include "base/mem.h"
#include "base/stats.h"

#include <math.h>
#include <stdio.h>

static bl_err print_distances(const bl_posterior *p) {
    bl_err err = BL_OK;
    const double *distance = p->record.data[BL_FIELD_DISTANCE];
    const double *input_norm = p->record.data[BL_FIELD_INPUT_NORM];
    const int8_t *status = p->record.data[BL_FIELD_STATUS];
    double *value = NULL;
    BL_ALLOC(value, p->inputs);
    (void)printf("\n%-9s %6s %14s %14s %10s %8s\n", "inputs", "p", "median", "prior's law", "relative",
                 "found");
    for (size_t kind = 0; kind < BL_POSTERIOR_KINDS; kind++)
        for (size_t k = 0; k < p->p_count; k++) {
            size_t found = 0;
            double norm = 0;
            for (size_t i = 0; i < p->inputs; i++) {
                size_t at = (kind * p->inputs + i) * p->p_count + k;
                value[i] = isnan(distance[at]) ? INFINITY : distance[at];
                found += status[at] == BL_STATUS_FOUND;
                norm += input_norm[at] / (double)p->inputs;
            }
            double median = bl_stats_quantile(value, p->inputs, 0.5);
            double law = p->law[(kind * p->p_count + k) * BL_QUANTILES + BL_QUANTILE_MEDIAN];
            (void)printf("%-9s %6g %14.5g %14.5g %10.4g %4zu/%zu\n", bl_posterior_kind_name[kind],
                         p->config->base.p.value[k], median, law, median / norm, found, p->inputs);
        }
cleanup:
    bl_mem_free(value);
    return err;
}

bl_err bl_posterior_print(const bl_posterior *p) {
    (void)printf("%s: %zu training images, %zu test images, %s\n", p->config->base.name, p->train, p->test,
                 p->columns == 1 ? "parity" : "one against the rest");
    (void)printf("test accuracy            %.4f (%zu of %zu)\n", p->accuracy,
                 (size_t)(p->accuracy * (double)p->test + 0.5), p->test);
    (void)printf("training accuracy        %.4f\n", p->accuracy_train);
    (void)printf("log marginal likelihood  %.8g\n", p->log_marginal);
    (void)printf("negative log likelihood  %.4f a test image\n", p->negative_log);
    (void)printf("calibration error        %.4f\n", p->calibration_error);
    if (p->seconds_kernel > 0)
        (void)printf(
            "seconds                  kernel %.3g, factor and weights %.3g, test %.3g, distances %.3g\n",
            p->seconds_kernel, p->seconds_solve, p->seconds_test, p->seconds_distances);
    return p->inputs > 0 ? print_distances(p) : BL_OK;
}

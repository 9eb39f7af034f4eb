/* SPDX-License-Identifier: BSD-3-Clause */
#include "survey.h"

#include "base/clock.h"
#include "base/mem.h"
#include "probe.h"

#include <string.h>

/* The oracle's answers, timed. */

static bl_err ask_forward(void *context, size_t count, const size_t *input, const float *x, float *logits) {
    bl_survey *s = context;
    double begin = bl_clock();
    bl_err err = s->asked.forward(s->asked.context, count, input, x, logits);
    s->seconds += bl_clock() - begin;
    return err;
}

static bl_err ask_gradient(void *context, size_t count, const size_t *row, const float *seed,
                           float *gradient) {
    bl_survey *s = context;
    double begin = bl_clock();
    bl_err err = s->asked.gradient(s->asked.context, count, row, seed, gradient);
    s->seconds += bl_clock() - begin;
    return err;
}

static bl_err ask_forward64(void *context, size_t count, const size_t *input, const double *x,
                            double *logits) {
    bl_survey *s = context;
    double begin = bl_clock();
    bl_err err = s->asked.forward64(s->asked.context, count, input, x, logits);
    s->seconds += bl_clock() - begin;
    return err;
}

bl_err bl_survey_create(const bl_search_options *options, const bl_oracle *oracle, size_t inputs,
                        bl_survey *s) {
    bl_err err = BL_OK;
    s->asked = *oracle;
    s->inputs = inputs;
    s->p_count = options->p_count;
    BL_ALLOC(s->p, options->p_count);
    memcpy(s->p, options->p, options->p_count * sizeof *s->p);
    BL_ALLOC(s->logits0, inputs * oracle->classes);
    BL_TRY(bl_search_create(options, oracle->dimension, oracle->classes, inputs, &s->search));
cleanup:
    return err;
}

void bl_survey_clear(bl_survey *s) {
    bl_search_destroy(&s->search);
    bl_mem_free(s->p);
    bl_mem_free(s->logits0);
}

bl_err bl_survey_run(bl_survey *s, const double *x0, double *output, double *norm, bl_search_result *result,
                     double *points) {
    bl_err err = BL_OK;
    const size_t n = s->asked.dimension, classes = s->asked.classes;
    const bl_oracle timed = {n, classes, s->asked.batch, s, ask_forward, ask_gradient, ask_forward64};
    BL_TRY(bl_search_run(s->search, &timed, x0, s->logits0, result, points));
    for (size_t i = 0; i < s->inputs; i++) {
        output[i] = bl_probe_margin(classes, s->logits0 + i * classes);
        for (size_t k = 0; k < s->p_count; k++)
            norm[i * s->p_count + k] = bl_norm(s->p[k], n, x0 + i * n);
    }
cleanup:
    return err;
}

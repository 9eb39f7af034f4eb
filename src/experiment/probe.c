/* SPDX-License-Identifier: BSD-3-Clause */
#include "probe.h"

#include "base/clock.h"
#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <string.h>

struct bl_probe {
    bl_oracle asked; /* answers; context and functions are borrowed */
    bl_search *search;
    size_t inputs, p_count;
    double *p;                /* [p_count] */
    double *logits0;          /* [inputs][classes] */
    bl_search_result *result; /* [inputs][p_count] */
    double seconds;           /* inside the oracle */
};

/* The oracle's answers, timed. */

static bl_err ask_forward(void *context, size_t count, const size_t *input, const float *x, float *logits) {
    bl_probe *probe = context;
    double begin = bl_clock();
    bl_err err = probe->asked.forward(probe->asked.context, count, input, x, logits);
    probe->seconds += bl_clock() - begin;
    return err;
}

static bl_err ask_gradient(void *context, size_t count, const size_t *row, const float *seed,
                           float *gradient) {
    bl_probe *probe = context;
    double begin = bl_clock();
    bl_err err = probe->asked.gradient(probe->asked.context, count, row, seed, gradient);
    probe->seconds += bl_clock() - begin;
    return err;
}

static bl_err ask_forward64(void *context, size_t count, const size_t *input, const double *x,
                            double *logits) {
    bl_probe *probe = context;
    double begin = bl_clock();
    bl_err err = probe->asked.forward64(probe->asked.context, count, input, x, logits);
    probe->seconds += bl_clock() - begin;
    return err;
}

bl_err bl_probe_create(const bl_search_options *options, const bl_oracle *oracle, size_t inputs,
                       bl_probe **out) {
    bl_err err = BL_OK;
    bl_probe *probe = NULL;
    BL_ALLOC(probe, 1);
    probe->asked = *oracle;
    probe->inputs = inputs;
    probe->p_count = options->p_count;
    BL_ALLOC(probe->p, options->p_count);
    memcpy(probe->p, options->p, options->p_count * sizeof *probe->p);
    BL_ALLOC(probe->logits0, inputs * oracle->classes);
    BL_ALLOC(probe->result, inputs * options->p_count);
    BL_TRY(bl_search_create(options, oracle->dimension, oracle->classes, inputs, &probe->search));
    *out = probe;
    probe = NULL;
cleanup:
    bl_probe_destroy(&probe);
    return err;
}

void bl_probe_destroy(bl_probe **probe) {
    if (!*probe)
        return;
    bl_search_destroy(&(*probe)->search);
    bl_mem_free((*probe)->p);
    bl_mem_free((*probe)->logits0);
    bl_mem_free((*probe)->result);
    bl_mem_free(*probe);
    *probe = NULL;
}

/* The output of a classifier from its logits. */
static double margin(size_t classes, const double *logits) {
    if (classes == 2)
        return logits[1] - logits[0];
    double first = -INFINITY, second = -INFINITY;
    for (size_t j = 0; j < classes; j++)
        if (logits[j] > first) {
            second = first;
            first = logits[j];
        } else if (logits[j] > second) {
            second = logits[j];
        }
    return first - second;
}

/* Inputs at which float64 cannot tell the classifier's class: a distance there would be one of rounding errors, or meaningless. */
static void doubt(double margin, double length, size_t n, bl_search_result *result, double *point) {
    enum { ROUNDINGS = 16 };
    const double gradient = result->gradient_norm;
    int8_t status = result->status;
    if (margin == 0.0 && gradient == 0.0)
        status = BL_STATUS_CONSTANT;
    else if (isinf(gradient) || (margin != 0.0 && fabs(margin) < ROUNDINGS * DBL_EPSILON * length * gradient))
        status = BL_STATUS_BELOW_RESOLUTION;
    if (status == result->status)
        return;
    result->status = status;
    result->distance = result->inside = NAN;
    for (size_t i = 0; point && i < n; i++)
        point[i] = NAN;
}

bl_err bl_probe_run(bl_probe *probe, const double *x0, double factor, bl_finding *finding, double *points) {
    bl_err err = BL_OK;
    const size_t n = probe->asked.dimension, classes = probe->asked.classes;
    const bl_oracle timed = {n, classes, probe->asked.batch, probe, ask_forward, ask_gradient, ask_forward64};
    BL_TRY(bl_search_run(probe->search, &timed, x0, probe->logits0, probe->result, points));
    for (size_t i = 0; i < probe->inputs; i++) {
        const double output = margin(classes, probe->logits0 + i * classes),
                     length = bl_norm(2.0, n, x0 + i * n);
        for (size_t k = 0; k < probe->p_count; k++) {
            bl_finding *f = &finding[i * probe->p_count + k];
            *f = (bl_finding){.search = probe->result[i * probe->p_count + k],
                              .output = factor * output,
                              .input_norm = bl_norm(probe->p[k], n, x0 + i * n)};
            doubt(output, length, n, &f->search, points ? points + (i * probe->p_count + k) * n : NULL);
            f->search.gradient_norm *= factor;
        }
    }
cleanup:
    return err;
}

double bl_probe_seconds(const bl_probe *probe) {
    return probe->seconds;
}

size_t bl_probe_memory(const bl_search_options *options, size_t dimension, size_t classes, size_t inputs) {
    return bl_search_memory(options, dimension, classes, inputs) +
           inputs * (options->p_count * sizeof(bl_search_result) + classes * sizeof(double));
}

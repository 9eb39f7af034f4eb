/* SPDX-License-Identifier: BSD-3-Clause */
#include "borderline/probe.h"

#include "borderline/clock.h"
#include "borderline/mem.h"
#include "borderline/pass.h"

#include <math.h>
#include <string.h>

struct bl_probe {
    bl_pass *pass;
    bl_search *search;
    bl_oracle oracle;
    size_t inputs, p_count;
    double *p;       /* [p_count] */
    double *logits0; /* [inputs][classes] */
    double seconds;  /* inside passes, of the last run */
};

/* The oracle's answers, timed. One network serves all inputs. */

static bl_err ask_forward(void *context, size_t count, const size_t *input, const float *x, float *logits) {
    bl_probe *probe = context;
    double begin = bl_clock();
    bl_err err = bl_pass_forward(probe->pass, count, x, logits);
    (void)input;
    probe->seconds += bl_clock() - begin;
    return err;
}

static bl_err ask_gradient(void *context, size_t count, const size_t *row, const float *seed,
                           float *gradient) {
    bl_probe *probe = context;
    double begin = bl_clock();
    bl_err err = bl_pass_gradient(probe->pass, count, row, seed, gradient);
    probe->seconds += bl_clock() - begin;
    return err;
}

static bl_err ask_forward64(void *context, size_t count, const size_t *input, const double *x,
                            double *logits) {
    bl_probe *probe = context;
    double begin = bl_clock();
    bl_err err = bl_pass_forward64(probe->pass, count, x, logits);
    (void)input;
    probe->seconds += bl_clock() - begin;
    return err;
}

bl_err bl_probe_create(const bl_network *shape, const bl_search_options *options, size_t inputs,
                       bl_probe **out) {
    bl_err err = BL_OK;
    bl_probe *probe = NULL;
    BL_ALLOC(probe, 1);
    probe->inputs = inputs;
    probe->p_count = options->p_count;
    BL_ALLOC(probe->p, options->p_count);
    memcpy(probe->p, options->p, options->p_count * sizeof *probe->p);
    BL_ALLOC(probe->logits0, inputs * shape->classes);
    size_t batch = bl_search_batch(options, inputs);
    BL_TRY(bl_pass_create(shape, batch, &probe->pass));
    BL_TRY(bl_search_create(options, shape->dimension, shape->classes, inputs, &probe->search));
    probe->oracle =
        (bl_oracle){shape->dimension, shape->classes, batch, probe, ask_forward, ask_gradient, ask_forward64};
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
    bl_pass_destroy(&(*probe)->pass);
    bl_mem_free((*probe)->p);
    bl_mem_free((*probe)->logits0);
    bl_mem_free(*probe);
    *probe = NULL;
}

double bl_probe_margin(size_t classes, const double *logits) {
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

bl_err bl_probe_run(bl_probe *probe, const bl_network *network, const double *x0, double *output,
                    double *norm, bl_search_result *result, double *points) {
    bl_err err = BL_OK;
    size_t n = network->dimension;
    double begin = bl_clock();
    BL_TRY(bl_pass_load(probe->pass, network));
    probe->seconds = bl_clock() - begin;
    BL_TRY(bl_search_run(probe->search, &probe->oracle, x0, probe->logits0, result, points));
    for (size_t i = 0; i < probe->inputs; i++) {
        output[i] = bl_probe_margin(network->classes, probe->logits0 + i * network->classes);
        for (size_t k = 0; k < probe->p_count; k++)
            norm[i * probe->p_count + k] = bl_norm(probe->p[k], n, x0 + i * n);
    }
cleanup:
    return err;
}

double bl_probe_seconds(const bl_probe *probe) {
    return probe->seconds;
}

size_t bl_probe_memory(const bl_network *shape, const bl_search_options *options, size_t inputs) {
    return bl_pass_memory(shape, bl_search_batch(options, inputs)) +
           bl_search_memory(options, shape->dimension, shape->classes, inputs);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "probe.h"

#include "base/clock.h"
#include "base/mem.h"
#include "borderline/pass.h"
#include "survey.h"

#include <math.h>

struct bl_probe {
    bl_pass *pass;
    bl_survey survey;
};

bl_err bl_probe_create(const bl_network *shape, const bl_search_options *options, size_t inputs,
                       bl_probe **out) {
    bl_err err = BL_OK;
    bl_probe *probe = NULL;
    const size_t batch = bl_search_batch(options, inputs);
    BL_ALLOC(probe, 1);
    BL_TRY(bl_pass_create(shape, batch, &probe->pass));
    const bl_oracle oracle = bl_oracle_of_pass(probe->pass, shape, batch);
    BL_TRY(bl_survey_create(options, &oracle, inputs, &probe->survey));
    *out = probe;
    probe = NULL;
cleanup:
    bl_probe_destroy(&probe);
    return err;
}

void bl_probe_destroy(bl_probe **probe) {
    if (!*probe)
        return;
    bl_survey_clear(&(*probe)->survey);
    bl_pass_destroy(&(*probe)->pass);
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
    const double begin = bl_clock();
    BL_TRY(bl_pass_load(probe->pass, network));
    probe->survey.seconds = bl_clock() - begin;
    BL_TRY(bl_survey_run(&probe->survey, x0, output, norm, result, points));
cleanup:
    return err;
}

double bl_probe_seconds(const bl_probe *probe) {
    return probe->survey.seconds;
}

size_t bl_probe_memory(const bl_network *shape, const bl_search_options *options, size_t inputs) {
    return bl_pass_memory(shape, bl_search_batch(options, inputs)) +
           bl_search_memory(options, shape->dimension, shape->classes, inputs);
}

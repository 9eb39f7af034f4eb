/* SPDX-License-Identifier: BSD-3-Clause */
#include "probe_network.h"

#include "base/clock.h"
#include "base/mem.h"
#include "borderline/pass.h"
#include "network/network_rescale.h"
#include "probe.h"

#include <math.h>
#include <string.h>

struct bl_probe_network {
    bl_pass *pass;
    bl_probe *probe;
    bl_certify certify;
    bl_search_options options; /* p is the probe's own copy */
    size_t inputs;
    double *p;       /* [p_count] */
    double *logits0; /* [inputs][classes] with certify */
    double *points;  /* [inputs][p_count][n] with certify */
    double seconds;  /* of the last run */
};

bl_err bl_probe_network_create(const bl_network *shape, const bl_search_options *options, size_t inputs,
                               bl_certify certify, bl_probe_network **out) {
    bl_err err = BL_OK;
    bl_probe_network *probe = NULL;
    const size_t batch = bl_search_batch(options, inputs);
    BL_ALLOC(probe, 1);
    BL_TRY(bl_pass_create(shape, batch, &probe->pass));
    const bl_oracle oracle = bl_oracle_of_pass(probe->pass, shape, batch);
    BL_TRY(bl_probe_create(options, &oracle, inputs, &probe->probe));
    probe->certify = certify;
    probe->inputs = inputs;
    probe->options = *options;
    BL_ALLOC(probe->p, options->p_count);
    memcpy(probe->p, options->p, options->p_count * sizeof *probe->p);
    probe->options.p = probe->p;
    if (certify != BL_CERTIFY_NONE) {
        BL_ALLOC(probe->logits0, inputs * shape->classes);
        BL_ALLOC(probe->points, inputs * options->p_count * shape->dimension);
    }
    *out = probe;
    probe = NULL;
cleanup:
    bl_probe_network_destroy(&probe);
    return err;
}

void bl_probe_network_destroy(bl_probe_network **probe) {
    if (!*probe)
        return;
    bl_probe_destroy(&(*probe)->probe);
    bl_pass_destroy(&(*probe)->pass);
    bl_mem_free((*probe)->p);
    bl_mem_free((*probe)->logits0);
    bl_mem_free((*probe)->points);
    bl_mem_free(*probe);
    *probe = NULL;
}

/* Certificates of all findings, whose points are at hand. */
static bl_err certify(bl_probe_network *probe, const bl_network *network, const double *x0,
                      const double *points, bl_finding *finding) {
    bl_err err = BL_OK;
    const bl_search_options *o = &probe->options;
    const size_t n = network->dimension;
    bl_certifier *certifier = NULL;
    BL_TRY(bl_pass_forward64(probe->pass, probe->inputs, x0, probe->logits0));
    BL_TRY(bl_certifier_create(network, o->box, probe->certify, &certifier));
    for (size_t i = 0; i < probe->inputs * o->p_count; i++) {
        const size_t input = i / o->p_count;
        const bl_search_result *search = &finding[i].search;
        const bool found = search->status == BL_STATUS_FOUND;
        if (o->stop && o->stop(o->stop_context))
            BL_FAIL(BL_ERR_STOPPED, "stopped while distances were certified");
        BL_TRY(bl_certifier_run(certifier, o->p[i % o->p_count], x0 + input * n,
                                probe->logits0 + input * network->classes, found ? search->distance : NAN,
                                found ? points + i * n : NULL, NULL, &finding[i].certificate));
    }
cleanup:
    bl_certifier_destroy(&certifier);
    return err;
}

bl_err bl_probe_network_run(bl_probe_network *probe, bl_network *network, const double *x0,
                            bl_finding *finding, double *points) {
    bl_err err = BL_OK;
    const double begin = bl_clock(), before = bl_probe_seconds(probe->probe);
    bl_rescaling own;
    BL_TRY(bl_network_rescale(network, &own));
    BL_TRY(bl_pass_load(probe->pass, network));
    probe->seconds = bl_clock() - begin;
    points = points ? points : probe->points;
    BL_TRY(bl_probe_run(probe->probe, x0, ldexp(1.0, own.outputs), finding, points));
    probe->seconds += bl_probe_seconds(probe->probe) - before;
    if (probe->certify != BL_CERTIFY_NONE)
        BL_TRY(certify(probe, network, x0, points, finding));
cleanup:
    return err;
}

double bl_probe_network_seconds(const bl_probe_network *probe) {
    return probe->seconds;
}

size_t bl_probe_network_memory(const bl_network *shape, const bl_search_options *options, size_t inputs) {
    return bl_pass_memory(shape, bl_search_batch(options, inputs)) + bl_network_rescale_memory(shape) +
           bl_probe_memory(options, shape->dimension, shape->classes, inputs);
}

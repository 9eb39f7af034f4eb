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
    double *p;             /* [p_count] */
    double *logits0;       /* [inputs][classes] with certify */
    double *logits;        /* [classes] */
    double *points;        /* [inputs][p_count][n] with certify */
    double *nearer, *step; /* [n] */
    double seconds;        /* of the last run */
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
        BL_ALLOC(probe->logits, shape->classes);
        BL_ALLOC(probe->nearer, shape->dimension);
        BL_ALLOC(probe->step, shape->dimension);
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
    bl_mem_free((*probe)->logits);
    bl_mem_free((*probe)->nearer);
    bl_mem_free((*probe)->step);
    bl_mem_free(*probe);
    *probe = NULL;
}

/* Whether the class at x is another than at the input, in float64. */
static bl_err crosses(bl_probe_network *probe, size_t classes, const double *logits0, const double *x,
                      bool *crossed) {
    size_t class = 0;
    const bl_err err = bl_pass_forward64(probe->pass, 1, x, probe->logits);
    for (size_t j = 1; j < classes; j++)
        class = logits0[j] > logits0[class] ? j : class;
    *crossed = false;
    for (size_t j = 0; j < classes; j++)
        *crossed = *crossed || (j != class && probe->logits[j] >= probe->logits[class]);
    return err;
}

/* A point of another class that a certificate met: the crossing on its ray is bracketed, and serves every p of the input that it
 * is nearer in. finding and points are those of the input. */
static bl_err take_nearer(bl_probe_network *probe, size_t n, size_t classes, const double *x0,
                          const double *logits0, bl_finding *finding, double *points) {
    bl_err err = BL_OK;
    const bl_search_options *o = &probe->options;
    double inside = 0.0, outside = 1.0, *h = probe->step, *x = probe->nearer;
    bool crossed = false;
    for (size_t i = 0; i < n; i++)
        h[i] = x[i] - x0[i];
    BL_TRY(crosses(probe, classes, logits0, x, &crossed));
    if (!crossed)
        goto cleanup;
    while (outside - inside > 1e-6 * outside) {
        const double middle = 0.5 * (inside + outside);
        for (size_t i = 0; i < n; i++)
            x[i] = x0[i] + middle * h[i];
        BL_TRY(crosses(probe, classes, logits0, x, &crossed));
        *(crossed ? &outside : &inside) = middle;
    }
    for (size_t k = 0; k < o->p_count; k++) {
        for (size_t i = 0; i < n; i++)
            x[i] = outside * h[i];
        const double length = bl_norm(o->p[k], n, x);
        bl_search_result *search = &finding[k].search;
        if (search->status == BL_STATUS_FOUND && length >= search->distance)
            continue;
        search->status = BL_STATUS_FOUND;
        search->distance = length;
        search->inside = o->p[k] == 0.0 ? length : length * inside / outside;
        for (size_t i = 0; i < n; i++)
            points[k * n + i] = x0[i] + outside * h[i];
    }
cleanup:
    return err;
}

/* Certificates of one input's findings, whose points are at hand. */
static bl_err certify_input(bl_probe_network *probe, bl_certifier *certifier, const bl_network *network,
                            const double *x0, const double *logits0, bl_finding *finding, double *points) {
    bl_err err = BL_OK;
    const bl_search_options *o = &probe->options;
    const size_t n = network->dimension;
    for (size_t k = 0; k < o->p_count; k++) {
        const int8_t status = finding[k].search.status;
        const bool found = status == BL_STATUS_FOUND;
        bl_certificate *certificate = &finding[k].certificate;
        if (o->stop && o->stop(o->stop_context))
            BL_FAIL(BL_ERR_STOPPED, "stopped while distances were certified");
        if (!found && status != BL_STATUS_NOT_FOUND && status != BL_STATUS_NOT_VERIFIED)
            continue;
        BL_TRY(bl_certifier_run(certifier, o->p[k], x0, logits0, found ? finding[k].search.distance : NAN,
                                found ? points + k * n : NULL, probe->nearer, certificate));
        if (certificate->nearer)
            BL_TRY(take_nearer(probe, n, network->classes, x0, logits0, finding, points));
    }
cleanup:
    return err;
}

/* A distance that is proven to BL_CONFIDENCE_PERCENT is certain. */
static void take_confidence(size_t p_count, bl_finding *finding) {
    for (size_t k = 0; k < p_count; k++)
        if (finding[k].search.status == BL_STATUS_FOUND &&
            finding[k].certificate.radius >=
                (1.0 - 0.01 * BL_CONFIDENCE_PERCENT) * finding[k].search.distance)
            finding[k].search.confidence = 1.0;
}

static bl_err certify(bl_probe_network *probe, const bl_network *network, const double *x0, double *points,
                      bl_finding *finding) {
    bl_err err = BL_OK;
    const size_t p_count = probe->options.p_count, n = network->dimension;
    bl_certifier *certifier = NULL;
    BL_TRY(bl_pass_forward64(probe->pass, probe->inputs, x0, probe->logits0));
    BL_TRY(bl_certifier_create(network, probe->options.box, probe->certify, &certifier));
    for (size_t i = 0; i < probe->inputs; i++) {
        BL_TRY(certify_input(probe, certifier, network, x0 + i * n, probe->logits0 + i * network->classes,
                             finding + i * p_count, points + i * p_count * n));
        take_confidence(p_count, finding + i * p_count);
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

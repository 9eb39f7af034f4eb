/* SPDX-License-Identifier: BSD-3-Clause */
#include "probe_network.h"

#include "base/clock.h"
#include "base/mem.h"
#include "borderline/pass.h"
#include "network/network_rescale.h"
#include "probe.h"

#include <math.h>

struct bl_probe_network {
    bl_pass *pass;
    bl_probe *probe;
    double seconds; /* of the last run */
};

bl_err bl_probe_network_create(const bl_network *shape, const bl_search_options *options, size_t inputs,
                               bl_probe_network **out) {
    bl_err err = BL_OK;
    bl_probe_network *probe = NULL;
    const size_t batch = bl_search_batch(options, inputs);
    BL_ALLOC(probe, 1);
    BL_TRY(bl_pass_create(shape, batch, &probe->pass));
    const bl_oracle oracle = bl_oracle_of_pass(probe->pass, shape, batch);
    BL_TRY(bl_probe_create(options, &oracle, inputs, &probe->probe));
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
    bl_mem_free(*probe);
    *probe = NULL;
}

bl_err bl_probe_network_run(bl_probe_network *probe, bl_network *network, const double *x0,
                            bl_finding *finding, double *points) {
    bl_err err = BL_OK;
    const double begin = bl_clock(), before = bl_probe_seconds(probe->probe);
    bl_rescaling own;
    BL_TRY(bl_network_rescale(network, &own));
    BL_TRY(bl_pass_load(probe->pass, network));
    probe->seconds = bl_clock() - begin;
    BL_TRY(bl_probe_run(probe->probe, x0, ldexp(1.0, own.outputs), finding, points));
    probe->seconds += bl_probe_seconds(probe->probe) - before;
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

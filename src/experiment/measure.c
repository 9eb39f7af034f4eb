/* SPDX-License-Identifier: BSD-3-Clause */
#include "borderline/measure.h"

#include "base/mem.h"
#include "probe_network.h"

bl_err bl_measure(bl_network *network, const bl_search_options *options, size_t inputs, const double *x0,
                  bl_search_result *result, double *points) {
    bl_err err = BL_OK;
    bl_probe_network *probe = NULL;
    bl_finding *finding = NULL;
    const size_t count = inputs * options->p_count;
    BL_ALLOC(finding, count);
    BL_TRY(bl_probe_network_create(network, options, inputs, BL_CERTIFY_NONE, &probe));
    BL_TRY(bl_probe_network_run(probe, network, x0, finding, points));
    for (size_t i = 0; i < count; i++)
        result[i] = finding[i].search;
cleanup:
    bl_probe_network_destroy(&probe);
    bl_mem_free(finding);
    return err;
}

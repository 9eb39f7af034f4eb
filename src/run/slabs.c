/* SPDX-License-Identifier: BSD-3-Clause */
#include "slabs.h"

#include "base/mem.h"

bl_err bl_slabs_create(const bl_config *config, bl_slabs *slabs) {
    bl_err err = BL_OK;
    size_t count = config->networks * config->inputs * config->p.count;
    *slabs = (bl_slabs){.config = config};
    BL_ALLOC(slabs->distance, count);
    BL_ALLOC(slabs->first_order, count);
    BL_ALLOC(slabs->input_norm, count);
    BL_ALLOC(slabs->passes, count);
    BL_ALLOC(slabs->status, count);
    BL_ALLOC(slabs->first_step_crosses, count);
    BL_ALLOC(slabs->output, config->networks * config->inputs);
    BL_ALLOC(slabs->gradient_norm, config->networks * config->inputs);
cleanup:
    return err;
}

void bl_slabs_clear(bl_slabs *slabs) {
    bl_mem_free(slabs->distance);
    bl_mem_free(slabs->first_order);
    bl_mem_free(slabs->input_norm);
    bl_mem_free(slabs->passes);
    bl_mem_free(slabs->status);
    bl_mem_free(slabs->first_step_crosses);
    bl_mem_free(slabs->output);
    bl_mem_free(slabs->gradient_norm);
    *slabs = (bl_slabs){0};
}

bl_err bl_slabs_read(bl_slabs *slabs, const bl_results *results, const bl_case *c, size_t kind,
                     bl_case_data *data) {
    bl_err err = BL_OK;
    const bl_config *config = slabs->config;
    size_t start[BL_FIELD_RANK_MAX] = {c->depth_index, c->width_index, c->dimension_index, 0, kind};
    size_t count[BL_FIELD_RANK_MAX] = {1, 1, 1, config->networks, 1, config->inputs, config->p.count};
    BL_TRY(bl_results_read(results, BL_FIELD_DISTANCE, start, count, slabs->distance));
    BL_TRY(bl_results_read(results, BL_FIELD_FIRST_ORDER, start, count, slabs->first_order));
    BL_TRY(bl_results_read(results, BL_FIELD_INPUT_NORM, start, count, slabs->input_norm));
    BL_TRY(bl_results_read(results, BL_FIELD_PASSES, start, count, slabs->passes));
    BL_TRY(bl_results_read(results, BL_FIELD_STATUS, start, count, slabs->status));
    BL_TRY(bl_results_read(results, BL_FIELD_OUTPUT, start, count, slabs->output));
    BL_TRY(bl_results_read(results, BL_FIELD_FIRST_STEP_CROSSES, start, count, slabs->first_step_crosses));
    BL_TRY(bl_results_read(results, BL_FIELD_GRADIENT_NORM, start, count, slabs->gradient_norm));
    *data = (bl_case_data){.distance = slabs->distance,
                           .first_order = slabs->first_order,
                           .input_norm = slabs->input_norm,
                           .passes = slabs->passes,
                           .status = slabs->status,
                           .first_step_crosses = slabs->first_step_crosses,
                           .output = slabs->output,
                           .gradient_norm = slabs->gradient_norm};
cleanup:
    return err;
}

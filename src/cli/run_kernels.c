/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Kernels: case after case, all ranks share its networks, one of them finishes and writes it.
 */
#include "borderline/kernels.h"
#include "borderline/log.h"
#include "run.h"

static bl_err write_kernels(bl_run *run, const bl_case *c, const bl_kernels *kernels) {
    bl_err err = BL_OK;
    size_t inputs = run->sweep.config->kernel_inputs;
    size_t start[BL_FIELD_RANK_MAX] = {c->depth_index, c->width_index, c->dimension_index};
    size_t count[BL_FIELD_RANK_MAX] = {1, 1, 1, inputs, inputs};
    const struct {
        bl_field_id field;
        const double *data;
    } slabs[] = {
        {BL_FIELD_GRAM_EMPIRICAL, kernels->empirical},
        {BL_FIELD_GRAM_OUTPUT, kernels->output},
        {BL_FIELD_GRAM_NNGP, kernels->nngp},
        {BL_FIELD_SUMMARY_SPECTRUM_EMPIRICAL, kernels->spectrum_empirical},
        {BL_FIELD_SUMMARY_SPECTRUM_NNGP, kernels->spectrum_nngp},
        {BL_FIELD_SUMMARY_KERNEL_DEVIATION, &kernels->deviation},
        {BL_FIELD_SUMMARY_KERNEL_DEVIATION_OUTPUT, &kernels->deviation_output},
        {BL_FIELD_SUMMARY_KURTOSIS, &kernels->kurtosis},
        {BL_FIELD_SUMMARY_KL_DIVERGENCE, &kernels->divergence.value},
    };
    for (size_t i = 0; i < sizeof slabs / sizeof *slabs; i++)
        BL_TRY(bl_results_write(run->results, slabs[i].field, start, count, slabs[i].data));
cleanup:
    return err;
}

bl_err bl_run_kernels(bl_run *run) {
    bl_err err = BL_OK;
    const bl_grid *grid = run->sweep.grid;
    bl_kernels *kernels = NULL;
    bl_log(BL_LOG_INFO, "kernels: %zu inputs, %zu cases", grid->config->kernel_inputs, grid->cases);
    for (size_t i = 0; i < grid->cases; i++) {
        bl_case c = bl_grid_case(grid, i);
        int owner = (int)(i % (size_t)run->comm->size);
        BL_TRY(bl_run_pause(run));
        err = bl_kernels_create(run->comm, grid, i, owner, &kernels);
        if (err == BL_OK && kernels)
            err = write_kernels(run, &c, kernels);
        bl_kernels_destroy(&kernels);
        BL_TRY(bl_agree(run->comm, err));
    }
cleanup:
    return err;
}

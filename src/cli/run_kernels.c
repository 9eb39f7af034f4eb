/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Kernels: all ranks share the work of some cases together, one rank finishes and writes each.
 */
#include "borderline/kernels.h"
#include "borderline/log.h"
#include "borderline/mem.h"
#include "run.h"

#include <float.h>
#include <math.h>

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
        {BL_FIELD_SUMMARY_LOG_DETERMINANT_EMPIRICAL, &kernels->divergence.log_det_a},
        {BL_FIELD_SUMMARY_LOG_DETERMINANT_NNGP, &kernels->divergence.log_det_b},
        {BL_FIELD_SUMMARY_EFFECTIVE_DIMENSION_EMPIRICAL, &kernels->dimension_empirical},
        {BL_FIELD_SUMMARY_EFFECTIVE_DIMENSION_NNGP, &kernels->dimension_nngp},
    };
    for (size_t i = 0; i < sizeof slabs / sizeof *slabs; i++)
        if (slabs[i].data) /* matrices that are spread over ranks have been written by rows */
            BL_TRY(bl_results_write(run->results, slabs[i].field, start, count, slabs[i].data));
cleanup:
    return err;
}

typedef struct rows_of {
    const bl_run *run;
    bl_case c;
} rows_of;

static bl_err write_rows(void *context, bl_field_id field, size_t first, size_t count, const double *row) {
    const rows_of *to = context;
    size_t start[BL_FIELD_RANK_MAX] = {to->c.depth_index, to->c.width_index, to->c.dimension_index, first, 0};
    size_t shape[BL_FIELD_RANK_MAX] = {1, 1, 1, count, to->run->sweep.config->kernel_inputs};
    return bl_results_write(to->run->results, field, start, shape, row);
}

/* What all ranks learn of a case, each number from the case's owner: sums over ranks. For gram_empirical and gram_nngp the
 * first pivot that is not positive (0: none), and what on the diagonal would mend it. */
typedef struct learnt {
    double deviation;
    double pivot[2], noise[2];
} learnt;

static learnt learn(const bl_kernels *kernels, const bl_case *c, size_t inputs) {
    const double *spectrum[2] = {kernels->spectrum_empirical, kernels->spectrum_nngp};
    learnt l = {.deviation = kernels->deviation,
                .pivot = {isinf(c->width) ? 0 : kernels->divergence.pivot_a, /* the same matrix */
                          kernels->divergence.pivot_b}};
    for (size_t i = 0; i < 2; i++) /* under zero, and rounding of the factor */
        l.noise[i] = fmax(0, -spectrum[i][0]) + (double)inputs * DBL_EPSILON * spectrum[i][inputs - 1];
    return l;
}

/* A line for either kernel, where its determinant is not there. */
static void say_indefinite(const bl_grid *grid, const learnt *all) {
    static const char *const name[2] = {"gram_empirical", "gram_nngp"};
    for (size_t which = 0; which < 2; which++) {
        size_t count = 0, first = 0;
        double noise = 0;
        for (size_t i = grid->cases; i-- > 0;)
            if (all[i].pivot[which] > 0) {
                count++;
                first = i;
                noise = fmax(noise, all[i].noise[which]);
            }
        const bl_case c = bl_grid_case(grid, first);
        if (count > 0)
            bl_log(BL_LOG_WARNING,
                   "%s is not positive definite in %zu of %zu cases, first at depth %zu, width %g, dimension "
                   "%zu: "
                   "pivot %.0f of %zu. log_determinant and kl_divergence are NaN there; %.1g on the diagonal "
                   "would "
                   "do%s",
                   name[which], count, grid->cases, c.depth, c.width, c.dimension, all[first].pivot[which],
                   grid->config->kernel_inputs, noise,
                   which == 0 ? ", or networks x width well above kernel.inputs"
                              : ", or fewer kernel.inputs");
    }
}

/* Noise and bias over the widths of every (depth, dimension). Rank 0 alone: a few numbers. */
static bl_err write_fits(bl_run *run, const learnt *all) {
    bl_err err = BL_OK;
    const bl_config *config = run->sweep.config;
    size_t dimensions = config->dimension.count, one[BL_FIELD_RANK_MAX] = {1, 1};
    double widths[BL_AXIS_LENGTH_MAX];
    for (size_t i = 0; i < config->depth.count * dimensions; i++) {
        size_t start[BL_FIELD_RANK_MAX] = {i / dimensions, i % dimensions};
        for (size_t w = 0; w < config->width.count; w++)
            widths[w] = all[(start[0] * config->width.count + w) * dimensions + start[1]].deviation;
        bl_kernels_fit fit =
            bl_kernels_fit_widths(config->width.count, config->width.value, (double)config->networks, widths);
        BL_TRY(bl_results_write(run->results, BL_FIELD_SUMMARY_KERNEL_FIT_NOISE, start, one, &fit.noise));
        BL_TRY(bl_results_write(run->results, BL_FIELD_SUMMARY_KERNEL_FIT_BIAS, start, one, &fit.bias));
    }
cleanup:
    return err;
}

/* Some cases, from `first` on; all[case] of those that are this rank's. */
static bl_err do_cases(bl_run *run, size_t first, size_t cases, learnt *all) {
    bl_err err = BL_OK;
    const bl_grid *grid = run->sweep.grid;
    bl_kernels **kernels = bl_mem_alloc(cases, sizeof *kernels);
    BL_TRY(bl_agree(run->comm, kernels ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(kernels != NULL);
    if (grid->config->kernel_inputs > BL_KERNELS_ONE_RANK)
        err = bl_kernels_spread(run->comm, grid, first, write_rows,
                                &(rows_of){run, bl_grid_case(grid, first)}, kernels);
    else
        err = bl_kernels_create(run->comm, grid, first, cases, kernels);
    for (size_t i = 0; i < cases; i++) {
        bl_case c = bl_grid_case(grid, first + i);
        if (err == BL_OK && kernels[i] && (size_t)run->comm->rank == c.number % (size_t)run->comm->size) {
            all[c.number] = learn(kernels[i], &c, grid->config->kernel_inputs);
            err = write_kernels(run, &c, kernels[i]);
        }
        bl_kernels_destroy(&kernels[i]);
    }
    BL_TRY(bl_agree(run->comm, err));
cleanup:
    bl_mem_free(kernels);
    return err;
}

bl_err bl_run_kernels(bl_run *run) {
    bl_err err = BL_OK;
    const bl_grid *grid = run->sweep.grid;
    const bool spread = grid->config->kernel_inputs > BL_KERNELS_ONE_RANK;
    const size_t together = spread ? 1 : bl_kernels_together(grid, (size_t)run->comm->size);
    learnt *all = bl_mem_alloc(grid->cases, sizeof *all);
    BL_TRY(bl_agree(run->comm, all ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(all != NULL);
    bl_log(BL_LOG_INFO, "kernels: %zu inputs, %zu cases", grid->config->kernel_inputs, grid->cases);
    for (size_t i = 0; i < grid->cases; i += together) {
        BL_TRY(bl_run_pause(run));
        BL_TRY(do_cases(run, i, together < grid->cases - i ? together : grid->cases - i, all));
    }
    MPI_Allreduce(MPI_IN_PLACE, all, (int)(grid->cases * (sizeof *all / sizeof(double))), MPI_DOUBLE, MPI_SUM,
                  run->comm->world);
    say_indefinite(grid, all);
    BL_TRY(bl_agree(run->comm, run->comm->rank == 0 ? write_fits(run, all) : BL_OK));
cleanup:
    bl_mem_free(all);
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ranks share the work of a group of cases; then one rank finishes each case, writes it and marks it as done. A case that is
 * marked and matches its checksum is not done again.
 */
#include "run_kernels.h"

#include "base/clock.h"
#include "base/mem.h"
#include "borderline/log.h"
#include "experiment/kernels.h"
#include "sweep/cost.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static bool is_spread(const bl_run *run) {
    return run->config->kernel_inputs > BL_KERNELS_ONE_RANK;
}

static int owner_of(const bl_run *run, size_t number) {
    return (int)(number % (size_t)run->comm->size);
}

/* --- one case --- */

typedef struct rows_of {
    const bl_run *run;
    bl_case c;
    uint64_t sum; /* of the hashes of what this rank wrote of the case */
    int8_t status;
} rows_of;

static bl_err write_rows(void *context, bl_field_id field, size_t first, size_t count, const double *row) {
    rows_of *to = context;
    return bl_results_write_kernel(to->run->results, field, &to->c, first, count, row, &to->sum);
}

static bl_err write_kernels(rows_of *to, const bl_kernels *kernels) {
    bl_err err = BL_OK;
    const size_t inputs = to->run->config->kernel_inputs;
    const bl_divergence *d = &kernels->divergence;
    const double pivot_empirical = d->pivot_a, pivot_nngp = d->pivot_b;
    const struct {
        bl_field_id field;
        size_t rows;
        const double *data;
    } slabs[] = {
        {BL_FIELD_GRAM_EMPIRICAL, inputs, kernels->empirical},
        {BL_FIELD_GRAM_OUTPUT, inputs, kernels->output},
        {BL_FIELD_GRAM_NNGP, inputs, kernels->nngp},
        {BL_FIELD_SUMMARY_SPECTRUM_EMPIRICAL, 1, kernels->spectrum_empirical},
        {BL_FIELD_SUMMARY_SPECTRUM_NNGP, 1, kernels->spectrum_nngp},
        {BL_FIELD_SUMMARY_KERNEL_DEVIATION, 1, &kernels->deviation},
        {BL_FIELD_SUMMARY_KERNEL_DEVIATION_OUTPUT, 1, &kernels->deviation_output},
        {BL_FIELD_SUMMARY_KURTOSIS, 1, &kernels->kurtosis},
        {BL_FIELD_SUMMARY_KL_DIVERGENCE, 1, &d->value},
        {BL_FIELD_SUMMARY_LOG_DETERMINANT_EMPIRICAL, 1, &d->log_det_a},
        {BL_FIELD_SUMMARY_LOG_DETERMINANT_NNGP, 1, &d->log_det_b},
        {BL_FIELD_SUMMARY_EFFECTIVE_DIMENSION_EMPIRICAL, 1, &kernels->dimension_empirical},
        {BL_FIELD_SUMMARY_EFFECTIVE_DIMENSION_NNGP, 1, &kernels->dimension_nngp},
        {BL_FIELD_KERNEL_PIVOT_EMPIRICAL, 1, &pivot_empirical},
        {BL_FIELD_KERNEL_PIVOT_NNGP, 1, &pivot_nngp},
    };
    for (size_t i = 0; i < sizeof slabs / sizeof *slabs; i++)
        if (slabs[i].data) /* matrices that are spread over ranks have been written by rows */
            BL_TRY(write_rows(to, slabs[i].field, 0, slabs[i].rows, slabs[i].data));
cleanup:
    return err;
}

/* Do a group of cases, from `first` on. */
static bl_err do_cases(bl_run *run, size_t first, size_t cases) {
    bl_err err = BL_OK;
    const bl_grid *grid = run->grid;
    const bl_kernels_stop stop = {bl_interrupt_is_overdue, &run->interrupt};
    rows_of *to = bl_mem_alloc(cases, sizeof *to);
    bl_kernels **kernels = bl_mem_alloc(cases, sizeof *kernels);
    BL_TRY(bl_agree(run->comm, to && kernels ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(to && kernels);
    for (size_t i = 0; i < cases; i++)
        to[i] = (rows_of){.run = run, .c = bl_grid_case(grid, first + i), .status = BL_KERNELS_DONE};
    if (is_spread(run))
        err = bl_kernels_spread(run->comm, grid, first, write_rows, to, stop, kernels);
    else
        err = bl_kernels_create(run->comm, grid, first, cases, stop, kernels);
    const bool lost = is_spread(run) && err == BL_ERR_NUMERIC; /* the same on every rank */
    err = lost ? BL_OK : err;
    for (size_t i = 0; i < cases; i++) {
        const bool owner = owner_of(run, to[i].c.number) == run->comm->rank;
        if (lost || (kernels[i] && kernels[i]->failed)) {
            to[i].status = BL_KERNELS_FAILED;
            to[i].sum = 0;
            if (err == BL_OK && owner)
                err = bl_results_write_failed_kernels(run->results, &to[i].c, &to[i].sum);
        } else if (err == BL_OK && kernels[i] && owner) {
            err = write_kernels(&to[i], kernels[i]);
        }
        bl_kernels_destroy(&kernels[i]);
    }
    BL_TRY(bl_agree(run->comm, err)); /* all rows are written */
    for (size_t i = 0; i < cases; i++) {
        MPI_Allreduce(MPI_IN_PLACE, &to[i].sum, 1, MPI_UINT64_T, MPI_SUM, run->comm->world);
        if (err == BL_OK && owner_of(run, to[i].c.number) == run->comm->rank)
            err = bl_results_finish_kernels(run->results, &to[i].c, to[i].sum, to[i].status);
    }
    BL_TRY(bl_agree(run->comm, err));
cleanup:
    bl_mem_free(to);
    bl_mem_free(kernels);
    return err;
}

/* --- which cases --- */

/* For every case that the file marks as done, find the sum of hashes of what is there. All ranks read rows of a large case; one
 * rank reads a small one. */
static bl_err hash_cases(const bl_run *run, const int8_t *status, uint64_t *found) {
    bl_err err = BL_OK;
    const bl_comm *comm = run->comm;
    const bool spread = is_spread(run);
    for (size_t i = 0; i < run->grid->cases && err == BL_OK; i++) {
        const bl_case c = bl_grid_case(run->grid, i);
        if (status[i] != BL_KERNELS_PENDING && (spread || owner_of(run, i) == comm->rank))
            err = bl_results_hash_kernels(run->results, &c, spread ? (size_t)comm->rank : 0,
                                          spread ? (size_t)comm->size : 1, &found[i]);
    }
    BL_TRY(bl_agree(comm, err));
    MPI_Allreduce(MPI_IN_PLACE, found, (int)run->grid->cases, MPI_UINT64_T, MPI_SUM, comm->world);
cleanup:
    return err;
}

typedef struct mark {
    int8_t *status;     /* [cases] first as in the file, then 1 where the case is there and whole, else 0 */
    uint64_t *checksum; /* [cases] as in the file */
    uint64_t *found;    /* [cases] of what is in the file */
} mark;

static bl_err allocate_marks(size_t cases, mark *m) {
    bl_err err = BL_OK;
    BL_ALLOC(m->status, cases);
    BL_ALLOC(m->checksum, cases);
    BL_ALLOC(m->found, cases);
cleanup:
    return err;
}

static void free_marks(mark *m) {
    bl_mem_free(m->status);
    bl_mem_free(m->checksum);
    bl_mem_free(m->found);
}

/* Find the cases whose kernels are in the file and match their checksums: they get status 1, and *whole is their number. */
static bl_err find_done(const bl_run *run, mark *m, size_t *whole) {
    bl_err err = BL_OK;
    const bl_config *config = run->config;
    const size_t cases = run->grid->cases, start[BL_FIELD_RANK_MAX] = {0};
    const size_t count[BL_FIELD_RANK_MAX] = {config->depth.count, config->width.count,
                                             config->dimension.count};
    size_t damaged = 0;
    *whole = 0;
    if (run->comm->rank == 0)
        err = bl_results_read(run->results, BL_FIELD_KERNEL_STATUS, start, count, m->status);
    if (run->comm->rank == 0 && err == BL_OK)
        err = bl_results_read(run->results, BL_FIELD_KERNEL_CHECKSUM, start, count, m->checksum);
    BL_TRY(bl_agree(run->comm, err));
    MPI_Bcast(m->status, (int)cases, MPI_INT8_T, 0, run->comm->world);
    MPI_Bcast(m->checksum, (int)cases, MPI_UINT64_T, 0, run->comm->world);
    BL_TRY(hash_cases(run, m->status, m->found));
    for (size_t i = 0; i < cases; i++) {
        const bool there = m->status[i] != BL_KERNELS_PENDING && m->found[i] == m->checksum[i];
        damaged += m->status[i] != BL_KERNELS_PENDING && !there;
        *whole += there;
        m->status[i] = there;
    }
    if (damaged > 0)
        bl_log(BL_LOG_WARNING, "kernels of %zu cases in %s do not match their checksums and are done again",
               damaged, run->path);
cleanup:
    return err;
}

/* The cost of cases that are done together, from the items of work that ranks share in them. */
static bl_err add_costs(const bl_run *run, size_t first, size_t count, double *sum) {
    bl_err err = BL_OK;
    const size_t ranks = (size_t)run->comm->size;
    size_t items = 0;
    double *cost = NULL;
    *sum = 0;
    if (is_spread(run)) {
        const bl_case c = bl_grid_case(run->grid, first);
        *sum = bl_cost_kernel_spread(run->config, &c, ranks, NULL);
        goto cleanup;
    }
    BL_TRY(bl_kernels_costs(run->grid, first, count, ranks, &items, &cost));
    for (size_t i = 0; i < items; i++)
        *sum += cost[i];
cleanup:
    bl_mem_free(cost);
    return err;
}

/* The next cases that are done together, from *first on; their number. */
static size_t next_cases(const bl_run *run, const mark *m, size_t *first) {
    const size_t cases = run->grid->cases;
    const size_t most = is_spread(run) ? 1 : bl_kernels_together(run->grid, (size_t)run->comm->size);
    size_t count = 0;
    while (*first < cases && m->status[*first])
        ++*first;
    while (count < most && *first + count < cases && !m->status[*first + count])
        count++;
    return count;
}

static void tell(const bl_run *run, size_t before, int64_t done, bool ended) {
    bl_run_tell(run, (bl_progress){.phase = BL_PHASE_KERNELS,
                                   .before = (int64_t)before,
                                   .done = done,
                                   .total = (int64_t)run->grid->cases,
                                   .ended = ended});
}

/* Do the missing cases, group by group. A group that would not end in time, going by the slowest of this launch, is not begun; a
 * group that is left unfinished is begun again by the next launch. */
static bl_err do_missing(bl_run *run, const mark *m, size_t whole, int64_t *done) {
    bl_err err = BL_OK;
    double slowest = 0, cost = 0;
    size_t first = 0, count = 0;
    char so_far[64];
    tell(run, whole, 0, false);
    while ((count = next_cases(run, m, &first)) > 0) {
        BL_TRY(bl_agree(run->comm, add_costs(run, first, count, &cost)));
        (void)snprintf(so_far, sizeof so_far, " after the kernels of %zu of %zu cases", whole + (size_t)*done,
                       run->grid->cases);
        BL_TRY(bl_run_pause(run, 1.2 * slowest * cost, so_far));
        const double begin = bl_clock();
        err = do_cases(run, first, count);
        if (err == BL_ERR_STOPPED)
            err = bl_run_pause(run, INFINITY, so_far);
        BL_TRY(err);
        slowest = fmax(slowest, (bl_clock() - begin) / cost);
        first += count;
        *done += (int64_t)count;
        tell(run, whole, *done, false);
    }
    tell(run, whole, *done, true);
cleanup:
    return err;
}

bl_err bl_run_kernels(bl_run *run, int64_t *done) {
    bl_err err = BL_OK;
    const size_t cases = run->grid->cases;
    size_t whole = 0;
    mark m = {0};
    *done = 0;
    BL_TRY(bl_agree(run->comm, allocate_marks(cases, &m)));
    BL_ASSERT(m.status && m.checksum && m.found);
    BL_TRY(find_done(run, &m, &whole));
    if (whole < cases)
        bl_log(BL_LOG_INFO, "kernels: %zu inputs, %zu cases", run->config->kernel_inputs, cases);
    if (whole > 0 && whole < cases)
        bl_log(BL_LOG_INFO, "kernels of %zu of %zu cases are in the file", whole, cases);
    if (whole < cases)
        BL_TRY(do_missing(run, &m, whole, done));
cleanup:
    free_marks(&m);
    return err;
}

/* --- all cases --- */

/* What the file says of a case, for what is said of all cases. Of gram_empirical and gram_nngp: the first pivot that is not
 * positive (0: none), and how much on the diagonal would make the matrix positive definite. */
typedef struct learnt {
    double deviation;
    double pivot[2], noise[2];
    int8_t status;
} learnt;

static bl_err learn(const bl_run *run, const bl_case *c, learnt *l) {
    static const bl_field_id pivot[2] = {BL_FIELD_KERNEL_PIVOT_EMPIRICAL, BL_FIELD_KERNEL_PIVOT_NNGP};
    static const bl_field_id spectrum[2] = {BL_FIELD_SUMMARY_SPECTRUM_EMPIRICAL,
                                            BL_FIELD_SUMMARY_SPECTRUM_NNGP};
    bl_err err = BL_OK;
    const size_t inputs = run->config->kernel_inputs, one[BL_FIELD_RANK_MAX] = {1, 1, 1, 1};
    const size_t first[] = {c->depth_index, c->width_index, c->dimension_index, 0};
    const size_t last[] = {c->depth_index, c->width_index, c->dimension_index, inputs - 1};
    BL_TRY(bl_results_read(run->results, BL_FIELD_KERNEL_STATUS, first, one, &l->status));
    BL_TRY(bl_results_read(run->results, BL_FIELD_SUMMARY_KERNEL_DEVIATION, first, one, &l->deviation));
    for (size_t i = 0; i < 2;
         i++) { /* the least eigenvalue where it is negative, and the rounding of the factor */
        double least = 0, greatest = 0;
        BL_TRY(bl_results_read(run->results, pivot[i], first, one, &l->pivot[i]));
        BL_TRY(bl_results_read(run->results, spectrum[i], first, one, &least));
        BL_TRY(bl_results_read(run->results, spectrum[i], last, one, &greatest));
        l->noise[i] = fmax(0, -least) + (double)inputs * DBL_EPSILON * greatest;
    }
    if (isinf(c->width))
        l->pivot[0] = 0; /* the same matrix */
cleanup:
    return err;
}

static void say_failed(const bl_grid *grid, const learnt *all) {
    size_t count = 0, first = 0;
    for (size_t i = grid->cases; i-- > 0;)
        if (all[i].status == BL_KERNELS_FAILED) {
            count++;
            first = i;
        }
    const bl_case c = bl_grid_case(grid, first);
    if (count > 0)
        bl_log(BL_LOG_WARNING,
               "kernels of %zu of %zu cases leave the range of float64, first at depth %zu, width %g, "
               "dimension %zu: they are NaN there (kernel/status: failed); the other cases are whole",
               count, grid->cases, c.depth, c.width, c.dimension);
}

/* Warn of either kernel where it has no determinant. */
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
                   "%s is not positive definite in %zu of %zu cases, first at depth %zu, width %g, "
                   "dimension %zu: pivot %.0f of %zu. log_determinant and kl_divergence are NaN there; "
                   "%.1g on the diagonal would make it so%s",
                   name[which], count, grid->cases, c.depth, c.width, c.dimension, all[first].pivot[which],
                   grid->config->kernel_inputs, noise,
                   which == 0 ? ", or networks x width well above kernel.inputs"
                              : ", or fewer kernel.inputs");
    }
}

/* Write the fit of noise and bias over the widths of every (depth, dimension). */
static bl_err write_fits(bl_run *run, const learnt *all) {
    bl_err err = BL_OK;
    const bl_config *config = run->config;
    size_t dimensions = config->dimension.count, one[BL_FIELD_RANK_MAX] = {1, 1};
    double widths[BL_AXIS_LENGTH_MAX];
    for (size_t i = 0; i < config->depth.count * dimensions; i++) {
        size_t start[BL_FIELD_RANK_MAX] = {i / dimensions, i % dimensions};
        for (size_t w = 0; w < config->width.count; w++)
            widths[w] = all[(start[0] * config->width.count + w) * dimensions + start[1]].deviation;
        bl_kernels_fit fit =
            bl_kernels_fit_widths(config->width.count, config->width.value, (double)config->networks, widths);
        const double value[] = {fit.noise, fit.noise_error, fit.bias, fit.bias_error};
        for (unsigned k = 0; k < sizeof value / sizeof *value; k++)
            BL_TRY(
                bl_results_write(run->results, BL_FIELD_SUMMARY_KERNEL_FIT_NOISE + k, start, one, &value[k]));
    }
cleanup:
    return err;
}

bl_err bl_run_kernels_finish(bl_run *run) {
    bl_err err = BL_OK;
    const bl_grid *grid = run->grid;
    learnt *all = NULL;
    if (run->comm->rank > 0)
        goto cleanup;
    BL_ALLOC(all, grid->cases);
    for (size_t i = 0; i < grid->cases; i++) {
        const bl_case c = bl_grid_case(grid, i);
        BL_TRY(learn(run, &c, &all[i]));
    }
    say_failed(grid, all);
    say_indefinite(grid, all);
    BL_TRY(write_fits(run, all));
cleanup:
    bl_mem_free(all);
    return bl_agree(run->comm, err);
}

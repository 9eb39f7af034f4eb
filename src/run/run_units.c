/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Each rank takes a unit from the schedule, does it, writes it and marks it as done, until none is left or it is time to stop.
 */
#include "run_units.h"

#include "checkpoints.h"
#include "run_networks.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/mem.h"
#include "borderline/log.h"
#include "checkpoints.h"
#include "experiment/worker.h"
#include "parallel/schedule.h"

#include <inttypes.h>
#include <math.h>

/* Units still to do, with their costs. */
typedef struct todo {
    int64_t count;
    int64_t *unit;
    double *cost;
} todo;

/* One rank's walk through the units. */
typedef struct walk {
    bl_run *run;
    bl_schedule *schedule;
    bl_worker *worker;
    bl_checkpoints checkpoints;
    int64_t before; /* units done by earlier launches */
    int64_t units;  /* units that this rank has done */
    bl_usage usage; /* of this rank */
    double slowest; /* seconds per cost of the worst unit so far; 0 before the first */
} walk;

static void clear_todo(todo *t) {
    bl_mem_free(t->unit);
    bl_mem_free(t->cost);
}

/* Find which units are done and whole; damaged ones are done again. Only rank 0 calls. */
static bl_err verify_units(const bl_run *run, bool *done) {
    int64_t damaged = 0, missing = 0;
    bl_err err = bl_results_verify(run->results, run->grid, done, &damaged);
    if (err == BL_OK && damaged > 0)
        bl_log(BL_LOG_WARNING, "%" PRId64 " units in %s do not match their checksums and are done again",
               damaged, run->path);
    if (err == BL_OK && run->options.save_networks)
        err = bl_run_networks_verify(run, done, &missing);
    return err;
}

/* Units with a checkpoint go first among equal costs, to free their slots early. */
static const double first_of_equals = 1.0 + 1e-9;

/* Rank 0 tells which units are done; every rank lists the others. Collective. */
static bl_err list_todo(walk *w, todo *t) {
    bl_err err = BL_OK;
    bl_run *run = w->run;
    const bl_grid *grid = run->grid;
    void *done = NULL;
    size_t length = (size_t)grid->units * sizeof(bool);
    *t = (todo){0};
    if (run->comm->rank == 0) {
        done = bl_mem_alloc((size_t)grid->units, sizeof(bool));
        err = done ? verify_units(run, done) : BL_ERR_MEMORY;
    }
    BL_TRY(bl_comm_broadcast(run->comm, err, &done, &length));
    BL_TRY(bl_checkpoints_create(run->results, &run->interrupt, run->comm, run->options.checkpoint, done,
                                 grid->units, &w->checkpoints));
    BL_ALLOC(t->unit, (size_t)grid->units);
    BL_ALLOC(t->cost, (size_t)grid->units);
    for (int64_t i = 0; i < grid->units; i++)
        if (!((const bool *)done)[i]) {
            t->unit[t->count] = i;
            t->cost[t->count++] =
                bl_grid_cost(grid, i) * (bl_checkpoints_has(&w->checkpoints, i) ? first_of_equals : 1.0);
        }
cleanup:
    bl_mem_free(done);
    return bl_agree(run->comm, err);
}

static void tell(const walk *w, int64_t done, bool ended) {
    bl_run_tell(w->run, (bl_progress){.phase = BL_PHASE_UNITS,
                                      .before = w->before,
                                      .done = done,
                                      .total = w->run->grid->units,
                                      .ended = ended});
}

/* Asked by the search between its rounds: must this unit be left? Also reports the progress of all ranks. */
static bool leave_unit(void *context) {
    walk *w = context;
    tell(w, bl_schedule_finished(w->schedule), false);
    return bl_interrupt_overdue(&w->run->interrupt);
}

static bool training_is_due(void *context) {
    walk *w = context;
    return bl_checkpoints_due(&w->checkpoints);
}

static bl_err keep_training(void *context, int64_t unit, bl_worker *worker) {
    walk *w = context;
    return bl_checkpoints_keep(&w->checkpoints, unit, worker);
}

static bl_err recall_training(void *context, int64_t unit, uint64_t *state, bool *found) {
    walk *w = context;
    return bl_checkpoints_recall(&w->checkpoints, unit, state, found);
}

static bl_err save_network(void *context, const bl_case *c, size_t number, const bl_network *network,
                           const float *x) {
    walk *w = context;
    return bl_run_networks_save(w->run, c, number, network, x);
}

/* Write the unit's data, then its mark. */
static bl_err write_result(walk *w, const bl_unit_result *result, double begin) {
    bl_err err = BL_OK;
    bl_results *results = w->run->results;
    BL_TRY(bl_results_write_record(results, &result->unit, &result->record));
    size_t unit = (size_t)result->unit.number, one = 1;
    int32_t rank = w->run->comm->rank;
    BL_TRY(bl_results_write(results, BL_FIELD_UNIT_SECONDS, &unit, &one, &result->seconds));
    BL_TRY(bl_results_write(results, BL_FIELD_UNIT_SECONDS_SAMPLING, &unit, &one, &result->seconds_sampling));
    BL_TRY(bl_results_write(results, BL_FIELD_UNIT_SECONDS_PASSES, &unit, &one, &result->seconds_passes));
    BL_TRY(bl_results_write(results, BL_FIELD_UNIT_BEGIN, &unit, &one, &begin));
    BL_TRY(bl_results_write(results, BL_FIELD_UNIT_RANK, &unit, &one, &rank));
    BL_TRY(bl_results_write(results, BL_FIELD_UNIT_LAUNCH, &unit, &one, &w->run->launch));
    BL_TRY(bl_results_finish_unit(results, &result->unit));
cleanup:
    return err;
}

/* Would this unit end in time, going by the slowest unit so far? A training with checkpoints need not. */
static bool fits_in_time(const walk *w, double cost) {
    return w->checkpoints.own > 0 || 1.2 * w->slowest * cost < bl_interrupt_time_left(&w->run->interrupt);
}

static bl_err do_unit(walk *w, int64_t unit) {
    bl_err err = BL_OK;
    const bl_unit_result *result = NULL;
    const double begin = bl_clock(), processor = bl_clock_processor(), epoch = bl_clock_epoch();
    BL_TRY(bl_worker_run(w->worker, unit, &result));
    const double computed = bl_clock(), had_core = bl_clock_processor() - processor;
    BL_TRY(write_result(w, result, epoch));
    const double written = bl_clock();
    bl_schedule_done(w->schedule, unit);
    w->units++;
    w->usage.writing += written - computed;
    w->usage.busy += written - begin;
    w->usage.without_core += fmax(0, computed - begin - had_core);
    w->slowest = fmax(w->slowest, (written - begin) / bl_grid_cost(w->run->grid, unit));
cleanup:
    return err;
}

static bl_err walk_units(walk *w) {
    bl_err err = BL_OK;
    bl_interrupt *interrupt = &w->run->interrupt;
    while (!bl_interrupt_asked(interrupt) && !bl_schedule_halted(w->schedule)) {
        const int64_t unit = bl_schedule_next(w->schedule);
        if (unit < 0)
            break;
        if (!fits_in_time(w, bl_grid_cost(w->run->grid, unit))) {
            bl_schedule_halt(w->schedule);
            break;
        }
        BL_TRY(do_unit(w, unit));
        tell(w, bl_schedule_finished(w->schedule), false);
    }
cleanup:
    if (err != BL_OK || bl_interrupt_asked(interrupt))
        bl_schedule_halt(w->schedule);
    return err;
}

/* Add what all ranks used to the launch's usage, on rank 0. `seconds`: of the longest walk. Collective. */
static void add_usage(walk *w, double seconds, int64_t done) {
    const bl_comm *comm = w->run->comm;
    bl_usage *all = &w->run->usage;
    const double mine[] = {w->usage.busy, w->usage.writing, w->usage.without_core};
    double sum[3] = {0};
    MPI_Reduce(mine, sum, 3, MPI_DOUBLE, MPI_SUM, 0, comm->world);
    all->units += done;
    all->busy += sum[0];
    all->writing += sum[1];
    all->without_core += sum[2];
    all->waiting += fmax(0, seconds * comm->size - sum[0]);
    all->seconds_units += seconds;
}

/* How the time was spent, for the log. */
static void report(const walk *w, int64_t done) {
    const bl_usage *u = &w->run->usage;
    const double all = u->busy + u->waiting;
    char text[BL_DURATION_TEXT];
    if (done == 0 || w->run->comm->rank > 0)
        return;
    bl_duration_text(u->seconds_units, text);
    bl_log(BL_LOG_INFO,
           "%" PRId64
           " units in %s on %d ranks: of their time %.1f %% in units, %.2f %% writing them, %.0f %% "
           "without a core; most memory of a rank: %.0f MiB",
           done, text, w->run->comm->size, 100 * u->busy / all, 100 * u->writing / all,
           100 * u->without_core / all, u->memory_peak / (1024.0 * 1024.0));
}

/* All ranks walk; *finished counts the units they did. */
static bl_err walk_together(walk *w, int64_t *finished) {
    const bl_comm *comm = w->run->comm;
    tell(w, 0, false);
    const double begin = bl_clock();
    bl_err err = walk_units(w);
    double seconds = bl_clock() - begin;
    bl_schedule_destroy(&w->schedule);
    MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, comm->world);
    MPI_Allreduce(&w->units, finished, 1, MPI_INT64_T, MPI_SUM, comm->world);
    bl_interrupt_share(&w->run->interrupt, comm);
    tell(w, *finished, true);
    add_usage(w, seconds, *finished);
    bl_err written = bl_run_write_usage(w->run);
    report(w, *finished);
    return err != BL_OK ? err : written;
}

bl_err bl_run_units(bl_run *run, int64_t *done) {
    bl_err err = BL_OK;
    *done = 0;
    todo t = {0};
    walk w = {.run = run};
    const bl_comm *comm = run->comm;
    const bl_worker_hooks hooks = {.stop = leave_unit,
                                   .pause = training_is_due,
                                   .keep = keep_training,
                                   .recall = recall_training,
                                   .made = run->options.save_networks ? save_network : NULL,
                                   .context = &w};
    BL_TRY(list_todo(&w, &t));
    if (t.count == 0)
        goto cleanup;
    w.before = run->grid->units - t.count;
    BL_TRY(bl_agree(comm, bl_worker_create(run->grid, run->images, &hooks, &w.worker)));
    if (run->options.save_networks)
        BL_TRY(bl_networks_file_share(run->options.save_networks, comm, &run->networks));
    BL_TRY(bl_schedule_create(comm, t.count, t.unit, t.cost, &w.schedule));
    err = walk_together(&w, done);
    if (err == BL_ERR_STOPPED || (err == BL_OK && *done < t.count))
        err = bl_err_set(BL_ERR_STOPPED,
                         "stopped by %s after %" PRId64 " of %" PRId64 " units: --resume goes on with %s",
                         bl_interrupt_reason(&run->interrupt), w.before + *done, run->grid->units, run->path);
    BL_TRY(bl_agree(comm, err));
cleanup:
    if (run->networks) {
        bl_err closed = bl_networks_file_unshare(&run->networks);
        err = bl_agree(comm, err != BL_OK ? err : closed);
    }
    bl_worker_destroy(&w.worker);
    bl_checkpoints_clear(&w.checkpoints);
    clear_todo(&t);
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A sweep from its beginning to its end: the result file is created or checked, then come the phases.
 */
#include "borderline/sweep.h"
#include "checkpoints.h"
#include "run.h"
#include "run_kernels.h"
#include "run_networks.h"
#include "run_summary.h"
#include "run_units.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/mem.h"
#include "borderline/log.h"
#include "experiment/kernels.h"
#include "experiment/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What a rank holds at most: a unit of the largest case, and later kernels, of which each of many ranks has a small part. */
typedef struct memory {
    const bl_grid *grid;
    size_t units;
} memory;

static bl_err need(const void *context, size_t ranks, double *bytes) {
    bl_err err = BL_OK;
    const memory *m = context;
    size_t kernels = 0;
    BL_TRY(bl_kernels_memory(m->grid, ranks, &kernels));
    *bytes = (double)(m->units > kernels ? m->units : kernels);
cleanup:
    return err;
}

static bl_err check_memory(const bl_comm *comm, const bl_grid *grid) {
    bl_err err = BL_OK;
    size_t largest = 0;
    double bytes = 0;
    char what[128];
    memory m = {.grid = grid};
    BL_TRY(bl_worker_memory(grid, &m.units, &largest));
    BL_TRY(need(&m, (size_t)comm->size, &bytes));
    bl_case c = bl_grid_case(grid, largest);
    if (bytes > (double)m.units)
        (void)snprintf(what, sizeof what, "kernels of %zu inputs are", grid->config->kernel_inputs);
    else
        (void)snprintf(what, sizeof what, "the grid (depth %zu, width %.0f, dimension %zu) is", c.depth,
                       c.width, c.dimension);
    BL_TRY(bl_comm_require_memory(comm, need, &m, what));
cleanup:
    return err;
}

/* Is there nothing left to do in the file? Damaged parts of a complete file, and networks that --save-networks lacks, are done again. */
static bl_err check_complete(const bl_run *run, const bl_results *old, bool *complete) {
    bl_err err = BL_OK;
    bool *done = NULL, intact = false;
    int64_t damaged = 0, missing = 0;
    BL_TRY(bl_results_is_complete(old, complete, &intact));
    if (!*complete) {
        bl_log(BL_LOG_INFO, "going on with %s", run->path);
        goto cleanup;
    }
    BL_ALLOC(done, (size_t)run->grid->units);
    BL_TRY(bl_results_verify(old, run->grid, done, &damaged));
    if (run->options.save_networks)
        BL_TRY(bl_run_networks_verify(run, done, &missing));
    for (int64_t i = 0; i < run->grid->units; i++)
        *complete = *complete && done[i];
    *complete = *complete && intact;
    if (*complete)
        bl_log(BL_LOG_INFO, "%s is complete", run->path);
    else if (damaged > 0 || !intact)
        bl_log(BL_LOG_WARNING,
               "%s was complete, but does not match its checksums any more: parts are done again", run->path);
cleanup:
    bl_mem_free(done);
    return err;
}

/* Create the result file, and the file of --save-networks. */
static bl_err create_output(const bl_run *run) {
    bl_err err = BL_OK;
    char *resolved = NULL;
    const char *text = run->options.text;
    const int64_t units = run->grid->units, ranks = run->comm->size;
    const size_t slots = BL_CHECKPOINTS_PER_RANK * (size_t)(units < ranks ? units : ranks);
    if (!text) {
        BL_TRY(bl_config_resolve(run->config, &resolved));
        text = resolved;
    }
    BL_TRY(bl_results_create(run->path, run->grid, text, slots, run->options.force));
    if (run->options.save_networks &&
        (err = bl_run_networks_prepare(run, run->options.resume, run->options.force)) != BL_OK)
        (void)unlink(run->path);
cleanup:
    bl_mem_free(resolved);
    return err;
}

/* Distances depend on the program's version: say so where those of two would stand in one file. */
static bl_err say_version(const bl_run *run, const bl_results *old) {
    bl_err err = BL_OK;
    char *theirs = NULL, *ours = NULL;
    BL_TRY(bl_results_source(old, &theirs, &ours));
    if (strcmp(theirs, ours) != 0)
        bl_log(BL_LOG_WARNING,
               "%s was begun by %s and is continued by %s: distances of two versions may differ; "
               "provenance/launch and unit/launch "
               "say which is of which",
               run->path, theirs, ours);
cleanup:
    bl_mem_free(theirs);
    bl_mem_free(ours);
    return err;
}

/* Create the file, or check that the file that is there is of this sweep. *complete: nothing is left to do in it. Only rank 0 calls. */
static bl_err prepare_output(bl_run *run, bool *complete) {
    bl_err err = BL_OK;
    bl_results *old = NULL;
    bl_config *config = NULL;
    *complete = false;
    if (!run->options.resume || access(run->path, F_OK) != 0) {
        BL_TRY(create_output(run));
        goto cleanup;
    }
    BL_TRY(bl_results_open(run->path, BL_RESULTS_READ, NULL, &old));
    BL_TRY(bl_results_config(old, &config));
    const char *key = bl_config_difference(config, run->config);
    BL_REQUIRE(!key, BL_ERR_INPUT,
               "%s was made with another configuration: %s differs; --resume needs the same", run->path, key);
    if (run->options.save_networks)
        BL_TRY(bl_run_networks_prepare(run, true, false));
    BL_TRY(check_complete(run, old, complete));
    if (!*complete)
        BL_TRY(say_version(run, old));
    BL_REQUIRE(*complete || config->kernel_inputs == 0 || bl_results_marks_kernels(old), BL_ERR_INPUT,
               "%s is of an earlier version, which did not mark kernels that are done: resume it with the "
               "version that its attribute source names",
               run->path);
cleanup:
    bl_config_destroy(&config);
    if (old) {
        bl_err closed = bl_results_close(&old);
        err = err != BL_OK ? err : closed;
    }
    return err;
}

/* Open the file for writing on every rank, and enter this launch into it; a complete file stays as it is. Collective. */
static bl_err open_output(bl_run *run, bool *complete) {
    bl_err err = BL_OK;
    bl_provenance *provenance = NULL;
    if (run->comm->rank == 0)
        err = prepare_output(run, complete);
    BL_TRY(bl_agree(run->comm, err));
    MPI_Bcast(complete, 1, MPI_C_BOOL, 0, run->comm->world);
    if (*complete)
        goto cleanup;
    BL_TRY(bl_provenance_gather(run->comm, run->options.argc, run->options.argv, &provenance));
    BL_TRY(bl_results_open(run->path, BL_RESULTS_WRITE, run->comm, &run->results));
    if (run->comm->rank == 0)
        err = bl_results_set_complete(run->results, false);
    if (run->comm->rank == 0 && err == BL_OK)
        err = bl_results_add_launch(run->results, provenance, &run->launch);
    BL_TRY(bl_agree(run->comm, err));
    MPI_Bcast(&run->launch, 1, MPI_INT64_T, 0, run->comm->world);
cleanup:
    bl_provenance_destroy(&provenance);
    return err;
}

/* Do a phase, then close and open the file, read back what is in it, and do again what the file system lost. Ranks of several nodes
 * write bytes that lie side by side in the file system's pages, and not every file system keeps these apart. */
static bl_err do_surely(bl_run *run, bl_err (*phase)(bl_run *run, int64_t *done), const char *what) {
    enum { ROUNDS_MAX = 4 };
    bl_err err = BL_OK;
    int64_t done = 0;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        BL_TRY(phase(run, &done));
        if (round > 0 && done == 0)
            goto cleanup;
        if (round > 0 && run->comm->rank == 0)
            bl_log(BL_LOG_WARNING,
                   "%" PRId64 " %s were not in %s as they had been written, and were done again", done, what,
                   run->path);
        BL_TRY(bl_run_sync(run));
    }
    BL_FAIL(BL_ERR_IO,
            "%s loses what is written to it: its file system does not serve several nodes writing one file",
            run->path);
cleanup:
    return err;
}

/* Kernels of all cases; how long they took is kept also when they are stopped. */
static bl_err do_kernels(bl_run *run) {
    bl_err err = BL_OK;
    const double begin = bl_clock();
    BL_TRY(do_surely(run, bl_run_kernels, "cases' kernels"));
    BL_TRY(bl_run_kernels_finish(run));
cleanup:
    run->usage.seconds_kernels += bl_clock() - begin;
    if (run->results) {
        bl_err written = bl_run_write_usage(run);
        err = err != BL_OK ? err : written;
    }
    return bl_agree(run->comm, err);
}

static bl_err do_summary(bl_run *run) {
    bl_err err = BL_OK;
    const double begin = bl_clock();
    BL_TRY(bl_run_summary(run));
    run->usage.seconds_summary += bl_clock() - begin;
    BL_TRY(bl_agree(run->comm, bl_run_write_usage(run)));
    BL_TRY(bl_run_sync(run));
cleanup:
    return err;
}

static bl_err do_phases(bl_run *run) {
    bl_err err = BL_OK;
    char text[2][BL_DURATION_TEXT];
    BL_TRY(do_surely(run, bl_run_units, "units"));
    if (run->config->kernel_inputs > 0)
        BL_TRY(do_kernels(run));
    BL_TRY(do_summary(run));
    bl_duration_text(run->usage.seconds_kernels, text[0]);
    bl_duration_text(run->usage.seconds_summary, text[1]);
    bl_log(BL_LOG_INFO, "kernels in %s, summary in %s", text[0], text[1]);
    if (run->comm->rank == 0) {
        bl_results_drop_checkpoints(run->results);
        err = bl_results_set_complete(run->results, true);
    }
    BL_TRY(bl_agree(run->comm, err));
cleanup:
    return err;
}

static bl_err check_options(const bl_sweep_run_options *options) {
    bl_err err = BL_OK;
    BL_REQUIRE(!(options->resume && options->force), BL_ERR_INPUT, "--resume and --force exclude each other");
cleanup:
    return err;
}

const bl_sweep_run_options bl_sweep_run_defaults = {.grace = 30, .checkpoint = 300};

bl_err bl_sweep_run(const bl_comm *comm, const bl_config *config, const char *path,
                    const bl_sweep_run_options *options, const bl_hooks *hooks) {
    bl_err err = BL_OK;
    bool complete = false;
    bl_run run = {
        .comm = comm, .config = config, .path = path, .options = options ? *options : bl_sweep_run_defaults};
    bl_interrupt_start(hooks, run.options.time_limit, run.options.grace, &run.interrupt);
    err = check_options(&run.options);
    if (err == BL_OK)
        err = bl_grid_create(config, &run.grid);
    if (err == BL_OK)
        err = check_memory(comm, run.grid);
    BL_TRY(bl_agree(comm, err));
    if (config->training.set != BL_TRAINING_NONE)
        BL_TRY(bl_images_share(comm, config, &run.images));
    BL_TRY(open_output(&run, &complete));
    if (!complete)
        BL_TRY(do_phases(&run));
cleanup:
    if (run.results) {
        bl_err closed = bl_results_close(&run.results);
        err = bl_agree(comm, err != BL_OK ? err : closed);
    }
    bl_images_destroy(&run.images);
    bl_grid_destroy(&run.grid);
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A sweep as a function, without the program: progress, a stop and a resume with the same bits, refusals.
 */
#include <mpi.h>

#include "base/mem.h"
#include "borderline/log.h"
#include "borderline/sweep.h"
#include "check.h"
#include "store/results.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char sweep[] = "name: a sweep as a function\n"
                            "seed: 11\n"
                            "grid: {depth: [1], width: [12], dimension: [8, 12], p: [1, 2]}\n"
                            "samples: {networks: 10, inputs: 2, block: 1}\n"
                            "kernel: {inputs: 5}\n"
                            "summary: {bootstrap: 20}\n";
enum { UNITS = 20, CASES = 2, DISTANCES = CASES * 10 * 2 * 2 };

typedef struct fixture {
    bl_comm comm;
    bl_config *config;
    char directory[256], path[300], other[300], networks[300];
} fixture;

/* What the hooks of one call saw. */
typedef struct seen {
    const bl_comm *comm;
    int calls[BL_PHASE_SUMMARY + 1], ended[BL_PHASE_SUMMARY + 1];
    bl_progress last[BL_PHASE_SUMMARY + 1];
    bl_phase phase; /* of the last call */
    bool in_order;  /* phases in their order, counts growing */
    int asked;      /* how often a stop was asked about */
    int stop_at;    /* say so at this call; 0: never */
    int sleep;      /* microseconds at each of these calls */
} seen;

static void progress(void *context, const bl_progress *p) {
    seen *s = context;
    const bl_progress *last = &s->last[p->phase];
    s->in_order = s->in_order && s->comm->rank == 0 && p->phase >= s->phase && p->done >= last->done &&
                  p->before + p->done <= p->total;
    s->phase = p->phase;
    s->calls[p->phase]++;
    s->ended[p->phase] += p->ended;
    s->last[p->phase] = *p;
}

static int stop(void *context) {
    seen *s = context;
    if (s->sleep > 0)
        (void)nanosleep(&(struct timespec){.tv_nsec = s->sleep * 1000L}, NULL);
    return s->stop_at > 0 && ++s->asked >= s->stop_at ? SIGUSR1 : 0;
}

static bl_hooks hooks_of(const fixture *f, seen *s) {
    *s = (seen){.comm = &f->comm, .in_order = true};
    return (bl_hooks){.progress = progress, .stop = stop, .context = s};
}

/* Every distance of a file, on rank 0. */
static void read_distances(const fixture *f, const char *path, double *distance) {
    bl_results *results = NULL;
    const size_t start[BL_FIELD_RANK_MAX] = {0}, count[BL_FIELD_RANK_MAX] = {1, 1, CASES, 10, 1, 2, 2};
    memset(distance, 0, DISTANCES * sizeof *distance);
    if (f->comm.rank > 0)
        return;
    CHECK_OK(bl_results_open(path, BL_RESULTS_READ, NULL, &results));
    CHECK_OK(bl_results_read(results, BL_FIELD_DISTANCE, start, count, distance));
    CHECK_OK(bl_results_close(&results));
}

static void check_phase(const seen *s, bl_phase phase, int64_t before, int64_t done, int64_t total) {
    const bl_progress *last = &s->last[phase];
    CHECK(s->calls[phase] >= 2 && s->ended[phase] == 1 && last->ended);
    CHECK(last->before == before && last->done == done && last->total == total);
}

/* --- from the begin to the end --- */

static void run_whole(const fixture *f, double *distance) {
    seen s;
    const bl_hooks hooks = hooks_of(f, &s);
    CHECK_OK(bl_sweep_run(&f->comm, f->config, f->path, NULL, &hooks));
    CHECK(s.in_order);
    if (f->comm.rank == 0) {
        check_phase(&s, BL_PHASE_UNITS, 0, UNITS, UNITS);
        check_phase(&s, BL_PHASE_KERNELS, 0, CASES, CASES);
        check_phase(&s, BL_PHASE_SUMMARY, 0, 1, 1);
    } else
        CHECK(s.calls[BL_PHASE_UNITS] == 0);
    read_distances(f, f->path, distance);
    int found = 0;
    for (size_t i = 0; i < DISTANCES; i++)
        found += distance[i] > 0;
    CHECK(f->comm.rank == 0 ? found > DISTANCES / 2 : found == 0);
}

/* A complete file needs nothing: no phase is begun, nothing is written. */
static void run_complete(const fixture *f) {
    seen s;
    const bl_hooks hooks = hooks_of(f, &s);
    bl_sweep_run_options options = bl_sweep_run_defaults;
    options.resume = true;
    CHECK_OK(bl_sweep_run(&f->comm, f->config, f->path, &options, &hooks));
    CHECK(s.calls[BL_PHASE_UNITS] + s.calls[BL_PHASE_KERNELS] + s.calls[BL_PHASE_SUMMARY] == 0);
}

/* --- stops and resumes --- */

static void run_in_parts(const fixture *f, const double *whole) {
    bl_sweep_run_options options = bl_sweep_run_defaults;
    double distance[DISTANCES];
    seen s;
    bl_hooks hooks = hooks_of(f, &s);
    options.resume = true;
    options.save_networks = f->networks;
    /* One rank's wish is enough. The others sleep, so that they do not finish the sweep before it has had a core. */
    s.stop_at = f->comm.rank == f->comm.size - 1 ? 6 : 0;
    s.sleep = s.stop_at > 0 ? 0 : 20000;
    CHECK(bl_sweep_run(&f->comm, f->config, f->other, &options, &hooks) == BL_ERR_STOPPED);
    CHECK(strstr(bl_err_message(), "stopped by SIGUSR1 after") != NULL);
    const int64_t done = s.last[BL_PHASE_UNITS].done;
    if (f->comm.rank == 0) {
        CHECK(s.in_order && s.ended[BL_PHASE_UNITS] == 1 && done < UNITS);
        CHECK(s.calls[BL_PHASE_KERNELS] == 0 && s.calls[BL_PHASE_SUMMARY] == 0);
    }
    hooks = hooks_of(f, &s);
    options.time_limit = 1e-9; /* over before anything is begun */
    CHECK(bl_sweep_run(&f->comm, f->config, f->other, &options, &hooks) == BL_ERR_STOPPED);
    CHECK(strstr(bl_err_message(), "stopped by the time limit") != NULL);
    hooks = hooks_of(f, &s);
    options.time_limit = 0;
    CHECK_OK(bl_sweep_run(&f->comm, f->config, f->other, &options, &hooks));
    if (f->comm.rank == 0)
        check_phase(&s, BL_PHASE_UNITS, done, UNITS - done, UNITS);
    read_distances(f, f->other, distance);
    if (f->comm.rank == 0)
        CHECK(memcmp(distance, whole, sizeof distance) == 0 && access(f->networks, R_OK) == 0);
}

/* --- refusals: the same code on every rank, the file as it was --- */

static void refuse(const fixture *f, const bl_config *config, const char *path, bool resume, bool force,
                   const char *message) {
    bl_sweep_run_options options = bl_sweep_run_defaults;
    options.resume = resume;
    options.force = force;
    CHECK(bl_sweep_run(&f->comm, config, path, &options, NULL) == BL_ERR_INPUT);
    CHECK(strstr(bl_err_message(), message) != NULL);
}

static void refusals(const fixture *f, const double *whole) {
    double distance[DISTANCES];
    bl_config *another = NULL;
    const char *set = "seed=12";
    CHECK_OK(bl_config_parse("another.yaml", sweep, sizeof sweep - 1, &set, 1, &another));
    refuse(f, f->config, f->path, false, false, "exists");
    refuse(f, f->config, f->path, true, true, "exclude each other");
    refuse(f, another, f->path, true, false, "seed differs");
    refuse(f, f->config, "/nonexistent/folder/out.h5", false, false, "/nonexistent/folder");
    read_distances(f, f->path, distance);
    CHECK(memcmp(distance, whole, sizeof distance) == 0);
    bl_config_destroy(&another);
}

static void overwrite(const fixture *f, const double *whole) {
    bl_sweep_run_options options = bl_sweep_run_defaults;
    double distance[DISTANCES];
    options.force = true;
    CHECK_OK(bl_sweep_run(&f->comm, f->config, f->other, &options, NULL));
    read_distances(f, f->other, distance);
    if (f->comm.rank == 0)
        CHECK(memcmp(distance, whole, sizeof distance) == 0);
}

int main(int argc, char **argv) {
    fixture f = {0};
    double whole[DISTANCES];
    if (bl_comm_start(&argc, &argv, &f.comm) != BL_OK)
        return 1;
    bl_log_configure(BL_LOG_WARNING, f.comm.rank == 0);
    (void)snprintf(f.directory, sizeof f.directory, "/tmp/borderline-test-XXXXXX");
    if (f.comm.rank == 0)
        CHECK(mkdtemp(f.directory) != NULL);
    MPI_Bcast(f.directory, (int)sizeof f.directory, MPI_CHAR, 0, f.comm.world);
    (void)snprintf(f.path, sizeof f.path, "%s/whole.h5", f.directory);
    (void)snprintf(f.other, sizeof f.other, "%s/parts.h5", f.directory);
    (void)snprintf(f.networks, sizeof f.networks, "%s/networks.h5", f.directory);
    CHECK_OK(bl_config_parse("sweep.yaml", sweep, sizeof sweep - 1, NULL, 0, &f.config));
    if (f.config) {
        run_whole(&f, whole);
        run_complete(&f);
        run_in_parts(&f, whole);
        refusals(&f, whole);
        overwrite(&f, whole);
    }
    bl_config_destroy(&f.config);
    MPI_Barrier(f.comm.world);
    if (f.comm.rank == 0) {
        (void)unlink(f.path);
        (void)unlink(f.other);
        (void)unlink(f.networks);
        CHECK(rmdir(f.directory) == 0);
    }
    int status = check_result();
    bl_comm_end(&f.comm);
    return status;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Result files: creation, independent writes of all ranks, reading, resume's checks, and refusals.
 * With arguments (SWEEP.h5 [MEASUREMENT.h5 [KEY=VALUE ...]]) it writes example files for the Python tests.
 */
#include <mpi.h>

#include "base/mem.h"
#include "check.h"
#include "store/measurement.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char sweep[] =
    "name: test of the result file\n"
    "seed: 7\n"
    "network: {activation: erf}\n"
    "grid: {depth: [1, 3], width: [20, 50, 100], dimension: [12, 48], p: [0, 1, 2.5, inf]}\n"
    "samples: {networks: 7, inputs: 3, block: 2}\n"
    "kernel: {inputs: 4}\n";

typedef struct fixture {
    bl_comm comm;
    bl_config *config;
    bl_grid *grid;
    char directory[256], path[300];
} fixture;

/* A value that tells where it belongs. */
static double value_at(size_t field, const bl_unit *unit, size_t i) {
    return (double)unit->number + 1000.0 * (double)i + 0.125 * (double)field;
}

static size_t unit_start(const bl_unit *unit, size_t *start) {
    start[0] = unit->c.depth_index;
    start[1] = unit->c.width_index;
    start[2] = unit->c.dimension_index;
    start[3] = unit->first;
    start[4] = start[5] = start[6] = 0;
    return unit->count;
}

static void write_unit(bl_results *results, const fixture *f, const bl_unit *unit) {
    size_t start[BL_FIELD_RANK_MAX];
    size_t count[BL_FIELD_RANK_MAX] = {1, 1, 1, 0, 1, f->config->inputs, f->config->p.count};
    count[3] = unit_start(unit, start);
    size_t elements = count[3] * count[5] * count[6];
    double *distance = bl_mem_alloc(elements, sizeof *distance);
    int8_t *status = bl_mem_alloc(elements, 1);
    CHECK(distance && status);
    for (size_t i = 0; i < elements; i++) {
        distance[i] = value_at(BL_FIELD_DISTANCE, unit, i);
        status[i] = BL_STATUS_FOUND;
    }
    CHECK_OK(bl_results_write(results, BL_FIELD_DISTANCE, start, count, distance));
    CHECK_OK(bl_results_write(results, BL_FIELD_STATUS, start, count, status));
    CHECK_OK(bl_results_write(results, BL_FIELD_OUTPUT, start, count, distance));
    CHECK_OK(bl_results_finish_unit(results, unit));
    bl_mem_free(distance);
    bl_mem_free(status);
}

static bool unit_is_right(const bl_results *results, const fixture *f, const bl_unit *unit, bool written) {
    size_t start[BL_FIELD_RANK_MAX];
    size_t count[BL_FIELD_RANK_MAX] = {1, 1, 1, 0, 1, f->config->inputs, f->config->p.count};
    double distance[1024];
    int8_t status[1024];
    count[3] = unit_start(unit, start);
    size_t elements = count[3] * count[5] * count[6];
    CHECK_OK(bl_results_read(results, BL_FIELD_DISTANCE, start, count, distance));
    CHECK_OK(bl_results_read(results, BL_FIELD_STATUS, start, count, status));
    bool right = true;
    for (size_t i = 0; i < elements; i++)
        right = right && (written ? distance[i] == value_at(BL_FIELD_DISTANCE, unit, i) && status[i] == 1
                                  : isnan(distance[i]) && status[i] == 0);
    return right;
}

/* --- the life of a file --- */

static void create(const fixture *f, bool force) {
    if (f->comm.rank == 0)
        CHECK_OK(bl_results_create(f->path, f->grid, sweep, 0, force));
    MPI_Barrier(f->comm.world);
}

/* Every rank writes every size-th unit, the last unit is left pending. */
static void test_parallel_writes(const fixture *f) {
    bl_results *results = NULL;
    CHECK_OK(bl_results_open(f->path, BL_RESULTS_WRITE, &f->comm, &results));
    if (!results)
        return;
    for (int64_t u = f->comm.rank; u < f->grid->units - 1; u += f->comm.size) {
        bl_unit unit = bl_grid_unit(f->grid, u);
        write_unit(results, f, &unit);
    }
    CHECK_OK(bl_results_close(&results));
    CHECK(results == NULL);
    CHECK_OK(bl_results_open(f->path, BL_RESULTS_READ, NULL, &results));
    if (!results)
        return;
    for (int64_t u = 0; u < f->grid->units; u++) {
        bl_unit unit = bl_grid_unit(f->grid, u);
        CHECK(unit_is_right(results, f, &unit, u < f->grid->units - 1));
    }
    bool complete = true, intact = false;
    CHECK_OK(bl_results_is_complete(results, &complete, &intact));
    CHECK(!complete);
    CHECK(!bl_results_is_measurement(results));
    CHECK_OK(bl_results_close(&results));
    MPI_Barrier(f->comm.world);
}

static void test_config_and_units(const fixture *f) {
    bl_results *results = NULL;
    bl_config *config = NULL;
    CHECK_OK(bl_results_open(f->path, BL_RESULTS_READ, NULL, &results));
    if (!results)
        return;
    CHECK_OK(bl_results_config(results, &config));
    CHECK(config && bl_config_difference(config, f->config) == NULL);
    size_t zero = 0, units = (size_t)f->grid->units;
    int64_t *number = bl_mem_alloc(units, sizeof *number);
    CHECK_OK(bl_results_read(results, BL_FIELD_UNIT_FIRST_NETWORK, &zero, &units, number));
    for (size_t u = 0; u < units; u++)
        CHECK(number[u] == (int64_t)bl_grid_unit(f->grid, (int64_t)u).first);
    CHECK_OK(bl_results_read(results, BL_FIELD_UNIT_CASE, &zero, &units, number));
    CHECK(number[units - 1] == (int64_t)f->grid->cases - 1);
    size_t beyond = units + 1;
    CHECK(bl_results_read(results, BL_FIELD_UNIT_CASE, &zero, &beyond, number) == BL_ERR_INPUT);
    bl_mem_free(number);
    bl_config_destroy(&config);
    CHECK_OK(bl_results_close(&results));
}

/* Damage one number of unit 2: verify must name exactly that unit, and call the pending one not done. */
static void test_verify(const fixture *f) {
    bl_results *results = NULL;
    bool *done = bl_mem_alloc((size_t)f->grid->units, sizeof *done);
    int64_t damaged = -1;
    CHECK_OK(bl_results_open(f->path, BL_RESULTS_WRITE, &f->comm, &results));
    if (results && f->comm.rank == 0) {
        CHECK_OK(bl_results_verify(results, f->grid, done, &damaged));
        CHECK(damaged == 0);
        for (int64_t u = 0; u < f->grid->units; u++)
            CHECK(done[u] == (u < f->grid->units - 1));
        bl_unit unit = bl_grid_unit(f->grid, 2);
        size_t start[BL_FIELD_RANK_MAX], count[BL_FIELD_RANK_MAX] = {1, 1, 1, 1, 1, 1, 1};
        (void)unit_start(&unit, start);
        const double wrong = 3.25;
        CHECK_OK(bl_results_write(results, BL_FIELD_DISTANCE, start, count, &wrong));
        CHECK_OK(bl_results_verify(results, f->grid, done, &damaged));
        CHECK(damaged == 1 && !done[2] && done[1] && done[3]);
        write_unit(results, f, &unit);
        CHECK_OK(bl_results_verify(results, f->grid, done, &damaged));
        CHECK(damaged == 0 && done[2]);
        /* another division of the same sweep */
        bl_config other = *f->config;
        bl_grid *grid = NULL;
        other.block = 3;
        CHECK_OK(bl_grid_create(&other, &grid));
        CHECK(bl_results_verify(results, grid, done, &damaged) == BL_ERR_INPUT);
        CHECK(strstr(bl_err_message(), "divides the sweep into units that are not those") != NULL);
        bl_grid_destroy(&grid);
    }
    CHECK_OK(bl_results_close(&results));
    bl_mem_free(done);
}

static void test_launches(const fixture *f) {
    bl_results *results = NULL;
    bl_provenance *provenance = NULL;
    char *argv[] = {"borderline", "run", "my sweep.yaml", NULL};
    CHECK_OK(bl_provenance_gather(&f->comm, 3, argv, &provenance));
    CHECK_OK(bl_results_open(f->path, BL_RESULTS_WRITE, &f->comm, &results));
    if (!results || !provenance)
        return;
    if (f->comm.rank == 0) {
        int64_t launch = -1;
        char *text = NULL;
        CHECK_OK(bl_results_add_launch(results, provenance, &launch));
        CHECK(launch == 0);
        CHECK_OK(bl_results_add_launch(results, provenance, &launch));
        CHECK(launch == 1);
        CHECK_OK(bl_results_read_launch(results, 1, "command", &text));
        CHECK(text && strcmp(text, "borderline run 'my sweep.yaml'") == 0);
        bl_mem_free(text);
        CHECK_OK(bl_results_read_launch(results, 2, "command", &text));
        CHECK(text && strcmp(text, "") == 0);
        bl_mem_free(text);
        CHECK(bl_results_read_launch(results, 0, "no such entry", &text) == BL_ERR_INPUT);
        for (int i = 2; i < BL_LAUNCHES_MAX + 2; i++) /* more than there are rows */
            CHECK_OK(bl_results_add_launch(results, provenance, &launch));
        CHECK(launch == BL_LAUNCHES_MAX - 1);
        CHECK_OK(bl_results_set_complete(results, true));
    }
    CHECK_OK(bl_results_close(&results));
    bl_provenance_destroy(&provenance);
    bool complete = false, intact = false;
    CHECK_OK(bl_results_open(f->path, BL_RESULTS_READ, NULL, &results));
    CHECK_OK(bl_results_is_complete(results, &complete, &intact));
    CHECK(complete);
    CHECK_OK(bl_results_close(&results));
    MPI_Barrier(f->comm.world);
}

/* --- refusals: one line that names the file and what to do --- */

static void check_refused(bl_err code, bl_err expected, const char *words) {
    CHECK(code == expected);
    if (!strstr(bl_err_message(), words))
        (void)fprintf(stderr, "message: %s\n", bl_err_message());
    CHECK(strstr(bl_err_message(), words) != NULL);
    CHECK(strchr(bl_err_message(), '\n') == NULL);
}

static void test_create_refusals(const fixture *f) {
    char path[400], other[400];
    struct stat status;
    if (f->comm.rank != 0)
        return;
    check_refused(bl_results_create(f->path, f->grid, sweep, 0, false), BL_ERR_INPUT, "--resume");
    check_refused(bl_results_create(f->path, f->grid, sweep, 0, false), BL_ERR_INPUT, "--force");
    (void)snprintf(path, sizeof path, "%s/missing/x.h5", f->directory);
    check_refused(bl_results_create(path, f->grid, sweep, 0, false), BL_ERR_INPUT,
                  "No such file or directory");
    check_refused(bl_results_create(f->directory, f->grid, sweep, 0, true), BL_ERR_INPUT, "is a directory");
    check_refused(bl_results_create("", f->grid, sweep, 0, true), BL_ERR_INPUT, "names no file");
    /* a leftover of a killed creation is replaced, and none is left */
    (void)snprintf(path, sizeof path, "%s/left.h5", f->directory);
    (void)snprintf(other, sizeof other, "%s/.left.h5.creating", f->directory);
    int descriptor = open(other, O_CREAT | O_WRONLY, 0600);
    CHECK(descriptor >= 0 && write(descriptor, "junk", 4) == 4 && close(descriptor) == 0);
    CHECK_OK(bl_results_create(path, f->grid, sweep, 0, false));
    CHECK(stat(path, &status) == 0 && stat(other, &status) != 0);
    /* a grid larger than any disk */
    bl_config huge = *f->config;
    huge.networks = (size_t)1 << 50;
    bl_grid grid = *f->grid;
    grid.config = &huge;
    check_refused(bl_results_create(path, &grid, sweep, 0, true), BL_ERR_INPUT, "MiB free");
}

static void test_open_refusals(const fixture *f) {
    bl_results *results = NULL;
    char path[400];
    (void)snprintf(path, sizeof path, "%s/none.h5", f->directory);
    check_refused(bl_results_open(path, BL_RESULTS_READ, NULL, &results), BL_ERR_INPUT, "No such file");
    check_refused(bl_results_open(path, BL_RESULTS_WRITE, &f->comm, &results), BL_ERR_INPUT, "No such file");
    (void)snprintf(path, sizeof path, "%s/text.h5", f->directory);
    if (f->comm.rank == 0) {
        FILE *file = fopen(path, "w");
        CHECK(file && fputs("no HDF5 at all\n", file) >= 0 && fclose(file) == 0);
    }
    MPI_Barrier(f->comm.world);
    check_refused(bl_results_open(path, BL_RESULTS_READ, NULL, &results), BL_ERR_INPUT, "not an HDF5 file");
    check_refused(bl_results_open(path, BL_RESULTS_WRITE, &f->comm, &results), BL_ERR_INPUT,
                  "not an HDF5 file");
    CHECK(results == NULL);
}

/* The file cut at many lengths: opening or reading says so in one line; nothing crashes. */
static void test_truncated(const fixture *f) {
    char path[400];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s/left.h5", f->directory);
    if (f->comm.rank == 0 && stat(path, &status) == 0) {
        for (int i = 15; i >= 0; i--) {
            bl_results *results = NULL;
            CHECK(truncate(path, status.st_size * i / 16) == 0);
            bl_err code = bl_results_open(path, BL_RESULTS_READ, NULL, &results);
            check_refused(code, BL_ERR_INPUT, path);
            CHECK(results == NULL);
        }
    }
    MPI_Barrier(f->comm.world);
}

/* The user's limit on file sizes stands for any write that fails: on one rank only, and all close cleanly. */
static void test_failed_write(const fixture *f) {
    bl_results *results = NULL;
    struct rlimit before, limit;
    CHECK_OK(bl_results_open(f->path, BL_RESULTS_WRITE, &f->comm, &results));
    if (!results)
        return;
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    limit = (struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max};
    size_t start[BL_FIELD_RANK_MAX] = {1, 2, 1, 6}, count[BL_FIELD_RANK_MAX] = {1, 1, 1, 1, 1, 1, 1};
    const double value = 1.0;
    if (f->comm.rank == f->comm.size - 1) {
        CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        check_refused(bl_results_write(results, BL_FIELD_DISTANCE, start, count, &value), BL_ERR_IO,
                      "r.h5: distance could not be written: File too large");
        CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    }
    CHECK_OK(bl_results_close(&results));
    CHECK_OK(bl_results_open(f->path, BL_RESULTS_READ, NULL, &results));
    CHECK_OK(bl_results_close(&results));
}

/* --- measure --- */

static const bl_measurement_entry entries[] = {{"first", 12, 3}, {"second", 48, 5}};
static const double norms[] = {1.0, 2.0, INFINITY};

static void write_measured(bl_results *results, size_t e) {
    const bl_record_shape shape = {.rows = entries[e].inputs, .norms = 3};
    const size_t count = shape.rows * shape.norms;
    bl_record record, other;
    bl_finding *finding = bl_mem_alloc(count, sizeof *finding);
    double *points = bl_mem_alloc(count * entries[e].dimension, sizeof *points);
    CHECK_OK(bl_record_create(&shape, NULL, 0, &record));
    CHECK_OK(bl_record_create(&(bl_record_shape){.rows = shape.rows - 1, .norms = 3}, NULL, 0, &other));
    for (size_t i = 0; i < count; i++) {
        double x = (double)(100 * e + i);
        finding[i] = (bl_finding){.search = {.distance = x + 0.5,
                                             .inside = x + 0.25,
                                             .first_order = x + 0.125,
                                             .gradient_norm = x + 0.0625,
                                             .passes = (int32_t)i,
                                             .restarts_won = (int32_t)e,
                                             .first_step_crosses = (int8_t)((i % 3) - 1),
                                             .status = BL_STATUS_FOUND},
                                  .output = -x,
                                  .input_norm = x + 0.75};
        for (size_t k = 0; k < entries[e].dimension; k++)
            points[i * entries[e].dimension + k] = x + 1e-3 * (double)k;
    }
    bl_record_enter(&record, 0, shape.rows, finding);
    CHECK_OK(bl_measurement_write(results, entries[e].name, entries[e].dimension, &record, points));
    CHECK(bl_measurement_write(results, entries[e].name, entries[e].dimension, &other, NULL) == BL_ERR_INPUT);
    bl_record_clear(&record);
    bl_record_clear(&other);
    bl_mem_free(finding);
    bl_mem_free(points);
}

static void test_measurement(const fixture *f, const char *path) {
    bl_results *results = NULL;
    bl_provenance *provenance = NULL;
    char *argv[] = {"borderline", "measure", "networks.h5", NULL};
    CHECK_OK(bl_provenance_gather(&f->comm, 3, argv, &provenance));
    if (f->comm.rank == 0)
        CHECK_OK(bl_measurement_create(path, 2, entries, 3, norms, true, false, provenance, "p: [1, 2, inf]",
                                       true));
    MPI_Barrier(f->comm.world);
    CHECK_OK(bl_results_open(path, BL_RESULTS_WRITE, &f->comm, &results));
    for (size_t e = 0; results && e < 2; e++)
        if ((int)e % f->comm.size == f->comm.rank)
            write_measured(results, e);
    if (results && f->comm.rank == 0)
        CHECK_OK(bl_results_set_complete(results, true));
    CHECK_OK(bl_results_close(&results));
    CHECK_OK(bl_results_open(path, BL_RESULTS_READ, NULL, &results));
    bl_config *config = NULL;
    char *command = NULL;
    CHECK(results && bl_results_is_measurement(results));
    CHECK(results && bl_results_config(results, &config) == BL_ERR_INPUT);
    CHECK(results && bl_results_read_launch(results, 0, "command", &command) == BL_OK &&
          strcmp(command, "borderline measure networks.h5") == 0);
    bl_mem_free(command);
    CHECK_OK(bl_results_close(&results));
    const bl_measurement_entry taken = {"provenance", 4, 4};
    if (f->comm.rank == 0)
        CHECK(bl_measurement_create(path, 1, &taken, 3, norms, false, false, provenance, "", true) ==
              BL_ERR_INPUT);
    bl_provenance_destroy(&provenance);
    MPI_Barrier(f->comm.world);
}

static void write_example(fixture *f, const char *path) {
    bl_results *results = NULL;
    bl_provenance *provenance = NULL;
    char *argv[] = {"borderline", "run", "example.yaml", NULL};
    (void)snprintf(f->path, sizeof f->path, "%s", path);
    create(f, true);
    CHECK_OK(bl_provenance_gather(&f->comm, 3, argv, &provenance));
    CHECK_OK(bl_results_open(f->path, BL_RESULTS_WRITE, &f->comm, &results));
    if (!results)
        return;
    int64_t launch = 0;
    if (f->comm.rank == 0)
        CHECK_OK(bl_results_add_launch(results, provenance, &launch));
    for (int64_t u = f->comm.rank; u < f->grid->units - 1; u += f->comm.size) {
        bl_unit unit = bl_grid_unit(f->grid, u);
        write_unit(results, f, &unit);
    }
    CHECK_OK(bl_results_close(&results));
    bl_provenance_destroy(&provenance);
}

static void test_all(fixture *f) {
    char *name = f->directory;
    if (f->comm.rank == 0) {
        (void)snprintf(name, sizeof f->directory, "%s/borderline-results-XXXXXX",
                       getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        CHECK(mkdtemp(name) != NULL);
    }
    MPI_Bcast(f->directory, sizeof f->directory, MPI_CHAR, 0, f->comm.world);
    (void)snprintf(f->path, sizeof f->path, "%s/r.h5", f->directory);
    create(f, false);
    test_parallel_writes(f);
    test_config_and_units(f);
    test_verify(f);
    test_launches(f);
    test_failed_write(f);
    test_create_refusals(f);
    test_open_refusals(f);
    test_truncated(f);
    char path[400];
    (void)snprintf(path, sizeof path, "%s/m.h5", f->directory);
    test_measurement(f, path);
    create(f, true); /* --force: a fresh file */
    bl_results *results = NULL;
    bl_unit unit = bl_grid_unit(f->grid, 0);
    CHECK_OK(bl_results_open(f->path, BL_RESULTS_READ, NULL, &results));
    CHECK(results && unit_is_right(results, f, &unit, false));
    CHECK_OK(bl_results_close(&results));
    MPI_Barrier(f->comm.world);
    if (f->comm.rank == 0) {
        char command[400];
        (void)snprintf(command, sizeof command, "rm -r '%s'", f->directory);
        CHECK(system(command) == 0);
    }
}

int main(int argc, char **argv) {
    fixture f = {0};
    CHECK_OK(bl_comm_start(&argc, &argv, &f.comm));
    const size_t overrides = argc > 3 ? (size_t)argc - 3 : 0;
    CHECK_OK(bl_config_parse("test", sweep, sizeof sweep - 1,
                             overrides ? (const char *const *)argv + 3 : NULL, overrides, &f.config));
    if (f.config)
        CHECK_OK(bl_grid_create(f.config, &f.grid));
    if (f.grid && argc > 2)
        test_measurement(&f, argv[2]);
    if (f.grid && argc > 1)
        write_example(&f, argv[1]);
    else if (f.grid)
        test_all(&f);
    bl_grid_destroy(&f.grid);
    bl_config_destroy(&f.config);
    int result = check_result();
    bl_comm_end(&f.comm);
    return result;
}

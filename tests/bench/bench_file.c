/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The result file: creation by rank 0, then every rank writes whole units, as `run` does, without computing any. JSON lines by number
 * of units: seconds to create, to open and to close on all ranks; microseconds per unit (elapsed time of a rank over its units); calls
 * of the system that read or wrote, for creation and a unit (/proc/self/io): those beside data are metadata.
 *
 *     [jobs/launch RANKS] bench_file [units]...      (default: 100 1000 10000 100000)
 *
 * A unit is one network with 10 inputs and 3 norms: small, so that all that is there beside its bytes shows.
 */
#include "ranks.h"

#include "base/clock.h"
#include "base/mem.h"
#include "store/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char sweep[] = "name: file\ngrid: {depth: [1], width: [8], dimension: [12], p: [1, 2, .inf]}\n"
                            "samples: {networks: %zu, inputs: 10, block: 1}\nkernel: {inputs: 0}\n";

enum { TEXT = 512, UNIT_WORDS = 512 };

/* Everything of a unit that `run` writes. */
static bl_err write_unit(bl_results *results, const bl_grid *grid, const bl_unit *unit, const void *zeros) {
    bl_err err = BL_OK;
    const size_t start[BL_FIELD_RANK_MAX] = {0, 0, 0, unit->first}, at = (size_t)unit->number, one = 1;
    const size_t count[BL_FIELD_RANK_MAX] = {1, 1, 1, 1, grid->config->inputs, grid->config->p.count};
    for (bl_field_id f = 0; f < BL_FIELD_COUNT; f++)
        if (bl_field_elements(grid, f) > 0 && bl_fields[f].rank > 3 &&
            bl_fields[f].axis[3] == BL_AXIS_NETWORK)
            BL_TRY(bl_results_write(results, f, start, count, zeros));
    for (bl_field_id f = BL_FIELD_UNIT_SECONDS; f <= BL_FIELD_UNIT_LAUNCH; f++)
        BL_TRY(bl_results_write(results, f, &at, &one, zeros));
    BL_TRY(bl_results_finish_unit(results, unit));
cleanup:
    return err;
}

/* Calls of this process that read or wrote; 0 where the system does not tell. */
static double calls(void) {
    char line[TEXT];
    double sum = 0, value = 0;
    FILE *file = fopen("/proc/self/io", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "syscr: %lf", &value) == 1 || sscanf(line, "syscw: %lf", &value) == 1)
            sum += value;
    if (file)
        (void)fclose(file);
    return sum;
}

/* Seconds of the slowest rank since `begin`. */
static double since(const bl_comm *comm, double begin) {
    double mine = bl_clock() - begin, most = 0;
    MPI_Allreduce(&mine, &most, 1, MPI_DOUBLE, MPI_MAX, comm->world);
    return most;
}

typedef struct measurement {
    double create, open, write, close; /* s */
    double create_calls, write_calls;  /* of rank 0 */
} measurement;

static bl_err time_file(const bl_comm *comm, const bl_grid *grid, const char *path, const char *text,
                        measurement *m) {
    bl_err err = BL_OK;
    bl_results *results = NULL;
    uint64_t *zeros = NULL;
    double begin = bl_clock(), before = calls();
    BL_ALLOC(zeros, UNIT_WORDS);
    BL_TRY(bl_agree(comm, comm->rank == 0 ? bl_results_create(path, grid, text, 0, true) : BL_OK));
    m->create_calls = calls() - before;
    m->create = since(comm, begin);
    begin = bl_clock();
    BL_TRY(bl_results_open(path, BL_RESULTS_WRITE, comm, &results));
    m->open = since(comm, begin);
    bl_comm_barrier(comm->world);
    begin = bl_clock();
    before = calls();
    for (int64_t i = comm->rank; i < grid->units && err == BL_OK; i += comm->size) {
        const bl_unit unit = bl_grid_unit(grid, i);
        err = write_unit(results, grid, &unit, zeros);
    }
    m->write_calls = calls() - before;
    m->write = since(comm, begin);
    begin = bl_clock();
    bl_err closed = bl_results_close(&results);
    BL_TRY(bl_agree(comm, err != BL_OK ? err : closed));
    m->close = since(comm, begin);
cleanup:
    bl_mem_free(zeros);
    return err;
}

static bl_err time_units(const bl_comm *comm, size_t units, const char *path) {
    bl_err err = BL_OK;
    bl_config *config = NULL;
    bl_grid *grid = NULL;
    char text[TEXT];
    struct stat file;
    measurement m = {0};
    (void)snprintf(text, sizeof text, sweep, units);
    BL_TRY(bl_config_parse("bench_file", text, strlen(text), NULL, 0, &config));
    BL_TRY(bl_grid_create(config, &grid));
    BL_TRY(time_file(comm, grid, path, text, &m));
    BL_REQUIRE(stat(path, &file) == 0, BL_ERR_IO, "%s is not there", path);
    const double share = (double)((grid->units + comm->size - 1) / comm->size);
    if (comm->rank == 0) {
        (void)printf("{\"benchmark\": \"result file\", \"ranks\": %d, \"units\": %zu, \"create_s\": %.4f, "
                     "\"create_calls\": %.0f, \"open_s\": %.4f, \"us_a_unit\": %.1f, \"calls_a_unit\": %.2f, "
                     "\"close_s\": %.4f, \"MiB\": %.2f}\n",
                     comm->size, units, m.create, m.create_calls, m.open, 1e6 * m.write / share,
                     m.write_calls / share, m.close, (double)file.st_size / 1048576.0);
        (void)fflush(stdout);
    }
cleanup:
    bl_grid_destroy(&grid);
    bl_config_destroy(&config);
    return err;
}

static bl_err time_all(const bl_comm *comm, int argc, char **argv) {
    bl_err err = BL_OK;
    const size_t sizes[] = {100, 1000, 10000, 100000};
    const size_t count = argc > 1 ? (size_t)argc - 1 : sizeof sizes / sizeof *sizes;
    char path[TEXT];
    int number = (int)getpid();
    MPI_Bcast(&number, 1, MPI_INT, 0, comm->world);
    (void)snprintf(path, sizeof path, "bench_file-%d.h5", number); /* here: the file system to be measured */
    for (size_t i = 0; i < count; i++)
        BL_TRY(time_units(comm, argc > 1 ? strtoul(argv[i + 1], NULL, 10) : sizes[i], path));
cleanup:
    bl_comm_barrier(comm->world);
    if (comm->rank == 0)
        (void)unlink(path);
    return err;
}

int main(int argc, char **argv) {
    return bench_on_ranks("bench_file", time_all, argc, argv);
}

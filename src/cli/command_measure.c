/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `measure`: distances of the networks and inputs of a file. A network is a unit of the same schedule as a sweep's.
 */
#include "base/mem.h"
#include "borderline/log.h"
#include "borderline/networks_file.h"
#include "command.h"
#include "experiment/probe_network.h"
#include "parallel/schedule.h"
#include "run/interrupt.h"
#include "run/progress.h"
#include "store/measurement.h"
#include "table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *output, *norms, *box_text, *effort_text;
static bool no_box, save_points, force;
static double time_limit, grace = 30;

static const bl_flag flags[] = {
    {"-o", BL_FLAG_TEXT, &output, "OUT.h5", "the output file (must be given)"},
    {"--p", BL_FLAG_TEXT, &norms, "P,P,...", "norms: real p >= 1, inf, or 0 (1,2,inf)"},
    {"--box", BL_FLAG_TEXT, &box_text, "LO,HI",
     "boundary points stay inside (the file's box attribute, else none)"},
    {"--no-box", BL_FLAG_SWITCH, &no_box, NULL, "boundary points may be anywhere"},
    {"--effort", BL_FLAG_TEXT, &effort_text, "EFFORT", "fast, standard or thorough (standard)"},
    {"--save-points", BL_FLAG_SWITCH, &save_points, NULL,
     "also write the boundary points, float64 and float32"},
    {"--force", BL_FLAG_SWITCH, &force, NULL, "overwrite OUT.h5"},
    {"--time-limit", BL_FLAG_TIME, &time_limit, "TIME",
     "begin no network after this time; seconds or [D-]HH:MM:SS"},
    {"--grace", BL_FLAG_TIME, &grace, "TIME",
     "how long networks in flight may go on after SIGTERM or SIGUSR1 (30 s)"},
};

static size_t flags_of(const bl_flag **flag) {
    *flag = flags;
    return sizeof flags / sizeof *flags;
}

static bl_err measure_command(const bl_invocation *invocation);

const bl_command bl_command_measure = {
    .name = "measure",
    .synopsis = "measure NETWORKS.h5 -o OUT.h5 [--p 1,2,inf] [--box LO,HI | --no-box] [--effort "
                "fast|standard|thorough] "
                "[--save-points]",
    .summary = "Distances of the networks and inputs of a file; under mpirun or srun the networks are "
               "divided over ranks.",
    .flags = flags_of,
    .run = measure_command,
};

/* A measurement in progress. `settings` reads the options through the sweep file's own table, bounds and complaints. */
typedef struct measurement {
    const bl_comm *comm;
    bl_networks_file *file;
    bl_config *settings;
    bl_box box;
    bl_results *results;
    bl_schedule *schedule;
    bl_progress progress;
    size_t count;
    bl_measurement_entry *entry;
} measurement;

/* What the sweep file's table complains of, by the name of the option that was given. */
static bl_err name_option(bl_err err) {
    static const char *const name[][2] = {{"--set: grid.p: ", "--p: "},
                                          {"--set: inputs.box: ", "--box: "},
                                          {"--set: boundary.effort: ", "--effort: "}};
    char text[1024];
    (void)snprintf(text, sizeof text, "%s", bl_err_message());
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (strncmp(text, name[i][0], strlen(name[i][0])) == 0)
            return bl_err_set(err, "%s%s", name[i][1], text + strlen(name[i][0]));
    return err;
}

static bl_err read_settings(measurement *m) {
    bl_err err = BL_OK;
    char p[512], box[256], effort[64];
    static const char grid[] = "grid: {depth: 1, width: 1, dimension: 1}";
    BL_REQUIRE(!(box_text && no_box), BL_ERR_INPUT, "--box and --no-box exclude each other");
    (void)snprintf(p, sizeof p, "grid.p=[%s]", norms ? norms : "1,2,inf");
    (void)snprintf(effort, sizeof effort, "boundary.effort=%s", effort_text ? effort_text : "standard");
    (void)snprintf(box, sizeof box, "inputs.box=[%s]", box_text ? box_text : "0,1");
    err =
        bl_config_parse("measure", grid, sizeof grid - 1, (const char *[]){p, effort, box}, 3, &m->settings);
    if (err != BL_OK) {
        err = name_option(err);
        goto cleanup;
    }
    m->box = bl_networks_file_box(m->file);
    if (box_text)
        m->box = m->settings->box;
    if (no_box)
        m->box = (bl_box){-INFINITY, INFINITY};
cleanup:
    return err;
}

/* Read a network for nothing but its complaints: a bad one, or an input outside of the box, where no distance is defined,
 * must be known before anything is written. */
static bl_err check_network(const measurement *m, size_t index) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    double *x = NULL;
    size_t inputs = 0;
    BL_TRY(bl_networks_file_read(m->file, index, &network, &x, &inputs));
    for (size_t i = 0; i < inputs * network->dimension; i++)
        BL_REQUIRE(
            x[i] >= m->box.lo && x[i] <= m->box.hi, BL_ERR_INPUT,
            "network %s: number %zu of input %zu is %.9g, outside of the box [%g, %g]: give the inputs' own "
            "with --box, or --no-box",
            m->entry[index].name, i % network->dimension, i / network->dimension, x[i], m->box.lo, m->box.hi);
cleanup:
    bl_network_destroy(&network);
    bl_mem_free(x);
    return err;
}

/* Names and sizes of all networks; every rank checks its share of them. */
static bl_err list_networks(measurement *m) {
    bl_err err = BL_OK;
    m->count = bl_networks_file_count(m->file);
    BL_REQUIRE(m->count > 0, BL_ERR_INPUT, "the file has no networks");
    BL_ALLOC(m->entry, m->count);
    for (size_t i = 0; i < m->count; i++) {
        m->entry[i].name = bl_networks_file_name(m->file, i);
        BL_TRY(bl_networks_file_sizes(m->file, i, &m->entry[i].dimension, &m->entry[i].inputs));
        if (i % (size_t)m->comm->size == (size_t)m->comm->rank)
            BL_TRY(check_network(m, i));
    }
cleanup:
    return err;
}

static bool leave_network(void *context) {
    measurement *m = context;
    if (m->comm->rank == 0)
        bl_progress_show(&m->progress, bl_schedule_finished(m->schedule));
    return bl_interrupt_overdue();
}

static bl_err measure_network(measurement *m, size_t index) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    bl_probe_network *probe = NULL;
    double *x0 = NULL, *points = NULL;
    bl_finding *finding = NULL;
    bl_record record = {0};
    size_t inputs = 0, p_count = m->settings->p.count;
    bl_search_options options = {.p = m->settings->p.value,
                                 .p_count = p_count,
                                 .box = m->box,
                                 .effort = m->settings->effort,
                                 .stop = leave_network,
                                 .stop_context = m};
    BL_TRY(bl_networks_file_read(m->file, index, &network, &x0, &inputs));
    BL_TRY(bl_probe_network_create(network, &options, inputs, &probe));
    BL_ALLOC(finding, inputs * p_count);
    BL_TRY(bl_record_create(&(bl_record_shape){.rows = inputs, .norms = p_count}, NULL, 0, &record));
    if (save_points)
        BL_ALLOC(points, inputs * p_count * network->dimension);
    BL_TRY(bl_probe_network_run(probe, network, x0, finding, points));
    bl_record_enter(&record, 0, inputs, finding);
    BL_TRY(bl_measurement_write(m->results, m->entry[index].name, network->dimension, &record, points));
    bl_schedule_done(m->schedule, (int64_t)index);
cleanup:
    bl_probe_network_destroy(&probe);
    bl_network_destroy(&network);
    bl_mem_free(x0);
    bl_mem_free(points);
    bl_mem_free(finding);
    bl_record_clear(&record);
    return err;
}

static bl_err measure_networks(measurement *m, int64_t *done) {
    bl_err err = BL_OK;
    int64_t index = 0;
    *done = 0;
    for (;;) {
        if (bl_interrupt_signalled() || bl_interrupt_time_left() <= 0)
            bl_schedule_halt(m->schedule);
        BL_TRY(bl_schedule_next(m->schedule, &index));
        if (index < 0)
            break;
        BL_TRY(measure_network(m, (size_t)index));
        ++*done;
    }
cleanup:
    if (err != BL_OK)
        bl_schedule_halt(m->schedule);
    return err;
}

/* Dimension times inputs: networks of one file differ little in what else makes them expensive. */
static bl_err start_schedule(measurement *m) {
    bl_err err = BL_OK;
    int64_t *unit = NULL;
    double *cost = NULL;
    BL_ALLOC(unit, m->count);
    BL_ALLOC(cost, m->count);
    for (size_t i = 0; i < m->count; i++) {
        unit[i] = (int64_t)i;
        cost[i] = 1 + (double)m->entry[i].dimension * (double)m->entry[i].inputs;
    }
    BL_TRY(bl_schedule_create(m->comm, (int64_t)m->count, unit, cost, &m->schedule));
cleanup:
    bl_mem_free(unit);
    bl_mem_free(cost);
    return err;
}

static bl_err create_output(measurement *m, const bl_invocation *invocation) {
    bl_err err = BL_OK;
    bl_provenance *provenance = NULL;
    char *text = NULL;
    BL_TRY(bl_provenance_gather(m->comm, invocation->argc, invocation->argv, &provenance));
    err = bl_config_resolve(m->settings, &text);
    if (err == BL_OK && m->comm->rank == 0)
        err = bl_measurement_create(output, m->count, m->entry, m->settings->p.count, m->settings->p.value,
                                    save_points, provenance, text, force);
    BL_TRY(bl_agree(m->comm, err));
    BL_TRY(bl_results_open(output, BL_RESULTS_WRITE, m->comm, &m->results));
cleanup:
    bl_provenance_destroy(&provenance);
    bl_mem_free(text);
    return err;
}

static bl_err measure_all(measurement *m) {
    bl_err err = BL_OK;
    int64_t done = 0, finished = 0;
    BL_TRY(start_schedule(m));
    if (m->comm->rank == 0)
        bl_progress_start(&m->progress, "networks", 0, (int64_t)m->count);
    err = measure_networks(m, &done);
    bl_schedule_destroy(&m->schedule);
    MPI_Allreduce(&done, &finished, 1, MPI_INT64_T, MPI_SUM, m->comm->world);
    bl_interrupt_share(m->comm);
    if (m->comm->rank == 0)
        bl_progress_end(&m->progress, finished);
    if (err == BL_ERR_STOPPED || (err == BL_OK && finished < (int64_t)m->count))
        err = bl_err_set(BL_ERR_STOPPED, "stopped by %s after %" PRId64 " of %zu networks",
                         bl_interrupt_reason(), finished, m->count);
    BL_TRY(bl_agree(m->comm, err));
cleanup:
    return err;
}

static bl_err measure_command(const bl_invocation *invocation) {
    bl_err err = BL_OK;
    const char *place = NULL;
    measurement m = {.comm = invocation->comm};
    BL_TRY(bl_command_arguments(invocation, &bl_command_measure, "the networks file", &place));
    BL_REQUIRE(output, BL_ERR_INPUT, "-o is missing: borderline %s", bl_command_measure.synopsis);
    bl_interrupt_start(time_limit, grace);
    err = bl_networks_file_open(place, &m.file);
    if (err == BL_OK)
        err = read_settings(&m);
    if (err == BL_OK)
        err = list_networks(&m);
    BL_TRY(bl_agree(m.comm, err));
    BL_TRY(create_output(&m, invocation));
    BL_TRY(measure_all(&m));
    BL_TRY(bl_agree(m.comm, m.comm->rank == 0 ? bl_results_set_complete(m.results, true) : BL_OK));
cleanup:
    if (m.results) {
        bl_err closed = bl_results_close(&m.results);
        err = bl_agree(m.comm, err != BL_OK ? err : closed);
    }
    if (m.file) {
        bl_err closed = bl_networks_file_close(&m.file);
        err = err != BL_OK ? err : closed;
    }
    if (err == BL_OK && m.comm->rank == 0)
        err = bl_table_print(output);
    bl_mem_free(m.entry);
    bl_config_destroy(&m.settings);
    return err;
}

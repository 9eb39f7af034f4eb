/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks are shared by the schedule that shares a sweep's units.
 */
#include "measure_run.h"

#include "base/mem.h"
#include "borderline/log.h"
#include "borderline/networks_file.h"
#include "experiment/probe_network.h"
#include "interrupt.h"
#include "parallel/schedule.h"
#include "store/measurement.h"

#include <inttypes.h>
#include <math.h>

/* A measurement in progress. */
typedef struct measurement {
    const bl_comm *comm;
    const char *path; /* of the output */
    const bl_measure_run_options *options;
    bl_networks_file *file;
    bl_box box;
    bl_interrupt interrupt;
    bl_results *results;
    bl_schedule *schedule;
    size_t count;
    bl_measurement_entry *entry;
    double rounding; /* of the networks that this rank checked */
} measurement;

/* Read a network only to find what is wrong with it: a damaged network, or an input outside of the box, where no distance is
 * defined, must be known before anything is written. */
static bl_err check_network(measurement *m, size_t index) {
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
    m->rounding = fmax(m->rounding, network->rounding);
cleanup:
    bl_network_destroy(&network);
    bl_mem_free(x);
    return err;
}

/* Distances are those of the float32 network: say so where the file's is another. Collective. */
static void say_rounding(const measurement *m) {
    double rounding = m->rounding;
    MPI_Allreduce(MPI_IN_PLACE, &rounding, 1, MPI_DOUBLE, MPI_MAX, m->comm->world);
    if (rounding > 0.0)
        bl_log(BL_LOG_WARNING,
               "weights are float64 and are rounded to float32, by %.1g of their array's largest at most: "
               "distances are those of "
               "the rounded networks",
               rounding);
}

/* Find the names and sizes of all networks; every rank checks its share of the networks. */
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

/* Report to rank 0's caller how many networks are done. */
static void tell(const measurement *m, int64_t done, bool ended) {
    const bl_hooks *hooks = &m->interrupt.hooks;
    const bl_progress progress = {
        .phase = BL_PHASE_UNITS, .done = done, .total = (int64_t)m->count, .ended = ended};
    if (m->comm->rank == 0 && hooks->progress)
        hooks->progress(hooks->context, &progress);
}

static bool leave_network(void *context) {
    measurement *m = context;
    tell(m, bl_schedule_finished(m->schedule), false);
    return bl_interrupt_overdue(&m->interrupt);
}

static bl_err measure_network(measurement *m, size_t index) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    bl_probe_network *probe = NULL;
    double *x0 = NULL, *points = NULL;
    bl_finding *finding = NULL;
    bl_record record = {0};
    const bl_config *settings = m->options->settings;
    const size_t p_count = settings->p.count;
    size_t inputs = 0;
    const bl_search_options options = {.p = settings->p.value,
                                       .p_count = p_count,
                                       .box = m->box,
                                       .effort = settings->effort,
                                       .stop = leave_network,
                                       .stop_context = m};
    BL_TRY(bl_networks_file_read(m->file, index, &network, &x0, &inputs));
    BL_TRY(bl_probe_network_create(network, &options, inputs, settings->certify, &probe));
    BL_ALLOC(finding, inputs * p_count);
    const bl_record_shape shape = {
        .rows = inputs, .norms = p_count, .certified = settings->certify != BL_CERTIFY_NONE};
    BL_TRY(bl_record_create(&shape, NULL, 0, &record));
    if (m->options->points)
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
    *done = 0;
    for (;;) {
        if (bl_interrupt_asked(&m->interrupt) || bl_interrupt_time_left(&m->interrupt) <= 0)
            bl_schedule_halt(m->schedule);
        const int64_t index = bl_schedule_next(m->schedule);
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

/* The cost of a network is its dimension times its inputs: networks of one file differ little in what else makes them expensive. */
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

static bl_err create_output(measurement *m) {
    bl_err err = BL_OK;
    const bl_measure_run_options *options = m->options;
    const bl_axis *p = &options->settings->p;
    bl_provenance *provenance = NULL;
    char *text = NULL;
    BL_TRY(bl_provenance_gather(m->comm, options->argc, options->argv, &provenance));
    err = bl_config_resolve(options->settings, &text);
    if (err == BL_OK && m->comm->rank == 0)
        err = bl_measurement_create(m->path, m->count, m->entry, p->count, p->value, options->points,
                                    options->settings->certify != BL_CERTIFY_NONE, provenance, text,
                                    options->force);
    BL_TRY(bl_agree(m->comm, err));
    BL_TRY(bl_results_open(m->path, BL_RESULTS_WRITE, m->comm, &m->results));
cleanup:
    bl_provenance_destroy(&provenance);
    bl_mem_free(text);
    return err;
}

static bl_err measure_all(measurement *m) {
    bl_err err = BL_OK;
    int64_t done = 0, finished = 0;
    BL_TRY(start_schedule(m));
    tell(m, 0, false);
    err = measure_networks(m, &done);
    bl_schedule_destroy(&m->schedule);
    MPI_Allreduce(&done, &finished, 1, MPI_INT64_T, MPI_SUM, m->comm->world);
    bl_interrupt_share(&m->interrupt, m->comm);
    tell(m, finished, true);
    if (err == BL_ERR_STOPPED || (err == BL_OK && finished < (int64_t)m->count))
        err = bl_err_set(BL_ERR_STOPPED, "stopped by %s after %" PRId64 " of %zu networks",
                         bl_interrupt_reason(&m->interrupt), finished, m->count);
    BL_TRY(bl_agree(m->comm, err));
cleanup:
    return err;
}

static bl_box box_of(const measurement *m) {
    switch (m->options->box) {
    case BL_MEASURE_RUN_BOX_NONE:
        return (bl_box){-INFINITY, INFINITY};
    case BL_MEASURE_RUN_BOX_SETTINGS:
        return m->options->settings->box;
    case BL_MEASURE_RUN_BOX_FILE:
        break;
    }
    return bl_networks_file_box(m->file);
}

bl_err bl_measure_run(const bl_comm *comm, const char *networks, const char *path,
                      const bl_measure_run_options *options, const bl_hooks *hooks) {
    bl_err err = BL_OK;
    measurement m = {.comm = comm, .path = path, .options = options};
    bl_interrupt_start(hooks, options->time_limit, options->grace, &m.interrupt);
    err = bl_networks_file_open(networks, &m.file);
    if (err == BL_OK) {
        m.box = box_of(&m);
        err = list_networks(&m);
    }
    BL_TRY(bl_agree(comm, err));
    say_rounding(&m);
    BL_TRY(create_output(&m));
    BL_TRY(measure_all(&m));
    BL_TRY(bl_agree(comm, comm->rank == 0 ? bl_results_set_complete(m.results, true) : BL_OK));
cleanup:
    if (m.results) {
        bl_err closed = bl_results_close(&m.results);
        err = bl_agree(comm, err != BL_OK ? err : closed);
    }
    if (m.file) {
        bl_err closed = bl_networks_file_close(&m.file);
        err = err != BL_OK ? err : closed;
    }
    bl_mem_free(m.entry);
    return bl_agree(comm, err);
}

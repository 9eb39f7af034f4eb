/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One unit after another: for each of its networks, sample, search, record. What is kept between units is memory and packed
 * shapes only, never a number that enters a result.
 */
#include "worker.h"

#include "base/clock.h"
#include "base/mem.h"
#include "probe_draw.h"
#include "probe_network.h"
#include "sweep/cost.h"

#include <math.h>

struct bl_worker {
    const bl_grid *grid;
    bl_search_options options;
    size_t case_number; /* of network and probe; grid->cases: none yet */
    size_t inputs;      /* of the probe */
    bl_network *network;
    bl_probe_network *probe;
    const bl_images *images; /* borrowed; of sweeps that train */
    bl_trainer *trainer;
    uint64_t *state; /* [state_words] of a training; NULL where none is kept */
    size_t state_words;
    size_t network_index; /* in training, within the unit */
    bool lost;            /* the training of the network at hand ended in a loss that is no number */
    bl_worker_hooks hooks;
    bl_probe_draw *draw; /* in place of both where the width is infinite */
    float *x;
    double *x0;
    bl_finding *finding; /* about one network's inputs: [inputs][p] */
    bl_unit_result result;
};

/* Shape of a record that any unit of the grid fits into. */
static bl_record_shape largest_shape(const bl_grid *grid) {
    const bl_config *config = grid->config;
    const bool trains = config->training.set != BL_TRAINING_NONE;
    bl_record_shape shape = {.norms = config->p.count,
                             .epochs = trains ? config->training.epochs + 1 : 0,
                             .certified = config->certify != BL_CERTIFY_NONE};
    for (size_t i = 0; i < grid->cases; i++) {
        const size_t rows = grid->block[i] * grid->input_block[i] * bl_config_kinds(config);
        shape.rows = rows > shape.rows ? rows : shape.rows;
        if (trains && grid->block[i] > shape.networks)
            shape.networks = grid->block[i];
    }
    return shape;
}

bl_err bl_worker_create(const bl_grid *grid, const bl_images *images, const bl_worker_hooks *hooks,
                        bl_worker **out) {
    bl_err err = BL_OK;
    bl_worker *worker = NULL;
    const bl_config *config = grid->config;
    BL_ALLOC(worker, 1);
    worker->grid = grid;
    worker->images = images;
    worker->case_number = grid->cases;
    worker->hooks = *hooks;
    worker->options = bl_unit_search_options(config);
    worker->options.stop = hooks->stop;
    worker->options.stop_context = hooks->context;
    const bl_record_shape shape = largest_shape(grid);
    BL_TRY(bl_record_create(&shape, NULL, 0, &worker->result.record));
    BL_ALLOC(worker->finding, bl_config_inputs(config) * config->p.count);
    if (hooks->keep)
        BL_TRY(bl_worker_state_words(grid, &worker->state_words));
    if (worker->state_words > 0)
        BL_ALLOC(worker->state, worker->state_words);
    *out = worker;
    worker = NULL;
cleanup:
    bl_worker_destroy(&worker);
    return err;
}

static void drop_case(bl_worker *worker) {
    bl_trainer_destroy(&worker->trainer);
    bl_probe_network_destroy(&worker->probe);
    bl_probe_draw_destroy(&worker->draw);
    bl_network_destroy(&worker->network);
    bl_mem_free(worker->x);
    bl_mem_free(worker->x0);
    worker->x = NULL;
    worker->x0 = NULL;
    worker->case_number = worker->grid->cases;
}

void bl_worker_destroy(bl_worker **worker) {
    if (!*worker)
        return;
    drop_case(*worker);
    bl_record_clear(&(*worker)->result.record);
    bl_mem_free((*worker)->state);
    bl_mem_free((*worker)->finding);
    bl_mem_free(*worker);
    *worker = NULL;
}

static bl_err take_case(bl_worker *worker, const bl_unit *unit) {
    bl_err err = BL_OK;
    const bl_config *config = worker->grid->config;
    const bl_case *c = &unit->c;
    if (worker->case_number == c->number && worker->inputs == unit->inputs)
        goto cleanup;
    drop_case(worker);
    if (isinf(c->width)) {
        BL_TRY(bl_probe_draw_create(config, &worker->options, c, &worker->draw));
    } else {
        BL_TRY(bl_network_create(config, c, &worker->network));
        BL_TRY(bl_probe_network_create(worker->network, &worker->options,
                                       unit->inputs * bl_config_kinds(config), config->certify,
                                       &worker->probe));
    }
    if (worker->images)
        BL_TRY(bl_trainer_create(config, &config->training, worker->images->part[BL_DATASET_TRAIN],
                                 worker->network, &worker->trainer));
    BL_ALLOC(worker->x, bl_config_inputs(config) * c->dimension);
    BL_ALLOC(worker->x0, unit->inputs * bl_config_kinds(config) * c->dimension);
    worker->case_number = c->number;
    worker->inputs = unit->inputs;
cleanup:
    return err;
}

static bool pause(void *context) {
    const bl_worker *worker = context;
    return (worker->hooks.pause && worker->hooks.pause(worker->hooks.context)) ||
           (worker->hooks.stop && worker->hooks.stop(worker->hooks.context));
}

/* Only a training that is a unit of its own is stored. Any training is left when the time is over. */
static bl_err keep(void *context) {
    bl_err err = BL_OK;
    bl_worker *worker = context;
    if (worker->state && worker->result.unit.count == 1)
        BL_TRY(worker->hooks.keep(worker->hooks.context, worker->result.unit.number, worker));
    BL_REQUIRE(!worker->hooks.stop || !worker->hooks.stop(worker->hooks.context), BL_ERR_STOPPED,
               "stopped while training a network");
cleanup:
    return err;
}

/* Network k's rows of the record. */
static bl_training_curve curve_of(const bl_worker *worker, size_t k) {
    const bl_record *record = &worker->result.record;
    const size_t row = k * record->shape.epochs;
    return (bl_training_curve){.loss = (double *)record->data[BL_FIELD_TRAINING_LOSS] + row,
                               .accuracy = (double *)record->data[BL_FIELD_TRAINING_ACCURACY] + row,
                               .accuracy_test = (double *)record->data[BL_FIELD_TRAINING_ACCURACY_TEST] + row,
                               .seconds = (double *)record->data[BL_FIELD_TRAINING_SECONDS] + row};
}

void bl_worker_state(bl_worker *worker, const uint64_t **words, size_t *count) {
    const bl_training_curve curve = curve_of(worker, worker->network_index);
    bl_trained_save(worker->trainer, worker->grid->config, &curve, worker->state);
    *words = worker->state;
    *count = bl_trained_words(worker->grid->config, bl_network_parameters(worker->network));
}

bl_err bl_worker_state_words(const bl_grid *grid, size_t *words) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    const bl_config *config = grid->config;
    *words = 0;
    if (config->training.set == BL_TRAINING_NONE || config->training.epochs == 0)
        goto cleanup;
    for (size_t i = 0; i < grid->cases; i++) {
        bl_case c = bl_grid_case(grid, i);
        if (grid->block[i] > 1)
            continue;
        BL_TRY(bl_network_create_shape(config, &c, &network));
        const size_t these = bl_trained_words(config, bl_network_parameters(network));
        *words = these > *words ? these : *words;
        bl_network_destroy(&network);
    }
cleanup:
    bl_network_destroy(&network);
    return err;
}

/* Train network k of the unit, from where an earlier launch left it. */
static bl_err train(bl_worker *worker, size_t k) {
    bl_err err = BL_OK;
    bl_unit_result *result = &worker->result;
    const bl_worker_hooks *hooks = &worker->hooks;
    bl_training_watch watch = {.pause = pause, .keep = keep, .context = worker};
    bl_training_progress progress = {0};
    double accuracy = 0;
    bool found = false;
    worker->network_index = k;
    if (worker->state && result->unit.count == 1 && hooks->recall)
        BL_TRY(hooks->recall(hooks->context, result->unit.number, worker->state, &found));
    if (found)
        watch.state = worker->state;
    ((int32_t *)result->record.data[BL_FIELD_TRAINING_RESUMED])[k] =
        found ? bl_trained_epochs(worker->state) : 0;
    const bl_training_curve curve = curve_of(worker, k);
    for (size_t e = 0; e <= worker->grid->config->training.epochs; e++) /* epochs that are not reached */
        curve.loss[e] = curve.accuracy[e] = curve.accuracy_test[e] = curve.seconds[e] = NAN;
    BL_TRY(bl_trained_network(worker->trainer, worker->images, worker->grid->config, &result->unit.c,
                              result->unit.first + k, worker->network, &watch, &curve, &progress, &accuracy));
    ((int32_t *)result->record.data[BL_FIELD_TRAINING_RESTARTS])[k] = (int32_t)progress.restarts;
cleanup:
    return err;
}

/* Network k of the unit and its inputs, drawn or trained. */
static bl_err take_network(bl_worker *worker, size_t k) {
    bl_err err = BL_OK;
    const bl_config *config = worker->grid->config;
    bl_unit_result *result = &worker->result;
    const bl_case *c = &result->unit.c;
    const size_t number = result->unit.first + k;
    double begin = bl_clock();
    if (worker->images)
        BL_TRY(bl_images_inputs(worker->images, config, c, number, worker->x));
    else
        bl_unit_sample(config, c, number, worker->network, worker->x);
    result->seconds_sampling += bl_clock() - begin;
    if (worker->images)
        err = train(worker, k);
    worker->lost = err == BL_ERR_NUMERIC;
    BL_TRY(worker->lost ? BL_OK : err);
    if (worker->hooks.made && result->unit.first_input == 0)
        BL_TRY(worker->hooks.made(worker->hooks.context, c, number, worker->network, worker->x));
cleanup:
    return err;
}

/* Distances of the unit's inputs, for a network that has been sampled, into the worker's findings. */
static bl_err measure(bl_worker *worker, size_t number) {
    bl_err err = BL_OK;
    const bl_unit *u = &worker->result.unit;
    if (worker->draw) {
        BL_TRY(
            bl_probe_draw_run(worker->draw, number, u->first_input, u->inputs, worker->x0, worker->finding));
        worker->result.seconds_passes += bl_probe_draw_seconds(worker->draw);
    } else {
        BL_TRY(bl_probe_network_run(worker->probe, worker->network, worker->x0, worker->finding, NULL));
        worker->result.seconds_passes += bl_probe_network_seconds(worker->probe);
    }
cleanup:
    return err;
}

/* What is recorded of a network whose training failed. */
static void leave_out(bl_worker *worker, size_t distances) {
    bl_finding none = {.output = NAN, .input_norm = NAN};
    none.search = (bl_search_result){.distance = NAN,
                                     .inside = NAN,
                                     .first_order = NAN,
                                     .gradient_norm = NAN,
                                     .first_step_crosses = -1,
                                     .status = BL_STATUS_NOT_TRAINED};
    for (size_t i = 0; i < distances; i++)
        worker->finding[i] = none;
}

bl_err bl_worker_run(bl_worker *worker, int64_t unit, const bl_unit_result **out) {
    bl_err err = BL_OK;
    const bl_config *config = worker->grid->config;
    bl_unit_result *result = &worker->result;
    double begin = bl_clock();
    result->unit = bl_grid_unit(worker->grid, unit);
    size_t inputs = result->unit.inputs * bl_config_kinds(config);
    size_t n = result->unit.c.dimension;
    result->seconds_sampling = result->seconds_passes = 0;
    BL_TRY(take_case(worker, &result->unit));
    for (size_t k = 0; k < result->unit.count; k++) {
        BL_TRY(take_network(worker, k));
        for (size_t i = 0; i < inputs * n; i++)
            worker->x0[i] = (double)worker->x[result->unit.first_input * n + i];
        if (worker->lost)
            leave_out(worker, inputs * config->p.count);
        else
            BL_TRY(measure(worker, result->unit.first + k));
        bl_record_enter(&result->record, k * inputs, inputs, worker->finding);
    }
    result->seconds = bl_clock() - begin;
    *out = result;
cleanup:
    return err;
}

bl_err bl_worker_memory(const bl_grid *grid, size_t *bytes, size_t *largest) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    const bl_config *config = grid->config;
    bl_search_options options = bl_unit_search_options(config);
    const bl_record_shape shape = largest_shape(grid);
    const size_t records =
        bl_record_bytes(&shape) + bl_config_inputs(config) * config->p.count * sizeof(bl_finding);
    size_t state = 0;
    *bytes = 0;
    BL_TRY(bl_worker_state_words(grid, &state));
    for (size_t i = 0; i < grid->cases; i++) {
        bl_case c = bl_grid_case(grid, i);
        size_t images =
            config->training.set == BL_TRAINING_NONE
                ? 0
                : (bl_cost_images(config, false) + bl_cost_images(config, true)) * (c.dimension + 1);
        const size_t inputs = grid->input_block[i] * bl_config_kinds(config);
        size_t held = images + bl_config_inputs(config) * c.dimension * sizeof(float) +
                      inputs * c.dimension * sizeof(double) + records + state * sizeof(uint64_t);
        if (isinf(c.width)) {
            held += bl_probe_draw_memory(&options, &c, config->classes);
        } else {
            BL_TRY(bl_network_create_shape(config, &c, &network));
            held += bl_network_parameters(network) * sizeof(float) +
                    bl_probe_network_memory(network, &options, inputs);
            if (images > 0)
                held += bl_trainer_memory(&config->training, network, bl_cost_images(config, false));
        }
        bl_network_destroy(&network);
        if (held > *bytes) {
            *bytes = held;
            if (largest)
                *largest = i;
        }
    }
cleanup:
    bl_network_destroy(&network);
    return err;
}

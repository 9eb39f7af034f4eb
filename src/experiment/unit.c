/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One unit: for each of its networks, sample, search, record. What is kept between units is memory and packed
 * shapes only, never a number that enters a result.
 */
#include "unit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "limit.h"
#include "probe.h"
#include "sweep/cost.h"

#include <math.h>

struct bl_worker {
    const bl_grid *grid;
    bl_search_options options;
    size_t case_number; /* of network and probe; grid->cases: none yet */
    size_t inputs;      /* of the probe */
    bl_network *network;
    bl_probe *probe;
    const bl_images *images; /* borrowed; of sweeps that train */
    bl_trainer *trainer;
    uint64_t *state; /* [state_words] of a training; NULL where none is kept */
    size_t state_words;
    size_t network_index; /* in training, within the unit */
    bl_worker_hooks hooks;
    bl_limit *limit; /* in place of both where the width is infinite */
    float *x;
    double *x0;
    bl_search_result *result;
    bl_record record;
};

bl_search_options bl_search_options_of(const bl_config *config) {
    return (bl_search_options){
        .p = config->p.value, .p_count = config->p.count, .box = config->box, .effort = config->effort};
}

/* Networks x inputs of the largest unit. */
static size_t largest_block(const bl_grid *grid) {
    size_t largest = 0;
    for (size_t i = 0; i < grid->cases; i++) {
        size_t outputs = grid->block[i] * grid->input_block[i] * bl_config_kinds(grid->config);
        largest = outputs > largest ? outputs : largest;
    }
    return largest;
}

/* Networks of the largest unit, with their epochs. */
static bl_err create_curves(const bl_grid *grid, bl_record *record) {
    bl_err err = BL_OK;
    size_t networks = 0;
    for (size_t i = 0; i < grid->cases; i++)
        networks = grid->block[i] > networks ? grid->block[i] : networks;
    BL_TRY(bl_training_curve_create(networks * (grid->config->training.epochs + 1), &record->training));
    BL_ALLOC(record->training_restarts, networks);
    BL_ALLOC(record->training_resumed, networks);
cleanup:
    return err;
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
    worker->options = bl_search_options_of(config);
    worker->options.stop = hooks->stop;
    worker->options.stop_context = hooks->context;
    size_t outputs = largest_block(grid);
    size_t distances = outputs * config->p.count;
    bl_record *record = &worker->record;
    BL_ALLOC(record->distance, distances);
    BL_ALLOC(record->distance_inside, distances);
    BL_ALLOC(record->first_order, distances);
    BL_ALLOC(record->input_norm, distances);
    BL_ALLOC(record->passes, distances);
    BL_ALLOC(record->restarts_won, distances);
    BL_ALLOC(record->status, distances);
    BL_ALLOC(record->first_step_crosses, distances);
    BL_ALLOC(record->output, outputs);
    BL_ALLOC(record->gradient_norm, outputs);
    BL_ALLOC(worker->result, bl_config_inputs(config) * config->p.count);
    if (images)
        BL_TRY(create_curves(grid, record));
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
    bl_probe_destroy(&worker->probe);
    bl_limit_destroy(&worker->limit);
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
    bl_record *record = &(*worker)->record;
    drop_case(*worker);
    bl_mem_free(record->distance);
    bl_mem_free(record->distance_inside);
    bl_mem_free(record->first_order);
    bl_mem_free(record->input_norm);
    bl_mem_free(record->passes);
    bl_mem_free(record->restarts_won);
    bl_mem_free(record->status);
    bl_mem_free(record->first_step_crosses);
    bl_mem_free(record->output);
    bl_mem_free(record->gradient_norm);
    bl_training_curve_clear(&record->training);
    bl_mem_free(record->training_restarts);
    bl_mem_free(record->training_resumed);
    bl_mem_free((*worker)->state);
    bl_mem_free((*worker)->result);
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
        BL_TRY(bl_limit_create(config, &worker->options, c, &worker->limit));
    } else {
        BL_TRY(bl_network_create(config, c, &worker->network));
        BL_TRY(bl_probe_create(worker->network, &worker->options, unit->inputs * bl_config_kinds(config),
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

void bl_unit_sample(const bl_config *config, const bl_case *c, size_t number, bl_network *network, float *x) {
    if (network)
        bl_network_sample(config, c, number, network);
    bl_network_sample_inputs(config, c->number, number, BL_PURPOSE_INPUT, c->dimension, config->inputs, x);
}

static void enter(bl_record *record, size_t at, const bl_search_result *result) {
    record->distance[at] = result->distance;
    record->distance_inside[at] = result->inside;
    record->first_order[at] = result->first_order;
    record->passes[at] = result->passes;
    record->restarts_won[at] = result->restarts_won;
    record->first_step_crosses[at] = result->first_step_crosses;
    record->status[at] = result->status;
}

static bool pause(void *context) {
    const bl_worker *worker = context;
    return (worker->hooks.pause && worker->hooks.pause(worker->hooks.context)) ||
           (worker->hooks.stop && worker->hooks.stop(worker->hooks.context));
}

/* Only a training that is a unit of its own is stored; all are left when it is time. */
static bl_err keep(void *context) {
    bl_err err = BL_OK;
    bl_worker *worker = context;
    if (worker->state && worker->record.unit.count == 1)
        BL_TRY(worker->hooks.keep(worker->hooks.context, worker->record.unit.number, worker));
    BL_REQUIRE(!worker->hooks.stop || !worker->hooks.stop(worker->hooks.context), BL_ERR_STOPPED,
               "stopped while training a network");
cleanup:
    return err;
}

static bl_training_curve curve_of(const bl_worker *worker, size_t k) {
    return bl_training_curve_at(&worker->record.training, k * (worker->grid->config->training.epochs + 1));
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
    bl_record *record = &worker->record;
    const bl_worker_hooks *hooks = &worker->hooks;
    bl_training_watch watch = {.pause = pause, .keep = keep, .context = worker};
    bl_training_progress progress = {0};
    double accuracy = 0;
    bool found = false;
    worker->network_index = k;
    if (worker->state && record->unit.count == 1 && hooks->recall)
        BL_TRY(hooks->recall(hooks->context, record->unit.number, worker->state, &found));
    if (found)
        watch.state = worker->state;
    record->training_resumed[k] = found ? bl_trained_epochs(worker->state) : 0;
    const bl_training_curve curve = curve_of(worker, k);
    BL_TRY(bl_trained_network(worker->trainer, worker->images, worker->grid->config, &record->unit.c,
                              record->unit.first + k, worker->network, &watch, &curve, &progress, &accuracy));
    record->training_restarts[k] = (int32_t)progress.restarts;
cleanup:
    return err;
}

/* Network k of the unit and its inputs, drawn or trained. */
static bl_err take_network(bl_worker *worker, size_t k) {
    bl_err err = BL_OK;
    const bl_config *config = worker->grid->config;
    bl_record *record = &worker->record;
    const bl_case *c = &record->unit.c;
    const size_t number = record->unit.first + k;
    double begin = bl_clock();
    if (worker->images)
        BL_TRY(bl_trained_inputs(worker->images, config, c, number, worker->x));
    else
        bl_unit_sample(config, c, number, worker->network, worker->x);
    record->seconds_sampling += bl_clock() - begin;
    if (worker->images)
        BL_TRY(train(worker, k));
    if (worker->hooks.made && record->unit.first_input == 0)
        BL_TRY(worker->hooks.made(worker->hooks.context, c, number, worker->network, worker->x));
cleanup:
    return err;
}

/* Distances of the unit's inputs of a network that is sampled, into the worker's results. */
static bl_err measure(bl_worker *worker, size_t number, double *output, double *norm) {
    const bl_unit *u = &worker->record.unit;
    if (worker->limit)
        return bl_limit_run(worker->limit, number, u->first_input, u->inputs, worker->x0, output, norm,
                            worker->result);
    return bl_probe_run(worker->probe, worker->network, worker->x0, output, norm, worker->result, NULL);
}

bl_err bl_worker_run(bl_worker *worker, int64_t unit, const bl_record **out) {
    bl_err err = BL_OK;
    const bl_config *config = worker->grid->config;
    bl_record *record = &worker->record;
    double begin = bl_clock();
    record->unit = bl_grid_unit(worker->grid, unit);
    size_t inputs = record->unit.inputs * bl_config_kinds(config), distances = inputs * config->p.count;
    size_t n = record->unit.c.dimension;
    record->seconds_sampling = record->seconds_passes = 0;
    BL_TRY(take_case(worker, &record->unit));
    for (size_t k = 0; k < record->unit.count; k++) {
        BL_TRY(take_network(worker, k));
        for (size_t i = 0; i < inputs * n; i++)
            worker->x0[i] = (double)worker->x[record->unit.first_input * n + i];
        BL_TRY(measure(worker, record->unit.first + k, record->output + k * inputs,
                       record->input_norm + k * distances));
        for (size_t i = 0; i < distances; i++)
            enter(record, k * distances + i, &worker->result[i]);
        for (size_t i = 0; i < inputs; i++)
            record->gradient_norm[k * inputs + i] = worker->result[i * config->p.count].gradient_norm;
        record->seconds_passes +=
            worker->limit ? bl_limit_seconds(worker->limit) : bl_probe_seconds(worker->probe);
    }
    record->seconds = bl_clock() - begin;
    *out = record;
cleanup:
    return err;
}

bl_err bl_worker_memory(const bl_grid *grid, size_t *bytes, size_t *largest) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    const bl_config *config = grid->config;
    bl_search_options options = bl_search_options_of(config);
    size_t records = largest_block(grid) * (config->p.count * 42 + 16);
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
            held += bl_limit_memory(&options, &c, config->classes);
        } else {
            BL_TRY(bl_network_create_shape(config, &c, &network));
            held +=
                bl_network_parameters(network) * sizeof(float) + bl_probe_memory(network, &options, inputs);
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

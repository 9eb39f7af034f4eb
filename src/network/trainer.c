/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Training: batches through the pass engine, Adam on one long vector of parameters. Weights are packed again in every step,
 * which takes little time compared with the step's products.
 */
#include "trainer.h"

#include "base/mem.h"
#include "borderline/pass.h"

#include <math.h>
#include <string.h>

enum { START_SHIFT = 16 }; /* a stream's index: epoch, and above it the start */

struct bl_trainer {
    const bl_config *config;
    bl_training settings;
    const bl_dataset *data;
    bl_pass *pass;
    size_t parameters;
    bl_network *network; /* borrowed: the one in training */
    bl_case c;
    size_t number;
    bl_training_progress progress;
    float *gradient, *m, *v; /* [parameters] */
    float *x, *logits, *seed;
    size_t *label; /* [batch] */
    size_t *order; /* [images] */
    uint32_t *word;
};

static bl_err check_fit(const bl_training *settings, const bl_dataset *data, const bl_network *shape) {
    bl_err err = BL_OK;
    const size_t classes = settings->labels == BL_LABELS_PARITY ? 2 : data->classes;
    BL_REQUIRE(settings->batch > 0, BL_ERR_INPUT, "a training batch needs at least one image");
    BL_REQUIRE(data->numbers == shape->dimension, BL_ERR_INPUT,
               "images of %zu x %zu x %zu are inputs of %zu numbers, the network takes %zu",
               data->image.channels, data->image.height, data->image.width, data->numbers, shape->dimension);
    BL_REQUIRE(shape->shape_rank == 1 ||
                   (shape->shape[0] == data->image.channels && shape->shape[1] == data->image.height),
               BL_ERR_INPUT, "the network takes images of %zu channels, the data have %zu", shape->shape[0],
               data->image.channels);
    BL_REQUIRE(classes == shape->classes, BL_ERR_INPUT, "labels of %zu classes, a network of %zu", classes,
               shape->classes);
cleanup:
    return err;
}

bl_err bl_trainer_create(const bl_config *config, const bl_training *settings, const bl_dataset *data,
                         const bl_network *shape, bl_trainer **out) {
    bl_err err = BL_OK;
    bl_trainer *trainer = NULL;
    const size_t batch = settings->batch;
    BL_TRY(check_fit(settings, data, shape));
    BL_ALLOC(trainer, 1);
    trainer->config = config;
    trainer->settings = *settings;
    trainer->data = data;
    trainer->parameters = bl_network_parameters(shape);
    BL_ALLOC(trainer->gradient, trainer->parameters);
    BL_ALLOC(trainer->m, trainer->parameters);
    BL_ALLOC(trainer->v, trainer->parameters);
    BL_ALLOC(trainer->x, batch * shape->dimension);
    BL_ALLOC(trainer->logits, batch * shape->classes);
    BL_ALLOC(trainer->seed, batch * shape->classes);
    BL_ALLOC(trainer->label, batch);
    BL_ALLOC(trainer->order, data->count);
    BL_ALLOC(trainer->word, data->count);
    BL_TRY(bl_pass_create(shape, batch, &trainer->pass));
    *out = trainer;
    trainer = NULL;
cleanup:
    bl_trainer_destroy(&trainer);
    return err;
}

void bl_trainer_destroy(bl_trainer **trainer) {
    bl_trainer *t = *trainer;
    if (!t)
        return;
    bl_pass_destroy(&t->pass);
    bl_mem_free(t->gradient);
    bl_mem_free(t->m);
    bl_mem_free(t->v);
    bl_mem_free(t->x);
    bl_mem_free(t->logits);
    bl_mem_free(t->seed);
    bl_mem_free(t->label);
    bl_mem_free(t->order);
    bl_mem_free(t->word);
    bl_mem_free(t);
    *trainer = NULL;
}

size_t bl_trainer_memory(const bl_training *settings, const bl_network *shape, size_t images) {
    const size_t image = (shape->dimension + 2 * shape->classes) * sizeof(float) + sizeof(size_t);
    return 3 * bl_network_parameters(shape) * sizeof(float) + settings->batch * image +
           images * (sizeof(size_t) + sizeof(uint32_t)) + bl_pass_memory(shape, settings->batch);
}

/* Begin with a fresh network, number `restarts` of this training. */
static void start(bl_trainer *t, int64_t restarts) {
    t->progress = (bl_training_progress){.restarts = restarts};
    memset(t->m, 0, t->parameters * sizeof *t->m);
    memset(t->v, 0, t->parameters * sizeof *t->v);
    bl_network_sample_again(t->config, &t->c, t->number, (size_t)restarts, t->network);
}

void bl_trainer_begin(bl_trainer *trainer, const bl_case *c, size_t number, bl_network *network) {
    trainer->network = network;
    trainer->c = *c;
    trainer->number = number;
    start(trainer, 0);
}

/* Fisher and Yates's shuffle; the multiplication's bias is under 2^-16 for 65,536 images. */
static void shuffle(bl_trainer *t) {
    const size_t count = t->data->count;
    const uint32_t index = (uint32_t)(t->progress.restarts << START_SHIFT | t->progress.epochs);
    const bl_stream stream = bl_rng_stream(t->config->seed, (uint32_t)t->c.number, (uint32_t)t->number,
                                           BL_PURPOSE_TRAINING_ORDER, index);
    bl_rng_words(stream, 0, count, t->word);
    for (size_t i = 0; i < count; i++)
        t->order[i] = i;
    for (size_t i = count - 1; i > 0; i--) {
        const size_t j = (size_t)((uint64_t)t->word[i] * (i + 1) >> 32), kept = t->order[i];
        t->order[i] = t->order[j];
        t->order[j] = kept;
    }
}

/* Logits of `count` images as a full batch; the missing images are zeros. */
static bl_err forward(bl_trainer *t, const bl_dataset *data, size_t count, const size_t *index) {
    bl_err err = BL_OK;
    const size_t n = data->numbers, missing = t->settings.batch - count;
    bl_dataset_inputs(data, count, index, t->x);
    memset(t->x + count * n, 0, missing * n * sizeof *t->x);
    for (size_t i = 0; i < count; i++)
        t->label[i] = t->settings.labels == BL_LABELS_PARITY ? bl_dataset_parity(data, index[i])
                                                             : bl_dataset_class(data, index[i]);
    BL_TRY(bl_pass_forward(t->pass, t->settings.batch, t->x, t->logits));
cleanup:
    return err;
}

/* Visit every layer with weights; `first` is the place of its parameters. */
static void each_layer(bl_trainer *t, void (*visit)(bl_trainer *t, bl_layer *layer, size_t first)) {
    size_t first = 0;
    for (size_t l = 0; l < t->network->layer_count; l++) {
        bl_layer *layer = &t->network->layer[l];
        if (!layer->weight)
            continue;
        visit(t, layer, first);
        first += bl_layer_weights(layer) + (layer->bias ? bl_layer_biases(layer) : 0);
    }
}

bl_err bl_trainer_gradient(bl_trainer *t, size_t count, const size_t *index, float *gradient, double *loss,
                           size_t *right) {
    bl_err err = BL_OK;
    const size_t classes = t->network->classes;
    BL_ASSERT(count > 0 && count <= t->settings.batch);
    BL_TRY(bl_pass_load(t->pass, t->network));
    BL_TRY(forward(t, t->data, count, index));
    *loss = bl_cross_entropy(classes, count, count, t->logits, t->label, t->seed, right) / (double)count;
    memset(t->seed + count * classes, 0, (t->settings.batch - count) * classes * sizeof *t->seed);
    BL_TRY(bl_pass_weight_gradient(t->pass, t->seed, gradient));
    size_t first = 0;
    for (size_t l = 0; l < t->network->layer_count; l++) {
        const bl_layer *layer = &t->network->layer[l];
        const size_t weights = bl_layer_weights(layer);
        const float twice = layer->kind == BL_LAYER_DENSE ? 0.0F : (float)(2.0 * t->settings.l2);
        for (size_t i = 0; twice > 0.0F && i < weights; i++)
            gradient[first + i] += twice * layer->weight[i];
        first += weights + (layer->bias ? bl_layer_biases(layer) : 0);
    }
cleanup:
    return err;
}

static void adam(bl_trainer *t, bl_layer *layer, size_t first) {
    const size_t weights = bl_layer_weights(layer);
    bl_adam_step(t->settings.rate, t->progress.steps, weights, t->gradient + first, t->m + first,
                 t->v + first, layer->weight);
    first += weights;
    if (layer->bias)
        bl_adam_step(t->settings.rate, t->progress.steps, bl_layer_biases(layer), t->gradient + first,
                     t->m + first, t->v + first, layer->bias);
}

bl_err bl_trainer_accuracy(bl_trainer *t, const bl_dataset *data, size_t count, double *accuracy) {
    bl_err err = BL_OK;
    const size_t batch = t->settings.batch;
    size_t *index = NULL, total = 0, right;
    count = count < data->count ? count : data->count;
    BL_ALLOC(index, batch);
    BL_TRY(bl_pass_load(t->pass, t->network));
    for (size_t first = 0; first < count; first += batch) {
        const size_t images = count - first < batch ? count - first : batch;
        for (size_t i = 0; i < images; i++)
            index[i] = first + i;
        BL_TRY(forward(t, data, images, index));
        (void)bl_cross_entropy(t->network->classes, images, images, t->logits, t->label, t->seed, &right);
        total += right;
    }
    *accuracy = (double)total / (double)count;
cleanup:
    bl_mem_free(index);
    return err;
}

/* Whether the accuracy after the first epoch is too low, and another start is left. */
static bl_err fails(bl_trainer *t, bool *failed) {
    bl_err err = BL_OK;
    double accuracy = 1.0;
    if (t->progress.epochs == 1 && t->settings.restart_below > 0.0)
        BL_TRY(bl_trainer_accuracy(t, t->data, BL_TRAINING_FIRST, &accuracy));
    *failed = accuracy < t->settings.restart_below && t->progress.restarts < BL_TRAINING_RESTARTS_MAX;
cleanup:
    return err;
}

/* One step on the next images of the epoch's order. */
static bl_err step(bl_trainer *t) {
    bl_err err = BL_OK;
    bl_training_progress *p = &t->progress;
    const size_t first = (size_t)p->images, left = t->data->count - first;
    const size_t count = left < t->settings.batch ? left : t->settings.batch;
    double mean = 0.0;
    size_t hits = 0;
    BL_TRY(bl_trainer_gradient(t, count, t->order + first, t->gradient, &mean, &hits));
    BL_REQUIRE(isfinite(mean), BL_ERR_NUMERIC,
               "training: the loss is not a number after %lld steps; a smaller training.rate may help",
               (long long)p->steps);
    p->steps++;
    each_layer(t, adam);
    p->images += (int64_t)count;
    p->right += (int64_t)hits;
    p->loss_sum += mean * (double)count;
cleanup:
    return err;
}

static bl_err end_epoch(bl_trainer *t) {
    bl_err err = BL_OK;
    bl_training_progress *p = &t->progress;
    const double images = (double)t->data->count;
    bool failed = false;
    p->epochs++;
    p->loss = p->loss_sum / images;
    p->accuracy = (double)p->right / images;
    p->images = p->right = 0;
    p->loss_sum = 0.0;
    BL_TRY(fails(t, &failed));
    if (failed)
        start(t, p->restarts + 1);
cleanup:
    return err;
}

bl_err bl_trainer_epoch(bl_trainer *t, bool (*pause)(void *context), void *pause_context,
                        bl_training_progress *progress) {
    bl_err err = BL_OK;
    bool paused = false;
    shuffle(t);
    while (!paused && (size_t)t->progress.images < t->data->count) {
        BL_TRY(step(t));
        paused = (size_t)t->progress.images < t->data->count && pause && pause(pause_context);
    }
    if (!paused)
        BL_TRY(end_epoch(t));
cleanup:
    *progress = t->progress;
    return err;
}

size_t bl_trainer_state_numbers(const bl_trainer *trainer) {
    return 3 * trainer->parameters;
}

/* Weights and biases to or from one vector. */
static void copy_weights(const bl_trainer *t, float *vector, bool to_vector) {
    for (size_t l = 0; l < t->network->layer_count; l++) {
        bl_layer *layer = &t->network->layer[l];
        float *const part[2] = {layer->weight, layer->bias};
        const size_t numbers[2] = {bl_layer_weights(layer), bl_layer_biases(layer)};
        for (size_t i = 0; i < 2; i++) {
            if (!part[i])
                continue;
            memcpy(to_vector ? vector : part[i], to_vector ? part[i] : vector, numbers[i] * sizeof *vector);
            vector += numbers[i];
        }
    }
}

void bl_trainer_save(const bl_trainer *t, float *state, bl_training_progress *progress) {
    copy_weights(t, state, true);
    memcpy(state + t->parameters, t->m, t->parameters * sizeof *state);
    memcpy(state + 2 * t->parameters, t->v, t->parameters * sizeof *state);
    *progress = t->progress;
}

void bl_trainer_restore(bl_trainer *t, const float *state, const bl_training_progress *progress) {
    memcpy(t->m, state + t->parameters, t->parameters * sizeof *state);
    memcpy(t->v, state + 2 * t->parameters, t->parameters * sizeof *state);
    for (size_t i = 0; i < t->parameters; i++) /* copy_weights writes nothing into what it reads */
        t->gradient[i] = state[i];
    copy_weights(t, t->gradient, false);
    t->progress = *progress;
}

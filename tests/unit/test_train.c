/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Training: the gradient of its objective against central differences in float64, learning, the same bits again and after
 * a stop, restarts, more than two classes, refusals.
 */
#include "base/mem.h"
#include "borderline/pass.h"
#include "check.h"
#include "network/trainer.h"

#include <string.h>

enum { SIDE = 8, IMAGES = 150, BATCH = 32, CLASSES = 4 };

/* Images with a bright quarter, its number the class, and noise. */
static bl_dataset *quarters(size_t count) {
    bl_dataset *data = NULL;
    uint32_t noise[SIDE * SIDE];
    CHECK_OK(bl_dataset_create(count, (bl_image){1, SIDE, SIDE}, CLASSES, &data));
    for (size_t i = 0; i < count; i++) {
        bl_rng_words(bl_rng_stream(9, 0, 0, BL_PURPOSE_TEST, (uint32_t)i), 0, SIDE * SIDE, noise);
        data->label[i] = (uint8_t)(noise[0] % CLASSES);
        for (size_t k = 0; k < SIDE * SIDE; k++) {
            const size_t quarter = 2 * (k / SIDE / (SIDE / 2)) + k % SIDE / (SIDE / 2);
            data->pixel[i * SIDE * SIDE + k] =
                (uint8_t)(noise[k] % 128 + (quarter == data->label[i] ? 127 : 0));
        }
    }
    return data;
}

typedef struct setup {
    bl_config config;
    bl_case c;
    bl_training training;
    bl_dataset *data;
    bl_network *network;
    bl_trainer *trainer;
} setup;

static void begin(setup *s, const char *family, size_t depth, size_t width, bool parity, double bias) {
    *s = (setup){.config = {.seed = 7,
                            .activation = BL_TANH,
                            .weight_variance = 2.0,
                            .bias_variance = bias,
                            .classes = parity ? 2 : CLASSES,
                            .channels = 1},
                 .c = {.depth = depth, .width = (double)width, .dimension = SIDE * SIDE},
                 .training = {.batch = BATCH,
                              .rate = 3e-3,
                              .l2 = 1e-2,
                              .labels = parity ? BL_LABELS_PARITY : BL_LABELS_CLASSES},
                 .data = quarters(IMAGES)};
    CHECK_OK(bl_network_create_family(family, &s->config, &s->c, true, &s->network));
    CHECK_OK(bl_trainer_create(&s->config, &s->training, s->data, s->network, &s->trainer));
    bl_trainer_begin(s->trainer, &s->c, 3, s->network);
}

static void end(setup *s) {
    bl_trainer_destroy(&s->trainer);
    bl_network_destroy(&s->network);
    bl_dataset_destroy(&s->data);
}

/* Mean cross-entropy + l2 |W|^2 over convolution kernels, in float64. */
static double objective(const setup *s, size_t count, const size_t *index) {
    float x[BATCH * SIDE * SIDE];
    double x64[BATCH * SIDE * SIDE], z[BATCH * CLASSES], sum = 0.0;
    const size_t classes = s->network->classes;
    bl_pass *pass = NULL;
    bl_dataset_inputs(s->data, count, index, x);
    for (size_t i = 0; i < count * SIDE * SIDE; i++)
        x64[i] = (double)x[i];
    CHECK_OK(bl_pass_create(s->network, BATCH, &pass));
    CHECK_OK(bl_pass_forward64(pass, count, x64, z));
    for (size_t i = 0; i < count; i++) {
        const size_t label = s->data->label[index[i]] % classes;
        double all = 0.0;
        for (size_t j = 0; j < classes; j++)
            all += exp(z[i * classes + j] - z[i * classes + label]);
        sum += log(all) / (double)count;
    }
    for (size_t l = 0; l < s->network->layer_count; l++) {
        const bl_layer *layer = &s->network->layer[l];
        if (layer->kind == BL_LAYER_CONV2D || layer->kind == BL_LAYER_RESIDUAL_END)
            for (size_t i = 0; i < bl_layer_weights(layer); i++)
                sum += s->training.l2 * pow((double)layer->weight[i], 2);
    }
    bl_pass_destroy(&pass);
    return sum;
}

/* Of a batch that is not full: what fills it must not count. */
static void test_objective(const char *family, size_t depth, size_t width, bool parity) {
    setup s;
    const size_t index[] = {5, 17, 2, 99, 140, 41, 8};
    const size_t count = sizeof index / sizeof *index;
    size_t first = 0, right = 0;
    double loss = 0.0, difference = 0.0, norm = 0.0;
    begin(&s, family, depth, width, parity, 0.1);
    float *gradient = bl_mem_alloc(bl_network_parameters(s.network), sizeof *gradient);
    BL_ASSERT(gradient);
    CHECK_OK(bl_trainer_gradient(s.trainer, count, index, gradient, &loss, &right));
    for (size_t l = 0; l < s.network->layer_count; l++) {
        bl_layer *layer = &s.network->layer[l];
        for (size_t i = 0; i < bl_layer_weights(layer); i += bl_layer_weights(layer) / 20 + 1) {
            const float kept = layer->weight[i], up = kept + 1e-3F, down = kept - 1e-3F;
            layer->weight[i] = up;
            const double high = objective(&s, count, index);
            layer->weight[i] = down;
            const double slope = (high - objective(&s, count, index)) / ((double)up - (double)down);
            layer->weight[i] = kept;
            difference += pow((double)gradient[first + i] - slope, 2);
            norm += slope * slope;
        }
        first += bl_layer_weights(layer) + (layer->bias ? bl_layer_biases(layer) : 0);
    }
    CHECK(sqrt(difference / norm) < 5e-5);
    bl_mem_free(gradient);
    end(&s);
}

static bool two_steps(void *context) {
    int *steps = context;
    return ++*steps == 2;
}

/* A network learns; a training that is stopped within an epoch and continued elsewhere has the same bits. */
static void test_learning(const char *family, size_t depth, size_t width, bool parity) {
    setup s, other;
    bl_training_progress progress, kept;
    double accuracy = 0.0;
    begin(&s, family, depth, width, parity, 0.0);
    begin(&other, family, depth, width, parity, 0.0);
    const size_t numbers = bl_trainer_state_numbers(s.trainer);
    float *state = bl_mem_alloc(numbers, sizeof *state), *end_state = bl_mem_alloc(numbers, sizeof *state);
    BL_ASSERT(state && end_state);
    for (int epoch = 0; epoch < 12; epoch++) {
        CHECK_OK(bl_trainer_epoch(s.trainer, NULL, NULL, &progress));
        if (epoch == 4)
            bl_trainer_save(s.trainer, state, &kept);
    }
    CHECK(progress.epochs == 12 && progress.restarts == 0 && progress.steps == 12 * 5);
    CHECK_OK(bl_trainer_accuracy(s.trainer, s.data, IMAGES, &accuracy));
    if (!(accuracy > 0.9))
        (void)fprintf(stderr, "%s: accuracy %g, loss %g\n", family, accuracy, progress.loss);
    CHECK(accuracy > 0.9);
    bl_trainer_save(s.trainer, end_state, &progress);
    bl_trainer_restore(other.trainer, state, &kept);
    while (kept.epochs < 12) { /* after every second step it moves to a trainer that knows nothing */
        bl_trainer *trainer = NULL;
        int steps = 0;
        CHECK_OK(bl_trainer_epoch(other.trainer, two_steps, &steps, &kept));
        bl_trainer_save(other.trainer, state, &kept);
        CHECK_OK(bl_trainer_create(&other.config, &other.training, other.data, other.network, &trainer));
        bl_trainer_begin(trainer, &other.c, 3, other.network);
        bl_trainer_restore(trainer, state, &kept);
        bl_trainer_destroy(&other.trainer);
        other.trainer = trainer;
    }
    bl_trainer_save(other.trainer, state, &kept);
    CHECK(memcmp(state, end_state, numbers * sizeof *state) == 0);
    CHECK(kept.loss == progress.loss && kept.steps == progress.steps);
    bl_mem_free(state);
    bl_mem_free(end_state);
    end(&s);
    end(&other);
}

/* What no network reaches makes every start fail, up to the last. */
static void test_restarts(void) {
    setup s;
    bl_training_progress progress = {0};
    begin(&s, "dense", 1, 4, true, 0.0);
    bl_trainer_destroy(&s.trainer);
    s.training.restart_below = 1.1;
    CHECK_OK(bl_trainer_create(&s.config, &s.training, s.data, s.network, &s.trainer));
    bl_trainer_begin(s.trainer, &s.c, 0, s.network);
    const float before = s.network->layer[0].weight[0];
    for (int64_t restart = 1; restart <= BL_TRAINING_RESTARTS_MAX; restart++) {
        CHECK_OK(bl_trainer_epoch(s.trainer, NULL, NULL, &progress));
        CHECK(progress.restarts == restart && progress.epochs == 0 && progress.steps == 0);
        CHECK(s.network->layer[0].weight[0] != before);
    }
    CHECK_OK(bl_trainer_epoch(s.trainer, NULL, NULL, &progress));
    CHECK(progress.restarts == BL_TRAINING_RESTARTS_MAX && progress.epochs == 1);
    end(&s);
}

/* Steps that throw the weights out of all bounds end with an error, not with numbers that are none. */
static void test_divergence(void) {
    setup s;
    bl_training_progress progress = {0};
    bl_err err = BL_OK;
    begin(&s, "resnet", 8, 4, true, 0.0);
    bl_trainer_destroy(&s.trainer);
    s.training.rate = 1e30;
    CHECK_OK(bl_trainer_create(&s.config, &s.training, s.data, s.network, &s.trainer));
    bl_trainer_begin(s.trainer, &s.c, 0, s.network);
    for (int epoch = 0; err == BL_OK && epoch < 3; epoch++)
        err = bl_trainer_epoch(s.trainer, NULL, NULL, &progress);
    CHECK(err == BL_ERR_NUMERIC);
    CHECK(strstr(bl_err_message(), "the loss is not a number") &&
          strstr(bl_err_message(), "a smaller training.rate"));
    end(&s);
}

static void test_refusals(void) {
    setup s;
    bl_trainer *trainer = NULL;
    begin(&s, "dense", 1, 4, true, 0.0);
    s.training.labels = BL_LABELS_CLASSES;
    CHECK(bl_trainer_create(&s.config, &s.training, s.data, s.network, &trainer) == BL_ERR_INPUT);
    CHECK(strstr(bl_err_message(), "labels of 4 classes, a network of 2"));
    end(&s);
}

int main(void) {
    for (int parity = 0; parity < 2; parity++) {
        test_objective("dense", 2, 10, parity);
        test_objective("cnn", 2, 5, parity);
        test_objective("lenet", 1, 4, parity);
        test_objective("resnet", 8, 4, parity);
        test_learning("dense", 2, 30, parity);
        test_learning("resnet", 8, 8, parity);
    }
    test_restarts();
    test_divergence();
    test_refusals();
    return check_result();
}

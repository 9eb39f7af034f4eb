/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Speed of training, and what it teaches.
 *
 *     bench_training                                   a step as a share of the measured multiply-add peak (JSON lines)
 *     bench_training FOLDER family depth width epochs images    learning curve on a data set, parity labels
 */
#include "peak.h"

#include "base/mem.h"
#include "borderline/pass.h"
#include "network/trainer.h"
#include <stdio.h>

enum { BATCH = 32, STEPS = 15 };

static bl_config config_of(size_t channels) {
    return (bl_config){.seed = 1,
                       .activation = BL_RELU,
                       .weights = BL_WEIGHTS_TRUNCATED_NORMAL,
                       .weight_variance = 2.0,
                       .classes = 2,
                       .channels = channels,
                       .box = {0.0, 1.0}};
}

static bl_err time_step(const char *family, size_t depth, size_t width, bl_image image) {
    bl_err err = BL_OK;
    const bl_config config = config_of(image.channels);
    const bl_training settings = {.batch = BATCH, .rate = 1e-4, .l2 = 1e-4, .labels = BL_LABELS_PARITY};
    bl_case c = {.depth = depth, .width = (double)width};
    bl_dataset *data = NULL;
    bl_network *network = NULL;
    bl_trainer *trainer = NULL;
    bl_training_progress progress;
    double seconds[STEPS];
    BL_TRY(bl_dataset_create(BATCH, image, 10, &data));
    c.dimension = data->numbers;
    for (size_t i = 0; i < BATCH * data->numbers; i++)
        data->pixel[i] = (uint8_t)(i * 2654435761U >> 24);
    for (size_t i = 0; i < BATCH; i++)
        data->label[i] = (uint8_t)(i % 10);
    BL_TRY(bl_network_create_family(family, &config, &c, true, &network));
    BL_TRY(bl_trainer_create(&config, &settings, data, network, &trainer));
    bl_trainer_begin(trainer, &c, 0, network);
    BL_TRY(bl_trainer_epoch(trainer, NULL, NULL, &progress));
    for (size_t i = 0; i < STEPS; i++) {
        const double begin = bench_seconds();
        BL_TRY(bl_trainer_epoch(trainer, NULL, NULL, &progress)); /* one batch */
        seconds[i] = bench_seconds() - begin;
    }
    const double median = bench_median(seconds, STEPS), peak = bench_peak_float32();
    const double rate = 2e-9 * 3.0 * BATCH * bl_pass_multiply_adds(network) / median;
    (void)printf(
        "{\"bench\": \"training\", \"family\": \"%s\", \"depth\": %zu, \"width\": %zu, \"dimension\": %zu, "
        "\"batch\": %d, \"seconds\": %.4g, \"gflops\": %.4g, \"peak_gflops\": %.4g, "
        "\"share_of_peak\": %.3f}\n",
        family, depth, width, c.dimension, BATCH, median, rate, peak, rate / peak);
cleanup:
    bl_trainer_destroy(&trainer);
    bl_network_destroy(&network);
    bl_dataset_destroy(&data);
    return err;
}

static bl_err learn(char **argument) {
    bl_err err = BL_OK;
    bl_dataset_source source = {argument[0], BL_DATASET_TRAIN, 10, strtoul(argument[5], NULL, 10)};
    const size_t epochs = strtoul(argument[4], NULL, 10);
    bl_dataset *train = NULL, *test = NULL;
    bl_network *network = NULL;
    bl_trainer *trainer = NULL;
    bl_training_progress progress;
    double accuracy = 0.0;
    BL_TRY(bl_dataset_read(&source, &train));
    source.part = BL_DATASET_TEST;
    source.limit = 0;
    BL_TRY(bl_dataset_read(&source, &test));
    const bl_config config = config_of(train->image.channels);
    const bl_training settings = {
        .batch = BATCH, .rate = 1e-4, .l2 = 1e-4, .labels = BL_LABELS_PARITY, .restart_below = 0.53};
    const bl_case c = {.depth = strtoul(argument[2], NULL, 10),
                       .width = strtod(argument[3], NULL),
                       .dimension = train->numbers};
    BL_TRY(bl_network_create_family(argument[1], &config, &c, true, &network));
    BL_TRY(bl_trainer_create(&config, &settings, train, network, &trainer));
    bl_trainer_begin(trainer, &c, 0, network);
    for (progress.epochs = 0; progress.epochs < (int64_t)epochs;) {
        const double begin = bench_seconds();
        BL_TRY(bl_trainer_epoch(trainer, NULL, NULL, &progress));
        const double seconds = bench_seconds() - begin;
        BL_TRY(bl_trainer_accuracy(trainer, test, test->count, &accuracy));
        (void)printf("{\"bench\": \"learning\", \"family\": \"%s\", \"restarts\": %lld, \"epoch\": %lld, "
                     "\"loss\": %.4f, "
                     "\"accuracy\": %.4f, \"test_accuracy\": %.4f, \"seconds\": %.3g}\n",
                     argument[1], (long long)progress.restarts, (long long)progress.epochs, progress.loss,
                     progress.accuracy, accuracy, seconds);
        (void)fflush(stdout);
    }
cleanup:
    bl_trainer_destroy(&trainer);
    bl_network_destroy(&network);
    bl_dataset_destroy(&train);
    bl_dataset_destroy(&test);
    return err;
}

int main(int argc, char **argv) {
    bl_err err = BL_OK;
    if (argc == 7)
        BL_TRY(learn(argv + 1));
    else {
        BL_TRY(time_step("resnet", 20, 32, (bl_image){1, 28, 28}));
        BL_TRY(time_step("resnet", 20, 32, (bl_image){3, 32, 32}));
        BL_TRY(time_step("dense", 2, 512, (bl_image){1, 28, 28}));
    }
cleanup:
    if (err != BL_OK)
        (void)fprintf(stderr, "bench_training: %s\n", bl_err_message());
    return err != BL_OK;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan_training.h"

#include "base/clock.h"
#include "network/trainer.h"
#include "sweep/cost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double timing_seconds = 0.5;

/* Batches before the clock is started, and the most after it. */
enum { WARM = 2, TIMED = 40 };

/* Make empty images in the shape of the set's images. */
static bl_err make_up(const bl_config *config, bl_plan_images *images) {
    bl_err err = BL_OK;
    const bl_image image =
        config->training.set == BL_TRAINING_MNIST ? (bl_image){1, 28, 28} : (bl_image){3, 32, 32};
    BL_TRY(bl_dataset_create((WARM + TIMED) * config->training.batch, image, 10, &images->train));
    for (size_t i = 0; i < images->train->count; i++)
        images->train->label[i] = (uint8_t)(i % 10);
    for (size_t part = 0; part < 2; part++)
        images->count[part] = bl_cost_images(config, part == BL_DATASET_TEST);
cleanup:
    return err;
}

bl_err bl_plan_images_create(const bl_config *config, bl_plan_images *images) {
    bl_err err = BL_OK;
    const size_t limit = config->training.images;
    bl_dataset_source source = {
        .folder = config->training.path, .part = BL_DATASET_TRAIN, .classes = 10, .limit = limit};
    bl_dataset *test = NULL;
    *images = (bl_plan_images){0};
    err = bl_dataset_read(&source, &images->train);
    source.part = BL_DATASET_TEST;
    source.limit = 0;
    if (err == BL_OK)
        err = bl_dataset_read(&source, &test);
    images->read = err == BL_OK;
    if (images->read) {
        images->count[BL_DATASET_TRAIN] = images->train->count;
        images->count[BL_DATASET_TEST] = limit > 0 && limit < test->count ? limit : test->count;
    } else {
        (void)snprintf(images->reason, sizeof images->reason, "%s", bl_err_message());
        bl_dataset_destroy(&images->train);
        err = make_up(config, images);
    }
    bl_dataset_destroy(&test);
    return err;
}

void bl_plan_images_clear(bl_plan_images *images) {
    bl_dataset_destroy(&images->train);
}

/* When the training pauses. */
typedef struct timer {
    size_t steps, epochs, most;
    double end;
    bool over;
} timer;

static bool is_over(void *context) {
    timer *t = context;
    t->over = ++t->steps >= t->most || bl_clock_processor() > t->end;
    return t->over;
}

/* Train until the timer is over; the training asks it between steps, not at the ends of epochs. */
static bl_err train(bl_trainer *trainer, timer *t, bl_training_progress *progress) {
    bl_err err = BL_OK;
    while (!t->over && t->epochs++ < t->most)
        BL_TRY(bl_trainer_epoch(trainer, is_over, t, progress));
cleanup:
    return err;
}

/* Seconds per image of training steps, and of classification alone. */
static bl_err time_images(bl_trainer *trainer, const bl_training *settings, const bl_dataset *data,
                          double *step, double *forward) {
    bl_err err = BL_OK;
    const size_t most = TIMED * settings->batch;
    const size_t some = data->count < most ? data->count : most;
    double accuracy = 0;
    bl_training_progress progress = {0};
    timer t = {.most = WARM, .end = INFINITY};
    BL_TRY(train(trainer, &t, &progress));
    const int64_t before = progress.steps;
    double begin = bl_clock_processor();
    t = (timer){.most = TIMED, .end = begin + timing_seconds};
    BL_TRY(train(trainer, &t, &progress));
    *step = (bl_clock_processor() - begin) / ((double)(progress.steps - before) * (double)settings->batch);
    begin = bl_clock_processor();
    BL_TRY(bl_trainer_accuracy(trainer, data, some, &accuracy));
    *forward = (bl_clock_processor() - begin) / (double)some;
cleanup:
    return err;
}

bl_err bl_plan_training(const bl_config *config, const bl_case *c, const bl_plan_images *images,
                        double *seconds) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    bl_trainer *trainer = NULL;
    bl_training settings = config->training;
    const double train = (double)images->count[BL_DATASET_TRAIN],
                 test = (double)images->count[BL_DATASET_TEST];
    const double epochs = (double)settings.epochs;
    double step = 0, forward = 0;
    settings.restart_below = 0;
    BL_TRY(bl_network_create(config, c, &network));
    BL_TRY(bl_trainer_create(config, &settings, images->train, network, &trainer));
    bl_trainer_begin(trainer, c, 0, network);
    BL_TRY(time_images(trainer, &settings, images->train, &step, &forward));
    *seconds = epochs * (train * step + test * forward) + (train + test) * forward;
cleanup:
    bl_trainer_destroy(&trainer);
    bl_network_destroy(&network);
    return err;
}

static double passes(const bl_config *config, double train, double test) {
    return (double)config->training.epochs * (3 * train + test) + train + test;
}

double bl_plan_training_share(const bl_config *config, const bl_plan_images *images) {
    return passes(config, (double)images->count[BL_DATASET_TRAIN], (double)images->count[BL_DATASET_TEST]) /
           passes(config, (double)bl_cost_images(config, false), (double)bl_cost_images(config, true));
}

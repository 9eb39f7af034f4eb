/* SPDX-License-Identifier: BSD-3-Clause */
#include "trained.h"

#include "base/clock.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

static bl_training_curve rows_from(const bl_training_curve *curve, size_t row) {
    return (bl_training_curve){curve->loss + row, curve->accuracy + row, curve->accuracy_test + row,
                               curve->seconds + row};
}

enum { PROGRESS_WORDS = sizeof(bl_training_progress) / sizeof(uint64_t), CURVE_COLUMNS = 4 };

size_t bl_trained_words(const bl_config *config, size_t parameters) {
    const size_t bytes = 3 * parameters * sizeof(float);
    return PROGRESS_WORDS + CURVE_COLUMNS * (config->training.epochs + 1) +
           (bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

static double *column(const bl_training_curve *curve, size_t i) {
    double *const columns[CURVE_COLUMNS] = {curve->loss, curve->accuracy, curve->accuracy_test,
                                            curve->seconds};
    return columns[i];
}

void bl_trained_save(const bl_trainer *trainer, const bl_config *config, const bl_training_curve *curve,
                     uint64_t *state) {
    const size_t rows = config->training.epochs + 1;
    bl_training_progress progress;
    uint64_t *next = state + PROGRESS_WORDS;
    for (size_t i = 0; i < CURVE_COLUMNS; i++, next += rows)
        memcpy(next, column(curve, i), rows * sizeof *next);
    bl_trainer_save(trainer, (float *)next, &progress);
    memcpy(state, &progress, sizeof progress);
}

int32_t bl_trained_epochs(const uint64_t *state) {
    bl_training_progress progress;
    memcpy(&progress, state, sizeof progress);
    return (int32_t)progress.epochs;
}

/* Go on from a saved state; the trainer has begun with the same network. */
static void restore(bl_trainer *trainer, const bl_config *config, const bl_training_curve *curve,
                    const uint64_t *state, bl_training_progress *progress) {
    const size_t rows = config->training.epochs + 1;
    const uint64_t *next = state + PROGRESS_WORDS;
    for (size_t i = 0; i < CURVE_COLUMNS; i++, next += rows)
        memcpy(column(curve, i), next, rows * sizeof *next);
    memcpy(progress, state, sizeof *progress);
    bl_trainer_restore(trainer, (const float *)next, progress);
}

/* Complete the row of the epoch that was just trained; its seconds are already there. */
static bl_err enter(const bl_training_curve *curve, bl_trainer *trainer, const bl_images *images,
                    const bl_training_progress *progress) {
    bl_err err = BL_OK;
    const bl_dataset *train = images->part[BL_DATASET_TRAIN];
    const bool begun = progress->epochs > 0;
    const bl_training_curve row = rows_from(curve, (size_t)progress->epochs);
    *row.loss = begun ? progress->loss : (double)NAN;
    *row.accuracy = progress->accuracy;
    if (!begun)
        BL_TRY(bl_trainer_accuracy(trainer, train, train->count, row.accuracy));
    BL_TRY(bl_trainer_accuracy(trainer, images->part[BL_DATASET_TEST], images->tests, row.accuracy_test));
cleanup:
    return err;
}

/* Train on to the end of the epoch or to a pause. The time is added to the epoch's row, or to row 0 when the start is given up. */
static bl_err advance(bl_trainer *trainer, const bl_images *images, const bl_training_watch *watch,
                      const bl_training_curve *curve, bl_training_progress *progress) {
    bl_err err = BL_OK;
    const double begin = bl_clock();
    const int64_t epoch = progress->epochs + 1;
    BL_TRY(bl_trainer_epoch(trainer, watch ? watch->pause : NULL, watch ? watch->context : NULL, progress));
    if (!curve)
        goto cleanup;
    if (progress->images == 0)
        BL_TRY(enter(curve, trainer, images, progress));
    curve->seconds[epoch] += bl_clock() - begin;
    if (progress->images == 0 && progress->epochs == 0) {
        curve->seconds[0] += curve->seconds[epoch];
        curve->seconds[epoch] = 0;
    }
cleanup:
    return err;
}

bl_err bl_trained_network(bl_trainer *trainer, const bl_images *images, const bl_config *config,
                          const bl_case *c, size_t number, bl_network *network,
                          const bl_training_watch *watch, const bl_training_curve *curve,
                          bl_training_progress *progress, double *accuracy) {
    bl_err err = BL_OK;
    const size_t epochs = config->training.epochs;
    *progress = (bl_training_progress){0};
    bl_trainer_begin(trainer, c, number, network);
    if (watch && watch->state) {
        restore(trainer, config, curve, watch->state, progress);
    } else if (curve) {
        memset(curve->seconds, 0, (epochs + 1) * sizeof *curve->seconds);
        BL_TRY(enter(curve, trainer, images, progress));
    }
    while (progress->epochs < (int64_t)epochs) {
        BL_TRY(advance(trainer, images, watch, curve, progress));
        if (watch && watch->keep)
            BL_TRY(watch->keep(watch->context));
    }
    if (curve)
        *accuracy = curve->accuracy_test[epochs];
    else
        BL_TRY(bl_trainer_accuracy(trainer, images->part[BL_DATASET_TEST], images->tests, accuracy));
cleanup:
    return err;
}

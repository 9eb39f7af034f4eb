/* SPDX-License-Identifier: BSD-3-Clause */
#include "borderline/trained.h"

#include "borderline/clock.h"
#include "borderline/dataset_share.h"
#include "borderline/mem.h"

#include <math.h>

bl_err bl_images_share(const bl_comm *comm, const bl_config *config, bl_images **out) {
    bl_err err = BL_OK;
    bl_images *images = bl_mem_alloc(1, sizeof *images);
    const size_t limit = config->training.images;
    bl_dataset_source source = {
        .folder = config->training.path, .part = BL_DATASET_TRAIN, .classes = 10, .limit = limit};
    BL_TRY(bl_agree(comm, images ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(images != NULL);
    BL_TRY(bl_dataset_share(comm, &source, &images->part[BL_DATASET_TRAIN]));
    source.part = BL_DATASET_TEST;
    source.limit = 0; /* as many as training images at the most */
    BL_TRY(bl_dataset_share(comm, &source, &images->part[BL_DATASET_TEST]));
    const size_t all = images->part[BL_DATASET_TEST]->count;
    images->tests = limit > 0 && limit < all ? limit : all;
    *out = images;
    images = NULL;
cleanup:
    bl_images_destroy(&images);
    return err;
}

void bl_images_destroy(bl_images **images) {
    if (!*images)
        return;
    bl_dataset_destroy(&(*images)->part[BL_DATASET_TRAIN]);
    bl_dataset_destroy(&(*images)->part[BL_DATASET_TEST]);
    bl_mem_free(*images);
    *images = NULL;
}

bl_err bl_training_curve_create(size_t rows, bl_training_curve *curve) {
    bl_err err = BL_OK;
    *curve = (bl_training_curve){0};
    BL_ALLOC(curve->loss, rows);
    BL_ALLOC(curve->accuracy, rows);
    BL_ALLOC(curve->accuracy_test, rows);
    BL_ALLOC(curve->seconds, rows);
cleanup:
    return err;
}

void bl_training_curve_clear(bl_training_curve *curve) {
    bl_mem_free(curve->loss);
    bl_mem_free(curve->accuracy);
    bl_mem_free(curve->accuracy_test);
    bl_mem_free(curve->seconds);
    *curve = (bl_training_curve){0};
}

bl_training_curve bl_training_curve_at(const bl_training_curve *curve, size_t row) {
    return (bl_training_curve){curve->loss + row, curve->accuracy + row, curve->accuracy_test + row,
                               curve->seconds + row};
}

/* The row of the epoch just done, `seconds` after the one before. */
static bl_err enter(const bl_training_curve *curve, bl_trainer *trainer, const bl_images *images,
                    const bl_training_progress *progress, double accuracy, double seconds) {
    bl_err err = BL_OK;
    const bl_dataset *train = images->part[BL_DATASET_TRAIN];
    const bool begun = progress->epochs > 0;
    const bl_training_curve row = bl_training_curve_at(curve, (size_t)progress->epochs);
    *row.loss = begun ? progress->loss : (double)NAN;
    *row.accuracy = progress->accuracy;
    *row.accuracy_test = accuracy;
    *row.seconds = seconds;
    if (!begun)
        BL_TRY(bl_trainer_accuracy(trainer, train, train->count, row.accuracy));
cleanup:
    return err;
}

bl_err bl_trained_network(bl_trainer *trainer, const bl_images *images, const bl_config *config,
                          const bl_case *c, size_t number, bl_network *network, bool (*stop)(void *context),
                          void *stop_context, const bl_training_curve *curve, bl_training_progress *progress,
                          double *accuracy) {
    bl_err err = BL_OK;
    const int64_t epochs = (int64_t)config->training.epochs;
    const bl_dataset *test = images->part[BL_DATASET_TEST];
    const double first = bl_clock();
    double before = first;
    *progress = (bl_training_progress){0};
    bl_trainer_begin(trainer, c, number, network);
    for (;;) {
        const bool last = progress->epochs == epochs;
        if (curve || last)
            BL_TRY(bl_trainer_accuracy(trainer, test, images->tests, accuracy));
        const double now = bl_clock(), begin = progress->epochs == 0 ? first : before;
        if (curve)
            BL_TRY(enter(curve, trainer, images, progress, *accuracy, now - begin));
        if (last)
            break;
        before = bl_clock();
        BL_TRY(bl_trainer_epoch(trainer, stop, stop_context, progress));
    }
cleanup:
    return err;
}

bl_err bl_trained_inputs(const bl_images *images, const bl_config *config, const bl_case *c, size_t number,
                         float *x) {
    bl_err err = BL_OK;
    const size_t inputs = config->inputs, n = c->dimension;
    const size_t count[2] = {images->part[BL_DATASET_TRAIN]->count, images->tests};
    uint32_t *word = NULL;
    size_t *index = NULL;
    BL_ALLOC(word, inputs);
    BL_ALLOC(index, inputs);
    for (uint32_t part = 0; part < 2; part++) {
        bl_rng_words(bl_rng_stream(config->seed, (uint32_t)c->number, (uint32_t)number,
                                   BL_PURPOSE_TRAINING_IMAGE, part),
                     0, inputs, word);
        for (size_t i = 0; i < inputs; i++)
            index[i] = (size_t)((uint64_t)word[i] * count[part] >> 32);
        bl_dataset_inputs(images->part[part], inputs, index, x + part * inputs * n);
    }
    bl_network_sample_inputs(config, c->number, number, BL_PURPOSE_INPUT, n, inputs,
                             x + BL_KIND_RANDOM * inputs * n);
cleanup:
    bl_mem_free(word);
    bl_mem_free(index);
    return err;
}

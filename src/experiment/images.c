/* SPDX-License-Identifier: BSD-3-Clause */
#include "images.h"

#include "base/mem.h"
#include "dataset_share.h"

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
    const size_t trains = images->part[BL_DATASET_TRAIN]->count,
                 fewer = trains < images->tests ? trains : images->tests;
    BL_REQUIRE(config->inputs <= fewer, BL_ERR_INPUT,
               "samples.inputs: %zu images are asked for, but there are %zu training and %zu test images",
               config->inputs, trains, images->tests);
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

bl_err bl_images_inputs(const bl_images *images, const bl_config *config, const bl_case *c, size_t number,
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

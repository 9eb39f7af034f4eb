/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Trained networks, in rounds of one a rank: each trains its own, then rank 0 takes them in their order. A network does not
 * depend on who trains it.
 */
#include "borderline/dataset_share.h"
#include "borderline/log.h"
#include "borderline/mem.h"
#include "borderline/train.h"
#include "sample.h"

#include <inttypes.h>

/* What a rank trained. */
typedef struct outcome {
    bl_training_progress progress;
    double accuracy; /* on test images */
} outcome;

typedef struct training {
    const bl_comm *comm;
    const bl_config *config;
    const bl_case *c;
    bl_networks_file *file;
    bl_dataset *part[2]; /* BL_DATASET_TRAIN, BL_DATASET_TEST */
    bl_network *network;
    bl_trainer *trainer;
    float *state; /* of the trainer */
    float *x;     /* [3][inputs][n] */
    outcome outcome;
} training;

/* Test images: as many as training images at the most. */
static bl_err read_images(training *t) {
    bl_err err = BL_OK;
    const size_t images = t->config->training.images;
    bl_dataset_source source = {
        .folder = t->config->training.path, .part = BL_DATASET_TRAIN, .classes = 10, .limit = images};
    BL_TRY(bl_dataset_share(t->comm, &source, &t->part[BL_DATASET_TRAIN]));
    source.part = BL_DATASET_TEST;
    source.limit = 0;
    BL_TRY(bl_dataset_share(t->comm, &source, &t->part[BL_DATASET_TEST]));
cleanup:
    return err;
}

static size_t test_images(const training *t) {
    const size_t all = t->part[BL_DATASET_TEST]->count, images = t->config->training.images;
    return images > 0 && images < all ? images : all;
}

/* So many training images, test images and random inputs. */
static bl_err choose_inputs(training *t, size_t number) {
    bl_err err = BL_OK;
    const size_t inputs = t->config->inputs, n = t->c->dimension;
    const size_t images[2] = {t->part[BL_DATASET_TRAIN]->count, test_images(t)};
    uint32_t *word = NULL;
    size_t *index = NULL;
    BL_ALLOC(word, inputs);
    BL_ALLOC(index, inputs);
    for (uint32_t part = 0; part < 2; part++) {
        bl_rng_words(bl_rng_stream(t->config->seed, (uint32_t)t->c->number, (uint32_t)number,
                                   BL_PURPOSE_TRAINING_IMAGE, part),
                     0, inputs, word);
        for (size_t i = 0; i < inputs; i++)
            index[i] = (size_t)((uint64_t)word[i] * images[part] >> 32);
        bl_dataset_inputs(t->part[part], inputs, index, t->x + part * inputs * n);
    }
    bl_network_sample_inputs(t->config, t->c->number, number, BL_PURPOSE_INPUT, n, inputs,
                             t->x + 2 * inputs * n);
cleanup:
    bl_mem_free(word);
    bl_mem_free(index);
    return err;
}

/* One network to the end of its training. */
static bl_err train(training *t, size_t number) {
    bl_err err = BL_OK;
    bl_training_progress *progress = &t->outcome.progress;
    *progress = (bl_training_progress){0};
    bl_trainer_begin(t->trainer, t->c, number, t->network);
    while (progress->epochs < (int64_t)t->config->training.epochs)
        BL_TRY(bl_trainer_epoch(t->trainer, NULL, NULL, progress));
    BL_TRY(bl_trainer_accuracy(t->trainer, t->part[BL_DATASET_TEST], test_images(t), &t->outcome.accuracy));
cleanup:
    return err;
}

static void report(const outcome *o, size_t number) {
    if (o->progress.epochs == 0)
        bl_log(BL_LOG_INFO, "network %zu: not trained, accuracy on test images %.4f", number, o->accuracy);
    else
        bl_log(BL_LOG_INFO,
               "network %zu: %" PRId64 " restarts, %" PRId64 " epochs, loss %.4f, accuracy while training "
               "%.4f, on test images %.4f",
               number, o->progress.restarts, o->progress.epochs, o->progress.loss, o->progress.accuracy,
               o->accuracy);
}

/* Rank 0: the network of rank `from`, now in t->network, into the file. */
static bl_err append(training *t, size_t number) {
    bl_err err = BL_OK;
    char name[128];
    report(&t->outcome, number);
    bl_sample_name(t->c, number, name, sizeof name);
    BL_TRY(choose_inputs(t, number));
    BL_TRY(bl_networks_file_append(t->file, name, t->network, t->x, 3 * t->config->inputs));
cleanup:
    return err;
}

/* Rank 0 takes `count` networks from as many ranks, its own first; a failure does not keep the others waiting. */
static bl_err collect(training *t, size_t first, size_t count) {
    bl_err err = append(t, first);
    const int numbers = (int)bl_trainer_state_numbers(t->trainer);
    for (size_t i = 1; i < count; i++) {
        MPI_Recv(&t->outcome, sizeof t->outcome, MPI_BYTE, (int)i, 0, t->comm->world, MPI_STATUS_IGNORE);
        MPI_Recv(t->state, numbers, MPI_FLOAT, (int)i, 1, t->comm->world, MPI_STATUS_IGNORE);
        bl_trainer_restore(t->trainer, t->state, &t->outcome.progress);
        if (err == BL_OK)
            err = append(t, first + i);
    }
    return err;
}

static void hand_over(training *t) {
    bl_trainer_save(t->trainer, t->state, &t->outcome.progress);
    MPI_Send(&t->outcome, sizeof t->outcome, MPI_BYTE, 0, 0, t->comm->world);
    MPI_Send(t->state, (int)bl_trainer_state_numbers(t->trainer), MPI_FLOAT, 0, 1, t->comm->world);
}

static bl_err one_round(training *t, size_t first, size_t count) {
    bl_err err = BL_OK;
    const size_t rank = (size_t)t->comm->rank;
    BL_TRY(bl_agree(t->comm, rank < count ? train(t, first + rank) : BL_OK));
    if (rank == 0)
        err = collect(t, first, count);
    else if (rank < count)
        hand_over(t);
    BL_TRY(bl_agree(t->comm, err));
cleanup:
    return err;
}

static bl_err prepare(training *t) {
    bl_err err = BL_OK;
    BL_TRY(bl_network_create(t->config, t->c, &t->network));
    BL_TRY(bl_trainer_create(t->config, &t->config->training, t->part[BL_DATASET_TRAIN], t->network,
                             &t->trainer));
    BL_REQUIRE(bl_trainer_state_numbers(t->trainer) <= INT32_MAX, BL_ERR_INPUT,
               "a network of %zu parameters is too large to be trained by this version",
               bl_network_parameters(t->network));
    BL_ALLOC(t->state, bl_trainer_state_numbers(t->trainer));
    BL_ALLOC(t->x, 3 * t->config->inputs * t->c->dimension);
cleanup:
    return err;
}

bl_err bl_sample_trained(const bl_comm *comm, const bl_config *config, const bl_case *c, size_t count,
                         bl_networks_file *file) {
    bl_err err = BL_OK;
    training t = {.comm = comm, .config = config, .c = c, .file = file};
    const size_t ranks = (size_t)comm->size;
    BL_TRY(read_images(&t));
    BL_TRY(bl_agree(comm, prepare(&t)));
    for (size_t first = 0; first < count; first += ranks)
        BL_TRY(one_round(&t, first, count - first < ranks ? count - first : ranks));
cleanup:
    bl_mem_free(t.state);
    bl_mem_free(t.x);
    bl_trainer_destroy(&t.trainer);
    bl_network_destroy(&t.network);
    bl_dataset_destroy(&t.part[BL_DATASET_TRAIN]);
    bl_dataset_destroy(&t.part[BL_DATASET_TEST]);
    return err;
}

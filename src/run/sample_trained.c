/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks are trained in rounds of one network per rank; after each round rank 0 receives them and writes them in their order. A
 * network does not depend on the rank that trains it.
 */
#include "sample_trained.h"

#include "base/mem.h"
#include "borderline/log.h"
#include "experiment/trained.h"
#include "sample_network.h"

#include <inttypes.h>

/* The result of a rank's training. */
typedef struct outcome {
    bl_training_progress progress;
    double accuracy; /* on test images */
} outcome;

typedef struct training {
    const bl_comm *comm;
    const bl_config *config;
    const bl_case *c;
    const char *path; /* of the file */
    bl_interrupt *interrupt;
    bl_networks_file *file;
    bl_images *images;
    bl_network *network;
    bl_trainer *trainer;
    float *state; /* of the trainer */
    float *x;     /* [BL_KINDS][inputs][n] */
    outcome outcome;
} training;

static bool must_end(void *context) {
    const training *t = context;
    return bl_interrupt_asked(t->interrupt);
}

static bl_err end_if_asked(void *context) {
    const training *t = context;
    return bl_sample_network_begin(t->interrupt, t->path);
}

/* Train one network to the end. */
static bl_err train(training *t, size_t number) {
    const bl_training_watch watch = {.pause = must_end, .keep = end_if_asked, .context = t};
    return bl_trained_network(t->trainer, t->images, t->config, t->c, number, t->network, &watch, NULL,
                              &t->outcome.progress, &t->outcome.accuracy);
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

/* On rank 0: write the network that is now in t->network to the file. */
static bl_err append(training *t, size_t number) {
    bl_err err = BL_OK;
    char name[128];
    report(&t->outcome, number);
    bl_sample_network_name(t->c, number, name, sizeof name);
    BL_TRY(bl_images_inputs(t->images, t->config, t->c, number, t->x));
    BL_TRY(bl_networks_file_append(t->file, name, t->network, t->x, bl_config_inputs(t->config)));
cleanup:
    return err;
}

/* Rank 0 writes `count` networks, one from each of the first ranks, its own first. It receives all of them even after a failure, so
 * that no rank waits for ever. */
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
    BL_TRY(bl_trainer_create(t->config, &t->config->training, t->images->part[BL_DATASET_TRAIN], t->network,
                             &t->trainer));
    BL_REQUIRE(bl_trainer_state_numbers(t->trainer) <= INT32_MAX, BL_ERR_INPUT,
               "a network of %zu parameters is too large to be trained by this version",
               bl_network_parameters(t->network));
    BL_ALLOC(t->state, bl_trainer_state_numbers(t->trainer));
    BL_ALLOC(t->x, bl_config_inputs(t->config) * t->c->dimension);
cleanup:
    return err;
}

bl_err bl_sample_trained(const bl_comm *comm, const bl_config *config, const bl_case *c, size_t count,
                         const char *path, bl_interrupt *interrupt, bl_networks_file *file) {
    bl_err err = BL_OK;
    training t = {.comm = comm, .config = config, .c = c, .path = path, .interrupt = interrupt, .file = file};
    const size_t ranks = (size_t)comm->size;
    BL_TRY(bl_images_share(comm, config, &t.images));
    BL_TRY(bl_agree(comm, prepare(&t)));
    for (size_t first = 0; first < count; first += ranks)
        BL_TRY(one_round(&t, first, count - first < ranks ? count - first : ranks));
cleanup:
    bl_mem_free(t.state);
    bl_mem_free(t.x);
    bl_trainer_destroy(&t.trainer);
    bl_network_destroy(&t.network);
    bl_images_destroy(&t.images);
    return err;
}

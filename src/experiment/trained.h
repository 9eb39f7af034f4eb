/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The networks of a sweep with `training`, and the inputs they are measured at. `run` and `sample` make the same ones.
 */
#ifndef BORDERLINE_TRAINED_H
#define BORDERLINE_TRAINED_H

#include "borderline/comm.h"
#include "network/trainer.h"

/* The data set of a sweep. */
typedef struct bl_images {
    bl_dataset *part[2]; /* BL_DATASET_TRAIN, BL_DATASET_TEST */
    size_t tests;        /* the first so many test images are used */
} bl_images;

/** Read what training.dataset names on rank 0, for every rank.
 *
 * Collective:  on comm->world.
 * Ownership:   each rank's *out is its caller's, freed with bl_images_destroy.
 * @return as bl_dataset_read, the same on every rank.
 */
BL_API bl_err bl_images_share(const bl_comm *comm, const bl_config *config, bl_images **out) BL_NODISCARD;
BL_API void bl_images_destroy(bl_images **images);

/* A training by its epochs, borrowed from a record; row 0: the random start. */
typedef struct bl_training_curve {
    double *loss,
        *accuracy; /* on training images, as bl_training_progress has them; row 0: NaN, share of all of them */
    double *accuracy_test; /* after the epoch */
    double *seconds;       /* of the epoch; row 0: of starts that were given up */
} bl_training_curve;

/* What a long training tells and asks while it lasts. */
typedef struct bl_training_watch {
    bool (*pause)(void *context); /* between steps: is there reason to call `keep` now? */
    /* after a pause and after every epoch: may save the state; BL_ERR_STOPPED ends the training */
    bl_err (*keep)(void *context);
    void *context;
    const uint64_t *state; /* to go on from, of bl_trained_save; NULL: from the random start */
} bl_training_watch;

/** Network `number` of the case from its random start to the end of its training, a pure function of configuration, data and
 * number, wherever it was interrupted.
 *
 * Collective:  no.
 * Ownership:   trainer made for this configuration, images and shape; network is written.
 * @param[in]  watch     NULL: nobody watches
 * @param[out] curve     epochs + 1 rows; NULL: not wanted (then watch->state is NULL)
 * @param[out] accuracy  on the test images, at the end
 * @return as bl_trainer_epoch; what keep returned.
 */
BL_API bl_err bl_trained_network(bl_trainer *trainer, const bl_images *images, const bl_config *config,
                                 const bl_case *c, size_t number, bl_network *network,
                                 const bl_training_watch *watch, const bl_training_curve *curve,
                                 bl_training_progress *progress, double *accuracy) BL_NODISCARD;

/** A training as words: progress, curve so far, weights and moments.
 * Shapes:      state[bl_trained_words], for networks of so many parameters.
 * Collective:  no.
 */
BL_API size_t bl_trained_words(const bl_config *config, size_t parameters);
/* Whole epochs of a state. */
BL_API int32_t bl_trained_epochs(const uint64_t *state);
BL_API void bl_trained_save(const bl_trainer *trainer, const bl_config *config,
                            const bl_training_curve *curve, uint64_t *state);

/** The inputs of network `number`: so many training images, test images and random inputs (BL_KIND_TRAIN, ...).
 *
 * Math:        image floor(w count / 2^32), w from stream (seed, case, network, training image, part).
 * Shapes:      x[BL_KINDS][config->inputs][n].
 * Collective:  no.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_trained_inputs(const bl_images *images, const bl_config *config, const bl_case *c,
                                size_t number, float *x) BL_NODISCARD;

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The networks of a sweep with `training`. `run` and `sample` make the same ones.
 */
#ifndef BORDERLINE_TRAINED_H
#define BORDERLINE_TRAINED_H

#include "images.h"
#include "network/trainer.h"

/* A training by its epochs, borrowed from a record; row 0: the random start. */
typedef struct bl_training_curve {
    /* on training images, as bl_training_progress has them; row 0: NaN, share of all of them */
    double *loss, *accuracy;
    double *accuracy_test; /* after the epoch */
    double *seconds;       /* of the epoch; row 0: of starts that were given up */
} bl_training_curve;

/* What a long training reports and asks for while it lasts. */
typedef struct bl_training_watch {
    bool (*pause)(void *context); /* called between steps: should `keep` be called now? */
    /* called after a pause and after every epoch: may save the state; BL_ERR_STOPPED ends the training */
    bl_err (*keep)(void *context);
    void *context;
    const uint64_t *state; /* to go on from, of bl_trained_save; NULL: from the random start */
} bl_training_watch;

/** Network `number` of the case from its random start to the end of its training, a pure function of configuration, data and
 * number, wherever it was interrupted.
 *
 * Collective:  no.
 * Ownership:   trainer made for this configuration, images and shape; network is written.
 * @param[in]  watch     NULL: no callbacks
 * @param[out] curve     epochs + 1 rows; NULL: not wanted (then watch->state is NULL)
 * @param[out] accuracy  on the test images, at the end
 * @return as bl_trainer_epoch; what keep returned.
 */
BL_API bl_err bl_trained_network(bl_trainer *trainer, const bl_images *images, const bl_config *config,
                                 const bl_case *c, size_t number, bl_network *network,
                                 const bl_training_watch *watch, const bl_training_curve *curve,
                                 bl_training_progress *progress, double *accuracy) BL_NODISCARD;

/** A training saved as 8-byte words: progress, curve so far, weights and moments of Adam.
 * Shapes:      state[bl_trained_words], for networks of so many parameters.
 * Collective:  no.
 */
BL_API size_t bl_trained_words(const bl_config *config, size_t parameters);
/* Number of whole epochs that a saved state has trained. */
BL_API int32_t bl_trained_epochs(const uint64_t *state);
BL_API void bl_trained_save(const bl_trainer *trainer, const bl_config *config,
                            const bl_training_curve *curve, uint64_t *state);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Training of classifiers on labelled images (THEORY.md, section 1.5): softmax cross-entropy, a penalty on
 * convolution kernels, Adam. A trained network is a pure function of the configuration, the data and its number.
 */
#ifndef BORDERLINE_TRAINER_H
#define BORDERLINE_TRAINER_H

#include "dataset.h"

enum {
    BL_TRAINING_EPOCHS_MAX = 65535,
    BL_TRAINING_RESTARTS_MAX =
        100,                 /* after this many restarts a network is trained whatever its accuracy is */
    BL_TRAINING_FIRST = 1000 /* images whose accuracy decides on a restart */
};

/* Progress of a training: eight 8-byte numbers, which files store unchanged. */
typedef struct bl_training_progress {
    int64_t epochs, restarts, steps; /* epochs and steps of the present start */
    int64_t images;                  /* trained on in the epoch begun; 0 between epochs */
    int64_t right;                   /* of them, classified rightly before their step */
    double loss_sum;                 /* their cross-entropy */
    double loss,
        accuracy; /* mean over the batches of the last epoch, each before its step; loss: cross-entropy without
                              the penalty */
} bl_training_progress;

/** One step of Adam.
 *
 * Math:        m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w = w - rate sqrt(1 - b2^t)/(1 - b1^t) m / (sqrt(v) + e) with
 *              b1 = 0.9, b2 = 0.999, e = 1e-7 (Kingma & Ba 2015, the form before their section 2.1's end; Keras's
 *              defaults); t = step counts from 1.
 * Shapes:      gradient, m, v, weight [count].
 * Collective:  no.
 */
BL_API void bl_adam_step(double rate, int64_t step, size_t count, const float *gradient, float *m, float *v,
                         float *weight);

/** Softmax cross-entropy of `count` points, its gradient to the logits over `batch`, and how many are classified rightly.
 *
 * Math:        loss = -sum_i log softmax(z_i)[label_i]; seed_i = (softmax(z_i) - e_label_i) / batch.
 * Shapes:      logits, seed [count][classes]; label[count].
 * Collective:  no.
 * @return loss, in nats.
 */
BL_API double bl_cross_entropy(size_t classes, size_t count, size_t batch, const float *logits,
                               const size_t *label, float *seed, size_t *right);

typedef struct bl_trainer bl_trainer;

/** A trainer for networks of this shape.
 *
 * Collective:  no.
 * Ownership:   config and data are borrowed for the trainer's life; settings are copied; shape is borrowed for the call.
 * @return BL_OK; BL_ERR_INPUT (images or classes that do not fit the network); BL_ERR_MEMORY; BL_ERR_LIBRARY.
 */
BL_API bl_err bl_trainer_create(const bl_config *config, const bl_training *settings, const bl_dataset *data,
                                const bl_network *shape, bl_trainer **out) BL_NODISCARD;
BL_API void bl_trainer_destroy(bl_trainer **trainer);

/** Bytes a trainer holds for networks of this shape and so many training images. Not collective. */
BL_API size_t bl_trainer_memory(const bl_training *settings, const bl_network *shape, size_t images);

/** Begin with network `number` of the case at its random start, bl_network_sample's.
 * Collective:  no.
 * Ownership:   network is borrowed until the next begin, and its weights are the trainer's to change.
 */
BL_API void bl_trainer_begin(bl_trainer *trainer, const bl_case *c, size_t number, bl_network *network);

/** Train to the end of the epoch, every image once, in an order drawn from stream (seed, case, network, order, start and
 * epoch); or until `pause` asks to stop: then progress->images > 0, and the next call goes on after these images.
 *
 * After the first epoch a network whose accuracy on the first BL_TRAINING_FIRST images is under restart_below is replaced
 * by a fresh one (bl_network_sample_again), and progress->epochs is 0 again.
 * Collective:  no.
 * @param[in] pause  asked between steps, with pause_context; may be NULL
 * @return BL_OK; BL_ERR_NUMERIC: the loss is no number.
 */
BL_API bl_err bl_trainer_epoch(bl_trainer *trainer, bool (*pause)(void *context), void *pause_context,
                               bl_training_progress *progress) BL_NODISCARD;

/** The gradient of the training's objective at a batch of images, and the mean cross-entropy in nats.
 *
 * Math:        gradient of mean cross-entropy + l2 sum |W|^2 over convolution kernels W.
 * Shapes:      index[count] of images, count <= batch; gradient as of bl_pass_weight_gradient.
 * Collective:  no.
 */
BL_API bl_err bl_trainer_gradient(bl_trainer *trainer, size_t count, const size_t *index, float *gradient,
                                  double *loss, size_t *right) BL_NODISCARD;

/** Share of the first `count` images of a set that the network at hand classifies rightly. Collective: no. */
BL_API bl_err bl_trainer_accuracy(bl_trainer *trainer, const bl_dataset *data, size_t count,
                                  double *accuracy) BL_NODISCARD;

/** The state of a training: weights and Adam's moments. Saved between two steps and restored after bl_trainer_begin of the same
 * network, it makes the training go on with the same bits.
 * Shapes:      state[bl_trainer_state_numbers].
 * Collective:  no.
 */
BL_API size_t bl_trainer_state_numbers(const bl_trainer *trainer);
BL_API void bl_trainer_save(const bl_trainer *trainer, float *state, bl_training_progress *progress);
BL_API void bl_trainer_restore(bl_trainer *trainer, const float *state, const bl_training_progress *progress);

#endif

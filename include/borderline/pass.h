/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The batched pass engine: values and input gradients of a network at many points by matrix-matrix products.
 *
 * float32 through oneDNN, weights packed once per network; float64 (verification) by separate loops. Points are
 * rows. A float32 result's bits are a function of the whole batch (its size and the row's place), so callers
 * form batches from the unit alone, never from rank or time. A float64 logit is a function of its point alone.
 */
#ifndef BORDERLINE_PASS_H
#define BORDERLINE_PASS_H

#include "borderline/network.h"

typedef struct bl_pass bl_pass;

/** An engine for networks of this shape and at most `batch` points.
 *
 * Batches are padded inside to a few sizes (multiples of 4, coarser above 32, and `batch` itself, which is the
 * cheapest); the caller's arrays need no padding. An engine serves one thread at a time.
 *
 * Collective:  no.
 * Ownership:   network is borrowed for the call (its shape is copied; its weights are packed, as bl_pass_load
 * does).
 * @return BL_OK; BL_ERR_MEMORY; BL_ERR_LIBRARY (oneDNN); BL_ERR_INPUT (a kind of layer that the engine does not have).
 */
BL_API bl_err bl_pass_create(const bl_network *network, size_t batch, bl_pass **out) BL_NODISCARD;
BL_API void bl_pass_destroy(bl_pass **pass);

/** Take another network of the same shape: packs its weights. The network must stay until the next load (the
 * float64 path reads it). Collective: no. */
BL_API bl_err bl_pass_load(bl_pass *pass, const bl_network *network) BL_NODISCARD;

/** Logits at count points (1 <= count <= batch), float32.
 *
 * Shapes:      x[count][n], logits[count][classes], row-major.
 * Collective:  no.
 * Ownership:   borrowed; x must stay unchanged until the gradients of this batch are taken.
 */
BL_API bl_err bl_pass_forward(bl_pass *pass, size_t count, const float *x, float *logits) BL_NODISCARD;

/** Gradients to the input, at rows of the last forward batch.
 *
 * Math:        gradient[i] = sum_j seed[i][j] d logits_j / dx at x[row[i]].
 * Shapes:      row[count] indices into the last forward batch, or NULL for rows 0..count-1;
 * seed[count][classes], gradient[count][n].
 * Collective:  no.
 */
BL_API bl_err bl_pass_gradient(bl_pass *pass, size_t count, const size_t *row, const float *seed,
                               float *gradient) BL_NODISCARD;

/** Gradients to the weights and biases, summed over the last forward batch, which must have been a full one.
 *
 * Math:        gradient = sum_ij seed[i][j] d logits_j(x[i]) / d parameters.
 * Shapes:      seed[batch][classes]; gradient[bl_network_parameters]: layer after layer, weight then bias, each in the
 *              order of its layer.
 * Collective:  no.
 */
BL_API bl_err bl_pass_weight_gradient(bl_pass *pass, const float *seed, float *gradient) BL_NODISCARD;

/** Output of the last activation (the last hidden layer's features) of the last forward batch:
 * [count][*width]; for a network without activation, the input. Borrowed until the next forward. Collective: no. */
BL_API const float *bl_pass_features(const bl_pass *pass, size_t *width);

/** Logits in float64 by a path that shares nothing with the float32 one but the weights.
 *
 * Math:        as bl_pass_forward; each sum in an order that does not depend on the batch.
 * Shapes:      x[count][n] float64, logits[count][classes]; any count (blocked inside).
 * Collective:  no.
 */
BL_API bl_err bl_pass_forward64(bl_pass *pass, size_t count, const double *x, double *logits) BL_NODISCARD;

/** Bytes the engine allocates for such a network and batch, including the library's scratch memory as far as it is known.
 * Collective: no. */
BL_API size_t bl_pass_memory(const bl_network *network, size_t batch);

/** Multiply-adds of one forward pass of one point. Collective: no. */
BL_API double bl_pass_multiply_adds(const bl_network *network);

#endif

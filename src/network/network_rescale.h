/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks whose numbers leave the range of float32: an equivalent network whose numbers do not.
 */
#ifndef BORDERLINE_NETWORK_NETWORK_RESCALE_H
#define BORDERLINE_NETWORK_NETWORK_RESCALE_H

#include "borderline/network.h"

/* The network's own numbers are those of the rescaled one times 2^exponent. */
typedef struct bl_rescaling {
    int features; /* exponent of what comes into the last layer */
    int outputs;  /* exponent of the logits and their gradients */
} bl_rescaling;

/** Multiply weights and biases by powers of two, so that every layer's numbers are of order one, where the activations allow it.
 *
 * Math:        phi(c z) = c phi(z) for c > 0 holds for relu, leaky_relu and linear layers. With W_l -> 2^-d_l W_l and b_l ->
 *              2^-(d_1 + ... + d_l) b_l all numbers after layer l are 2^-(d_1 + ... + d_l) times what they were: the class, the
 *              boundary and every distance stay, to the bit, as multiplying by a power of two is exact. d_l is chosen layer by
 *              layer so that the largest number at the input (1, ..., 1) lies in [1, 2). Networks that are powers of two
 *              of each other, layer by layer, become the same network. Between residual_begin and residual_end d = 0, as an
 *              identity shortcut adds numbers of one scale. Networks with another activation stay as they are.
 * Shapes:      weights and biases are changed in place.
 * Collective:  no.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_network_rescale(bl_network *network, bl_rescaling *rescaling) BL_NODISCARD;

/** x[count] times 2^exponent. Collective: no. */
BL_API void bl_network_rescale_numbers(size_t count, float *x, int exponent);

/** Bytes that bl_network_rescale takes while it runs. Collective: no. */
BL_API size_t bl_network_rescale_memory(const bl_network *network);

#endif

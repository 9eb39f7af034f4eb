/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Packing of a matrix into the blocked form of oneDNN's products, at the speed of memory. Private to src/network.
 */
#ifndef BORDERLINE_NETWORK_PACK_H
#define BORDERLINE_NETWORK_PACK_H

#include <stdbool.h>
#include <stddef.h>

/* Element (o, i) is at (o / outputs) output_stride + (i / inputs) input_stride + (i mod inputs) outputs + o mod
 * outputs. */
typedef struct bl_block_form {
    size_t outputs, inputs;             /* of a block */
    size_t output_stride, input_stride; /* numbers from a block to the next */
} bl_block_form;

/* to = A[outputs][inputs], which is matrix, or the transpose of matrix[inputs][outputs]. Padding is left alone. */
void bl_pack(bl_block_form form, size_t outputs, size_t inputs, const float *matrix, bool transposed,
             float *to);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * y = x A^T + b in float32, with A packed once and used for many x. The only interface to oneDNN besides convolution.h. Private
 * to src/network.
 */
#ifndef BORDERLINE_NETWORK_PRODUCT_H
#define BORDERLINE_NETWORK_PRODUCT_H

#include "borderline/err.h"
#include <stddef.h>

/* oneDNN's engine and stream: one per pass engine, used by one thread at a time. */
typedef struct bl_product_context bl_product_context;
typedef struct bl_product bl_product;

bl_err bl_product_context_create(bl_product_context **out) BL_NODISCARD;
void bl_product_context_destroy(bl_product_context **context);

/* Products with A[outputs][inputs] for at most `batch` rows; the context must outlive them. */
bl_err bl_product_create(bl_product_context *context, size_t outputs, size_t inputs, bool with_bias,
                         size_t batch, bl_product **out) BL_NODISCARD;
void bl_product_destroy(bl_product **product);

/* Pack A = matrix [outputs][inputs], or A = the transpose of matrix [inputs][outputs]. matrix and bias (NULL
 * without) are borrowed until the next load: another number of rows may ask for another packing. */
bl_err bl_product_load(bl_product *product, const float *matrix, bool transposed,
                       const float *bias) BL_NODISCARD;

/* y[rows][outputs] = x[rows][inputs] A^T + bias. Every new number of rows makes a primitive (0.2 to 1 ms), so
 * callers pass numbers from bl_product_rows. */
bl_err bl_product_run(bl_product *product, size_t rows, const float *x, float *y) BL_NODISCARD;

/* da[outputs][inputs] = dy[rows][outputs]^T x[rows][inputs]: of a product, the gradient with respect to A. */
bl_err bl_product_outer(size_t rows, size_t outputs, size_t inputs, const float *dy, const float *x,
                        float *da) BL_NODISCARD;

/* The number of rows that `count` points are padded to in an engine for at most `batch`. */
size_t bl_product_rows(size_t count, size_t batch);

/* Bytes a product holds after its first runs. */
size_t bl_product_memory(size_t outputs, size_t inputs, size_t batch);

#endif

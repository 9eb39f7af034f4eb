/* SPDX-License-Identifier: BSD-3-Clause
 *
 * oneDNN's own reorder takes up to ten times as long where rows are a multiple of 4 KiB apart, which would dominate the search
 * of a small network. Here tiles are transposed in registers and every store is a whole cache line.
 */
#include "pack.h"

#include "base/isa.h"

#include <string.h>

/* Lanes of a vector: a tile is LANES x LANES. */
#if defined(__AVX512F__)
enum { LANES = 16 };
#define LOW  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif defined(__AVX__)
enum { LANES = 8 };
#define LOW  0, 8, 1, 9, 2, 10, 3, 11
#define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
enum { LANES = 4 };
#define LOW  0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#endif

typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int lanes __attribute__((vector_size(LANES * sizeof(int))));
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (lanes){__VA_ARGS__})
#endif

/* to[i * to_stride + o] = from[o * from_stride + i]. Interleaving the first with the second half of the rows moves
 * the top bit of the row's number to the bottom of the lane's; after log2(LANES) rounds rows and lanes have changed
 * places. */
static inline void transpose_tile(const float *from, size_t from_stride, float *to, size_t to_stride) {
    vector a[LANES], b[LANES];
    for (size_t o = 0; o < LANES; o++)
        memcpy(&a[o], from + o * from_stride, sizeof a[o]);
#define ROUND(x, y)                                                                                          \
    for (size_t k = 0; k < LANES / 2; k++) {                                                                 \
        (y)[2 * k] = SHUFFLE((x)[k], (x)[k + LANES / 2], LOW);                                               \
        (y)[2 * k + 1] = SHUFFLE((x)[k], (x)[k + LANES / 2], HIGH);                                          \
    }
    ROUND(a, b)
    ROUND(b, a)
    if (LANES >= 8)
        ROUND(a, b)
    if (LANES == 16)
        ROUND(b, a)
#undef ROUND
    const vector *result = LANES == 8 ? b : a;
    for (size_t i = 0; i < LANES; i++)
        memcpy(to + i * to_stride, &result[i], sizeof result[i]);
}

/* One block of at most form.outputs x form.inputs from rows of A `stride` apart. */
static void pack_block(bl_block_form form, size_t outputs, size_t inputs, const float *from, size_t stride,
                       float *to) {
    size_t o = 0;
    for (; o + LANES <= outputs; o += LANES) {
        size_t i = 0;
        for (; i + LANES <= inputs; i += LANES)
            transpose_tile(from + o * stride + i, stride, to + i * form.outputs + o, form.outputs);
        for (; i < inputs; i++)
            for (size_t k = o; k < o + LANES; k++)
                to[i * form.outputs + k] = from[k * stride + i];
    }
    for (; o < outputs; o++)
        for (size_t i = 0; i < inputs; i++)
            to[i * form.outputs + o] = from[o * stride + i];
}

/* The same where rows of the matrix are columns of A: they are contiguous in both. */
static void copy_block(bl_block_form form, size_t outputs, size_t inputs, const float *from, size_t stride,
                       float *to) {
    for (size_t i = 0; i < inputs; i++)
        memcpy(to + i * form.outputs, from + i * stride, outputs * sizeof *to);
}

BL_EACH_ISA_VOID(bl_pack,
                 (bl_block_form form, size_t outputs, size_t inputs, const float *matrix, bool transposed,
                  float *to),
                 (form, outputs, inputs, matrix, transposed, to)) {
    for (size_t o = 0; o < outputs; o += form.outputs)
        for (size_t i = 0; i < inputs; i += form.inputs) {
            const size_t some_outputs = outputs - o < form.outputs ? outputs - o : form.outputs;
            const size_t some_inputs = inputs - i < form.inputs ? inputs - i : form.inputs;
            float *block = to + o / form.outputs * form.output_stride + i / form.inputs * form.input_stride;
            if (transposed)
                copy_block(form, some_outputs, some_inputs, matrix + i * outputs + o, outputs, block);
            else
                pack_block(form, some_outputs, some_inputs, matrix + o * inputs + i, inputs, block);
        }
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Float64 products of a few points with float32 weights. At the batches of a verification (some tens of points) a
 * general product spends most of its time copying the weights into float64 and into its own order; here each
 * weight is read once, widened in a register and used for all points of a tile. Vectors run along the inputs, which
 * are contiguous on both sides.
 *
 * Every logit is summed in the same order whatever the batch and the processor are: LANES partial sums of fused
 * multiply-adds, and the products of the last inputs mod LANES numbers, rounded before they are added. It is a function
 * of its point and the weights alone, to the bit.
 */
#include "pass_float64.h"

#include "base/isa.h"

#include <math.h>
#include <string.h>

/* WIDTH: numbers in a vector register. A tile: points x outputs whose sums stay in registers. */
#if defined(__AVX512F__)
#include <immintrin.h>
enum { WIDTH = 8, TILE_ROWS = 5, TILE_OUTPUTS = 5 };
#elif defined(__AVX__) && defined(__FMA__)
#include <immintrin.h>
enum { WIDTH = 4, TILE_ROWS = 2, TILE_OUTPUTS = 3 };
#else
enum { WIDTH = 2, TILE_ROWS = 2, TILE_OUTPUTS = 3 };
#endif
enum { LANES = 8, PARTS = LANES / WIDTH };

typedef double vector __attribute__((vector_size(WIDTH * sizeof(double))));

static inline vector load(const double *x) {
    vector v;
    memcpy(&v, x, sizeof v);
    return v;
}

/* lane by lane: compilers make one instruction of it, and several of __builtin_convertvector */
static inline vector load_widened(const float *x) {
    vector v;
    for (int lane = 0; lane < WIDTH; lane++)
        v[lane] = (double)x[lane];
    return v;
}

/* a b + c, rounded once */
static inline vector multiply_add(vector a, vector b, vector c) {
#if defined(__AVX512F__)
    return (vector)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX__) && defined(__FMA__)
    return (vector)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
    for (int lane = 0; lane < WIDTH; lane++)
        c[lane] = fma(a[lane], b[lane], c[lane]);
    return c;
#endif
}

/* Without it the sums would not stay in registers. */
#ifdef __clang__
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 8")
#endif

/* y[r][o] = <x[r], weight[o]> + bias[o] for rows x outputs, both constants where it is called. */
static inline __attribute__((always_inline)) void tile(size_t rows, size_t outputs, const bl_layer *layer,
                                                       size_t first_output, const double *x, double *y) {
    const size_t inputs = layer->inputs, whole = inputs / LANES * LANES;
    const float *weight = layer->weight + first_output * inputs;
    vector sum[TILE_ROWS][TILE_OUTPUTS][PARTS];
    UNROLLED for (size_t r = 0; r < rows; r++) {
        UNROLLED for (size_t o = 0; o < outputs; o++) {
            UNROLLED for (size_t p = 0; p < PARTS; p++) sum[r][o][p] = (vector){0};
        }
    }
    for (size_t k = 0; k < whole; k += LANES) {
        UNROLLED for (size_t p = 0; p < PARTS; p++) {
            vector w[TILE_OUTPUTS];
            const size_t at = k + p * WIDTH;
            UNROLLED for (size_t o = 0; o < outputs; o++) w[o] = load_widened(weight + o * inputs + at);
            UNROLLED for (size_t r = 0; r < rows; r++) {
                const vector point = load(x + r * inputs + at);
                UNROLLED for (size_t o = 0; o < outputs; o++) sum[r][o][p] =
                    multiply_add(point, w[o], sum[r][o][p]);
            }
        }
    }
    double lane[TILE_ROWS][TILE_OUTPUTS][LANES];
    UNROLLED for (size_t r = 0; r < rows; r++) {
        UNROLLED for (size_t o = 0; o < outputs; o++) memcpy(lane[r][o], sum[r][o], sizeof sum[r][o]);
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; o < outputs; o++) {
            double total = 0.0;
            for (size_t k = whole; k < inputs; k++)
                total += x[r * inputs + k] * (double)weight[o * inputs + k];
            for (size_t l = 0; l < LANES; l++)
                total += lane[r][o][l];
            y[r * layer->outputs + o] = total + (layer->bias ? (double)layer->bias[first_output + o] : 0.0);
        }
}

/* A strip of at most TILE_OUTPUTS outputs for `rows` points. */
static inline __attribute__((always_inline)) void
strip(size_t rows, const bl_layer *layer, size_t first_output, size_t outputs, const double *x, double *y) {
    if (outputs == TILE_OUTPUTS)
        tile(rows, TILE_OUTPUTS, layer, first_output, x, y + first_output);
    else
        for (size_t o = first_output; o < first_output + outputs; o++)
            tile(rows, 1, layer, o, x, y + o);
}

BL_EACH_ISA_VOID(bl_pass_float64_dense, (const bl_layer *layer, size_t rows, const double *x, double *y),
                 (layer, rows, x, y)) {
    for (size_t o = 0; o < layer->outputs; o += TILE_OUTPUTS) {
        const size_t left = layer->outputs - o, outputs = left < TILE_OUTPUTS ? left : TILE_OUTPUTS;
        const double *from = x;
        double *to = y;
        size_t remaining = rows;
        for (; remaining >= TILE_ROWS; remaining -= TILE_ROWS) {
            strip(TILE_ROWS, layer, o, outputs, from, to);
            from += TILE_ROWS * layer->inputs;
            to += TILE_ROWS * layer->outputs;
        }
        for (; remaining >= 2; remaining -= 2) {
            strip(2, layer, o, outputs, from, to);
            from += 2 * layer->inputs;
            to += 2 * layer->outputs;
        }
        if (remaining == 1)
            strip(1, layer, o, outputs, from, to);
    }
}

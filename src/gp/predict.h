/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What both predictions share: the inputs they average over. Private to src/gp.
 */
#ifndef BORDERLINE_GP_PREDICT_H
#define BORDERLINE_GP_PREDICT_H

#include "borderline/network.h"

/* A stream of a draw at (depth, dimension): its case word is the dimension; its index is the depth, followed by BL_PREDICT_PART
 * bits for the part (0: the input). The bounds of grid.depth and network.classes keep them apart; no two names share a stream. */
enum { BL_PREDICT_PART = 10 };
static inline bl_stream bl_predict_stream(const bl_config *config, size_t depth, size_t dimension,
                                          size_t draw, size_t part) {
    BL_ASSERT(part < (1U << BL_PREDICT_PART) && depth <= BL_STREAM_INDEX_MAX >> BL_PREDICT_PART);
    BL_ASSERT(dimension <= UINT32_MAX && draw <= UINT32_MAX);
    return bl_rng_stream(config->seed, (uint32_t)dimension, (uint32_t)draw, BL_PURPOSE_PREDICTION,
                         (uint32_t)(depth << BL_PREDICT_PART | part));
}

/* Input of a draw: part 0 of its streams. x[dimension]. */
static inline void bl_predict_input(const bl_config *config, size_t depth, size_t dimension, size_t draw,
                                    float *x) {
    bl_network_sample_input(config, bl_predict_stream(config, depth, dimension, draw, 0), dimension, x);
}

#endif

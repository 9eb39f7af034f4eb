/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What both predictions share: the inputs they average over. Private to src/gp.
 */
#ifndef BORDERLINE_GP_PREDICT_H
#define BORDERLINE_GP_PREDICT_H

#include "borderline/network.h"

/* The case word of the streams: dimension in the lower 24 bits, depth above. */
static inline size_t bl_predict_case(size_t depth, size_t dimension) {
    return dimension + (depth << 24);
}

/* Input of a draw: index 0 of the draw's streams. x[dimension]. */
static inline void bl_predict_input(const bl_config *config, size_t depth, size_t dimension, size_t draw,
                                    float *x) {
    bl_network_sample_inputs(config, bl_predict_case(depth, dimension), draw, BL_PURPOSE_PREDICTION,
                             dimension, 1, x);
}

#endif

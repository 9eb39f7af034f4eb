/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Activations of many float32 numbers, one loop per activation.
 */
#include "activation_float.h"

#include "base/isa.h"

/* One loop: `value` of each element z. */
#define FOR_EACH(value)                                                                                      \
    for (size_t i = 0; i < count; i++) {                                                                     \
        const float z = x[i];                                                                                \
        y[i] = (value);                                                                                      \
    }                                                                                                        \
    break

BL_EACH_ISA_VOID(bl_activation_float_forward,
                 (bl_activation activation, float slope, size_t count, const float *restrict x,
                  float *restrict y),
                 (activation, slope, count, x, y)) {
    switch (activation) {
    case BL_RELU:
        FOR_EACH(z > 0.0F ? z : 0.0F);
    case BL_LEAKY_RELU:
        FOR_EACH(z > 0.0F ? z : slope * z);
    case BL_TANH:
        FOR_EACH(tanh_float(z));
    case BL_ERF:
        FOR_EACH(erf_float(z));
    case BL_GELU:
        FOR_EACH(gelu_float(z));
    case BL_ACTIVATION_COUNT:
        BL_ASSERT(activation < BL_ACTIVATION_COUNT);
    }
}

/* One loop: dx = dy times `derivative`, from input z or output h. */
#define FOR_EACH_BACK(derivative)                                                                            \
    for (size_t i = 0; i < count; i++) {                                                                     \
        const float z = x[i], h = y[i];                                                                      \
        (void)z;                                                                                             \
        (void)h;                                                                                             \
        dx[i] = dy[i] * (derivative);                                                                        \
    }                                                                                                        \
    break

BL_EACH_ISA_VOID(bl_activation_float_backward,
                 (bl_activation activation, float slope, size_t count, const float *restrict x,
                  const float *restrict y, const float *restrict dy, float *restrict dx),
                 (activation, slope, count, x, y, dy, dx)) {
    switch (activation) {
    case BL_RELU:
        FOR_EACH_BACK(z > 0.0F ? 1.0F : 0.0F);
    case BL_LEAKY_RELU:
        FOR_EACH_BACK(z > 0.0F ? 1.0F : slope);
    case BL_TANH:
        FOR_EACH_BACK((1.0F - h) * (1.0F + h));
    case BL_ERF:
        FOR_EACH_BACK(erf_derivative(z));
    case BL_GELU:
        FOR_EACH_BACK(gelu_derivative(z));
    case BL_ACTIVATION_COUNT:
        BL_ASSERT(activation < BL_ACTIVATION_COUNT);
    }
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "trainer.h"

#include <math.h>

static const double beta1 = 0.9, beta2 = 0.999;
static const float epsilon = 1e-7F;

void bl_adam_step(double rate, int64_t step, size_t count, const float *restrict gradient, float *restrict m,
                  float *restrict v, float *restrict weight) {
    const double t = (double)step;
    const float scale = (float)(rate * sqrt(1.0 - pow(beta2, t)) / (1.0 - pow(beta1, t)));
    const float keep1 = (float)beta1, take1 = (float)(1.0 - beta1);
    const float keep2 = (float)beta2, take2 = (float)(1.0 - beta2);
    for (size_t i = 0; i < count; i++) {
        const float g = gradient[i];
        m[i] = keep1 * m[i] + take1 * g;
        v[i] = keep2 * v[i] + take2 * (g * g);
        weight[i] -= scale * m[i] / (sqrtf(v[i]) + epsilon);
    }
}

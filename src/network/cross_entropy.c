/* SPDX-License-Identifier: BSD-3-Clause */
#include "trainer.h"

#include <math.h>

static size_t largest(size_t classes, const float *logits) {
    size_t best = 0;
    for (size_t j = 1; j < classes; j++)
        best = logits[j] > logits[best] ? j : best;
    return best;
}

double bl_cross_entropy(size_t classes, size_t count, size_t batch, const float *logits, const size_t *label,
                        float *seed, size_t *right) {
    double loss = 0.0;
    *right = 0;
    for (size_t i = 0; i < count; i++) {
        const float *z = logits + i * classes;
        const size_t best = largest(classes, z);
        double sum = 0.0;
        for (size_t j = 0; j < classes; j++)
            sum += exp((double)z[j] - (double)z[best]);
        for (size_t j = 0; j < classes; j++) {
            const double share = exp((double)z[j] - (double)z[best]) / sum;
            seed[i * classes + j] = (float)((share - (j == label[i] ? 1.0 : 0.0)) / (double)batch);
        }
        loss += log(sum) + (double)z[best] - (double)z[label[i]];
        *right += best == label[i];
    }
    return loss;
}

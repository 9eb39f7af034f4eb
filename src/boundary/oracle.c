/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The pass engine as an oracle.
 */
#include "borderline/boundary.h"

static bl_err forward(void *context, size_t count, const size_t *input, const float *x, float *logits) {
    (void)input;
    return bl_pass_forward(context, count, x, logits);
}

static bl_err gradient(void *context, size_t count, const size_t *row, const float *seed, float *result) {
    return bl_pass_gradient(context, count, row, seed, result);
}

static bl_err forward64(void *context, size_t count, const size_t *input, const double *x, double *logits) {
    (void)input;
    return bl_pass_forward64(context, count, x, logits);
}

bl_oracle bl_oracle_of_pass(bl_pass *pass, const bl_network *network, size_t batch) {
    return (bl_oracle){.dimension = network->dimension,
                       .classes = network->classes,
                       .batch = batch,
                       .context = pass,
                       .forward = forward,
                       .gradient = gradient,
                       .forward64 = forward64};
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The float64 product's bits are those that its file promises, for every batch and any number of inputs: eight partial
 * sums of fused multiply-adds, then the rounded products of the last inputs mod 8, the partial sums, the bias.
 */
#include "check.h"

#include "borderline/rng.h"
#include "network/pass_float64.h"

enum { LANES = 8, OUTPUTS = 13, ROWS = 17, INPUTS_MAX = 70 };

static double promised(const bl_layer *layer, size_t output, const double *x) {
    const float *weight = layer->weight + output * layer->inputs;
    const size_t whole = layer->inputs / LANES * LANES;
    double lane[LANES] = {0}, total = 0.0;
    for (size_t k = 0; k < whole; k++)
        lane[k % LANES] = fma(x[k], (double)weight[k], lane[k % LANES]);
    for (size_t k = whole; k < layer->inputs; k++) {
        volatile double product = x[k] * (double)weight[k]; /* rounded */
        total += product;
    }
    for (size_t l = 0; l < LANES; l++)
        total += lane[l];
    return total + (layer->bias ? (double)layer->bias[output] : 0.0);
}

static void check_product(bl_layer *layer, size_t rows, const double *x) {
    double y[ROWS * OUTPUTS];
    bl_pass_float64_dense(layer, rows, x, y);
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; o < layer->outputs; o++)
            CHECK(y[r * layer->outputs + o] == promised(layer, o, x + r * layer->inputs));
}

int main(void) {
    static float weight[OUTPUTS * INPUTS_MAX], bias[OUTPUTS];
    static double x[ROWS * INPUTS_MAX];
    bl_rng_normal(bl_rng_stream(1, 0, 0, BL_PURPOSE_TEST, 0), 1.0F, OUTPUTS * INPUTS_MAX, weight);
    bl_rng_normal(bl_rng_stream(1, 0, 0, BL_PURPOSE_TEST, 1), 1.0F, OUTPUTS, bias);
    bl_rng_uniform64(bl_rng_stream(1, 0, 0, BL_PURPOSE_TEST, 2), ROWS * INPUTS_MAX, x);
    for (size_t inputs = 1; inputs <= INPUTS_MAX; inputs++)
        for (size_t outputs = 1; outputs <= OUTPUTS; outputs += 3)
            for (size_t rows = 1; rows <= ROWS; rows++) {
                bl_layer layer = {
                    .kind = BL_LAYER_DENSE, .inputs = inputs, .outputs = outputs, .weight = weight};
                layer.bias = rows % 2 ? bias : NULL;
                check_product(&layer, rows, x);
            }
    return check_result();
}

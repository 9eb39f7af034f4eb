/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Gradients of the quadratic bound against finite differences; and that a wrong bound would be caught.
 */
#include "base/mem.h"
#include "certify/quadratic.h"
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 12, WIDTH = 9, DEPTH = 3, CLASSES = 2, NEURONS = DEPTH * WIDTH };

static float weights[DEPTH + 1][WIDTH * N], biases[DEPTH + 1][WIDTH];
static double x0[N], h[N];

static double uniform(uint32_t *state) {
    *state = *state * 1664525U + 1013904223U;
    return (double)(*state >> 8) / 16777216.0;
}

static void make_network(bl_network *network, bl_layer *layer, double slope) {
    uint32_t state = 7;
    *network =
        (bl_network){.dimension = N, .classes = CLASSES, .shape_rank = 1, .shape = {N}, .layer = layer};
    for (size_t l = 0; l <= DEPTH; l++) {
        for (size_t i = 0; i < WIDTH * N; i++)
            weights[l][i] = (float)((uniform(&state) - 0.5) * 1.6);
        for (size_t i = 0; i < WIDTH; i++)
            biases[l][i] = (float)(uniform(&state) - 0.5) * 0.2F;
        layer[2 * l] = (bl_layer){.kind = BL_LAYER_DENSE,
                                  .outputs = l < DEPTH ? WIDTH : CLASSES,
                                  .weight = weights[l],
                                  .bias = biases[l]};
        CHECK_OK(bl_network_fit_layer(network, network->layer_count));
        network->layer_count++;
        if (l == DEPTH)
            break;
        layer[2 * l + 1] =
            (bl_layer){.kind = BL_LAYER_ACTIVATION, .activation = BL_LEAKY_RELU, .negative_slope = slope};
        CHECK_OK(bl_network_fit_layer(network, network->layer_count));
        network->layer_count++;
    }
    for (size_t i = 0; i < N; i++) {
        x0[i] = uniform(&state);
        h[i] = 0.1 * (uniform(&state) - 0.5);
    }
}

static double value_at(bl_quadratic *q) {
    bl_quadratic_coefficients(q);
    CHECK(bl_quadratic_form(q));
    return bl_quadratic_evaluate(q);
}

/* Central difference of the value in log x, or in x itself. */
static double difference(bl_quadratic *q, double *x, bool logarithm) {
    const double kept = *x, step = 1e-5;
    *x = logarithm ? kept * exp(step) : kept + step;
    const double above = value_at(q);
    *x = logarithm ? kept * exp(-step) : kept - step;
    const double below = value_at(q);
    *x = kept;
    return (above - below) / (2.0 * step);
}

static void compare(const char *what, size_t k, double gradient, double expected) {
    const double off = fabs(gradient - expected);
    if (!(off <= 2e-3 * fabs(expected) + 2e-5))
        fprintf(stderr, "%s %zu: %.8g, by differences %.8g\n", what, k, gradient, expected);
    CHECK(off <= 2e-3 * fabs(expected) + 2e-5);
}

static void check_gradients(double p) {
    bl_layer layer[2 * DEPTH + 1];
    bl_network network;
    bl_relu_chain *chain = NULL;
    bl_relaxation *relaxation = NULL;
    bl_quadratic *q = NULL;
    bl_ball ball;
    uint32_t state = 3;
    static double lambda[NEURONS], kappa[NEURONS], slope[NEURONS], t[N];
    bl_quadratic_gradient g = {lambda, kappa, slope, t};
    make_network(&network, layer, 0.1);
    CHECK_OK(bl_relu_chain_create(&network, &chain));
    BL_ASSERT(chain);
    CHECK_OK(bl_relaxation_create(&network, &relaxation));
    CHECK_OK(bl_ball_create(N, x0, (bl_box){-INFINITY, INFINITY}, &ball));
    ball.p = p;
    ball.radius = p == 2.0 ? 0.8 : 0.25;
    CHECK_OK(bl_relaxation_ranges(relaxation, &ball, INFINITY));
    CHECK_OK(bl_quadratic_create(chain, 0, 1, &q));
    bl_quadratic_place(q, &ball, relaxation, NULL);
    bl_quadratic_expand(q, h, true);
    CHECK(q->bends > 12);
    for (size_t b = 0; b < q->bends; b++) {
        q->lambda[q->bend[b]] = 0.05 * (0.5 + uniform(&state));
        q->kappa[q->bend[b]] = b < q->first[DEPTH - 1] ? 2.0 * (0.5 + uniform(&state)) : 0.0;
        q->slope[q->bend[b]] = 0.1 + 0.8 * uniform(&state);
    }
    for (size_t j = 0; isinf(p) && j < N; j++)
        q->t[j] = 0.5 + uniform(&state);
    (void)value_at(q);
    bl_quadratic_gradients(q, &g);
    for (size_t b = 0; b < q->bends; b++) {
        const size_t k = q->bend[b];
        /* a softmax over near-top eigenvectors would mix others in */
        if (q->vectors > 1)
            continue;
        compare("lambda", k, lambda[k], difference(q, &q->lambda[k], true));
        compare("slope", k, slope[k], difference(q, &q->slope[k], false));
        if (b < q->first[DEPTH - 1])
            compare("kappa", k, kappa[k], difference(q, &q->kappa[k], true));
    }
    CHECK(q->vectors == 1);
    for (size_t j = 0; isinf(p) && j < N; j++)
        compare("t", j, t[j], difference(q, &q->t[j], true));
    bl_quadratic_destroy(&q);
    bl_relaxation_destroy(&relaxation);
    bl_relu_chain_destroy(&chain);
    bl_ball_clear(&ball);
}

/* One neuron that is off at x0 and on at the ball's edge, f = 1 - relu(w h - 1/8): expanded at x0 with the right multiplier the
 * bound is the minimum, 1 - (|w| radius - 1/8), so that a k 1 % too small claims more than the network keeps. (Expanded at the
 * minimum no wrong k would show: every such bound is at most f there.) */
static void check_that_a_wrong_bound_is_caught(uint32_t seed) {
    bl_layer layer[3];
    bl_network network = {.dimension = N, .classes = CLASSES, .shape_rank = 1, .shape = {N}, .layer = layer};
    bl_relu_chain *chain = NULL;
    bl_relaxation *relaxation = NULL;
    bl_quadratic *q = NULL;
    bl_ball ball;
    uint32_t state = seed;
    double norm = 0.0, at_input = 0.0;
    for (size_t i = 0; i < N; i++) {
        weights[0][i] = (float)(uniform(&state) - 0.5);
        x0[i] = floor(64.0 * uniform(&state)) / 64.0;
        norm += (double)weights[0][i] * weights[0][i];
        at_input += (double)weights[0][i] * x0[i];
    }
    norm = sqrt(norm);
    biases[0][0] = (float)(-at_input - 0.125);
    weights[1][0] = -1.0F;
    weights[1][1] = 0.0F;
    biases[1][0] = 1.0F;
    biases[1][1] = 0.0F;
    layer[0] = (bl_layer){.kind = BL_LAYER_DENSE, .outputs = 1, .weight = weights[0], .bias = biases[0]};
    layer[1] = (bl_layer){.kind = BL_LAYER_ACTIVATION, .activation = BL_RELU};
    layer[2] =
        (bl_layer){.kind = BL_LAYER_DENSE, .outputs = CLASSES, .weight = weights[1], .bias = biases[1]};
    for (; network.layer_count < 3; network.layer_count++)
        CHECK_OK(bl_network_fit_layer(&network, network.layer_count));
    CHECK_OK(bl_relu_chain_create(&network, &chain));
    BL_ASSERT(chain);
    CHECK_OK(bl_relaxation_create(&network, &relaxation));
    CHECK_OK(bl_ball_create(N, x0, (bl_box){-INFINITY, INFINITY}, &ball));
    ball.p = 2.0;
    ball.radius = 1.0;
    CHECK_OK(bl_relaxation_ranges(relaxation, &ball, INFINITY));
    CHECK_OK(bl_quadratic_create(chain, 0, 1, &q));
    bl_quadratic_place(q, &ball, relaxation, NULL);
    memset(h, 0, sizeof h);
    bl_quadratic_expand(q, h, true);
    const double least = 1.0 - (at_input + biases[0][0] + norm);
    q->lambda[0] = 1.0 / norm;
    const double proven = bl_quadratic_proof(q);
    CHECK(proven <= least);
    CHECK_CLOSE(proven, least, 1e-6);
    q->k *= 0.99;
    CHECK(bl_quadratic_evaluate(q) > least + 1e-3);
    bl_quadratic_destroy(&q);
    bl_relaxation_destroy(&relaxation);
    bl_relu_chain_destroy(&chain);
    bl_ball_clear(&ball);
}

int main(void) {
    for (uint32_t seed = 1; seed <= 20; seed++)
        check_that_a_wrong_bound_is_caught(seed);
    check_gradients(2.0);
    check_gradients(INFINITY);
    return check_result();
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Linear relaxation of convolutions, pools and residual sums: never above the network at points of the ball, and exact where
 * the network is linear there.
 */
#include "borderline/boundary.h"
#include "borderline/pass.h"
#include "certify/relaxation.h"
#include "model.h"

#include <math.h>

enum { POINTS = 200 };

static double numbers[POINTS * 600], logits[POINTS * CLASSES], centre[600], centre_logits[CLASSES];

/* Points of the ball: half of them at vertices of the cube, or one coordinate for p = 1. */
static void draw_points(const bl_ball *ball, uint32_t index) {
    const size_t n = ball->n;
    float u[600];
    double h[600];
    for (size_t k = 0; k < POINTS; k++) {
        random_floats(5000 + index * POINTS + (uint32_t)k, n, 1.0F, u);
        for (size_t i = 0; i < n; i++)
            h[i] = k % 2 ? (double)u[i] : u[i] > 0.0F ? 1.0 : -1.0;
        const double scale = ball->radius / bl_norm(ball->p, n, h) * (1.0 - 1e-12);
        for (size_t i = 0; i < n; i++)
            numbers[k * n + i] = ball->x0[i] + scale * h[i];
    }
}

static double smallest_gap(model *m, double p, double radius, uint32_t index, double work) {
    const size_t n = m->network.dimension;
    bl_relaxation *relaxation = NULL;
    bl_pass *pass = NULL;
    bl_ball ball;
    double bound[CLASSES], least = INFINITY;
    float x[600];
    random_floats(900 + index, n, 1.0F, x);
    for (size_t i = 0; i < n; i++)
        centre[i] = (double)x[i];
    CHECK_OK(bl_pass_create(&m->network, 4, &pass));
    CHECK_OK(bl_pass_forward64(pass, 1, centre, centre_logits));
    CHECK_OK(bl_relaxation_create(&m->network, &relaxation));
    CHECK_OK(bl_ball_create(n, centre, (bl_box){-INFINITY, INFINITY}, &ball));
    ball.p = p;
    ball.radius = radius;
    CHECK_OK(bl_relaxation_ranges(relaxation, &ball, work));
    draw_points(&ball, index);
    CHECK_OK(bl_pass_forward64(pass, POINTS, numbers, logits));
    bl_relaxation_margins(relaxation, 0, CLASSES - 1, (size_t[]){1, 2}, bound);
    for (size_t k = 0; k < POINTS; k++)
        for (size_t j = 1; j < CLASSES; j++)
            least = fmin(least, logits[k * CLASSES] - logits[k * CLASSES + j] - bound[j - 1]);
    /* tiny balls: the bound is the value at the centre */
    if (radius < 1e-6)
        for (size_t j = 1; j < CLASSES; j++)
            CHECK_CLOSE(bound[j - 1], centre_logits[0] - centre_logits[j], 1e-3);
    bl_relaxation_destroy(&relaxation);
    bl_pass_destroy(&pass);
    bl_ball_clear(&ball);
    return least;
}

static void make_model(model *m, int which, bl_activation act) {
    model_start(m, 3, 8, 8);
    conv(m, 4, 3, 1, BL_PADDING_SAME, true);
    activation(m, act);
    if (which == 0) {
        conv(m, 5, 3, 2, BL_PADDING_VALID, false);
        activation(m, act);
    }
    if (which == 1) {
        pool(m, 2);
        conv(m, 6, 2, 1, BL_PADDING_SAME, true);
        activation(m, act);
        pool(m, 3);
    }
    if (which == 2) {
        plain(m, BL_LAYER_RESIDUAL_BEGIN);
        conv(m, 4, 3, 1, BL_PADDING_SAME, true);
        activation(m, act);
        conv(m, 4, 3, 1, BL_PADDING_SAME, false);
        plain(m, BL_LAYER_RESIDUAL_END);
        activation(m, act);
        plain(m, BL_LAYER_RESIDUAL_BEGIN);
        conv(m, 6, 3, 2, BL_PADDING_SAME, true);
        activation(m, act);
        conv(m, 6, 3, 1, BL_PADDING_SAME, false);
        shortcut(m, 6, 2, true);
        activation(m, act);
    }
    finish(m);
}

int main(void) {
    const double norms[] = {1.0, 1.5, 2.0, INFINITY};
    uint32_t index = 0;
    for (int which = 0; which < 3; which++)
        for (int act = 0; act < BL_ACTIVATION_COUNT; act++) {
            model m;
            make_model(&m, which, (bl_activation)act);
            double nearest = INFINITY;
            for (size_t k = 0; k < sizeof norms / sizeof *norms; k++) {
                const double radius = isinf(norms[k]) ? 0.02 : norms[k] == 1.0 ? 1.0 : 0.2;
                for (int small = 0; small < 3; small++) {
                    const double gap = smallest_gap(&m, norms[k], small == 1 ? 1e-9 * radius : radius,
                                                    index++, small == 2 ? 0.0 : INFINITY);
                    CHECK(gap >= 0.0);
                    nearest = fmin(nearest, gap);
                }
            }
            CHECK(nearest < 1e-6);
            model_free(&m);
        }
    return check_result();
}

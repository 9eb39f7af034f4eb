/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Mean and variance of the logarithm of the gradient's length in the limit of infinite width (bl_gp_law_gradient).
 */
#include "borderline/gp.h"

#include "gp_network.h"

#include "base/mem.h"
#include <math.h>

static const double euler = 0.57721566490153286061;
static const double pi = 3.14159265358979323846;

/* `scale` times the sum of `freedom` squared normals. */
typedef struct group {
    double scale, freedom;
} group;

/* Mean and variance of L = log of the sum of the groups: W = log E - L has the density
 * g(u) sum_i freedom_i t_i/(1 + 2 t_i), t_i = scale_i e^u, g(u) = prod_i (1 + 2 t_i)^(-freedom_i/2). It falls as e^u to the
 * left and, with one degree of freedom at the least, as e^(-u/2) to the right; its singularities are at a distance of pi from
 * the real line, so the trapezoidal rule errs by e^(-2 pi^2/STEP). */
static void log_sum(size_t groups, const group *g, double *mean, double *variance) {
    enum { LEFT = -160, RIGHT = 320 };
    const double STEP = 0.25;
    double total = 0.0, moment[3] = {0.0};
    for (size_t i = 0; i < groups; i++)
        total += g[i].scale * g[i].freedom;
    for (int k = LEFT; k <= RIGHT; k++) {
        const double v = STEP * k, t = exp(v) / total; /* u less -log total */
        double rate = 0.0, power = 0.0;
        for (size_t i = 0; i < groups; i++) {
            const double s = g[i].scale * t;
            power -= 0.5 * g[i].freedom * log1p(2.0 * s);
            rate += g[i].freedom * s / (1.0 + 2.0 * s);
        }
        const double weight = STEP * rate * exp(power);
        moment[0] += weight;
        moment[1] += weight * v;
        moment[2] += weight * v * v;
    }
    const double first = moment[1] / moment[0];
    *mean = log(total) - euler - first;
    *variance = moment[2] / moment[0] - first * first - pi * pi / 6.0;
}

static bl_err dense_groups(const bl_gp_law *law, const float *x, size_t *groups, group **out) {
    bl_err err = BL_OK;
    double square = 0.0;
    BL_ALLOC(*out, 2);
    for (size_t i = 0; i < law->n; i++)
        square += (double)x[i] * (double)x[i];
    const bl_gp_local local = bl_nngp_local(&law->model, law->n, square / (double)law->n);
    (*out)[0] = (group){2.0 * local.radial, 1.0};
    (*out)[1] = (group){2.0 * local.across, (double)law->n - 1.0};
    *groups = 2;
cleanup:
    return err;
}

/* Without pooling one group per pixel; with pooling the slopes are a matrix, and one group has the same trace and the same trace
 * of the square. */
static bl_err image_groups(const bl_gp_network *network, const float *x, size_t *groups, group **out) {
    bl_err err = BL_OK;
    const size_t pixels = network->field[0].height * network->field[0].width, channels = network->channels;
    const size_t offsets = bl_gp_offsets(network->field[0].band), middle = offsets / 2;
    double *slope = NULL, variance, trace = 0.0, squares = 0.0;
    group *g = NULL;
    BL_ALLOC(slope, pixels * offsets);
    BL_ALLOC(g, pixels);
    *out = g;
    BL_TRY(bl_gp_slopes(network, x, &variance, slope));
    for (size_t s = 0; s < pixels; s++) {
        g[s] = (group){2.0 * slope[s * offsets + middle], (double)channels};
        trace += 2.0 * slope[s * offsets + middle];
    }
    for (size_t k = 0; k < pixels * offsets; k++)
        squares += 4.0 * slope[k] * slope[k];
    *groups = offsets == 1 ? pixels : 1;
    if (offsets > 1)
        g[0] = (group){squares / trace, (double)channels * trace * trace / squares};
cleanup:
    bl_mem_free(slope);
    return err;
}

bl_err bl_gp_law_gradient(const bl_gp_law *law, const float *x, double *mean, double *variance) {
    bl_err err = BL_OK;
    group *g = NULL;
    size_t groups = 0;
    BL_TRY(law->network ? image_groups(law->network, x, &groups, &g) : dense_groups(law, x, &groups, &g));
    log_sum(groups, g, mean, variance);
    *mean *= 0.5;
    *variance *= 0.25;
cleanup:
    bl_mem_free(g);
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Second moments of h = phi(... phi(phi(G_0) + G_1) ... + G_m): a walk with Gaussian steps through the
 * activation, one pair of walks for a pair of inputs. One step has a closed form; several are integrated by
 * a rank-1 lattice rule (generating vector: embedded lattice rules of Cools, Kuo and Nuyens 2006), shifted,
 * folded so that the integrand is periodic (Hickernell 2002), and mapped to normals.
 */
#include "chain.h"

#include "base/isa.h"
#include "base/mem.h"
#include "base/stats.h"
#include "borderline/network.h"
#include <math.h>

enum { POINTS = BL_CHAIN_POINTS };

static const size_t generator[2 * BL_CHAIN_MAX] = {
    1,      182667, 469891, 498753, 110745, 446247, 250185, 118627, 245333, 283199, 408519,
    391023, 246327, 126539, 399185, 461527, 300343, 69681,  516695, 436179, 106383, 238523,
    413283, 70841,  47719,  300129, 113029, 123925, 410745, 211325, 17489,  511893};

static void fill_normals(size_t dimensions, double *normal) {
    const double golden = 0.61803398874989485;
    for (size_t d = 0; d < dimensions; d++) {
        double *row = normal + d * POINTS, square = 0.0;
        for (size_t i = 0; i < POINTS; i++) {
            double at = (double)(i * generator[d] % POINTS) / POINTS + 0.5 + (double)(d + 1) * golden;
            double folded = 1.0 - 2.0 * fabs(at - floor(at) - 0.5);
            row[i] = bl_stats_normal_quantile(fmin(fmax(folded, 1e-7), 1.0 - 1e-7));
            square += row[i] * row[i];
        }
        for (size_t i = 0; i < POINTS; i++) /* their mean square is 1 */
            row[i] /= sqrt(square / POINTS);
    }
}

BL_EACH_ISA(bl_err, bl_chain_create, (size_t longest, bl_chain *chain), (longest, chain)) {
    bl_err err = BL_OK;
    *chain = (bl_chain){.longest = longest};
    BL_ASSERT(longest <= BL_CHAIN_MAX);
    for (size_t length = 2; length <= longest; length++) {
        BL_ALLOC(chain->normal[length], 2 * length * POINTS);
        fill_normals(2 * length, chain->normal[length]);
    }
    BL_ALLOC(chain->path, 2 * longest * POINTS);
cleanup:
    return err;
}

BL_EACH_ISA_VOID(bl_chain_clear, (bl_chain * chain), (chain)) {
    for (size_t length = 0; length <= BL_CHAIN_MAX; length++)
        bl_mem_free(chain->normal[length]);
    bl_mem_free(chain->path);
    *chain = (bl_chain){0};
}

static bool two_slopes(const bl_gp_model *model) {
    return model->activation == BL_RELU || model->activation == BL_LEAKY_RELU;
}

static void activate(const bl_gp_model *model, double *h) {
    if (two_slopes(model)) {
        const double a = model->activation == BL_RELU ? 0.0 : model->negative_slope;
        for (size_t i = 0; i < POINTS; i++)
            h[i] = h[i] > 0.0 ? h[i] : a * h[i];
    } else {
        for (size_t i = 0; i < POINTS; i++)
            h[i] = bl_activation_value(model->activation, model->negative_slope, h[i]);
    }
}

static void slopes(const bl_gp_model *model, const double *h, double *slope) {
    if (two_slopes(model)) {
        const double a = model->activation == BL_RELU ? 0.0 : model->negative_slope;
        for (size_t i = 0; i < POINTS; i++)
            slope[i] = h[i] > 0.0 ? 1.0 : a;
    } else {
        for (size_t i = 0; i < POINTS; i++)
            slope[i] = bl_activation_derivative(model->activation, model->negative_slope, h[i]);
    }
}

static double mean_product(const double *a, const double *b) {
    double sum[8] = {0}; /* eight sums, so that the order is the same on any vector width */
    for (size_t i = 0; i < POINTS; i += 8)
        for (size_t k = 0; k < 8; k++)
            sum[k] += a[i + k] * b[i + k];
    return (((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]))) / POINTS;
}

/* One Gaussian step of both walks. */
static void add_link(const bl_chain_link *link, const double *z, double *h, double *g) {
    const double deviation = sqrt(link->first);
    const double along = deviation > 0.0 ? link->covariance / deviation : 0.0;
    const double across = sqrt(fmax(link->second - along * along, 0.0));
    const double *w = z + POINTS;
    for (size_t i = 0; i < POINTS; i++) {
        h[i] += deviation * z[i];
        g[i] += along * z[i] + across * w[i];
    }
}

/* Products of the slopes behind each link, from the last to the first. */
static void derivatives(const bl_chain *chain, size_t length, double *derivative) {
    for (size_t j = length; j-- > 0;) {
        double *h = chain->path + 2 * j * POINTS, *g = h + POINTS;
        if (j + 1 < length)
            for (size_t i = 0; i < 2 * (size_t)POINTS; i++)
                h[i] *= h[2 * (size_t)POINTS + i];
        derivative[j] = mean_product(h, g);
    }
}

/* The walks of more than one link; `moment` is that of the first. */
static double walk(const bl_chain *chain, const bl_gp_model *model, size_t length, const bl_chain_link *link,
                   double moment, double *derivative) {
    double h[POINTS] = {0}, g[POINTS] = {0};
    const double *normal = chain->normal[length];
    for (size_t j = 0; j < length; j++) {
        add_link(link + j, normal + 2 * j * POINTS, h, g);
        const double before = mean_product(h, g);
        if (derivative) {
            slopes(model, h, chain->path + 2 * j * POINTS);
            slopes(model, g, chain->path + (2 * j + 1) * POINTS);
        }
        activate(model, h);
        activate(model, g);
        if (j == 0)
            continue;
        /* the mean before the activation is known: the last moment plus this link's covariance */
        const double known = moment + link[j].covariance;
        moment = mean_product(h, g) + (two_slopes(model) ? known - before : 0.0);
    }
    if (derivative)
        derivatives(chain, length, derivative);
    return moment;
}

BL_EACH_ISA(double, bl_chain_moment,
            (const bl_chain *chain, const bl_gp_model *model, size_t length, const bl_chain_link *link,
             double *derivative),
            (chain, model, length, link, derivative)) {
    double moment, slope;
    bl_nngp_layer(model, link->first, link->second, link->covariance, &moment, &slope);
    if (length > 1)
        return walk(chain, model, length, link, moment, derivative);
    if (derivative)
        derivative[0] = slope;
    return moment;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dV/dk1 = E[phi''(u) phi(v)]/2 (Price 1958) in closed form.
 */
#include "nngp_variance_slope.h"

#include "tanh_nodes.h"
#include <math.h>

static const double pi = 3.14159265358979323846;

static double erf_variance_slope(double k1, double k2, double k) {
    double root = sqrt((1.0 + 2.0 * k1) * (1.0 + 2.0 * k2) - 4.0 * k * k);
    return -4.0 * k / (pi * root * (1.0 + 2.0 * k1));
}

static double tanh_variance_slope(double k1, double k2, double k) {
    double sum = 0.0;
    for (int i = 0; i < TANH_NODES; i++)
        for (int j = 0; j < TANH_NODES; j++) {
            double s1 = tanh_node[i].scale, s2 = tanh_node[j].scale;
            sum += tanh_node[i].weight * tanh_node[j].weight * s1 * s1 *
                   erf_variance_slope(s1 * s1 * k1, s2 * s2 * k2, s1 * s2 * k);
        }
    return sum;
}

static double gelu_variance_slope(double k1, double k2, double k) {
    double ends = (1.0 + k1) * (1.0 + k2), square = ends - k * k, root = sqrt(square), rise = 1.0 + k2;
    double a = (k * k + k1 * k2 * square) / (ends * root);
    double da = k2 * (square + k1 * rise) / (ends * root) - a * rise / ends - 0.5 * a * rise / square;
    return (da - 0.5 * k * k * rise / (root * ends)) / (2.0 * pi);
}

static double two_slope_variance_slope(double a, double k1, double k2, double k) {
    double mean = sqrt(k1 * k2), root = sqrt(fmax((mean - k) * (mean + k), 0.0));
    return k1 > 0.0 ? (a - 1.0) * (a - 1.0) / (4.0 * pi) * root / k1 : 0.0;
}

double bl_nngp_variance_slope(const bl_gp_model *model, double k1, double k2, double k) {
    switch (model->activation) {
    case BL_RELU:
        return two_slope_variance_slope(0.0, k1, k2, k);
    case BL_LEAKY_RELU:
        return two_slope_variance_slope(model->negative_slope, k1, k2, k);
    case BL_ERF:
        return erf_variance_slope(k1, k2, k);
    case BL_TANH:
        return tanh_variance_slope(k1, k2, k);
    case BL_GELU:
        return gelu_variance_slope(k1, k2, k);
    case BL_ACTIVATION_COUNT:
        break;
    }
    bl_err_bug(__FILE__, __LINE__, "the activation is known");
}

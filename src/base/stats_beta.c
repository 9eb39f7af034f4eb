/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Beta and Student distributions.
 */
#include "stats.h"

#include <math.h>

/* Continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22); converges fast for
 * x < (a + 1)/(a + b + 2). */
static double continued_fraction(double a, double b, double x) {
    const double tiny = 1e-300;
    double c = 1.0, d = 1.0 - (a + b) * x / (a + 1.0);
    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int k = 1; k < 100000; k++) {
        const double even = k * (b - k) * x / ((a + 2.0 * k - 1.0) * (a + 2.0 * k));
        const double odd = -(a + k) * (a + b + k) * x / ((a + 2.0 * k) * (a + 2.0 * k + 1.0));
        double change = 1.0;
        for (int half = 0; half < 2; half++) {
            const double term = half == 0 ? even : odd;
            d = 1.0 + term * d;
            d = 1.0 / (fabs(d) < tiny ? tiny : d);
            c = 1.0 + term / c;
            c = fabs(c) < tiny ? tiny : c;
            change *= c * d;
        }
        value *= change;
        if (fabs(change - 1.0) < 1e-15)
            break;
    }
    return value;
}

double bl_stats_beta_cdf(double a, double b, double x) {
    if (!(x > 0.0))
        return 0.0;
    if (x >= 1.0)
        return 1.0;
    const double factor = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1.0) / (a + b + 2.0))
        return factor * continued_fraction(a, b, x) / a;
    return 1.0 - factor * continued_fraction(b, a, 1.0 - x) / b;
}

double bl_stats_beta_quantile(double a, double b, double u) {
    double low = 0.0, high = 1.0;
    while (high - low > 1e-13 * high) {
        const double middle = 0.5 * (low + high);
        *(bl_stats_beta_cdf(a, b, middle) < u ? &low : &high) = middle;
    }
    return 0.5 * (low + high);
}

double bl_stats_student_quantile(double freedom, double u) {
    /* P(|T| > t) = I_x(freedom/2, 1/2), x = freedom/(freedom + t^2) */
    const double x = bl_stats_beta_quantile(0.5 * freedom, 0.5, 2.0 * fmin(u, 1.0 - u));
    return copysign(sqrt(freedom * (1.0 - x) / x), u - 0.5);
}

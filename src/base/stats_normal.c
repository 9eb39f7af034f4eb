/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The standard normal distribution function and its inverse.
 */
#include "stats.h"

#include <math.h>
#include <stddef.h>

enum { TERMS = 8 };

/* rational approximations of Wichura 1988, AS 241, PPND16: numerator and denominator, constant term first */
typedef struct rational {
    double above[TERMS], below[TERMS];
} rational;

static const rational centre = {
    {3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
     4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3},
    {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
     2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3}};
static const rational shoulder = {
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2,
     7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9}};
static const rational tail = {
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
     2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15}};

static double evaluate(const rational *r, double x) {
    double above = 0.0, below = 0.0;
    for (size_t k = TERMS; k-- > 0;) {
        above = above * x + r->above[k];
        below = below * x + r->below[k];
    }
    return above / below;
}

double bl_stats_normal_cdf(double x) {
    return 0.5 * erfc(-x * 0.70710678118654752440);
}

/* 0 < u <= 1/2 */
static double lower_quantile(double u) {
    double x;
    if (u >= 0.075) {
        double q = u - 0.5;
        x = q * evaluate(&centre, 0.180625 - q * q);
    } else {
        double r = sqrt(-log(u));
        x = r <= 5.0 ? -evaluate(&shoulder, r - 1.6) : -evaluate(&tail, r - 5.0);
    }
    if (u < 1e-300)
        return x; /* where the density is a denormal number, a Newton step would add more error than it removes */
    double density = 0.39894228040143267794 * exp(-0.5 * x * x);
    return x - (bl_stats_normal_cdf(x) - u) / density;
}

double bl_stats_normal_quantile(double u) {
    if (u == 0.0 || u == 1.0)
        return u == 0.0 ? -INFINITY : INFINITY;
    if (!(u > 0.0 && u < 1.0))
        return NAN;
    return u <= 0.5 ? lower_quantile(u) : -lower_quantile(1.0 - u);
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Linear relaxations of activations.
 */
#include "line.h"
#include "borderline/network.h"
#include "rounding.h"

#include <math.h>

enum { SLOPE_STEPS = 14, ROOT_STEPS = 44 };
static const double sqrt2 = 1.41421356237309504880, two_over_sqrt_pi = 1.12837916709551257390;

/* A smooth activation on [lo, hi]. */
typedef struct smooth {
    bl_activation activation;
    double lo, hi;
} smooth;

static double value(const smooth *f, double x) {
    return bl_activation_value(f->activation, 0.0, x);
}

static double derivative(const smooth *f, double x) {
    return bl_activation_derivative(f->activation, 0.0, x);
}

/* Where gelu'(x) = slope on a piece where gelu' is monotone. @return false where it does not take that value there */
static bool gelu_root(const smooth *f, double from, double to, double slope, double *x) {
    from = fmax(from, f->lo);
    to = fmin(to, f->hi);
    if (!(from < to))
        return false;
    const bool rising = derivative(f, to) > derivative(f, from);
    if ((derivative(f, from) > slope) == (derivative(f, to) > slope))
        return false;
    for (int k = 0; k < ROOT_STEPS; k++) {
        const double middle = 0.5 * (from + to);
        *((derivative(f, middle) > slope) == rising ? &to : &from) = middle;
    }
    *x = 0.5 * (from + to);
    return true;
}

/* Points where phi' = slope. @return their number, at most 3 */
static int critical_points(const smooth *f, double slope, double *x) {
    int count = 0;
    if (f->activation == BL_GELU) {
        const double ends[4] = {-INFINITY, -sqrt2, sqrt2, INFINITY};
        for (int k = 0; k < 3; k++)
            count += gelu_root(f, ends[k], ends[k + 1], slope, &x[count]);
        return count;
    }
    double root = NAN; /* tanh' = 1 - tanh^2; erf' = 2 / sqrt(pi) exp(-x^2) */
    if (f->activation == BL_TANH && slope > 0.0 && slope < 1.0)
        root = log((1.0 + sqrt(1.0 - slope)) / sqrt(slope));
    if (f->activation == BL_ERF && slope > 0.0 && slope < two_over_sqrt_pi)
        root = sqrt(-log(slope / two_over_sqrt_pi));
    for (int sign = -1; sign <= 1 && !isnan(root); sign += 2)
        if (sign * root > f->lo && sign * root < f->hi)
            x[count++] = sign * root;
    return count;
}

/* Offset of the lowest line of this slope above phi (side = 1), or the highest below (-1), and where they touch. */
static double touching(const smooth *f, double slope, int side, double *where) {
    double x[5] = {f->lo, f->hi}, best = -INFINITY;
    const int count = 2 + critical_points(f, slope, x + 2);
    for (int k = 0; k < count; k++) {
        const double y = value(f, x[k]), gap = side * (y - slope * x[k]);
        /* errors of the functions, and of a critical point, where they are of second order */
        const double charge = 16.0 * BL_ROUNDING * (fabs(y) + fabs(slope * x[k])) + 4.0 * BL_ROUNDING;
        if (gap + charge > best) {
            best = gap + charge;
            *where = x[k];
        }
    }
    return side * best;
}

/* 1: convex on the interval, -1: concave, 0: neither. */
static int curvature(const smooth *f) {
    if (f->activation == BL_GELU)
        return f->lo >= -sqrt2 && f->hi <= sqrt2 ? 1 : f->lo >= sqrt2 || f->hi <= -sqrt2 ? -1 : 0;
    return f->hi <= 0.0 ? 1 : f->lo >= 0.0 ? -1 : 0;
}

/* The line's height at the middle, slope m + offset(slope), is convex (concave for side = -1) in the slope: halving on the
 * side of the middle where line and phi touch. */
static bl_line envelope_line(const smooth *f, int side) {
    const double middle = 0.5 * (f->lo + f->hi), width = f->hi - f->lo;
    const int bend = side * curvature(f);
    double where = middle, slope;
    if (bend > 0)
        slope = width > 1e-6 ? (value(f, f->hi) - value(f, f->lo)) / width : derivative(f, middle);
    else if (bend < 0)
        slope = derivative(f, middle);
    else {
        double low = -0.13, high = 1.13;
        for (int k = 0; k < SLOPE_STEPS; k++) {
            slope = 0.5 * (low + high);
            (void)touching(f, slope, side, &where);
            *((where > middle) == (side > 0) ? &low : &high) = slope;
        }
        slope = 0.5 * (low + high);
    }
    return (bl_line){slope, touching(f, slope, side, &where)};
}

/* Two pieces, x and s x: convex for s < 1; a secant's offset must cover both ends. */
static void two_pieces(double s, double lo, double hi, bl_line *below, bl_line *above) {
    if (lo >= 0.0 || hi <= 0.0) {
        *below = *above = (bl_line){lo >= 0.0 ? 1.0 : s, 0.0};
        return;
    }
    const double at_lo = s * lo, slope = (hi - at_lo) / (hi - lo);
    const bl_line secant = {slope, fmax(hi - slope * hi, at_lo - slope * lo) +
                                       8.0 * BL_ROUNDING * (fabs(hi) + fabs(lo) * (fabs(s) + slope))};
    const bl_line piece = {hi >= -lo ? 1.0 : s, 0.0};
    *above = secant;
    *below = piece;
    if (s > 1.0) { /* concave */
        below->slope = slope;
        below->offset = fmin(hi - slope * hi, at_lo - slope * lo) -
                        8.0 * BL_ROUNDING * (fabs(hi) + fabs(lo) * (fabs(s) + slope));
        *above = piece;
    }
}

void bl_line_pair(bl_activation activation, double negative_slope, double lo, double hi, bl_line *below,
                  bl_line *above) {
    const smooth f = {activation, lo, hi};
    if (activation == BL_RELU || activation == BL_LEAKY_RELU) {
        two_pieces(activation == BL_RELU ? 0.0 : negative_slope, lo, hi, below, above);
        return;
    }
    *below = envelope_line(&f, -1);
    *above = envelope_line(&f, 1);
}

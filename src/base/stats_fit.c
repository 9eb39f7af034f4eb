/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Least squares: straight lines, and the published form of the median distance.
 */
#include "stats.h"

#include <math.h>

/* weight of a point; 0 for one that is left out */
static double point_weight(const double *x, const double *y, const double *weight, size_t i) {
    if (isnan(x[i]) || isnan(y[i]))
        return 0.0;
    return weight ? weight[i] : 1.0;
}

/* weighted sum over the points of (u - u0)(v - v0), u and v of x and y */
static double point_product(const double *x, const double *y, const double *weight, size_t count,
                            const double *u, double u0, const double *v, double v0) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double w = point_weight(x, y, weight, i);
        if (w > 0.0)
            sum += w * (u[i] - u0) * (v[i] - v0);
    }
    return sum;
}

bl_fit bl_stats_line(const double *x, const double *y, const double *weight, size_t count) {
    bl_fit fit = {NAN, NAN, NAN, NAN, 0};
    double total = 0, mean_x = 0, mean_y = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double w = point_weight(x, y, weight, i);
        if (w > 0.0) {
            fit.points++;
            total += w;
            mean_x += w * x[i];
            mean_y += w * y[i];
        }
    }
    mean_x /= total;
    mean_y /= total;
    double xx = point_product(x, y, weight, count, x, mean_x, x, mean_x);
    double xy = point_product(x, y, weight, count, x, mean_x, y, mean_y);
    /* of one x that is repeated only rounding is left */
    if (fit.points < 2 || !(xx > 1e-28 * total * mean_x * mean_x))
        return fit;
    fit.slope = xy / xx;
    fit.intercept = mean_y - fit.slope * mean_x;
    if (fit.points < 3)
        return fit;
    for (size_t i = 0; i < count; i++) {
        double w = point_weight(x, y, weight, i);
        double residual = w > 0.0 ? y[i] - mean_y - fit.slope * (x[i] - mean_x) : 0.0;
        squares += w * residual * residual;
    }
    double variance = squares / (double)(fit.points - 2);
    fit.slope_error = sqrt(variance / xx);
    fit.intercept_error = sqrt(variance * (1.0 / total + mean_x * mean_x / xx));
    return fit;
}

typedef struct power_law {
    const double *n, *y;
    size_t count;  /* of n and y, points with NaN are counted */
    size_t points; /* without them */
    double power, smallest, largest;
    double scale; /* of the last trial */
} power_law;

/* sum of squares of y - c (n - n0)^power at the best c, n0 = smallest - exp(log_gap); the basis is divided by
 * its value at the smallest n, which changes c alone */
static double power_law_squares(power_law *law, double log_gap) {
    double gap = exp(log_gap), basis_y = 0, basis_basis = 0, squares = 0;
    for (size_t i = 0; i < law->count; i++)
        if (point_weight(law->n, law->y, NULL, i) > 0.0) {
            double basis = pow((law->n[i] - law->smallest) / gap + 1.0, law->power);
            basis_y += basis * law->y[i];
            basis_basis += basis * basis;
        }
    double scale = basis_y / basis_basis;
    for (size_t i = 0; i < law->count; i++)
        if (point_weight(law->n, law->y, NULL, i) > 0.0) {
            double residual = law->y[i] - scale * pow((law->n[i] - law->smallest) / gap + 1.0, law->power);
            squares += residual * residual;
        }
    law->scale = scale * pow(gap, -law->power);
    return squares;
}

/* golden-section search for the minimum between two places */
static double power_law_minimum(power_law *law, double from, double to) {
    const double golden = 0.61803398874989485;
    double a = to - golden * (to - from), b = from + golden * (to - from);
    double at_a = power_law_squares(law, a), at_b = power_law_squares(law, b);
    while (to - from > 1e-12 * (1.0 + fabs(from))) {
        if (at_a < at_b) {
            to = b;
            b = a;
            at_b = at_a;
            a = to - golden * (to - from);
            at_a = power_law_squares(law, a);
        } else {
            from = a;
            a = b;
            at_a = at_b;
            b = from + golden * (to - from);
            at_b = power_law_squares(law, b);
        }
        if (b <= a)
            break;
    }
    return (from + to) / 2;
}

static bl_paper_fit power_law_search(power_law *law) {
    enum { STEPS = 240 };
    /* n0 from a millionth of the spread below the smallest n to a million spreads below */
    const double spread = law->largest - law->smallest;
    const double first = log(1e-6 * spread), last = log(1e6 * spread), step = (last - first) / STEPS;
    double best = INFINITY;
    int best_step = 0;
    for (int k = 0; k <= STEPS; k++) {
        double squares = power_law_squares(law, first + k * step);
        if (squares < best) {
            best = squares;
            best_step = k;
        }
    }
    bl_paper_fit fit = {NAN, NAN, NAN, law->points};
    if (best_step == 0 || best_step == STEPS)
        return fit;
    double log_gap = power_law_minimum(law, first + (best_step - 1) * step, first + (best_step + 1) * step);
    double squares = power_law_squares(law, log_gap);
    fit.scale = law->scale;
    fit.offset = law->smallest - exp(log_gap);
    fit.residual = sqrt(squares / (double)law->points);
    return fit;
}

bl_paper_fit bl_stats_paper_fit(const double *n, const double *y, size_t count, double power) {
    power_law law = {n, y, count, 0, power, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < count; i++)
        if (point_weight(n, y, NULL, i) > 0.0) {
            law.points++;
            law.smallest = fmin(law.smallest, n[i]);
            law.largest = fmax(law.largest, n[i]);
        }
    if (power == 0.0 && law.points > 0) {
        double squares = power_law_squares(&law, 0.0);
        return (bl_paper_fit){law.scale, NAN, sqrt(squares / (double)law.points), law.points};
    }
    if (law.points < 2 || !(law.largest > law.smallest))
        return (bl_paper_fit){NAN, NAN, NAN, law.points};
    return power_law_search(&law);
}

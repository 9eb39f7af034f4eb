/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Nearest point of several half-spaces: Newton's method on the dual, a handful of multipliers.
 */
#include "nearest.h"
#include "base/isa.h"
#include "lanes.h"
#include "linear_step.h"
#include "simplex.h"

#include <float.h>
#include <math.h>

enum { ITERATIONS = 40, LINE_STEPS = 30 };

/* One solution's constants; lengths in units of problem->scale. */
typedef struct dual {
    const bl_nearest_problem *q;
    bl_nearest_work *work;
    float power; /* 1/(p-1) */
    float inverse_scale;
    double tolerance;
} dual;

/* How far a coordinate moves against v where nothing holds it, in units of scale. */
static inline float moved(bool two, float power, float v) {
    float a = fabsf(v);
    if (two)
        return a;
    return a > 1e-30F ? lane_exp2(power * lane_log2(a)) : 0.0F;
}

static inline float room_against(const dual *d, float v, size_t i) {
    return (v < 0.0F ? d->q->hi[i] : -d->q->lo[i]) * d->inverse_scale;
}

static inline void respond_with(const dual *d, bool two, float *h) {
    const float *v = d->work->v, power = d->power;
    float *slope = d->work->slope;
    for (size_t i = 0; i < d->q->n; i++) {
        float u = room_against(d, v[i], i), t = moved(two, power, v[i]), a = fabsf(v[i]);
        float s = two ? 1.0F : a > 1e-30F ? power * t / a : 0.0F;
        slope[i] = t < u ? s : 0.0F;
        h[i] = -copysignf(t < u ? t : u, v[i]);
    }
}

/* h at the present v, and d|h|/d|v| where a coordinate is free, else 0. */
static void respond(const dual *d, float *h) {
    if (d->q->p == 2.0)
        respond_with(d, true, h);
    else
        respond_with(d, false, h);
}

static inline double directional_with(const dual *d, bool two, float t) {
    const float *v = d->work->v, *w = d->work->w, power = d->power;
    float sum[LANES] = {0};
    LANE_SWEEP(d->q->n, float x = v[i] + t * w[i]; float m = moved(two, power, x);
               float u = room_against(d, x, i); sum[j] -= copysignf(m < u ? m : u, x) * w[i];);
    return lane_sum(sum);
}

/* sum h_i(v + t w) w_i: the dual's slope along w, less the linear part */
static double directional(const dual *d, double t) {
    return d->q->p == 2.0 ? directional_with(d, true, (float)t) : directional_with(d, false, (float)t);
}

static void combine(const bl_nearest_problem *q, const double *weight, float *v) {
    memset(v, 0, q->n * sizeof *v);
    for (size_t j = 0; j < q->count; j++) {
        const float m = (float)weight[j], *g = q->normal[j];
        if (m != 0.0F)
            for (size_t i = 0; i < q->n; i++)
                v[i] += m * g[i];
    }
}

/* Second derivative of the dual (its negative), [count][count], for the planes that can move. */
static void curvature(const dual *d, const bool *moves, double *matrix) {
    const bl_nearest_problem *q = d->q;
    const float *slope = d->work->slope;
    memset(matrix, 0, q->count * q->count * sizeof *matrix);
    for (size_t a = 0; a < q->count; a++) {
        if (!moves[a])
            continue;
        const float *g = q->normal[a];
        float *weighted = d->work->weighted;
        for (size_t i = 0; i < q->n; i++)
            weighted[i] = slope[i] * g[i];
        for (size_t b = 0; b <= a; b++)
            if (moves[b])
                matrix[a * q->count + b] = matrix[b * q->count + a] = lane_dot(q->n, weighted, q->normal[b]);
    }
}

/* Solve (matrix + ridge) x = b on a subset by Cholesky; the other entries of x are 0. */
static void solve_subset(size_t k, const double *matrix, double ridge, const double *b, const bool *in,
                         double *x) {
    double l[BL_NEAREST_PLANES][BL_NEAREST_PLANES], y[BL_NEAREST_PLANES];
    size_t index[BL_NEAREST_PLANES], m = 0;
    for (size_t a = 0; a < k; a++) {
        x[a] = 0.0;
        if (in[a])
            index[m++] = a;
    }
    for (size_t a = 0; a < m; a++) {
        for (size_t c = 0; c <= a; c++) {
            double sum = matrix[index[a] * k + index[c]] + (a == c ? ridge : 0.0);
            for (size_t e = 0; e < c; e++)
                sum -= l[a][e] * l[c][e];
            l[a][c] = a == c ? sqrt(fmax(sum, ridge)) : sum / l[c][c];
        }
        y[a] = b[index[a]];
        for (size_t c = 0; c < a; c++)
            y[a] -= l[a][c] * y[c];
        y[a] /= l[a][a];
    }
    for (size_t a = m; a-- > 0;) {
        for (size_t c = a + 1; c < m; c++)
            y[a] -= l[c][a] * y[c];
        y[a] /= l[a][a];
        x[index[a]] = y[a];
    }
}

/* max <b, z> - z' M z / 2 subject to z >= 0, from a feasible z, by Lawson and Hanson's active set. */
static void maximise(size_t k, const double *matrix, double ridge, const double *b, double *z) {
    bool in[BL_NEAREST_PLANES];
    double x[BL_NEAREST_PLANES], size = 0.0;
    for (size_t a = 0; a < k; a++) {
        in[a] = z[a] > 0.0;
        size = fmax(size, fabs(b[a]));
    }
    for (size_t change = 0; change < (size_t)3 * BL_NEAREST_PLANES; change++) {
        for (;;) { /* to the maximum of the subset, leaving it where an entry reaches zero first */
            double t = 1.0;
            size_t first = k;
            solve_subset(k, matrix, ridge, b, in, x);
            for (size_t a = 0; a < k; a++)
                if (in[a] && x[a] <= 0.0 && z[a] / (z[a] - x[a]) <= t) {
                    t = z[a] / (z[a] - x[a]);
                    first = a;
                }
            for (size_t a = 0; a < k; a++)
                z[a] = in[a] ? z[a] + t * (x[a] - z[a]) : 0.0;
            if (first == k)
                break;
            in[first] = false;
            z[first] = 0.0;
        }
        size_t enter = k;
        double largest = 1e-9 * size;
        for (size_t a = 0; a < k; a++) {
            double slope = b[a];
            for (size_t c = 0; c < k; c++)
                slope -= matrix[a * k + c] * z[c];
            if (!in[a] && slope > largest) {
                largest = slope;
                enter = a;
            }
        }
        if (enter == k)
            return;
        in[enter] = true;
    }
}

/* Newton's direction for multipliers that stay >= 0. */
static void newton_direction(const dual *d, const double *multiplier, const double *residual,
                             double *direction) {
    size_t k = d->q->count;
    double matrix[BL_NEAREST_PLANES * BL_NEAREST_PLANES], b[BL_NEAREST_PLANES], trace = 0.0;
    bool moves[BL_NEAREST_PLANES];
    for (size_t a = 0; a < k; a++)
        moves[a] = multiplier[a] > 0.0 || residual[a] > 0.0;
    curvature(d, moves, matrix);
    for (size_t a = 0; a < k; a++)
        trace += matrix[a * k + a];
    double ridge = 1e-9 * trace + 1e-30;
    for (size_t a = 0; a < k; a++) {
        direction[a] = multiplier[a];
        b[a] = moves[a] ? residual[a] + ridge * multiplier[a] : 0.0;
        for (size_t c = 0; c < k; c++)
            b[a] += matrix[a * k + c] * multiplier[c];
    }
    maximise(k, matrix, ridge, b, direction);
    for (size_t a = 0; a < k; a++)
        direction[a] -= multiplier[a];
}

/* Step along the direction: 1, or where the dual's slope has fallen to a tenth, not past a bound. */
static double line_search(const dual *d, const double *multiplier, const double *direction, double slope) {
    double limit = INFINITY, constant = 0.0;
    for (size_t a = 0; a < d->q->count; a++) {
        if (direction[a] < 0.0)
            limit = fmin(limit, multiplier[a] / -direction[a]);
        constant += direction[a] * d->q->offset[a] * (double)d->inverse_scale;
    }
    limit = fmax(limit, 1.0);
    double t = 1.0, near = 0.0, near_slope = slope;
    double now = directional(d, t) - constant;
    for (int k = 0; now > 0.1 * slope && t < limit && t < 1e12 && k < LINE_STEPS; k++) {
        near = t;
        near_slope = now;
        t = fmin(4.0 * t, limit);
        now = directional(d, t) - constant;
    }
    double far = t, far_slope = now;
    for (int k = 0; far_slope < -0.1 * slope && k < LINE_STEPS; k++) {
        double width = far - near;
        t = near + width * near_slope / (near_slope - far_slope);
        t = fmin(fmax(t, near + 0.05 * width), far - 0.05 * width);
        now = directional(d, t) - constant;
        if (fabs(now) <= 0.1 * slope)
            break;
        *(now > 0.0 ? &near : &far) = t;
        *(now > 0.0 ? &near_slope : &far_slope) = now;
    }
    return t;
}

static dual dual_of(const bl_nearest_problem *q, bl_nearest_work *work) {
    dual d = {.q = q, .work = work, .inverse_scale = (float)(1.0 / q->scale)};
    d.power = (float)(1.0 / (q->p - 1.0));
    for (size_t j = 0; j < q->count; j++)
        d.tolerance = fmax(d.tolerance, fabs(q->offset[j]));
    d.tolerance *= 3e-6 * (double)d.inverse_scale;
    return d;
}

/* residual[j] = <g_j, h> - c_j in units of scale; the largest violation, an equality where the multiplier is positive */
static double residuals(const dual *d, const double *multiplier, const float *h, double *residual) {
    double worst = 0.0;
    for (size_t a = 0; a < d->q->count; a++) {
        residual[a] = lane_dot(d->q->n, d->q->normal[a], h) - d->q->offset[a] * (double)d->inverse_scale;
        worst = fmax(worst, multiplier[a] > 0.0 ? fabs(residual[a]) : residual[a]);
    }
    return worst;
}

/* The multiplier that makes the linear step h of plane a the response. */
static double multiplier_of_step(const dual *d, size_t a, const float *h) {
    const bl_nearest_problem *q = d->q;
    double weight = 0.0;
    for (size_t i = 0; i < q->n; i++) {
        float t = fabsf(h[i]) * d->inverse_scale;
        if (t > 0.0F)
            weight = fmax(weight, (q->p == 2.0 ? (double)t : pow((double)t, q->p - 1.0)) /
                                      fabs((double)q->normal[a][i]));
    }
    return weight;
}

/* The plane to start with: among those that do not admit h = 0 the one with the largest multiplier in the last solution, the newest
 * of several equal ones. @return count where all admit it */
static size_t first_plane(const bl_nearest_problem *q, const double *multiplier) {
    size_t first = q->count;
    double largest = 0.0;
    for (size_t a = 0; a < q->count; a++)
        if (q->offset[a] < 0.0 && multiplier[a] >= largest) {
            largest = multiplier[a];
            first = a;
        }
    return first;
}

/* Multipliers to start from: those of the last solution, or of the linear step to one plane.
 * @return false when that plane is out of reach */
static bool start(const dual *d, double *multiplier, float *h) {
    const bl_nearest_problem *q = d->q;
    size_t first = first_plane(q, multiplier);
    double length;
    if (first == q->count || (multiplier[first] > 0.0 && q->count > 1))
        return true;
    if (!bl_linear_step_within(q->p, q->n, q->lo, q->hi, q->normal[first], q->offset[first], d->work->v, h,
                               &length))
        return false;
    multiplier[first] = multiplier_of_step(d, first, h);
    return true;
}

BL_EACH_ISA(bool, bl_nearest_point,
            (const bl_nearest_problem *q, bl_nearest_work *work, double *multiplier, float *h),
            (q, work, multiplier, h)) {
    if (q->p == 1.0 || isinf(q->p))
        return bl_simplex_nearest(q, work, first_plane(q, multiplier), multiplier, h);
    dual d = dual_of(q, work);
    double residual[BL_NEAREST_PLANES] = {0}, direction[BL_NEAREST_PLANES] = {0};
    bool found = false;
    if (!start(&d, multiplier, h))
        return false;
    if (q->count == 1 && q->offset[0] < 0.0)
        return true;
    for (int iteration = 0; iteration < ITERATIONS && !found; iteration++) {
        combine(q, multiplier, work->v);
        respond(&d, h);
        double worst = residuals(&d, multiplier, h, residual), slope = 0.0;
        found = worst <= d.tolerance;
        if (found)
            break;
        newton_direction(&d, multiplier, residual, direction);
        for (size_t a = 0; a < q->count; a++)
            slope += direction[a] * residual[a];
        if (!(slope > 0.0) || !isfinite(slope))
            break;
        combine(q, direction, work->w);
        double t = line_search(&d, multiplier, direction, slope);
        for (size_t a = 0; a < q->count; a++) {
            double next = multiplier[a] + t * direction[a];
            multiplier[a] = next > 1e-12 * fabs(multiplier[a]) ? next : 0.0;
        }
    }
    for (size_t i = 0; i < q->n; i++)
        h[i] *= (float)q->scale;
    return found;
}

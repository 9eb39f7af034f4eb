/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Nearest point of several half-spaces: Newton's method on the dual, a handful of multipliers.
 */
#include "nearest.h"
#include "lanes.h"
#include "linear_step.h"
#include "simplex.h"

#include <float.h>
#include <math.h>

enum { ITERATIONS = 40, LINE_STEPS = 30, RADIUS_STEPS = 60 };

typedef enum kind { KIND_ONE, KIND_TWO, KIND_POWER, KIND_MAX } kind;

/* One solution's constants and state; lengths in units of problem->scale. */
typedef struct dual {
    const bl_nearest_problem *q;
    bl_nearest_work *work;
    kind kind;
    float inverse_eps, power; /* 1/eps (one, max); 1/(p-1) (power) */
    float inverse_scale;
    float radius; /* max: largest |h_i| / scale for the present v */
    double tolerance;
} dual;

/* How far coordinate i moves against v, in units of scale; u is its room. */
static inline float moved(kind k, float inverse_eps, float power, float radius, float v, float u) {
    float a = fabsf(v), t = a;
    if (k == KIND_ONE)
        t = a > 1.0F ? (a - 1.0F) * inverse_eps : 0.0F;
    else if (k == KIND_POWER)
        t = a > 1e-30F ? lane_exp2(power * lane_log2(a)) : 0.0F;
    else if (k == KIND_MAX)
        t = a * inverse_eps < radius ? a * inverse_eps : radius;
    return t < u ? t : u;
}

/* d moved / d|v| where the coordinate is free, else 0 */
static inline float free_slope(kind k, float inverse_eps, float power, float radius, float v, float u) {
    float a = fabsf(v), t = moved(k, inverse_eps, power, radius, v, INFINITY);
    float slope = 1.0F;
    if (k == KIND_ONE)
        slope = a > 1.0F ? inverse_eps : 0.0F;
    else if (k == KIND_POWER)
        slope = a > 1e-30F ? power * t / a : 0.0F;
    else if (k == KIND_MAX)
        slope = a * inverse_eps < radius ? inverse_eps : 0.0F;
    return t < u ? slope : 0.0F;
}

static inline float room_against(const dual *d, float v, size_t i) {
    return (v < 0.0F ? d->q->hi[i] : -d->q->lo[i]) * d->inverse_scale;
}

/* Run a statement with K a constant of the compiler. */
#define FOR_KIND(k, ...)                                                                                     \
    do {                                                                                                     \
        switch (k) {                                                                                         \
        case KIND_ONE: {                                                                                     \
            enum { K = KIND_ONE };                                                                           \
            __VA_ARGS__                                                                                      \
        } break;                                                                                             \
        case KIND_TWO: {                                                                                     \
            enum { K = KIND_TWO };                                                                           \
            __VA_ARGS__                                                                                      \
        } break;                                                                                             \
        case KIND_POWER: {                                                                                   \
            enum { K = KIND_POWER };                                                                         \
            __VA_ARGS__                                                                                      \
        } break;                                                                                             \
        default: {                                                                                           \
            enum { K = KIND_MAX };                                                                           \
            __VA_ARGS__                                                                                      \
        } break;                                                                                             \
        }                                                                                                    \
    } while (0)

/* v + t w, t = 0 and w = NULL allowed */
static inline float along(const float *v, const float *w, float t, size_t i) {
    return w ? v[i] + t * w[i] : v[i];
}

/* sum over u > r of (|v| - eps r)+, and how many take part */
static double radius_excess(const dual *d, const float *w, float t, float r, double *number) {
    const float *v = d->work->v;
    const float floor = r / d->inverse_eps;
    float sum[LANES] = {0}, count[LANES] = {0};
    LANE_SWEEP(d->q->n, float x = along(v, w, t, i); float a = fabsf(x);
               bool in = room_against(d, x, i) > r && a > floor; sum[j] += in ? a - floor : 0.0F;
               count[j] += in ? 1.0F : 0.0F;);
    *number = lane_sum(count);
    return lane_sum(sum);
}

/* p = inf: the radius r(v), where the excess passes 1. The excess falls with r and jumps down where a
 * coordinate's room ends, so Newton's step is kept between brackets. */
static float radius_of(const dual *d, const float *w, float t) {
    double lo = 0.0, hi = INFINITY, number, excess = radius_excess(d, w, t, 0.0F, &number);
    if (excess <= 1.0)
        return 0.0F;
    double r = 0.0;
    for (int k = 0; k < RADIUS_STEPS; k++) {
        double next = number > 0.0 ? r + (excess - 1.0) / number * (double)d->inverse_eps : (lo + hi) / 2.0;
        if (!(next > lo && next < hi))
            next = isinf(hi) ? 2.0 * r : (lo + hi) / 2.0;
        if (!(fabs(next - r) > 1e-6 * r) || !((float)next < 1e30F))
            break;
        r = next;
        excess = radius_excess(d, w, t, (float)r, &number);
        if (excess > 1.0)
            lo = r;
        else
            hi = r;
        if (fabs(excess - 1.0) < 1e-6)
            break;
    }
    return (float)r;
}

/* h (in units of scale) and the slopes at the present v. */
static void respond(dual *d, float *h) {
    const float *v = d->work->v;
    float *slope = d->work->slope;
    if (d->kind == KIND_MAX)
        d->radius = radius_of(d, NULL, 0.0F);
    const float e = d->inverse_eps, s = d->power, r = d->radius;
    FOR_KIND(
        d->kind, for (size_t i = 0; i < d->q->n; i++) {
            float u = room_against(d, v[i], i);
            h[i] = -copysignf(moved((kind)K, e, s, r, v[i], u), v[i]);
            slope[i] = free_slope((kind)K, e, s, r, v[i], u);
        });
}

/* d/dt of the dual at v + t w, less the linear part: sum h_i(v + t w) w_i, in units of scale */
static double directional(const dual *d, float t) {
    const float *v = d->work->v, *w = d->work->w;
    const float e = d->inverse_eps, s = d->power, r = d->kind == KIND_MAX ? radius_of(d, w, t) : 0.0F;
    float sum[LANES] = {0};
    FOR_KIND(d->kind, LANE_SWEEP(d->q->n, float x = v[i] + t * w[i];
                                 float m = moved((kind)K, e, s, r, x, room_against(d, x, i));
                                 sum[j] -= copysignf(m, x) * w[i];););
    return lane_sum(sum);
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

/* Second derivative of the dual (its negative), [count][count]. */
static void curvature(const dual *d, double *matrix) {
    const bl_nearest_problem *q = d->q;
    bl_nearest_work *work = d->work;
    size_t k = q->count, m = 0;
    /* the free coordinates' columns, each times the root of its slope, side by side */
    size_t number = 0;
    for (size_t i = 0; i < q->n; i++)
        number += work->slope[i] > 0.0F;
    double radial[BL_NEAREST_PLANES] = {0}, at_radius = 0.0;
    for (size_t i = 0; i < q->n; i++) {
        float v = work->v[i];
        if (work->slope[i] > 0.0F) {
            float root = sqrtf(work->slope[i]);
            for (size_t a = 0; a < k; a++)
                work->compact[a * number + m] = root * q->normal[a][i];
            m++;
        } else if (d->kind == KIND_MAX && room_against(d, v, i) > d->radius) {
            at_radius += 1.0;
            for (size_t a = 0; a < k; a++)
                radial[a] +=
                    (double)copysignf(q->normal[a][i], v < 0.0F ? -q->normal[a][i] : q->normal[a][i]);
        }
    }
    for (size_t a = 0; a < k; a++)
        for (size_t b = 0; b <= a; b++) {
            double sum = lane_dot(m, work->compact + a * number, work->compact + b * number);
            if (at_radius > 0.0)
                sum += radial[a] * radial[b] * (double)d->inverse_eps / at_radius;
            matrix[a * k + b] = matrix[b * k + a] = sum;
        }
}

/* Solve the free part of (matrix + ridge) x = b by Cholesky; entries that are not free give x = fixed. */
static void solve_free(size_t k, const double *matrix, const double *b, const bool *free, const double *fixed,
                       double *x) {
    double l[BL_NEAREST_PLANES][BL_NEAREST_PLANES], y[BL_NEAREST_PLANES];
    size_t index[BL_NEAREST_PLANES], m = 0;
    double trace = 0.0;
    for (size_t a = 0; a < k; a++) {
        x[a] = fixed[a];
        trace += matrix[a * k + a];
        if (free[a])
            index[m++] = a;
    }
    double ridge = trace * 1e-9 + 1e-30;
    for (size_t a = 0; a < m; a++) {
        double rest = b[index[a]];
        for (size_t c = 0; c < k; c++)
            if (!free[c])
                rest -= matrix[index[a] * k + c] * fixed[c];
        for (size_t c = 0; c <= a; c++) {
            double sum = matrix[index[a] * k + index[c]] + (a == c ? ridge : 0.0);
            for (size_t e = 0; e < c; e++)
                sum -= l[a][e] * l[c][e];
            l[a][c] = a == c ? sqrt(fmax(sum, ridge)) : sum / l[c][c];
        }
        for (size_t c = 0; c < a; c++)
            rest -= l[a][c] * y[c];
        y[a] = rest / l[a][a];
    }
    for (size_t a = m; a-- > 0;) {
        for (size_t c = a + 1; c < m; c++)
            y[a] -= l[c][a] * y[c];
        y[a] /= l[a][a];
        x[index[a]] = y[a];
    }
}

/* Newton's direction for multipliers that stay >= 0: those it would push below are sent to 0 and the rest
 * solved again. */
static void newton_direction(const dual *d, const double *multiplier, const double *residual,
                             double *direction) {
    size_t k = d->q->count;
    double matrix[BL_NEAREST_PLANES * BL_NEAREST_PLANES], fixed[BL_NEAREST_PLANES];
    bool free[BL_NEAREST_PLANES];
    curvature(d, matrix);
    for (size_t a = 0; a < k; a++) {
        free[a] = multiplier[a] > 0.0 || residual[a] > 0.0;
        fixed[a] = 0.0;
    }
    for (bool changed = true; changed;) {
        changed = false;
        solve_free(k, matrix, residual, free, fixed, direction);
        for (size_t a = 0; a < k; a++)
            if (free[a] && multiplier[a] + direction[a] < 0.0) {
                free[a] = false;
                fixed[a] = -multiplier[a];
                changed = true;
            }
    }
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
    double now = directional(d, (float)t) - constant;
    for (int k = 0; now > 0.1 * slope && t < limit && t < 1e12 && k < LINE_STEPS; k++) {
        near = t;
        near_slope = now;
        t = fmin(4.0 * t, limit);
        now = directional(d, (float)t) - constant;
    }
    double far = t, far_slope = now;
    for (int k = 0; far_slope < -0.1 * slope && k < LINE_STEPS; k++) {
        double width = far - near;
        t = near + width * near_slope / (near_slope - far_slope);
        t = fmin(fmax(t, near + 0.05 * width), far - 0.05 * width);
        now = directional(d, (float)t) - constant;
        if (fabs(now) <= 0.1 * slope)
            break;
        *(now > 0.0 ? &near : &far) = t;
        *(now > 0.0 ? &near_slope : &far_slope) = now;
    }
    return t;
}

static dual dual_of(const bl_nearest_problem *q, bl_nearest_work *work) {
    dual d = {.q = q, .work = work, .inverse_scale = (float)(1.0 / q->scale)};
    d.kind = q->p == 1.0 ? KIND_ONE : q->p == 2.0 ? KIND_TWO : isinf(q->p) ? KIND_MAX : KIND_POWER;
    d.inverse_eps = d.kind == KIND_MAX ? 3e2F * (float)q->n : 4e2F;
    d.power = d.kind == KIND_POWER ? (float)(1.0 / (q->p - 1.0)) : 1.0F;
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

/* Newton's step in h instead of the multipliers: exact where float32 multipliers divided by eps are not. */
static void refine(const dual *d, float *h) {
    const bl_nearest_work *work = d->work;
    double shift = 0.0, number = 0.0;
    if (d->kind == KIND_MAX) {
        for (size_t i = 0; i < d->q->n; i++)
            if (!(work->slope[i] > 0.0F) && room_against(d, work->v[i], i) > d->radius) {
                shift += (double)copysignf(1.0F, work->v[i]) * (double)work->w[i];
                number += 1.0;
            }
        shift *= number > 0.0 ? (double)d->inverse_eps / number : 0.0;
    }
    for (size_t i = 0; i < d->q->n; i++) {
        float step = work->slope[i] * work->w[i];
        if (d->kind == KIND_MAX && !(work->slope[i] > 0.0F) && room_against(d, work->v[i], i) > d->radius)
            step = work->v[i] < 0.0F ? -(float)shift : (float)shift;
        float y = h[i] - step;
        y = fminf(y, d->q->hi[i] * d->inverse_scale);
        h[i] = fmaxf(y, d->q->lo[i] * d->inverse_scale);
    }
}

/* The multiplier that makes the linear step h of plane a the response. */
static double multiplier_of_step(const dual *d, size_t a, const float *h) {
    const bl_nearest_problem *q = d->q;
    double weight = 0.0, open = 0.0;
    float radius = (float)bl_float_norm(INFINITY, q->n, h);
    for (size_t i = 0; i < q->n; i++) {
        float g = q->normal[a][i], t = fabsf(h[i]);
        if (d->kind == KIND_MAX) {
            open += t >= radius ? (double)fabsf(g) : 0.0;
        } else if (t > 0.0F) {
            double power = d->kind == KIND_POWER ? q->p - 1.0 : d->kind == KIND_TWO ? 1.0 : 0.0;
            weight = fmax(weight, pow((double)(t * d->inverse_scale), power) / (double)fabsf(g));
        }
    }
    if (d->kind == KIND_MAX)
        return open > 0.0 ? 1.001 / open : 0.0;
    return d->kind == KIND_ONE ? 1.001 * weight : weight;
}

/* A first multiplier: of the plane whose linear step is longest. @return false when a plane is out of reach */
static bool single_plane(const dual *d, double *multiplier, float *h) {
    const bl_nearest_problem *q = d->q;
    double longest = 0.0;
    for (size_t a = 0; a < q->count; a++) {
        double length;
        if (!(q->offset[a] < 0.0))
            continue;
        if (!bl_linear_step_within(q->p, q->n, q->lo, q->hi, q->normal[a], q->offset[a], d->work->v, h,
                                   &length))
            return false;
        if (!(length > longest))
            continue;
        longest = length;
        memset(multiplier, 0, q->count * sizeof *multiplier);
        multiplier[a] = multiplier_of_step(d, a, h);
    }
    return true;
}

bool bl_nearest_point(const bl_nearest_problem *q, bl_nearest_work *work, double *multiplier, float *h) {
    if (q->p == 1.0 || isinf(q->p))
        return bl_simplex_nearest(q, work, h);
    dual d = dual_of(q, work);
    double residual[BL_NEAREST_PLANES], direction[BL_NEAREST_PLANES], sum = 0.0;
    for (size_t a = 0; a < q->count; a++)
        sum += multiplier[a];
    if (!(sum > 0.0) && !single_plane(&d, multiplier, h))
        return false;
    if (q->count == 1)
        return single_plane(&d, multiplier, h);
    bool found = false;
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
        if (worst < 3e3 * d.tolerance) {
            double refined[BL_NEAREST_PLANES];
            refine(&d, h);
            found = residuals(&d, multiplier, h, refined) <= d.tolerance;
            if (found)
                break;
        }
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

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The linear step: nearest point of a plane in l^p, within a box.
 *
 * With a = |g|, room u and b = a^(1/(p-1)) (b = 1 for p = inf) the step is t_i = min(s b_i, u_i), and
 * sum a_i t_i = |c| is concave and piecewise linear in s: Newton's iteration from the step without a box
 * rises to the root and ends on it exactly, in two to six sweeps. For p = 1 and 0 coordinates are filled in
 * decreasing order of a key: the first few by a tournament over blocks, the rest, where many are needed, by
 * weighted selection. Sums run over 16 fixed lanes, so that they vectorise and have the same bits at every
 * vector width.
 */
#include "linear_step.h"
#include "base/isa.h"
#include "borderline/boundary.h"
#include "lanes.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, BLOCKS_MAX = 256, SWEEPS = 400 };

/* The plane with its scale taken out: a = |g| 2^-exponent lies in [0, 1], the target |c| likewise. */
typedef struct plane {
    size_t n;
    const float *g;
    float scale[2]; /* their product is 2^-exponent (one factor alone may not be representable) */
    double target;  /* |c| 2^-exponent */
    float sign;     /* of c */
} plane;

/* Entries that are not finite count as zero, and so do those under 1e-38 of the largest. */
static inline float coefficient(const plane *q, size_t i) {
    float a = fabsf(q->g[i]) * q->scale[0] * q->scale[1];
    return a >= FLT_MIN && a <= 2.0F ? a : 0.0F;
}

/* @return false when every coefficient is zero */
static bool plane_prepare(plane *q, size_t n, const float *g, double c) {
    float lane[LANES] = {0};
    LANE_SWEEP(n, float a = fabsf(g[i]); a = a <= FLT_MAX ? a : 0.0F; lane[j] = a > lane[j] ? a : lane[j];);
    float largest = lane_largest(lane);
    int exponent = 0;
    (void)frexpf(largest, &exponent);
    int half = exponent / 2;
    *q = (plane){.n = n,
                 .g = g,
                 .scale = {ldexpf(1.0F, -half), ldexpf(1.0F, half - exponent)},
                 .target = ldexp(fabs(c), -exponent),
                 .sign = c < 0.0 ? -1.0F : 1.0F};
    return largest > 0.0F;
}

/* u_i: how far coordinate i can go in the direction that c asks for; 0 where g_i = 0. */
static void room_within(const plane *q, const float *lo, const float *hi, float *u) {
    for (size_t i = 0; i < q->n; i++) {
        float r = q->g[i] * q->sign > 0.0F ? hi[i] : -lo[i];
        u[i] = r > 0.0F && coefficient(q, i) > 0.0F ? r : 0.0F;
    }
}

static void room(const plane *q, const double *x0, bl_box box, float *u) {
    if (!x0 || !bl_box_is_bounded(box)) {
        for (size_t i = 0; i < q->n; i++)
            u[i] = coefficient(q, i) > 0.0F ? INFINITY : 0.0F;
        return;
    }
    for (size_t i = 0; i < q->n; i++) {
        float up = (float)(box.hi - x0[i]), down = (float)(x0[i] - box.lo);
        float r = q->g[i] * q->sign > 0.0F ? up : down;
        u[i] = r > 0.0F && coefficient(q, i) > 0.0F ? r : 0.0F;
    }
}

static void apply_signs(const plane *q, float *h) {
    for (size_t i = 0; i < q->n; i++)
        h[i] = copysignf(h[i] <= FLT_MAX ? h[i] : FLT_MAX, q->g[i] * q->sign);
}

/* --- 1 < p <= inf --- */

/* sums at t = min(s b, u): of a u where u is reached, of a b elsewhere */
typedef struct sweep_sums {
    double reached, open;
    float top; /* largest log2 a that is open (powers only) */
} sweep_sums;

static inline sweep_sums sweep_weights(size_t n, const float *a, bool unit, const float *u, float s) {
    float reached[LANES] = {0}, open[LANES] = {0};
    LANE_SWEEP(n, float weight = unit ? 1.0F : a[i]; bool full = s * weight >= u[i];
               reached[j] += full ? a[i] * u[i] : 0.0F; open[j] += full ? 0.0F : a[i] * weight;);
    return (sweep_sums){lane_sum(reached), lane_sum(open), 0.0F};
}

/* p = 2 and inf: b = a or 1. */
static bool step_plain(const plane *q, bool unit, float *a, float *h) {
    for (size_t i = 0; i < q->n; i++)
        a[i] = coefficient(q, i);
    double s = 0.0;
    bool feasible = true;
    for (int k = 0; k < SWEEPS; k++) {
        sweep_sums sums =
            unit ? sweep_weights(q->n, a, true, h, (float)s) : sweep_weights(q->n, a, false, h, (float)s);
        if (!(sums.open > 0.0)) { /* everything is at its end */
            feasible = sums.reached >= q->target * (1.0 - 1e-6);
            s = (double)FLT_MAX;
            break;
        }
        double next = (q->target - sums.reached) / sums.open;
        if (!(next > s * (1.0 + 1e-7)))
            break;
        s = next;
        feasible = s <= (double)FLT_MAX;
        s = feasible ? s : (double)FLT_MAX;
    }
    for (size_t i = 0; i < q->n; i++) {
        float t = (float)s * (unit ? 1.0F : a[i]);
        h[i] = t < h[i] ? t : h[i];
    }
    return feasible;
}

/* Other p: b_i = 2^(r (log2 a_i - top)), r = 1/(p-1), with top the largest log2 a_i not yet at its end, so
 * that nothing that matters underflows however near p is to 1. */
static inline float power_step(float log_a, float u, float top, float r, float s) {
    float e = (log_a - top) * r;
    float t = s * lane_exp2(e < 0.0F ? e : 0.0F);
    return e > 0.0F || t >= u ? u : t;
}

static sweep_sums sweep_powers(const plane *q, const float *log_a, const float *u, float top, float r,
                               float s) {
    float reached[LANES] = {0}, open[LANES] = {0}, highest[LANES];
    for (size_t j = 0; j < LANES; j++)
        highest[j] = -FLT_MAX;
    LANE_SWEEP(q->n, float e = (log_a[i] - top) * r; float weight = lane_exp2(e < 0.0F ? e : 0.0F);
               bool full = e > 0.0F || s * weight >= u[i]; float a = coefficient(q, i);
               reached[j] += full ? a * u[i] : 0.0F; open[j] += full ? 0.0F : a * weight;
               highest[j] = !full && log_a[i] > highest[j] ? log_a[i] : highest[j];);
    return (sweep_sums){lane_sum(reached), lane_sum(open), lane_largest(highest)};
}

static bool step_powers(const plane *q, double p, float *log_a, float *h) {
    float r = (float)(1.0 / (p - 1.0)), top = 0.0F;
    for (size_t i = 0; i < q->n; i++) {
        float a = coefficient(q, i);
        log_a[i] = a > 0.0F ? lane_log2(a) : -FLT_MAX;
    }
    double s = 0.0;
    bool feasible = true;
    for (size_t k = 0; k < SWEEPS + q->n; k++) {
        sweep_sums sums = sweep_powers(q, log_a, h, top, r, (float)s);
        if (sums.top == -FLT_MAX) {
            feasible = sums.reached >= q->target * (1.0 - 1e-6);
            s = (double)FLT_MAX;
            break;
        }
        if (sums.top < top) { /* the largest are at their ends: measure from the next */
            s *= exp2((double)r * (double)(sums.top - top));
            top = sums.top;
            continue;
        }
        double next = (q->target - sums.reached) / sums.open;
        if (!(next > s * (1.0 + 1e-7)))
            break;
        s = next;
        feasible = s <= (double)FLT_MAX;
        s = feasible ? s : (double)FLT_MAX;
    }
    for (size_t i = 0; i < q->n; i++)
        h[i] = power_step(log_a[i], h[i], top, r, (float)s);
    return feasible;
}

/* --- p = 1 and p = 0: fill in decreasing order of a key --- */

typedef struct filling {
    const plane *q;
    float *key;  /* a (p = 1) or a u (p = 0); 0 = of no use, -1 = taken */
    float *h;    /* room; the step, without its sign, where taken */
    double rest; /* target not yet met */
} filling;

/* Infinite rooms come first, the steepest of them first of all. */
static float filling_key(bool by_gain, float a, float u) {
    if (!(u > 0.0F))
        return 0.0F;
    if (!by_gain)
        return a;
    return isinf(u) ? 1e36F * (1.0F + a) : fminf(a * u, 1e36F);
}

static float block_largest(const float *key, size_t count) {
    float lane[LANES] = {0};
    LANE_SWEEP(count, lane[j] = key[i] > lane[j] ? key[i] : lane[j];);
    return lane_largest(lane);
}

/* Move coordinate i to its end, or as far as the target asks. @return true when the target is met */
static bool take(filling *f, size_t i) {
    double a = (double)coefficient(f->q, i), full = a * (double)f->h[i];
    f->key[i] = -1.0F;
    if (full >= f->rest) {
        f->h[i] = (float)fmin(f->rest / a, (double)f->h[i]);
        f->rest = 0.0;
        return true;
    }
    f->rest -= full;
    return false;
}

static size_t block_size(const filling *f, size_t block) {
    size_t left = f->q->n - block * BLOCK;
    return left < BLOCK ? left : BLOCK;
}

/* Take the largest key, at most `limit` times. @return true when the target is met */
static bool fill_by_tournament(filling *f, size_t limit) {
    size_t blocks = (f->q->n + BLOCK - 1) / BLOCK;
    float largest[BLOCKS_MAX] = {0};
    if (blocks > BLOCKS_MAX)
        return false;
    for (size_t b = 0; b < blocks; b++)
        largest[b] = block_largest(f->key + b * BLOCK, block_size(f, b));
    for (size_t k = 0; k < limit; k++) {
        float best = block_largest(largest, blocks);
        if (!(best > 0.0F))
            return false;
        size_t b = 0;
        while (largest[b] != best)
            b++;
        size_t i = b * BLOCK;
        while (f->key[i] != best)
            i++;
        if (take(f, i))
            return true;
        largest[b] = block_largest(f->key + b * BLOCK, block_size(f, b));
    }
    return false;
}

/* Sum of a u over untaken coordinates with key in [lo, hi). */
static double gain_between(const filling *f, float lo, float hi) {
    float gain[LANES] = {0};
    LANE_SWEEP(f->q->n, bool in = f->key[i] >= lo && f->key[i] < hi;
               gain[j] += in ? coefficient(f->q, i) * f->h[i] : 0.0F;);
    return lane_sum(gain);
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool take_from(filling *f, float key) {
    for (size_t i = 0; i < f->q->n; i++)
        if (f->key[i] >= key && take(f, i))
            return true;
    return false;
}

/* Bisect the key, on its bits, until all at or above `hi` fall short and all at or above `lo` do not. */
static bool fill_by_selection(filling *f) {
    uint32_t lo = 1, hi = 0x7f800000U; /* smallest positive number, infinity */
    double above = 0.0;                /* gain of keys >= hi */
    while (hi - lo > 1) {
        uint32_t middle = lo + (hi - lo) / 2;
        double gain = gain_between(f, float_of(middle), float_of(hi));
        if (above + gain < f->rest) {
            above += gain;
            hi = middle;
        } else {
            lo = middle;
        }
    }
    /* the last call takes what the sums' rounding left over */
    return take_from(f, float_of(hi)) || take_from(f, float_of(lo)) || take_from(f, float_of(1));
}

static bool step_filled(const plane *q, bool by_gain, float *key, float *h) {
    filling f = {.q = q, .key = key, .h = h, .rest = q->target};
    for (size_t i = 0; i < q->n; i++)
        key[i] = filling_key(by_gain, coefficient(q, i), h[i]);
    bool met = fill_by_tournament(&f, 16 + q->n / 64) || fill_by_selection(&f);
    bool finite = true;
    for (size_t i = 0; i < q->n; i++) {
        h[i] = key[i] < 0.0F ? h[i] : 0.0F;
        finite = finite && h[i] <= FLT_MAX;
    }
    met = met || f.rest <= q->target * 1e-6;
    return met && finite;
}

/* --- lengths --- */

BL_EACH_ISA(double, bl_float_norm, (double p, size_t n, const float *h), (p, n, h)) {
    float lane[LANES] = {0};
    LANE_SWEEP(n, float a = fabsf(h[i]); lane[j] = a > lane[j] ? a : lane[j];);
    float largest = lane_largest(lane);
    if (isinf(p) || !(largest > 0.0F))
        return (double)largest;
    int exponent = 0;
    (void)frexpf(largest, &exponent);
    int half = exponent / 2;
    const float scale[2] = {ldexpf(1.0F, -half), ldexpf(1.0F, half - exponent)};
    memset(lane, 0, sizeof lane);
    if (p == 0.0) {
        LANE_SWEEP(n, lane[j] += h[i] != 0.0F ? 1.0F : 0.0F;);
        return lane_sum(lane);
    }
    if (p == 1.0) {
        LANE_SWEEP(n, lane[j] += fabsf(h[i]) * scale[0] * scale[1];);
        return ldexp(lane_sum(lane), exponent);
    }
    if (p == 2.0) {
        LANE_SWEEP(n, float a = h[i] * scale[0] * scale[1]; lane[j] += a * a;);
        return ldexp(sqrt(lane_sum(lane)), exponent);
    }
    /* measured from the largest itself: 0.5^p of a mantissa underflows from p = 126 on */
    float power = (float)p, top = lane_log2(largest * scale[0] * scale[1]);
    LANE_SWEEP(n, float a = fabsf(h[i]) * scale[0] * scale[1];
               float term = lane_exp2(power * (lane_log2(a >= FLT_MIN ? a : FLT_MIN) - top));
               lane[j] += a >= FLT_MIN ? term : 0.0F;);
    return (double)largest * pow(lane_sum(lane), 1.0 / p);
}

BL_EACH_ISA(double, bl_norm, (double p, size_t n, const double *h), (p, n, h)) {
    double largest = 0.0, sum = 0.0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(h[i]));
    if (isinf(p) || !(largest > 0.0))
        return largest;
    for (size_t i = 0; i < n; i++) {
        double a = fabs(h[i]);
        if (p == 0.0)
            sum += a > 0.0 ? 1.0 : 0.0;
        else if (p == 1.0)
            sum += a;
        else
            sum += p == 2.0 ? (a / largest) * (a / largest) : pow(a / largest, p);
    }
    if (p == 0.0 || p == 1.0)
        return sum;
    return largest * (p == 2.0 ? sqrt(sum) : pow(sum, 1.0 / p));
}

/* The step once the rooms stand in h. */
static bool step_in_room(double p, const plane *q, float *work, float *h, double *length) {
    bool reached;
    if (p == 0.0 || p == 1.0)
        reached = step_filled(q, p == 0.0, work, h);
    else if (p == 2.0 || isinf(p))
        reached = step_plain(q, isinf(p), work, h);
    else
        reached = step_powers(q, p, work, h);
    apply_signs(q, h);
    *length = bl_float_norm(p, q->n, h);
    return reached;
}

static bool no_step(size_t n, double c, float *h, double *length) {
    memset(h, 0, n * sizeof *h);
    *length = 0.0;
    return c == 0.0;
}

BL_EACH_ISA(bool, bl_linear_step,
            (double p, size_t n, const double *x0, bl_box box, const float *g, double c, float *work,
             float *h, double *length),
            (p, n, x0, box, g, c, work, h, length)) {
    plane q;
    bool slope = plane_prepare(&q, n, g, c);
    if (c == 0.0 || !slope || isnan(c))
        return no_step(n, c, h, length);
    room(&q, x0, box, h);
    return step_in_room(p, &q, work, h, length);
}

BL_EACH_ISA(bool, bl_linear_step_within,
            (double p, size_t n, const float *lo, const float *hi, const float *g, double c, float *work,
             float *h, double *length),
            (p, n, lo, hi, g, c, work, h, length)) {
    plane q;
    bool slope = plane_prepare(&q, n, g, c);
    if (c == 0.0 || !slope || isnan(c))
        return no_step(n, c, h, length);
    room_within(&q, lo, hi, h);
    return step_in_room(p, &q, work, h, length);
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Nearest point of several half-spaces for p = 1 and inf: a dual simplex method whose sweeps over n vectorise and whose
 * matrices are as small as the number of active planes.
 */
#include "simplex.h"
#include "base/isa.h"
#include "lanes.h"
#include "linear_step.h"

#include <math.h>

enum { PIVOTS = 100, RADIUS_STEPS = 20, BLOCKS_MAX = 256, TURNS_MAX = 256, NONE = -1 };
static const double PLANE_TOLERANCE = 2e-6, TIED_TOLERANCE = 1e-6;
static const float TIE_ROUNDING =
    1e-4F; /* how near v is to where a tied coordinate turns, relative to its mean size */

typedef struct simplex {
    const bl_nearest_problem *q;
    float *v, *w; /* [n] sum mu g, and its change along the edge */
    float *state; /* [n] -1, 0, 1: which end (p = 1: or neither) an untied coordinate stands at */
    /* [n] while planes are met: which coordinates the radius holds; along an edge: 1 / distance at which a
     * coordinate turns, 0 = never */
    float *key;
    float *h;
    bool maximum; /* p = inf */
    double radius;
    size_t planes, tied; /* |A|, |T| */
    size_t plane[BL_NEAREST_PLANES], coordinate[BL_NEAREST_PLANES];
    float side[BL_NEAREST_PLANES];                          /* p = 1: sign that a tied coordinate may have */
    double mu[BL_NEAREST_PLANES], value[BL_NEAREST_PLANES]; /* of plane[], of coordinate[] */
    double matrix[BL_NEAREST_PLANES][BL_NEAREST_PLANES];    /* rows A, columns T, and the radius */
} simplex;

static inline float room_at(const simplex *s, size_t i, float state) {
    float u = state > 0.0F ? s->q->hi[i] : -s->q->lo[i];
    return s->maximum && u > (float)s->radius ? (float)s->radius : u;
}

/* Gaussian elimination with row exchanges; transposed solves M' x = b. @return false when singular */
static bool solve(size_t k, double matrix[][BL_NEAREST_PLANES], bool transposed, const double *b, double *x) {
    double m[BL_NEAREST_PLANES][BL_NEAREST_PLANES + 1], scale = 0.0;
    for (size_t r = 0; r < k; r++) {
        for (size_t c = 0; c < k; c++) {
            m[r][c] = transposed ? matrix[c][r] : matrix[r][c];
            scale = fmax(scale, fabs(m[r][c]));
        }
        m[r][k] = b[r];
    }
    for (size_t c = 0; c < k; c++) {
        size_t pivot = c;
        for (size_t r = c + 1; r < k; r++)
            pivot = fabs(m[r][c]) > fabs(m[pivot][c]) ? r : pivot;
        if (!(fabs(m[pivot][c]) > 1e-10 * scale))
            return false;
        for (size_t e = c; e <= k; e++) {
            double swap = m[c][e];
            m[c][e] = m[pivot][e];
            m[pivot][e] = swap;
        }
        for (size_t r = c + 1; r < k; r++) {
            double factor = m[r][c] / m[c][c];
            for (size_t e = c; e <= k; e++)
                m[r][e] -= factor * m[c][e];
        }
    }
    for (size_t r = k; r-- > 0;) {
        for (size_t c = r + 1; c < k; c++)
            m[r][k] -= m[r][c] * x[c];
        x[r] = m[r][k] / m[r][r];
    }
    return true;
}

/* Untied coordinates where their state says, tied ones 0; and at_end: the state of those that the radius holds, else 0. */
static void place(simplex *s) {
    const float *lo = s->q->lo, *hi = s->q->hi, *state = s->state;
    const float radius = s->maximum ? (float)s->radius : INFINITY;
    float *h = s->h, *at_end = s->key;
    for (size_t i = 0; i < s->q->n; i++) {
        float u = state[i] > 0.0F ? hi[i] : -lo[i];
        bool held = u > radius;
        u = held ? radius : u;
        h[i] = state[i] == 0.0F ? 0.0F : state[i] * u;
        at_end[i] = held ? state[i] : 0.0F;
    }
    for (size_t t = 0; t < s->tied; t++)
        h[s->coordinate[t]] = at_end[s->coordinate[t]] = 0.0F;
}

/* Meet the active planes: tied coordinates, and for p = inf the radius, whose set of coordinates at their end it decides. */
static bool meet_planes(simplex *s) {
    size_t k = s->planes;
    double rest[BL_NEAREST_PLANES] = {0}, x[BL_NEAREST_PLANES] = {0};
    for (size_t a = 0; a < k; a++)
        for (size_t t = 0; t < s->tied; t++)
            s->matrix[a][t] = (double)s->q->normal[s->plane[a]][s->coordinate[t]];
    for (int step = 0; step < RADIUS_STEPS; step++) {
        place(s);
        for (size_t a = 0; a < k; a++) {
            const float *g = s->q->normal[s->plane[a]];
            rest[a] = s->q->offset[s->plane[a]] - lane_dot(s->q->n, g, s->h);
            if (s->maximum) {
                s->matrix[a][s->tied] = lane_dot(s->q->n, g, s->key);
                rest[a] += s->matrix[a][s->tied] * s->radius;
            }
        }
        if (!solve(k, s->matrix, false, rest, x))
            return false;
        if (!s->maximum)
            break;
        double before = s->radius;
        s->radius = x[s->tied];
        if (!(s->radius > 0.0) || !isfinite(s->radius))
            return false;
        if (fabs(s->radius - before) <= 1e-7 * before)
            break;
    }
    if (s->maximum)
        place(s);
    for (size_t t = 0; t < s->tied; t++) {
        s->value[t] = x[t];
        s->h[s->coordinate[t]] = (float)x[t];
    }
    return true;
}

/* What leaves: a plane that is not active, or a tied coordinate, and by how much it is violated. */
typedef struct leaving {
    int plane, tied;
    double amount; /* in units of f, or of h */
    double side;   /* of a tied coordinate: +1 too large, -1 too small */
} leaving;

static leaving find_leaving(const simplex *s) {
    leaving worst = {.plane = NONE, .tied = NONE};
    double largest = 0.0;
    bool active[BL_NEAREST_PLANES] = {false};
    for (size_t a = 0; a < s->planes; a++)
        active[s->plane[a]] = true;
    for (size_t b = 0; b < s->q->count; b++) {
        if (active[b])
            continue;
        double over = lane_dot(s->q->n, s->q->normal[b], s->h) - s->q->offset[b];
        if (over > PLANE_TOLERANCE && over > largest) {
            largest = over;
            worst = (leaving){.plane = (int)b, .tied = NONE, .amount = over};
        }
    }
    for (size_t t = 0; t < s->tied; t++) {
        size_t i = s->coordinate[t];
        double up = (double)room_at(s, i, 1.0F), down = (double)room_at(s, i, -1.0F);
        if (!s->maximum) {
            up = s->side[t] > 0.0F ? up : 0.0;
            down = s->side[t] < 0.0F ? down : 0.0;
        }
        double high = s->value[t] - up, low = -down - s->value[t], over = fmax(high, low);
        if (over > TIED_TOLERANCE * s->q->scale && over / s->q->scale > largest) {
            largest = over / s->q->scale;
            worst = (leaving){.plane = NONE, .tied = (int)t, .amount = over, .side = high > low ? 1.0 : -1.0};
        }
    }
    return worst;
}

/* The edge: change of the active multipliers, and w. */
static bool edge(simplex *s, leaving out, double *change) {
    double b[BL_NEAREST_PLANES] = {0};
    size_t k = s->planes;
    if (out.plane != NONE) {
        const float *g = s->q->normal[out.plane];
        for (size_t t = 0; t < s->tied; t++)
            b[t] = -(double)g[s->coordinate[t]];
        if (s->maximum)
            b[s->tied] = -lane_dot(s->q->n, g, s->key);
    } else {
        b[out.tied] = -out.side;
    }
    if (!solve(k, s->matrix, true, b, change))
        return false;
    float *w = s->w;
    if (out.plane != NONE)
        memcpy(w, s->q->normal[out.plane], s->q->n * sizeof *w);
    else
        memset(w, 0, s->q->n * sizeof *w);
    for (size_t a = 0; a < k; a++) {
        const float m = (float)change[a], *g = s->q->normal[s->plane[a]];
        for (size_t i = 0; i < s->q->n; i++)
            w[i] += m * g[i];
    }
    for (size_t t = 0; t < s->tied; t++)
        w[s->coordinate[t]] = 0.0F;
    return true;
}

/* For every untied coordinate the inverse of the distance at which it turns. */
static void find_turns(simplex *s) {
    const float *v = s->v, *w = s->w, *state = s->state, tie = s->maximum ? 0.0F : 1.0F;
    float *key = s->key;
    for (size_t i = 0; i < s->q->n; i++) {
        float speed = fabsf(w[i]);
        float from_end = -v[i] * state[i] - tie, from_zero = 1.0F - copysignf(v[i], v[i] * w[i]);
        float distance = state[i] == 0.0F ? from_zero : from_end;
        distance = distance > 1e-12F ? distance : 1e-12F;
        bool turns = speed > 1e-12F && (state[i] == 0.0F || w[i] * state[i] > 0.0F);
        key[i] = turns ? speed / distance : 0.0F;
    }
}

static float largest_key(const float *key, size_t count) {
    float lane[LANES] = {0};
    LANE_SWEEP(count, lane[j] = key[i] > lane[j] ? key[i] : lane[j];);
    return lane_largest(lane);
}

static float state_after(const simplex *s, size_t i) {
    if (s->maximum)
        return -s->state[i];
    return s->state[i] == 0.0F ? -copysignf(1.0F, s->w[i]) : 0.0F;
}

/* What the edge loses when coordinate i turns. */
static double turn_cost(const simplex *s, size_t i) {
    float before = s->state[i], after = state_after(s, i);
    double move = 0.0;
    if (before != 0.0F)
        move += (double)room_at(s, i, before);
    if (after != 0.0F)
        move += (double)room_at(s, i, after);
    return fabs((double)s->w[i]) * move;
}

/* The keys in blocks, so that the largest is found again and again without a sweep. */
typedef struct tournament {
    float *key;
    size_t n, size, blocks;
    float largest[BLOCKS_MAX];
} tournament;

static void refresh(tournament *t, size_t block) {
    size_t first = block * t->size;
    t->largest[block] = largest_key(t->key + first, t->n - first < t->size ? t->n - first : t->size);
}

static void tournament_start(tournament *t, float *key, size_t n) {
    size_t size = (n / BLOCKS_MAX / LANES + 1) * LANES;
    *t = (tournament){.key = key, .n = n, .size = size, .blocks = (n + size - 1) / size};
    for (size_t b = 0; b < t->blocks; b++)
        refresh(t, b);
}

/* The coordinate of the largest key, given that it is `best` > 0. */
static size_t tournament_find(const tournament *t, float best) {
    size_t b = 0;
    while (t->largest[b] != best)
        b++;
    size_t i = b * t->size;
    while (t->key[i] != best)
        i++;
    return i;
}

static void tournament_take(tournament *t, size_t i) {
    t->key[i] = 0.0F;
    refresh(t, i / t->size);
}

/* Go along the edge, turning coordinates in order, until `gain` is used up or a multiplier reaches zero.
 * @param[out] last   the coordinate to tie, NONE when a plane stops it
 * @return the distance; negative when nothing stops it (the planes have no common point) */
static double walk(simplex *s, double gain, double stop, int *last) {
    tournament keys;
    size_t turned[TURNS_MAX], turns = 0;
    tournament_start(&keys, s->key, s->q->n);
    *last = NONE;
    double distance = stop;
    while (turns < TURNS_MAX) {
        float best = largest_key(keys.largest, keys.blocks);
        if (!(best > 0.0F) || 1.0 / (double)best >= stop)
            break;
        size_t i = tournament_find(&keys, best);
        gain -= turn_cost(s, i);
        if (gain <= 0.0 || turns + 1 == TURNS_MAX) {
            distance = 1.0 / (double)best;
            *last = (int)i;
            break;
        }
        tournament_take(&keys, i);
        turned[turns++] = i;
    }
    if (*last == NONE && isinf(stop))
        return -1.0;
    for (size_t k = 0; k < turns; k++)
        s->state[turned[k]] = state_after(s, turned[k]);
    return distance;
}

static void untie(simplex *s, leaving out) {
    size_t t = (size_t)out.tied, i = s->coordinate[t];
    if (s->maximum)
        s->state[i] = (float)out.side;
    else /* to its end, or to zero */
        s->state[i] = (double)s->side[t] * out.side > 0.0 ? s->side[t] : 0.0F;
    s->w[i] = -(float)out.side;
    for (size_t e = t; e + 1 < s->tied; e++) {
        s->coordinate[e] = s->coordinate[e + 1];
        s->side[e] = s->side[e + 1];
    }
    s->tied--;
}

static void tie(simplex *s, size_t i) {
    float after = state_after(s, i);
    s->coordinate[s->tied] = i;
    s->side[s->tied] = s->state[i] != 0.0F ? s->state[i] : after;
    s->tied++;
    s->v[i] = s->maximum ? 0.0F : -s->side[s->tied - 1];
}

static void drop_plane(simplex *s, size_t a) {
    for (size_t e = a; e + 1 < s->planes; e++) {
        s->plane[e] = s->plane[e + 1];
        s->mu[e] = s->mu[e + 1];
    }
    s->planes--;
}

/* One exchange. @return false when the planes have no common point, or no more can be told */
static bool pivot(simplex *s, leaving out) {
    double change[BL_NEAREST_PLANES] = {0}, stop = INFINITY;
    size_t stopping = 0;
    int last;
    if (!edge(s, out, change))
        return false;
    for (size_t a = 0; a < s->planes; a++)
        if (change[a] < 0.0 && s->mu[a] / -change[a] < stop) {
            stop = s->mu[a] / -change[a];
            stopping = a;
        }
    if (out.tied != NONE)
        untie(s, out);
    find_turns(s);
    double distance = walk(s, out.amount, stop, &last);
    if (distance < 0.0)
        return false;
    for (size_t i = 0; i < s->q->n; i++)
        s->v[i] += (float)distance * s->w[i];
    for (size_t a = 0; a < s->planes; a++)
        s->mu[a] = fmax(s->mu[a] + distance * change[a], 0.0);
    if (last == NONE)
        drop_plane(s, stopping);
    else
        tie(s, (size_t)last);
    if (out.plane != NONE) {
        s->plane[s->planes] = (size_t)out.plane;
        s->mu[s->planes++] = distance;
    }
    return true;
}

/* The vertex of the linear step to the first plane; no active plane where h = 0 does. @return false when it is out of reach */
static bool first_vertex(simplex *s, size_t first) {
    const bl_nearest_problem *q = s->q;
    double longest;
    s->planes = first < q->count ? 1 : 0;
    if (s->planes == 0)
        return true;
    s->plane[0] = first;
    if (!bl_linear_step_within(q->p, q->n, q->lo, q->hi, q->normal[first], q->offset[first], s->w, s->h,
                               &longest))
        return false;
    s->radius = longest;
    const float *g = q->normal[s->plane[0]];
    double sum = 0.0;
    float smallest = INFINITY;
    for (size_t i = 0; i < q->n; i++) {
        float a = fabsf(g[i]);
        if (s->maximum) {
            s->state[i] = g[i] > 0.0F ? -1.0F : 1.0F;
            sum += room_at(s, i, s->state[i]) >= (float)longest ? (double)a : 0.0;
        } else {
            s->state[i] = s->h[i] > 0.0F ? 1.0F : s->h[i] < 0.0F ? -1.0F : 0.0F;
            if (s->h[i] != 0.0F && a < smallest) {
                smallest = a;
                s->coordinate[0] = i;
                s->side[0] = s->state[i];
                s->tied = 1;
                sum = (double)a;
            }
        }
    }
    s->mu[0] = 1.0 / sum;
    for (size_t i = 0; i < q->n; i++)
        s->v[i] = (float)s->mu[0] * g[i];
    if (!s->maximum)
        s->v[s->coordinate[0]] = -s->side[0];
    return isfinite(s->mu[0]);
}

/* The vertex that the last solution's multipliers describe: a change of planes and offsets leaves it one of the dual. Tied are
 * the coordinates whose v is where it turns, as many as there are equations. @return false when that is not so to rounding */
static bool last_vertex(simplex *s, const double *multiplier) {
    const bl_nearest_problem *q = s->q;
    const float tie_at = s->maximum ? 0.0F : 1.0F;
    s->planes = 0;
    memset(s->v, 0, q->n * sizeof *s->v);
    for (size_t a = 0; a < q->count; a++) {
        const float m = (float)multiplier[a], *g = q->normal[a];
        if (!(m > 0.0F))
            continue;
        s->plane[s->planes] = a;
        s->mu[s->planes++] = multiplier[a];
        for (size_t i = 0; i < q->n; i++)
            s->v[i] += m * g[i];
    }
    s->tied = s->maximum ? s->planes - 1 : s->planes;
    s->radius = q->scale;
    float lane[LANES] = {0};
    LANE_SWEEP(q->n, float size = fabsf(s->v[i]), apart = fabsf(size - tie_at); lane[j] += size;
               s->state[i] = s->v[i] > 0.0F ? -1.0F : 1.0F; s->state[i] = size < tie_at ? 0.0F : s->state[i];
               s->key[i] = 1.0F / (apart + 1e-30F););
    float near_enough = TIE_ROUNDING * (s->maximum ? (float)(lane_sum(lane) / (double)q->n) : 1.0F);
    tournament keys;
    tournament_start(&keys, s->key, q->n);
    for (size_t t = 0; t < s->tied; t++) {
        float best = largest_key(keys.largest, keys.blocks);
        if (!(best * near_enough > 1.0F))
            return false;
        size_t i = tournament_find(&keys, best);
        tournament_take(&keys, i);
        s->coordinate[t] = i;
        s->side[t] = s->v[i] > 0.0F ? -1.0F : 1.0F;
        s->state[i] = s->side[t];
        s->v[i] = s->maximum ? 0.0F : -s->side[t];
    }
    return true;
}

/* From a vertex on, until nothing is violated. @return false when the planes have no common point, or no more can be told */
static bool pivot_to_end(simplex *s, double *multiplier) {
    for (int k = 0; k < PIVOTS; k++) {
        if (!meet_planes(s))
            return false;
        leaving out = find_leaving(s);
        if (out.plane == NONE && out.tied == NONE) {
            memset(multiplier, 0, s->q->count * sizeof *multiplier);
            for (size_t a = 0; a < s->planes; a++)
                multiplier[s->plane[a]] = s->mu[a];
            return true;
        }
        if (out.plane != NONE && s->planes == BL_NEAREST_PLANES)
            return false;
        if (!pivot(s, out))
            return false;
    }
    return false;
}

BL_EACH_ISA(bool, bl_simplex_nearest,
            (const bl_nearest_problem *q, bl_nearest_work *work, size_t first, double *multiplier, float *h),
            (q, work, first, multiplier, h)) {
    simplex s = {.q = q,
                 .v = work->v,
                 .w = work->w,
                 .state = work->slope,
                 .key = work->weighted,
                 .h = h,
                 .maximum = isinf(q->p)};
    if (first < q->count && multiplier[first] > 0.0 && last_vertex(&s, multiplier) &&
        pivot_to_end(&s, multiplier))
        return true;
    memset(multiplier, 0, q->count * sizeof *multiplier);
    s.tied = 0;
    if (!first_vertex(&s, first))
        return false;
    if (s.planes == 0) {
        memset(h, 0, q->n * sizeof *h);
        return true;
    }
    return pivot_to_end(&s, multiplier);
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Runs for p = 0: greedy growth, then exchanges with a memory.
 */
#include "column_p0.h"
#include "base/isa.h"
#include "linear_step.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    EXCHANGES = 12,
    MEMORY = 4
}; /* exchanges in vain before a run ends; evaluations that one is remembered */
static const float FAR =
    1e4F; /* where there is no box: the end of the room, in largest coordinates of the first step */

static float end_of(const bl_column *c, const bl_search_input *in, size_t i, float sign) {
    float end = sign > 0.0F ? in->hi[i] : in->lo[i], far = FAR * (float)c->scale;
    return fmaxf(fminf(end, far), -far);
}

/* Evaluation until which coordinate i may not be exchanged; kept in the first plane's place, which p = 0 has no use for. */
static float *memory(bl_column *c) {
    return c->run.planes.normal[0];
}

static size_t set_size(size_t n, const float *h) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += h[i] != 0.0F;
    return count;
}

/* The coordinate inside that holds least, n when none may go. */
static size_t least_held(bl_column *c, size_t n, const float *g, bool free_only) {
    size_t least = n;
    float held = INFINITY;
    for (size_t i = 0; i < n; i++) {
        float holds = -g[i] * c->run.query[i];
        bool may = c->run.query[i] != 0.0F && (!free_only || memory(c)[i] <= (float)c->run.evaluations);
        if (may && holds < held) {
            held = holds;
            least = i;
        }
    }
    return least;
}

/* The coordinate outside that promises most, n when there is none. */
static size_t most_promising(bl_column *c, const bl_search_input *in, size_t n, const float *g,
                             double *promise) {
    size_t most = n;
    float largest = 0.0F;
    for (size_t i = 0; i < n; i++) {
        float gain = -g[i] * end_of(c, in, i, -g[i]);
        bool may = c->run.query[i] == 0.0F && memory(c)[i] <= (float)c->run.evaluations;
        if (may && gain > largest) {
            largest = gain;
            most = i;
        }
    }
    *promise = (double)largest;
    return most;
}

/* @return what it promised; negative when there is nothing to take in */
static double take_in(bl_column *c, const bl_search_input *in, size_t n, const float *g) {
    double promise;
    size_t i = most_promising(c, in, n, g, &promise);
    if (i == n)
        return -1.0;
    c->run.query[i] = end_of(c, in, i, -g[i]);
    return promise;
}

static void let_go(bl_column *c, size_t i) {
    c->run.query[i] = 0.0F;
    memory(c)[i] = (float)(c->run.evaluations + MEMORY);
}

/* Coordinates inside that have come to pull the wrong way go to their other end, which costs nothing. */
static void turn_round(bl_column *c, const bl_search_input *in, size_t n, const float *g) {
    for (size_t i = 0; i < n; i++) {
        float other = end_of(c, in, i, -g[i]);
        if (c->run.query[i] != 0.0F && g[i] * c->run.query[i] > 0.0F && other != 0.0F)
            c->run.query[i] = other;
    }
}

static void grow_or_exchange(bl_column *c, const bl_search_input *in, size_t n, double f, const float *g) {
    size_t size = set_size(n, c->run.query), most = isfinite(c->best.length) ? (size_t)c->best.length - 1 : n;
    double wanted = f * fmax(0.5, 0.2 * (c->run.evaluations - 3)), promise = 0.0;
    turn_round(c, in, n, g);
    if (size >= most) {
        size_t out = least_held(c, n, g, true);
        c->run.stalls++;
        if (out == n || c->run.stalls > EXCHANGES) {
            bl_column_end_run(c);
            return;
        }
        let_go(c, out);
        size--;
        wanted = 0.0;
    }
    do {
        promise = take_in(c, in, n, g);
        wanted -= promise;
        size++;
    } while (promise > 0.0 && wanted > 0.0 && size < most);
    if (promise < 0.0)
        bl_column_end_run(c);
}

BL_EACH_ISA_VOID(bl_column_p0_receive,
                 (bl_column * c, const bl_search_input *in, size_t n, double f, const float *g),
                 (c, in, n, f, g)) {
    if (c->run.evaluations == 0)
        memset(memory(c), 0, n * sizeof(float));
    c->run.evaluations++;
    if (f > in->noise) {
        grow_or_exchange(c, in, n, f, g);
        return;
    }
    double slope = 0.0;
    for (size_t i = 0; i < n; i++)
        slope += (double)g[i] * (double)c->run.query[i];
    c->claimed = true;
    bl_column_offer(c, n, c->run.query, slope);
    c->run.stalls = 0;
    for (size_t size = set_size(n, c->run.query); (double)size >= c->best.length && size > 0; size--)
        let_go(c, least_held(c, n, g, false));
    if (set_size(n, c->run.query) == 0)
        bl_column_end_run(c);
}

BL_EACH_ISA_VOID(bl_column_p0_round, (const bl_column *c, const bl_search_input *in, size_t n, float *h),
                 (c, in, n, h)) {
    size_t most = isfinite(c->best.length) ? (size_t)c->best.length - 1 : n;
    float least = 0.0F;
    while (set_size(n, h) >
           most) { /* a threshold just above the smallest entries, until few enough are left */
        least = FLT_MAX;
        for (size_t i = 0; i < n; i++)
            least = h[i] != 0.0F && fabsf(h[i]) < least ? fabsf(h[i]) : least;
        for (size_t i = 0; i < n; i++)
            h[i] = fabsf(h[i]) <= least ? 0.0F : h[i];
    }
    for (size_t i = 0; i < n; i++)
        h[i] = h[i] != 0.0F ? end_of(c, in, i, h[i]) : 0.0F;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Runs for p = 0: greedy growth, then exchanges with a memory.
 */
#include "column_p0.h"
#include "base/isa.h"
#include "lanes.h"
#include "linear_step.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum {
    EXCHANGES = 12,
    MEMORY = 4
}; /* exchanges without a gain before a run ends; evaluations for which an exchange is remembered */
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

/* What each coordinate outside the set promises and what each inside holds (column_p0.h); negative where one may not move. */
static float *promise(bl_column *c) {
    return c->run.planes.normal[1];
}

static float *holding(bl_column *c) {
    return c->run.planes.normal[2];
}

static size_t set_size(size_t n, const float *h) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += h[i] != 0.0F;
    return count;
}

/* One sweep for all that this evaluation tells. Coordinates inside that have come to pull the wrong way may go to their other end,
 * which costs nothing. */
static void weigh(bl_column *c, const bl_search_input *in, size_t n, const float *g, bool turn_round) {
    const float now = (float)c->run.evaluations, far = FAR * (float)c->scale;
    float *h = c->run.query, *gain = promise(c), *held = holding(c);
    const float *until = memory(c);
    for (size_t i = 0; i < n; i++) {
        float room = g[i] < 0.0F ? in->hi[i] : in->lo[i];
        float end = room > far ? far : room < -far ? -far : room;
        float other = g[i] != 0.0F ? end : 0.0F;
        bool wrong = turn_round && h[i] != 0.0F && g[i] * h[i] > 0.0F && other != 0.0F;
        h[i] = wrong ? other : h[i];
        gain[i] = h[i] == 0.0F && until[i] <= now ? -g[i] * other : -INFINITY;
        held[i] = h[i] != 0.0F ? -g[i] * h[i] : INFINITY;
    }
}

/* Index of the largest entry of sign * key. */
static size_t largest_entry(size_t n, const float *key, float sign) {
    float lane[LANES];
    for (size_t j = 0; j < LANES; j++)
        lane[j] = -INFINITY;
    LANE_SWEEP(n, float k = sign * key[i]; lane[j] = k > lane[j] ? k : lane[j];);
    float largest = lane_largest(lane);
    size_t i = 0;
    while (i < n - 1 && sign * key[i] != largest)
        i++;
    return i;
}

/* Move the coordinate outside the set that promises most to the end of its range. @return what it promised; negative when there
 * is none */
static double take_in(bl_column *c, const bl_search_input *in, size_t n, const float *g) {
    size_t i = largest_entry(n, promise(c), 1.0F);
    double gain = (double)promise(c)[i];
    if (!(gain > 0.0))
        return -1.0;
    c->run.query[i] = end_of(c, in, i, -g[i]);
    promise(c)[i] = -INFINITY;
    return gain;
}

static void let_go(bl_column *c, size_t i) {
    c->run.query[i] = 0.0F;
    holding(c)[i] = INFINITY;
    memory(c)[i] = (float)(c->run.evaluations + MEMORY);
}

/* The coordinate inside that holds least and is not remembered; n where there is none. */
static size_t least_free(bl_column *c, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (memory(c)[i] > (float)c->run.evaluations)
            holding(c)[i] = INFINITY;
    size_t least = largest_entry(n, holding(c), -1.0F);
    return isfinite(holding(c)[least]) ? least : n;
}

static void grow_or_exchange(bl_column *c, const bl_search_input *in, size_t n, double f, const float *g) {
    weigh(c, in, n, g, true);
    size_t size = set_size(n, c->run.query), most = isfinite(c->best.length) ? (size_t)c->best.length - 1 : n;
    double wanted = f * fmax(0.5, 0.2 * (c->run.evaluations - 3)), gain = 0.0;
    if (size >= most) {
        size_t out = least_free(c, n);
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
        gain = take_in(c, in, n, g);
        wanted -= gain;
        size++;
    } while (gain > 0.0 && wanted > 0.0 && size < most);
    if (gain < 0.0)
        bl_column_end_run(c);
}

BL_EACH_ISA_VOID(bl_column_p0_receive,
                 (bl_column * c, const bl_search_input *in, size_t n, double f, const float *g),
                 (c, in, n, f, g)) {
    if (c->run.evaluations == 0)
        memset(memory(c), 0, n * sizeof(float));
    c->run.evaluations++;
    c->searched = fmax(c->searched, (double)set_size(n, c->run.query));
    if (f > in->noise) {
        grow_or_exchange(c, in, n, f, g);
        return;
    }
    c->claimed = true;
    bl_column_offer(c, n, c->run.query, lane_dot(n, g, c->run.query));
    c->run.stalls = 0;
    weigh(c, in, n, g, false);
    size_t size = set_size(n, c->run.query);
    for (; (double)size >= c->best.length && size > 0; size--)
        let_go(c, largest_entry(n, holding(c), -1.0F));
    if (size == 0)
        bl_column_end_run(c);
}

/* The smallest threshold that at most `most` entries of h exceed in size, by bisection on the bits of floats >= 0. */
static float threshold_for(size_t n, const float *h, size_t most) {
    uint32_t below = 0, enough = 0x7f800000U; /* infinity */
    while (below < enough) {
        uint32_t middle = below + (enough - below) / 2, count = 0;
        float t;
        memcpy(&t, &middle, sizeof t);
        for (size_t i = 0; i < n; i++)
            count += fabsf(h[i]) > t;
        if (count <= most)
            enough = middle;
        else
            below = middle + 1;
    }
    float t;
    memcpy(&t, &enough, sizeof t);
    return t;
}

BL_EACH_ISA_VOID(bl_column_p0_round, (const bl_column *c, const bl_search_input *in, size_t n, float *h),
                 (c, in, n, h)) {
    size_t most = isfinite(c->best.length) ? (size_t)c->best.length - 1 : n;
    float threshold = threshold_for(n, h, most);
    for (size_t i = 0; i < n; i++)
        h[i] = fabsf(h[i]) > threshold ? end_of(c, in, i, h[i]) : 0.0F;
}

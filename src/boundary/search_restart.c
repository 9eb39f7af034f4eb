/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where runs start again. A crossing that another p of the same input has found is taken over with the planes that hold it,
 * and shortened in this p's norm. All local minima are near each other compared with the box, so the other starts are taken
 * near the best length: at crossings of other inputs, along planes already known, and around the best point.
 */
#include "base/mem.h"
#include "borderline/rng.h"
#include "column_p0.h"
#include "lanes.h"
#include "linear_step.h"
#include "search_state.h"

#include <math.h>

enum { MIXED_PLANES = 3, KINDS = 4 };
static const double NEW_BASIN = 0.02; /* what a best point gains that lies in another basin */
static const double NOISE_LEAST = 0.05, NOISE_MOST = 2.0; /* of the best point's l2 length */
static const double BEYOND_BEST = 1.1; /* where a start along planes is put, in best lengths */
static const float THINNED = 0.33F;
static const double GOLDEN = 0.6180339887498949;

/* Every run of every p has its own stream of random numbers. */
static bl_stream stream_of(const bl_search *s, const bl_column *c) {
    size_t index = (size_t)c->runs * s->options.p_count + c->p_index;
    return bl_rng_stream(0, 0, (uint32_t)c->input, BL_PURPOSE_SEARCH, (uint32_t)index & BL_STREAM_INDEX_MAX);
}

static void into_box(const bl_search *s, bl_column *c, double factor, const float *h) {
    const bl_search_input *in = &s->input[c->input];
    for (size_t i = 0; i < s->n; i++)
        c->run.query[i] = fminf(fmaxf((float)factor * h[i], in->lo[i]), in->hi[i]);
}

/* Another column's best point, brought to this one's best length (turned round for an input of another class). */
static bool start_from(const bl_search *s, bl_column *c, const bl_column *other) {
    if (!isfinite(other->best.length) || !(other->best.length > 0.0))
        return false;
    double factor =
        isfinite(c->best.length) ? c->best.length / bl_float_norm(c->p, s->n, other->best.point) : 1.0;
    bool same = s->input[other->input].source == s->input[c->input].source;
    into_box(s, c, same ? factor : -factor, other->best.point);
    return true;
}

/* Another p of this input with a crossing that is new since this column last took one over; NULL where there is none. */
static const bl_column *next_news(bl_search *s, const bl_column *c) {
    size_t m = s->options.p_count, first = c->input * m;
    for (size_t e = 1; e < m; e++) {
        size_t k = (c->p_index + e) % m;
        double *adopted = &s->adopted[(first + c->p_index) * m + k];
        if (s->column[first + k].best.length < *adopted * (1.0 - 1e-5)) {
            *adopted = s->column[first + k].best.length;
            return &s->column[first + k];
        }
    }
    return NULL;
}

/* The next crossing of another input, those of this column's p first; each is visited once. */
static bool start_from_other_input(const bl_search *s, bl_column *c) {
    size_t others = s->inputs - 1, m = s->options.p_count;
    bool started = false;
    for (; !started && c->visits < others * m; c->visits++) {
        size_t other = (c->input + 1 + c->visits % others) % s->inputs;
        size_t p = (c->p_index + c->visits / others) % m;
        started = start_from(s, c, &s->column[other * m + p]);
    }
    return started;
}

/* Whether it is a visit's turn: every second run, and every fourth for p = 0. Where p >= 2 it takes the place of noise, else that
 * of planes, whose mixtures have linear steps along the few coordinates that are known already. */
static bool is_visit(const bl_column *c) {
    return c->runs % KINDS == 0;
}

/* Where nothing has been found: the nearest point known to be of another class, an input's or a crossing's. */
static bool start_across(const bl_search *s, bl_column *c) {
    const bl_search_input *in = &s->input[c->input];
    size_t n = s->n, m = s->options.p_count;
    const double *x0 = s->x0 + c->input * n;
    double nearest = INFINITY;
    for (size_t k = 0; k < s->columns; k++) {
        const bl_column *other = &s->column[k];
        const double *from = s->x0 + other->input * n;
        bool same = s->input[other->input].source == in->source;
        if (!s->input[other->input].usable || (same && isinf(other->best.length)) || (!same && k % m != 0))
            continue;
        for (size_t i = 0; i < n; i++)
            s->work.v[i] = (float)(from[i] - x0[i]) + (same ? other->best.point[i] : 0.0F);
        double length = bl_float_norm(c->p, n, s->work.v);
        if (length < nearest) {
            nearest = length;
            into_box(s, c, 1.0, s->work.v);
        }
    }
    return isfinite(nearest);
}

/* The linear step of a random positive mixture of this input's known planes, brought to the best length. */
static bool start_along_planes(bl_search *s, bl_column *c) {
    const bl_search_input *in = &s->input[c->input];
    size_t n = s->n, m = s->options.p_count;
    uint32_t word[2 * MIXED_PLANES];
    float weight[MIXED_PLANES], *mixture = s->work.w;
    bl_rng_words(stream_of(s, c), 0, (size_t)2 * MIXED_PLANES, word);
    bl_rng_normal(stream_of(s, c), 1.0F, MIXED_PLANES, weight);
    memset(mixture, 0, n * sizeof *mixture);
    for (size_t k = 0; k < MIXED_PLANES; k++) {
        const bl_column *from = &s->column[c->input * m + word[2 * k] % m];
        const bl_planes *known = bl_column_best_planes(from);
        if (known->count == 0)
            continue;
        const float *plane = known->normal[word[2 * k + 1] % known->count];
        double size = sqrt(lane_dot(n, plane, plane));
        float w = size > 0.0 ? (float)(fabs((double)weight[k]) / size) : 0.0F;
        for (size_t i = 0; i < n; i++)
            mixture[i] += w * plane[i];
    }
    double length, reach = -fabs(lane_dot(n, mixture, c->best.point));
    if (!isfinite(c->best.length) ||
        !bl_linear_step_within(c->p, n, in->lo, in->hi, mixture, reach, s->work.v, c->run.query, &length) ||
        !(length > 0.0))
        return false;
    into_box(s, c, BEYOND_BEST * c->best.length / length, c->run.query);
    return true;
}

/* Noise around the best point; where there is none yet, around x0 and ever farther. */
static void start_around(bl_search *s, bl_column *c) {
    const bl_search_input *in = &s->input[c->input];
    size_t n = s->n;
    float *z = s->work.v;
    bool found = isfinite(c->best.length);
    double turn = c->runs * GOLDEN - floor(c->runs * GOLDEN), size;
    if (found)
        size = NOISE_LEAST * pow(NOISE_MOST / NOISE_LEAST, turn) *
               sqrt(lane_dot(n, c->best.point, c->best.point) / (double)n);
    else
        size = c->scale * exp2(0.5 * c->runs);
    bl_rng_normal(stream_of(s, c), (float)size, n, z);
    for (size_t i = 0; i < n; i++)
        c->run.query[i] = fminf(fmaxf((found ? c->best.point[i] : 0.0F) + z[i], in->lo[i]), in->hi[i]);
}

/* p = 0: the best set, a third of it left out. */
static void start_thinned(bl_search *s, bl_column *c) {
    float *chance = s->work.v;
    bl_rng_uniform(stream_of(s, c), 0.0F, 1.0F, s->n, chance);
    for (size_t i = 0; i < s->n; i++)
        c->run.query[i] = chance[i] < THINNED ? 0.0F : c->best.point[i];
}

void bl_search_note_classes(bl_search *s, bl_column *c, double before, const float *logits) {
    size_t first = (size_t)(c - s->column) * s->classes;
    memcpy(s->best_logits + first, logits, s->classes * sizeof *logits);
    if (c->best.length > before * (1.0 - NEW_BASIN))
        return;
    memset(s->class_tried + first, 0, s->classes * sizeof *s->class_tried);
    c->class_tries = 0;
}

/* Begin at the best point, held to the likeliest class that has not been tried there. */
bool bl_search_hold_to_class(const bl_search *s, bl_column *c) {
    size_t first = (size_t)(c - s->column) * s->classes, next = s->classes;
    const float *logit = s->best_logits + first;
    bool *tried = s->class_tried + first;
    if (c->p == 0.0 || isinf(c->best.length) || c->class_tries >= s->limits.classes)
        return false;
    tried[bl_column_best_planes(c)->target] = true;
    for (size_t j = 0; j < s->classes; j++)
        if (j != s->input[c->input].source && !tried[j] && (next == s->classes || logit[j] > logit[next]))
            next = j;
    if (next == s->classes)
        return false;
    tried[next] = true;
    c->class_tries++;
    memcpy(c->run.query, c->best.point, s->n * sizeof *c->run.query);
    bl_column_start(c);
    c->run.planes.target = next;
    c->run.held_to_class = true;
    return true;
}

bool bl_search_adopt(bl_search *s, bl_column *c) {
    const bl_search_input *in = &s->input[c->input];
    for (const bl_column *other; (other = next_news(s, c));) {
        int runs = c->runs;
        double length = c->best.length;
        bool going = c->p != 0.0 && bl_column_adopt(c, in, s->n, other, &s->work);
        if (c->best.length < length)
            bl_search_note_classes(s, c, length, s->best_logits + (size_t)(other - s->column) * s->classes);
        if (going)
            return true;
        bool without_planes = c->runs == runs;
        if (without_planes && start_from(s, c, other)) {
            if (c->p == 0.0)
                bl_column_p0_round(c, in, s->n, c->run.query);
            bl_column_start(c);
            c->run.adopted = true;
            return true;
        }
    }
    return false;
}

void bl_search_restart(bl_search *s, bl_column *c) {
    const bl_search_input *in = &s->input[c->input];
    bool started = false, count = c->p == 0.0, found = isfinite(c->best.length);
    /* a run for p = 0 that begins with a crossing ends with many coordinates: at the last only */
    bool looked = isfinite(c->looked_length), due = count ? c->runs > 2 : c->runs % 2 == 1;
    bool across = !found && (looked || (due && start_across(s, c)));
    c->looked_length = INFINITY;
    started = across;
    if (!started && is_visit(c))
        started = start_from_other_input(s, c);
    if (!started && c->runs % KINDS == 2 && !count)
        started = start_along_planes(s, c);
    if (!started && count && found)
        start_thinned(s, c);
    else if (!started)
        start_around(s, c);
    if (count && !across)
        bl_column_p0_round(c, in, s->n, c->run.query);
    bl_column_start(c);
}

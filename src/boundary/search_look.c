/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Looking far: where nothing has crossed near x0, values on rays out of it, as far as the box's corners. On each ray the radii
 * grow geometrically; nothing but forward passes is needed. The nearest crossing in each p is where its next run begins.
 */
#include "base/mem.h"
#include "borderline/rng.h"
#include "linear_step.h"
#include "search_state.h"

#include <math.h>
#include <string.h>

enum { RADII = 12, RANDOM_RAYS = 12 }; /* of each ray; more rays with every stage */
static const double FARTHEST =
    1024.0; /* where there is no box: of the l2 length of x0, or of one unit per coordinate */

/* The ray's direction, so long that t = 1 is as far as the ray is looked along.
 * @return false where this kind of ray is not there */
static bool ray_of(const bl_search *s, size_t input, size_t ray, float *d) {
    const double *x0 = s->x0 + input * s->n;
    const bl_search_input *in = &s->input[input];
    if (ray <
        s->inputs) { /* the segment to another input of another class, and x0's own to the origin and beyond */
        const double *to = s->x0 + ray * s->n;
        bool own = ray == input;
        if (!own && (!s->input[ray].usable || s->input[ray].source == in->source))
            return false;
        for (size_t i = 0; i < s->n; i++)
            d[i] = (float)(own ? -2.0 * x0[i] : to[i] - x0[i]);
        return true;
    }
    size_t number = ray - s->inputs;
    bl_stream stream =
        bl_rng_stream(0, 1, (uint32_t)input, BL_PURPOSE_SEARCH, (uint32_t)(number / 2) & BL_STREAM_INDEX_MAX);
    double size = 0.0;
    for (size_t i = 0; i < s->n; i++)
        size += x0[i] * x0[i];
    size = FARTHEST * (size > 0.0 ? sqrt(size / (double)s->n) : 1.0);
    bl_rng_normal(stream, (float)size, s->n, d);
    for (size_t i = 0; i < s->n; i++) /* a direction and the opposite one; in a box as far as a corner */
        d[i] *= number % 2 ? -1.0F : 1.0F;
    return true;
}

/* Point `step` of a ray: in a box each coordinate keeps its share of the way to the side that it moves to. */
static void point_of(const bl_search *s, size_t input, const float *d, bool to_corner, size_t step,
                     float *h) {
    const bl_search_input *in = &s->input[input];
    float t = (float)exp2(((double)step + 1.0 - RADII) / (to_corner ? 2.0 : 1.0));
    for (size_t i = 0; i < s->n; i++) {
        float end = d[i] > 0.0F ? in->hi[i] : in->lo[i];
        float way = to_corner && isfinite(end) ? end : d[i];
        h[i] = fminf(fmaxf(t * way, in->lo[i]), in->hi[i]);
    }
}

/* What a value at h tells every p of the input. */
static void take_value(bl_search *s, size_t input, const float *h, const float *logits) {
    const bl_search_input *in = &s->input[input];
    double source = (double)logits[in->source] + in->bias[in->source], largest = -INFINITY;
    for (size_t j = 0; j < s->classes; j++)
        if (j != in->source)
            largest = fmax(largest, (double)logits[j] + in->bias[j]);
    /* as in a run: at the origin of a network without biases all logits are 0, but for rounding */
    bool crosses = source - largest <= in->noise * in->margin;
    for (size_t e = 0; e < s->options.p_count; e++) {
        bl_column *c = &s->column[input * s->options.p_count + e];
        double length = bl_float_norm(c->p, s->n, h);
        c->searched = fmax(c->searched, length);
        if (crosses && isinf(c->best.length) && length < c->looked_length) {
            c->looked_length = length;
            memcpy(c->run.query, h, s->n * sizeof *h);
        }
    }
}

static bl_err look_along(bl_search *s, const bl_oracle *o, size_t input, size_t ray) {
    bl_err err = BL_OK;
    float *x = (float *)s->rows, *h = s->work.w;
    if (!ray_of(s, input, ray, s->work.v))
        goto cleanup;
    for (size_t step = 0; step < RADII;) {
        size_t first = step, count = 0;
        for (; step < RADII && count < s->columns; step++, count++) {
            point_of(s, input, s->work.v, ray >= s->inputs, step, h);
            for (size_t i = 0; i < s->n; i++)
                x[count * s->n + i] = (float)(s->x0[input * s->n + i] + (double)h[i]);
            s->batch_input[count] = input;
        }
        BL_TRY(o->forward(o->context, count, s->batch_input, x, s->logits));
        for (size_t r = 0; r < count; r++) {
            point_of(s, input, s->work.v, ray >= s->inputs, first + r, h);
            take_value(s, input, h, s->logits + r * s->classes);
        }
        s->column[input * s->options.p_count].passes += (int32_t)count;
    }
cleanup:
    return err;
}

bl_err bl_search_look(bl_search *s, const bl_oracle *o) {
    bl_err err = BL_OK;
    for (size_t i = 0; i < s->inputs; i++) {
        bool missing = false;
        for (size_t k = i * s->options.p_count; k < (i + 1) * s->options.p_count; k++)
            missing = missing || (s->column[k].open && isinf(s->column[k].best.length));
        for (size_t ray = 0; missing && ray < s->inputs + RANDOM_RAYS; ray++)
            BL_TRY(look_along(s, o, i, ray));
    }
cleanup:
    return err;
}

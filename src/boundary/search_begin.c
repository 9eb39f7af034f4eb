/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The beginning of a search: classes and first linear steps at the inputs.
 */
#include "base/mem.h"
#include "lanes.h"
#include "linear_step.h"
#include "search_state.h"

#include <math.h>
#include <string.h>

/* Inputs so near to the boundary that float32 margins are noise get the first step only, confirmed in float64. */
static const double NOISE_MAX = 0.03;

static void reset(bl_search *s) {
    size_t planes = s->limits.planes, stride = bl_search_rows(&s->limits) * s->n;
    for (size_t i = 0; i < s->inputs; i++)
        s->input[i] = (bl_search_input){.lo = s->room + 2 * i * s->n,
                                        .hi = s->room + (2 * i + 1) * s->n,
                                        .margin = INFINITY,
                                        .slope = NAN,
                                        .bias = s->bias + i * s->classes};
    for (size_t k = 0; k < s->columns; k++) {
        bl_column *c = &s->column[k];
        float *point = s->points + k * stride;
        *c = (bl_column){.input = k / s->options.p_count,
                         .p_index = k % s->options.p_count,
                         .first = point + 4 * s->n,
                         .looked_length = INFINITY,
                         .first_found = INFINITY,
                         .first_order = NAN};
        c->run = (bl_column_run){.capacity = planes,
                                 .query = point,
                                 .incumbent = point + s->n,
                                 .incumbent_length = INFINITY,
                                 .phase = BL_PHASE_DONE};
        c->best = (bl_column_best){.point = point + 2 * s->n,
                                   .length = INFINITY,
                                   .crossed = point + 3 * s->n,
                                   .crossed_length = INFINITY};
        c->p = s->p[c->p_index];
        c->keeps_planes = !s->limits.expensive && c->p != 0.0;
        for (size_t a = 0; a < planes; a++) {
            c->run.planes.normal[a] = point + (BL_COLUMN_POINTS + a) * s->n;
            c->best.planes.normal[a] = !s->limits.expensive ? c->run.planes.normal[a] + planes * s->n : NULL;
        }
        for (size_t e = 0; e < s->options.p_count; e++)
            s->adopted[k * s->options.p_count + e] = INFINITY;
    }
}

/* Source class of each input from its float64 logits, and the rooms of its coordinates. */
static void classify(bl_search *s, const double *x0, const double *logits0) {
    for (size_t i = 0; i < s->inputs; i++) {
        bl_search_input *in = &s->input[i];
        const double *z = logits0 + i * s->classes, *x = x0 + i * s->n;
        in->usable = true;
        for (size_t j = 0; j < s->classes; j++) {
            in->usable = in->usable && isfinite(z[j]);
            in->source = z[j] > z[in->source] ? j : in->source;
        }
        for (size_t k = 0; k < s->n; k++) {
            in->lo[k] = (float)(s->options.box.lo - x[k]);
            in->hi[k] = (float)(s->options.box.hi - x[k]);
            in->usable = in->usable && x[k] >= s->options.box.lo && x[k] <= s->options.box.hi;
        }
    }
}

/* float64 and float32 logits at the inputs; the passes that all p share are charged to the first. */
static bl_err evaluate_inputs(bl_search *s, const bl_oracle *o, const double *x0, double *logits0) {
    bl_err err = BL_OK;
    float *x = (float *)s->rows;
    for (size_t i = 0; i < s->inputs; i++)
        s->batch_input[i] = i;
    BL_TRY(o->forward64(o->context, s->inputs, s->batch_input, x0, logits0));
    classify(s, x0, logits0);
    for (size_t i = 0; i < s->inputs * s->n; i++)
        x[i] = (float)x0[i];
    BL_TRY(o->forward(o->context, s->inputs, s->batch_input, x, s->logits));
    for (size_t i = 0; i < s->inputs; i++) {
        double largest = 0.0;
        for (size_t j = 0; j < s->classes; j++) {
            double z = logits0[i * s->classes + j];
            largest = fmax(largest, fabs(z));
            s->input[i].bias[j] = z - (double)s->logits[i * s->classes + j];
        }
        s->input[i].noise = 2e-7 * largest;
        s->column[i * s->options.p_count].passes += 2;
    }
cleanup:
    return err;
}

/* The first step of an input towards class j, for every p. */
static void first_steps(bl_search *s, size_t input, size_t j, double margin, const float *gradient) {
    bl_search_input *in = &s->input[input];
    if (!(margin >= in->margin)) {
        in->margin = margin;
        in->slope = bl_float_norm(2.0, s->n, gradient);
    }
    for (size_t k = 0; k < s->options.p_count; k++) {
        bl_column *c = &s->column[input * s->options.p_count + k];
        double length;
        bool reached = bl_linear_step_within(c->p, s->n, in->lo, in->hi, gradient, -margin, s->work.v,
                                             s->work.w, &length);
        bool first = c->run.planes.target == in->source, shorter = !(length >= c->first_order);
        if (!first && !(reached && shorter))
            continue;
        c->first_order = reached ? length : NAN;
        c->run.planes.target = j;
        c->scale = bl_float_norm(INFINITY, s->n, s->work.w);
        memcpy(c->first, s->work.w, s->n * sizeof *c->first);
    }
}

/* Linear steps from x0 to every other class. */
static bl_err evaluate_first_steps(bl_search *s, const bl_oracle *o, const double *logits0) {
    bl_err err = BL_OK;
    size_t classes = s->classes;
    float *gradient = (float *)s->rows + s->columns * s->n;
    for (size_t k = 0; k < s->columns; k++)
        s->column[k].run.planes.target = s->input[s->column[k].input].source;
    for (size_t other = 1; other < classes; other++) {
        memset(s->seed, 0, s->inputs * classes * sizeof *s->seed);
        for (size_t i = 0; i < s->inputs; i++) {
            s->seed[i * classes + s->input[i].source] = 1.0F;
            s->seed[i * classes + (s->input[i].source + other) % classes] = -1.0F;
        }
        BL_TRY(o->gradient(o->context, s->inputs, NULL, s->seed, gradient));
        for (size_t i = 0; i < s->inputs; i++) {
            size_t source = s->input[i].source, j = (source + other) % classes;
            s->column[i * s->options.p_count].passes += 1;
            if (s->input[i].usable)
                first_steps(s, i, j, logits0[i * classes + source] - logits0[i * classes + j],
                            gradient + i * s->n);
        }
    }
cleanup:
    return err;
}

/* Root mean square of x0's coordinates, 1 where they all vanish: a scale where the gradient gives none. */
static double typical_coordinate(const double *x0, size_t n) {
    double size = bl_norm(2.0, n, x0) / sqrt((double)n);
    return size > 0.0 ? size : 1.0;
}

bl_err bl_search_begin(bl_search *s, const bl_oracle *o, const double *x0, double *logits0,
                       bl_search_result *result, double *points) {
    bl_err err = BL_OK;
    s->x0 = x0;
    reset(s);
    memset(s->best_logits, 0, s->columns * s->classes * sizeof *s->best_logits);
    memset(s->class_tried, 0, s->columns * s->classes * sizeof *s->class_tried);
    for (size_t k = 0; k < s->columns; k++)
        result[k] = (bl_search_result){.distance = NAN, .inside = NAN, .confidence = NAN};
    for (size_t k = 0; points && k < s->columns * s->n; k++)
        points[k] = NAN;
    BL_TRY(evaluate_inputs(s, o, x0, logits0));
    BL_TRY(evaluate_first_steps(s, o, logits0));
    for (size_t k = 0; k < s->columns; k++) {
        bl_column *c = &s->column[k];
        bl_search_input *in = &s->input[c->input];
        if (!in->usable)
            continue;
        memcpy(c->run.query, c->first, s->n * sizeof *c->run.query);
        if (in->margin <= 0.0) { /* on the boundary */
            memset(c->best.point, 0, s->n * sizeof *c->best.point);
            c->best.length = 0.0;
            continue;
        }
        if (c->p_index == 0)
            in->noise /= in->margin;
        c->claimed = in->noise > NOISE_MAX && c->scale > 0.0;
        c->open = !c->claimed;
        if (c->claimed)
            bl_column_offer(c, s->n, c->run.query, -1.0);
        else if (c->scale > 0.0) {
            for (size_t e = 0; e < s->n; e++)
                c->run.query[e] *= c->p == 0.0 ? 1.0F : (float)s->limits.look;
            bl_column_start(c);
        } else
            c->scale = typical_coordinate(x0 + c->input * s->n, s->n);
    }
cleanup:
    return err;
}

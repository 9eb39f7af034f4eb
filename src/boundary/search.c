/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The search: all inputs and all p of a network advance together, one value and gradient a column and round, in one batch.
 */
#include "borderline/boundary.h"
#include "borderline/mem.h"
#include "borderline/rng.h"
#include "column.h"
#include "lanes.h"
#include "linear_step.h"
#include "verify.h"

#include <math.h>

struct bl_search {
    bl_search_options options;
    double *p;
    size_t n, classes, inputs, columns;
    size_t planes; /* a column */
    bl_search_input *input;
    bl_column *column;
    bl_ray *ray;
    size_t *batch_column; /* [columns] which column each row of the batch serves */
    size_t *batch_input, *batch_row;
    double *rows;     /* [columns][n]: float64 points, or float32 points and gradients */
    double *logits64; /* [columns][classes] */
    float *logits, *seed;
    float *room;   /* [inputs][2][n] */
    double *bias;  /* [inputs][classes] */
    float *points; /* [columns][3 + planes][n] */
    bl_nearest_work work;
    float *work_rows; /* [4][n] */
};

/* What an effort allows: planes a column, passes a column, verification not included. */
typedef struct effort_limits {
    size_t planes;
    int32_t passes;
} effort_limits;

/* Inputs so near to the boundary that float32 margins are noise get the first step, confirmed in float64. */
static const double NOISE_MAX = 0.03;

static effort_limits limits_of(bl_effort effort) {
    switch (effort) {
    case BL_EFFORT_FAST:
        return (effort_limits){8, 16};
    case BL_EFFORT_STANDARD:
        return (effort_limits){12, 95};
    default:
        return (effort_limits){16, 1900};
    }
}

size_t bl_search_batch(const bl_search_options *options, size_t inputs) {
    return inputs * options->p_count;
}

size_t bl_search_memory(const bl_search_options *options, size_t n, size_t classes, size_t inputs) {
    size_t columns = inputs * options->p_count, planes = limits_of(options->effort).planes;
    size_t row = columns * (sizeof(double) + (3 + planes) * sizeof(float)) + inputs * 2 * sizeof(float) +
                 4 * sizeof(float);
    size_t column = sizeof(bl_column) + sizeof(bl_ray) + 3 * sizeof(size_t) +
                    classes * (sizeof(double) + 2 * sizeof(float));
    return sizeof(bl_search) + n * row + columns * column +
           inputs * (sizeof(bl_search_input) + classes * sizeof(double));
}

bl_err bl_search_create(const bl_search_options *options, size_t n, size_t classes, size_t inputs,
                        bl_search **out) {
    bl_err err = BL_OK;
    bl_search *s = NULL;
    BL_REQUIRE(n > 0 && classes > 1 && inputs > 0 && options->p_count > 0, BL_ERR_INPUT,
               "a search needs at least one input, one dimension, two classes and one p");
    for (size_t k = 0; k < options->p_count; k++)
        BL_REQUIRE(options->p[k] >= 1.0 || options->p[k] == 0.0, BL_ERR_INPUT,
                   "p = %g: p must be 0 or at least 1", options->p[k]);
    BL_ALLOC(s, 1);
    s->options = *options;
    s->n = n;
    s->classes = classes;
    s->inputs = inputs;
    s->columns = inputs * options->p_count;
    s->planes = limits_of(options->effort).planes;
    BL_ALLOC(s->p, options->p_count);
    memcpy(s->p, options->p, options->p_count * sizeof *s->p);
    s->options.p = s->p;
    BL_ALLOC(s->input, inputs);
    BL_ALLOC(s->column, s->columns);
    BL_ALLOC(s->ray, s->columns);
    BL_ALLOC(s->batch_column, s->columns);
    BL_ALLOC(s->batch_input, s->columns);
    BL_ALLOC(s->batch_row, s->columns);
    BL_ALLOC(s->rows, s->columns * n);
    BL_ALLOC(s->logits64, s->columns * classes);
    BL_ALLOC(s->logits, s->columns * classes);
    BL_ALLOC(s->seed, s->columns * classes);
    BL_ALLOC(s->room, inputs * 2 * n);
    BL_ALLOC(s->bias, inputs * classes);
    BL_ALLOC(s->points, s->columns * (3 + s->planes) * n);
    BL_ALLOC(s->work_rows, 4 * n);
    s->work = (bl_nearest_work){s->work_rows, s->work_rows + n, s->work_rows + 2 * n, s->work_rows + 3 * n};
    *out = s;
    s = NULL;
cleanup:
    bl_search_destroy(&s);
    return err;
}

void bl_search_destroy(bl_search **search) {
    bl_search *s = *search;
    if (!s)
        return;
    bl_mem_free(s->p);
    bl_mem_free(s->input);
    bl_mem_free(s->column);
    bl_mem_free(s->ray);
    bl_mem_free(s->batch_column);
    bl_mem_free(s->batch_input);
    bl_mem_free(s->batch_row);
    bl_mem_free(s->rows);
    bl_mem_free(s->logits64);
    bl_mem_free(s->logits);
    bl_mem_free(s->seed);
    bl_mem_free(s->room);
    bl_mem_free(s->bias);
    bl_mem_free(s->points);
    bl_mem_free(s->work_rows);
    bl_mem_free(s);
    *search = NULL;
}

static float *batch_points(bl_search *s) {
    return (float *)s->rows;
}

static float *batch_gradients(bl_search *s) {
    return (float *)s->rows + s->columns * s->n;
}

static bl_err check_stop(const bl_search *s) {
    if (s->options.stop && s->options.stop(s->options.stop_context))
        return bl_err_set(BL_ERR_STOPPED, "the boundary search was stopped");
    return BL_OK;
}

static void reset(bl_search *s) {
    effort_limits limits = limits_of(s->options.effort);
    for (size_t i = 0; i < s->inputs; i++)
        s->input[i] = (bl_search_input){.lo = s->room + 2 * i * s->n,
                                        .hi = s->room + (2 * i + 1) * s->n,
                                        .margin = INFINITY,
                                        .bias = s->bias + i * s->classes};
    for (size_t k = 0; k < s->columns; k++) {
        bl_column *c = &s->column[k];
        float *point = s->points + k * (3 + s->planes) * s->n;
        *c = (bl_column){.input = k / s->options.p_count,
                         .p_index = k % s->options.p_count,
                         .planes_max = s->planes,
                         .query = point,
                         .incumbent = point + s->n,
                         .best = point + 2 * s->n,
                         .best_length = INFINITY,
                         .first_order = NAN,
                         .phase = BL_PHASE_DONE,
                         .limit = limits.passes};
        c->p = s->p[c->p_index];
        for (size_t a = 0; a < s->planes; a++)
            c->normal[a] = point + (3 + a) * s->n;
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

/* float32 and float64 logits at the inputs. */
static bl_err evaluate_inputs(bl_search *s, const bl_oracle *o, const double *x0, double *logits0) {
    bl_err err = BL_OK;
    float *x = batch_points(s);
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

/* The first step of input i towards class j, for every p. */
static void first_steps(bl_search *s, size_t i, size_t j, double margin, const float *gradient) {
    bl_search_input *in = &s->input[i];
    for (size_t k = 0; k < s->options.p_count; k++) {
        bl_column *c = &s->column[i * s->options.p_count + k];
        double length;
        bool reached = bl_linear_step_within(c->p, s->n, in->lo, in->hi, gradient, -margin, s->work.v,
                                             s->work.w, &length);
        bool better =
            isnan(c->first_order) ? reached || c->target == in->source : reached && length < c->first_order;
        if (!better)
            continue;
        c->first_order = reached ? length : NAN;
        c->target = j;
        c->scale = bl_float_norm(INFINITY, s->n, s->work.w);
        memcpy(c->query, s->work.w, s->n * sizeof *c->query);
    }
    in->margin = fmin(in->margin, margin);
}

/* Linear steps from x0 to every other class. */
static bl_err evaluate_first_steps(bl_search *s, const bl_oracle *o, const double *logits0) {
    bl_err err = BL_OK;
    size_t c = s->classes;
    for (size_t k = 0; k < s->columns; k++)
        s->column[k].target = s->input[s->column[k].input].source;
    for (size_t other = 1; other < c; other++) {
        memset(s->seed, 0, s->inputs * c * sizeof *s->seed);
        for (size_t i = 0; i < s->inputs; i++) {
            s->seed[i * c + s->input[i].source] = 1.0F;
            s->seed[i * c + (s->input[i].source + other) % c] = -1.0F;
        }
        BL_TRY(o->gradient(o->context, s->inputs, NULL, s->seed, batch_gradients(s)));
        for (size_t i = 0; i < s->inputs; i++) {
            size_t source = s->input[i].source, j = (source + other) % c;
            double margin = logits0[i * c + source] - logits0[i * c + j];
            s->column[i * s->options.p_count].passes += 1;
            if (s->input[i].usable)
                first_steps(s, i, j, margin, batch_gradients(s) + i * s->n);
        }
    }
cleanup:
    return err;
}

static void begin(bl_search *s) {
    for (size_t k = 0; k < s->columns; k++) {
        bl_column *c = &s->column[k];
        bl_search_input *in = &s->input[c->input];
        if (!in->usable)
            continue;
        if (in->margin <= 0.0) { /* on the boundary */
            memset(c->best, 0, s->n * sizeof *c->best);
            c->best_length = 0.0;
            continue;
        }
        if (c->p_index == 0)
            in->noise /= in->margin;
        if (!(c->scale > 0.0))
            continue;
        if (in->noise > NOISE_MAX)
            bl_column_offer(c, s->n, c->query, 0.0, -1.0, c->target);
        else
            bl_column_start(c, s->n);
    }
}

/* Margin of a row against its column's target, in units of the input's margin; a point of another class takes that class for
 * its target. */
static double margin_of(bl_search *s, bl_column *c, const float *logits) {
    const bl_search_input *in = &s->input[c->input];
    double source = (double)logits[in->source] + in->bias[in->source], largest = -INFINITY;
    size_t best = c->target;
    for (size_t j = 0; j < s->classes; j++)
        if (j != in->source && (double)logits[j] + in->bias[j] > largest) {
            largest = (double)logits[j] + in->bias[j];
            best = j;
        }
    bool crossed = largest >= source;
    if (best != c->target && (crossed || (c->phase == BL_PHASE_SEEK && c->planes == 0))) {
        c->target = best;
        c->planes = 0;
    }
    return (source - ((double)logits[c->target] + in->bias[c->target])) / in->margin;
}

/* One value and gradient for every column under way. */
static bl_err advance(bl_search *s, const bl_oracle *o, const double *x0, size_t count) {
    bl_err err = BL_OK;
    float *x = batch_points(s), *gradient = batch_gradients(s);
    for (size_t r = 0; r < count; r++) {
        const bl_column *c = &s->column[s->batch_column[r]];
        const double *from = x0 + c->input * s->n;
        for (size_t i = 0; i < s->n; i++)
            x[r * s->n + i] = (float)(from[i] + (double)c->query[i]);
        s->batch_input[r] = c->input;
    }
    BL_TRY(o->forward(o->context, count, s->batch_input, x, s->logits));
    memset(s->seed, 0, count * s->classes * sizeof *s->seed);
    double *margin = s->logits64;
    for (size_t r = 0; r < count; r++) {
        bl_column *c = &s->column[s->batch_column[r]];
        const bl_search_input *in = &s->input[c->input];
        margin[r] = margin_of(s, c, s->logits + r * s->classes);
        s->seed[r * s->classes + in->source] = (float)(1.0 / in->margin);
        s->seed[r * s->classes + c->target] = (float)(-1.0 / in->margin);
    }
    BL_TRY(o->gradient(o->context, count, NULL, s->seed, gradient));
    for (size_t r = 0; r < count; r++) {
        bl_column *c = &s->column[s->batch_column[r]];
        c->passes += 2;
        bl_column_receive(c, &s->input[c->input], s->n, margin[r], gradient + r * s->n, &s->work);
    }
cleanup:
    return err;
}

static bl_stream stream_of(const bl_column *c) {
    return bl_rng_stream(0, 0, (uint32_t)c->input, BL_PURPOSE_SEARCH,
                         (uint32_t)c->runs & BL_STREAM_INDEX_MAX);
}

/* A new start for a column whose run has ended: around the best point, or in the ball that it spans. */
static void restart(bl_search *s, bl_column *c) {
    const bl_search_input *in = &s->input[c->input];
    size_t n = s->n;
    bool found = isfinite(c->best_length);
    float *z = s->work.v;
    bl_rng_normal(stream_of(c), 1.0F, n, z);
    double reach =
        found ? sqrt(lane_dot(n, c->best, c->best)) : c->scale * sqrt((double)n) * exp2(0.5 * c->runs);
    float size = (float)(reach / sqrt((double)n));
    bool around = found && c->runs % 3 != 0;
    for (size_t i = 0; i < n; i++) {
        float h = (around ? c->best[i] : 0.0F) + size * z[i];
        c->query[i] = fminf(fmaxf(h, in->lo[i]), in->hi[i]);
    }
    bl_column_start(c, n);
}

static bl_err rounds(bl_search *s, const bl_oracle *o, const double *x0) {
    bl_err err = BL_OK;
    for (;;) {
        BL_TRY(check_stop(s));
        size_t count = 0;
        for (size_t k = 0; k < s->columns; k++) {
            bl_column *c = &s->column[k];
            if (c->runs == 0 || c->passes + 2 > c->limit)
                continue;
            if (c->phase == BL_PHASE_DONE)
                restart(s, c);
            s->batch_column[count++] = k;
        }
        if (count == 0)
            break;
        BL_TRY(advance(s, o, x0, count));
    }
cleanup:
    return err;
}

/* A crossing of one p bounds every other p of its input. */
static void share(bl_search *s) {
    size_t m = s->options.p_count;
    for (size_t k = 0; k < s->columns; k++)
        for (size_t e = 0; e < m; e++) {
            bl_column *from = &s->column[k], *to = &s->column[k / m * m + e];
            if (from != to && isfinite(from->best_length))
                bl_column_offer(to, s->n, from->best, from->best_f, from->best_slope, from->best_target);
        }
}

static bl_err verify(bl_search *s, const bl_oracle *o, const double *x0) {
    bl_err err = BL_OK;
    for (size_t k = 0; k < s->columns; k++) {
        s->ray[k] = bl_ray_start(s->column[k].best, s->column[k].best_slope);
        s->ray[k].open = s->column[k].best_length > 0.0 && isfinite(s->column[k].best_length);
    }
    for (;;) {
        size_t count = 0;
        for (size_t k = 0; k < s->columns; k++)
            if (s->ray[k].open) {
                size_t i = s->column[k].input;
                bl_ray_point(&s->ray[k], s->ray[k].next, s->n, x0 + i * s->n, s->options.box,
                             s->rows + count * s->n);
                s->batch_input[count] = i;
                s->batch_column[count++] = k;
            }
        if (count == 0)
            break;
        BL_TRY(o->forward64(o->context, count, s->batch_input, s->rows, s->logits64));
        for (size_t r = 0; r < count; r++) {
            bl_column *c = &s->column[s->batch_column[r]];
            const bl_search_input *in = &s->input[c->input];
            const double *z = s->logits64 + r * s->classes;
            double largest = -INFINITY;
            for (size_t j = 0; j < s->classes; j++)
                largest = j != in->source ? fmax(largest, z[j]) : largest;
            c->passes += 1;
            bl_ray_receive(&s->ray[s->batch_column[r]], (z[in->source] - largest) / in->margin);
        }
    }
cleanup:
    return err;
}

/* Length of x - x0 at t on a ray, x left in `x`. */
static double ray_length(bl_search *s, size_t k, double t, const double *x0, double *x, double *difference) {
    const double *from = x0 + s->column[k].input * s->n;
    bl_ray_point(&s->ray[k], t, s->n, from, s->options.box, x);
    for (size_t i = 0; i < s->n; i++)
        difference[i] = x[i] - from[i];
    return bl_norm(s->column[k].p, s->n, difference);
}

static void report(bl_search *s, const double *x0, bl_search_result *result, double *points) {
    double *x = (double *)(void *)s->work_rows, *difference = x + s->n;
    for (size_t k = 0; k < s->columns; k++) {
        const bl_column *c = &s->column[k];
        bl_search_result *r = &result[k];
        *r = (bl_search_result){.distance = NAN,
                                .inside = NAN,
                                .first_order = c->first_order,
                                .passes = c->passes,
                                .restarts_won = c->won,
                                .status = BL_STATUS_NOT_FOUND};
        for (size_t i = 0; points && i < s->n; i++)
            points[k * s->n + i] = NAN;
        if (!isfinite(c->best_length))
            continue;
        r->status = BL_STATUS_NOT_VERIFIED;
        if (c->best_length > 0.0 && isinf(s->ray[k].outside))
            continue;
        r->status = BL_STATUS_FOUND;
        if (c->best_length == 0.0) {
            s->ray[k] = bl_ray_start(c->best, -1.0);
            s->ray[k].outside = 0.0;
        }
        r->inside = ray_length(s, k, s->ray[k].inside, x0, x, difference);
        r->distance = ray_length(s, k, s->ray[k].outside, x0, x, difference);
        if (points)
            memcpy(points + k * s->n, x, s->n * sizeof *x);
    }
}

bl_err bl_search_run(bl_search *s, const bl_oracle *o, const double *x0, double *logits0,
                     bl_search_result *result, double *points) {
    bl_err err = BL_OK;
    BL_REQUIRE(o->dimension == s->n && o->classes == s->classes && o->batch >= s->columns, BL_ERR_INPUT,
               "the search was made for another network or batch");
    reset(s);
    BL_TRY(evaluate_inputs(s, o, x0, logits0));
    BL_TRY(evaluate_first_steps(s, o, logits0));
    begin(s);
    BL_TRY(rounds(s, o, x0));
    share(s);
    BL_TRY(verify(s, o, x0));
    report(s, x0, result, points);
cleanup:
    return err;
}

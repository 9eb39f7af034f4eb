/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The search: all inputs and all p of a network advance together, by one value and gradient per column and round, in one
 * batch (README.md has the algorithm, a glossary, and what each part gains).
 */
#include "base/mem.h"
#include "column_p0.h"
#include "linear_step.h"
#include "search_state.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { EXPENSIVE_FAILURES = 3, EXPENSIVE_PLANES = 16 };
enum { RUN_PASSES = 24 };   /* that the budget should still hold for each run that begins */
enum { LAST_RESORT = 200 }; /* passes of a column that has found nothing */

static const double WIDE_GAP =
    1e-4; /* where queries are expensive: a run ends once it promises a smaller relative gain */

static bl_effort_limits limits_of(const bl_search_options *options, bl_effort effort) {
    static const bl_effort_limits limits[] = {[BL_EFFORT_FAST] = {.passes = 80,
                                                                  .failures = 0,
                                                                  .failures_bent = 30,
                                                                  .evaluations = 8,
                                                                  .evaluations_bent = 20,
                                                                  .classes = 3,
                                                                  .patience = 4,
                                                                  .held = 1,
                                                                  .nearly = 0.03,
                                                                  .coarse = 2e-2,
                                                                  .gap = 5e-3,
                                                                  .look = 1.0},
                                              [BL_EFFORT_STANDARD] = {.passes = 430,
                                                                      .failures = 10,
                                                                      .failures_bent = 200,
                                                                      .evaluations = 100,
                                                                      .classes = 9,
                                                                      .patience = 3,
                                                                      .held = 1,
                                                                      .nearly = 0.03,
                                                                      .coarse = 1.5e-2,
                                                                      .gap = 2e-4,
                                                                      .look = 0.9},
                                              [BL_EFFORT_THOROUGH] = {.passes = 9000,
                                                                      .failures = 150,
                                                                      .failures_bent = 2000,
                                                                      .evaluations = 100,
                                                                      .classes = 30,
                                                                      .patience = 3,
                                                                      .held = 8,
                                                                      .nearly = 0.01,
                                                                      .coarse = 3e-3,
                                                                      .gap = 2e-5,
                                                                      .look = 0.9}};
    bl_effort_limits l = limits[effort];
    l.planes = BL_NEAREST_PLANES;
    if (options->queries > 0) {
        l.passes = 2 * (int32_t)options->queries;
        l.failures = EXPENSIVE_FAILURES;
        l.coarse = l.gap = WIDE_GAP;
        l.planes = EXPENSIVE_PLANES;
        l.expensive = true;
    }
    return l;
}

size_t bl_search_batch(const bl_search_options *options, size_t inputs) {
    return inputs * options->p_count;
}

size_t bl_search_memory(const bl_search_options *options, size_t n, size_t classes, size_t inputs) {
    size_t columns = inputs * options->p_count;
    bl_effort_limits limits = limits_of(options, options->effort);
    size_t row = columns * (sizeof(double) + bl_search_rows(&limits) * sizeof(float)) +
                 inputs * 2 * sizeof(float) + 4 * sizeof(float);
    size_t column = sizeof(bl_column) + sizeof(bl_ray) + 2 * sizeof(size_t) +
                    options->p_count * sizeof(double) +
                    classes * (sizeof(double) + 3 * sizeof(float) + sizeof(bool));
    return sizeof(bl_search) + n * row + columns * column + options->p_count * sizeof(double) +
           inputs * (sizeof(bl_search_input) + classes * sizeof(double));
}

static bl_err allocate(bl_search *s) {
    bl_err err = BL_OK;
    size_t n = s->n, columns = s->columns, classes = s->classes;
    BL_ALLOC(s->input, s->inputs);
    BL_ALLOC(s->column, columns);
    BL_ALLOC(s->adopted, columns * s->options.p_count);
    BL_ALLOC(s->best_logits, columns * classes);
    BL_ALLOC(s->class_tried, columns * classes);
    BL_ALLOC(s->ray, columns);
    BL_ALLOC(s->batch_column, columns);
    BL_ALLOC(s->batch_input, columns);
    BL_ALLOC(s->rows, columns * n);
    BL_ALLOC(s->logits64, columns * classes);
    BL_ALLOC(s->logits, columns * classes);
    BL_ALLOC(s->seed, columns * classes);
    BL_ALLOC(s->room, s->inputs * 2 * n);
    BL_ALLOC(s->bias, s->inputs * classes);
    BL_ALLOC(s->points, columns * bl_search_rows(&s->limits) * n);
    BL_ALLOC(s->work_rows, 4 * n);
    s->work = (bl_nearest_work){s->work_rows, s->work_rows + n, s->work_rows + 2 * n, s->work_rows + 3 * n};
cleanup:
    return err;
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
    s->limits = limits_of(options, options->effort);
    s->n = n;
    s->classes = classes;
    s->inputs = inputs;
    s->columns = inputs * options->p_count;
    BL_ALLOC(s->p, options->p_count);
    memcpy(s->p, options->p, options->p_count * sizeof *s->p);
    s->options.p = s->p;
    BL_TRY(allocate(s));
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
    void *owned[] = {s->p,    s->input,        s->column,      s->adopted, s->best_logits, s->class_tried,
                     s->ray,  s->batch_column, s->batch_input, s->rows,    s->logits64,    s->logits,
                     s->seed, s->room,         s->bias,        s->points,  s->work_rows};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++)
        bl_mem_free(owned[k]);
    bl_mem_free(s);
    *search = NULL;
}

/* Margin of a row against its column's target, in units of the input's margin. A point of another class takes that
 * class for its target, and so does the first point of a run. */
static double margin_of(bl_search *s, bl_column *c, const float *logits) {
    const bl_search_input *in = &s->input[c->input];
    double source = (double)logits[in->source] + in->bias[in->source], largest = -INFINITY;
    size_t nearest = c->run.planes.target;
    for (size_t j = 0; j < s->classes; j++)
        if (j != in->source && (double)logits[j] + in->bias[j] > largest) {
            largest = (double)logits[j] + in->bias[j];
            nearest = j;
        }
    bool beginning = c->run.phase == BL_PHASE_SEEK && c->run.planes.count == 0 && !c->run.held_to_class;
    bool held = c->run.held_to_class && !(bl_float_norm(c->p, s->n, c->run.query) < c->best.length);
    if (nearest != c->run.planes.target && !held && (largest >= source || beginning)) {
        c->run.planes.target = nearest;
        c->run.planes.count = 0;
    }
    return (source - ((double)logits[c->run.planes.target] + in->bias[c->run.planes.target])) / in->margin;
}

/* One value and gradient for each column of the batch. */
static bl_err advance(bl_search *s, const bl_oracle *o, const double *x0, size_t count) {
    bl_err err = BL_OK;
    float *x = (float *)s->rows, *gradient = x + s->columns * s->n;
    double *margin = s->logits64;
    for (size_t r = 0; r < count; r++) {
        const bl_column *c = &s->column[s->batch_column[r]];
        const double *from = x0 + c->input * s->n;
        for (size_t i = 0; i < s->n; i++)
            x[r * s->n + i] = (float)(from[i] + (double)c->run.query[i]);
        s->batch_input[r] = c->input;
    }
    BL_TRY(o->forward(o->context, count, s->batch_input, x, s->logits));
    memset(s->seed, 0, count * s->classes * sizeof *s->seed);
    for (size_t r = 0; r < count; r++) {
        bl_column *c = &s->column[s->batch_column[r]];
        const bl_search_input *in = &s->input[c->input];
        margin[r] = margin_of(s, c, s->logits + r * s->classes);
        s->seed[r * s->classes + in->source] = (float)(1.0 / in->margin);
        s->seed[r * s->classes + c->run.planes.target] = (float)(-1.0 / in->margin);
    }
    BL_TRY(o->gradient(o->context, count, NULL, s->seed, gradient));
    for (size_t r = 0; r < count; r++) {
        bl_column *c = &s->column[s->batch_column[r]];
        double length = c->best.length;
        c->passes += 2;
        if (c->p == 0.0)
            bl_column_p0_receive(c, &s->input[c->input], s->n, margin[r], gradient + r * s->n);
        else
            bl_column_receive(c, &s->input[c->input], s->n, margin[r], gradient + r * s->n, &s->work);
        if (c->best.length < length)
            bl_search_note_classes(s, c, length, s->logits + r * s->classes);
    }
cleanup:
    return err;
}

/* Whether the column may begin another run: the budget lasts, and the runs so far do not show that a nearer point is improbable. */
static bool is_worthwhile(const bl_search *s, const bl_column *c, int64_t left) {
    if (isinf(c->best.length))
        return c->passes - c->passes_before < LAST_RESORT && (left > 0 || !s->limits.expensive);
    if (c->p == 0.0) /* longer runs, and a whole number that seldom falls */
        return left > 0 && 2 * c->failures < s->limits.failures;
    double bend = bl_column_bend(c);
    return left > 0 && c->failures + 1 <= s->limits.failures + s->limits.failures_bent * bend * bend;
}

/* Begin the column's next run, or go on from its best point. @return false when the column rests */
static bool begin_next(bl_search *s, bl_column *c, int64_t left) {
    if (!c->open || s->beginners)
        return false;
    if (left > 0 && (bl_search_adopt(s, c) || bl_search_hold_to_class(s, c)))
        return true;
    if (is_worthwhile(s, c, left)) {
        bl_search_restart(s, c);
        return true;
    }
    if (s->limits.expensive || !bl_column_unfinished(c, s->limits.gap))
        return false;
    bl_column_finish(c, &s->input[c->input], s->n, s->limits.gap, &s->work);
    return c->run.phase != BL_PHASE_DONE;
}

/* Whether columns are in their first run. */
static void find_beginners(bl_search *s) {
    s->beginners = false;
    for (size_t k = 0; k < s->columns; k++)
        if (s->column[k].run.phase != BL_PHASE_DONE && s->column[k].runs == 1)
            s->beginners = true;
}

/* The columns that are in a run, and those that begin one. */
static size_t form_batch(bl_search *s) {
    size_t count = 0;
    int64_t left = s->budget;
    for (size_t k = 0; k < s->columns; k++)
        left -= s->column[k].run.phase != BL_PHASE_DONE ? RUN_PASSES : 0;
    for (size_t k = 0; k < s->columns; k++) {
        bl_column *c = &s->column[k];
        if (s->limits.expensive && s->budget <= 0 && isfinite(c->best.length))
            continue;
        if (c->run.phase == BL_PHASE_DONE) {
            if (!begin_next(s, c, left))
                continue;
            left -= RUN_PASSES;
        }
        s->batch_column[count++] = k;
    }
    return count;
}

/* The stage of one effort: runs until every column rests. */
static bl_err run_stage(bl_search *s, const bl_oracle *o, const double *x0) {
    bl_err err = BL_OK;
    s->budget = (int64_t)s->limits.passes * (int64_t)s->columns;
    for (size_t k = 0; k < s->columns; k++) {
        bl_column *c = &s->column[k];
        c->passes_before = c->passes;
        c->run.patience = s->limits.patience;
        c->run.held = s->limits.held;
        c->run.most = s->limits.evaluations;
        c->run.most_bent = s->limits.evaluations_bent;
        c->run.nearly = s->limits.nearly;
        c->run.coarse = s->limits.coarse;
        c->best.finished = false;
        c->class_tries = 0;
    }
    for (bool looked = s->limits.expensive;;) {
        if (s->options.stop && s->options.stop(s->options.stop_context))
            BL_FAIL(BL_ERR_STOPPED, "the boundary search was stopped");
        find_beginners(s);
        if (!looked && !s->beginners) {
            BL_TRY(bl_search_look(s, o));
            looked = true;
        }
        size_t count = form_batch(s);
        if (count == 0)
            break;
        BL_TRY(advance(s, o, x0, count));
        s->budget -= 2 * (int64_t)count;
    }
cleanup:
    return err;
}

bl_err bl_search_run(bl_search *s, const bl_oracle *o, const double *x0, double *logits0,
                     bl_search_result *result, double *points) {
    bl_err err = BL_OK;
    bl_effort effort = s->options.queries > 0 ? s->options.effort : BL_EFFORT_FAST;
    BL_REQUIRE(o->dimension == s->n && o->classes == s->classes && o->batch >= s->columns, BL_ERR_INPUT,
               "the search was made for another network or batch");
    s->limits = limits_of(&s->options, effort);
    BL_TRY(bl_search_begin(s, o, x0, logits0, result, points));
    for (; effort <= s->options.effort; effort++) {
        s->limits = limits_of(&s->options, effort);
        BL_TRY(run_stage(s, o, x0));
        BL_TRY(bl_search_confirm(s, o, x0, result, points));
    }
    BL_TRY(bl_search_try_first_steps(s, o, x0, result));
cleanup:
    return err;
}

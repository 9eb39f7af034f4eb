/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The search: all inputs and all p of a network advance together, by one value and gradient per column and round, in one
 * batch (README.md has the algorithm, a glossary, and what each part gains).
 */
#include "base/mem.h"
#include "column_p0.h"
#include "search_state.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { EXPENSIVE_RUNS = 2 }; /* where queries are expensive: one from x0, one from another p's crossing */
enum { EXPENSIVE_PLANES = 16 };
enum { RUN_PASSES = 24 }; /* that the budget should still hold for each run that begins */
enum { FINISHES = 4 };    /* of the best points; all but the last leave the rest to further runs */

static const double WIDE_GAP = 1e-4; /* where queries are expensive, a run ends that promises less */

/* Coming from inside, a first run meets more faces before it crosses; fast has no passes for them. */
static bl_effort_limits limits_of(const bl_search_options *options) {
    static const bl_effort_limits limits[] = {
        [BL_EFFORT_FAST] = {16, 4, .held = 1, .nearly = 0.03, .coarse = 2e-2, .gap = 5e-3, .finish = 4,
                            .look = 1.0},
        [BL_EFFORT_STANDARD] = {96, 3, .held = 1, .nearly = 0.03, .coarse = 1.5e-2, .gap = 2e-4, .finish = 20,
                                .look = 0.9},
        [BL_EFFORT_THOROUGH] = {1950, 3, .held = 8, .nearly = 0.01, .coarse = 3e-3, .gap = 2e-5, .finish = 40,
                                .look = 0.9}};
    bl_effort_limits l = limits[options->effort];
    l.runs = INT_MAX;
    l.planes = BL_NEAREST_PLANES;
    if (options->queries > 0) {
        l.passes = 2 * (int32_t)options->queries;
        l.coarse = l.gap = WIDE_GAP;
        l.runs = EXPENSIVE_RUNS;
        l.finish = 0;
        l.planes = EXPENSIVE_PLANES;
    }
    return l;
}

size_t bl_search_batch(const bl_search_options *options, size_t inputs) {
    return inputs * options->p_count;
}

size_t bl_search_memory(const bl_search_options *options, size_t n, size_t classes, size_t inputs) {
    size_t columns = inputs * options->p_count;
    bl_effort_limits limits = limits_of(options);
    size_t row = columns * (sizeof(double) + bl_search_rows(&limits) * sizeof(float)) +
                 inputs * 2 * sizeof(float) + 4 * sizeof(float);
    size_t column = sizeof(bl_column) + sizeof(bl_ray) + 2 * sizeof(size_t) +
                    options->p_count * sizeof(double) + classes * (sizeof(double) + 2 * sizeof(float));
    return sizeof(bl_search) + n * row + columns * column + options->p_count * sizeof(double) +
           inputs * (sizeof(bl_search_input) + classes * sizeof(double));
}

static bl_err allocate(bl_search *s) {
    bl_err err = BL_OK;
    size_t n = s->n, columns = s->columns, classes = s->classes;
    BL_ALLOC(s->input, s->inputs);
    BL_ALLOC(s->column, columns);
    BL_ALLOC(s->adopted, columns * s->options.p_count);
    BL_ALLOC(s->typical, s->options.p_count);
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
    s->limits = limits_of(options);
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
    void *owned[] = {
        s->p,    s->input,    s->column, s->adopted, s->typical, s->ray,  s->batch_column, s->batch_input,
        s->rows, s->logits64, s->logits, s->seed,    s->room,    s->bias, s->points,       s->work_rows};
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
    bool beginning = c->run.phase == BL_PHASE_SEEK && c->run.planes.count == 0;
    if (nearest != c->run.planes.target && (largest >= source || beginning)) {
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
        c->passes += 2;
        if (c->p == 0.0)
            bl_column_p0_receive(c, &s->input[c->input], s->n, margin[r], gradient + r * s->n);
        else
            bl_column_receive(c, &s->input[c->input], s->n, margin[r], gradient + r * s->n, &s->work);
    }
cleanup:
    return err;
}

/* Whether a column's failures are few enough for another run: half as many again where minima are many. */
static bool is_patient(const bl_budget *budget, const bl_column *c) {
    return 2 * c->failures <= budget->patience * (bl_column_moves_few(c) ? 3 : 2);
}

/* Whether a column takes part in the next batch: it is in a run, or has no crossing yet, or its failures are few enough for
 * another and no column is in its first. Once the budget is empty only columns without any crossing go on, for a while. */
static bool takes_part(const bl_search *s, const bl_column *c) {
    const bl_budget *budget = &s->budget;
    bool found = isfinite(c->best.length);
    if (c->runs == 0)
        return false;
    if (budget->passes <= 0)
        return !found && c->passes < s->limits.passes + BL_LAST_RESORT;
    if (c->run.phase != BL_PHASE_DONE)
        return true;
    if (budget->finishing || (found && c->runs >= s->limits.runs))
        return false;
    return (!found && c->passes < s->limits.passes) || (is_patient(budget, c) && !budget->beginners);
}

/* The column that rests, may begin another run, and is farthest, compared with others of its p; NULL where there is none. */
static bl_column *farthest_resting(const bl_search *s) {
    bl_column *farthest = NULL;
    double largest = 0.0;
    for (size_t k = 0; k < s->columns; k++) {
        bl_column *c = &s->column[k];
        double length = c->best.length / s->typical[c->p_index];
        if (c->run.phase == BL_PHASE_DONE && takes_part(s, c) && (!farthest || length > largest)) {
            farthest = c;
            largest = length;
        }
    }
    return farthest;
}

/* Mean best length of each p, of the columns that have one. */
static void find_typical(bl_search *s) {
    for (size_t e = 0; e < s->options.p_count; e++) {
        double sum = 0.0;
        size_t count = 0;
        for (size_t k = e; k < s->columns; k += s->options.p_count)
            if (isfinite(s->column[k].best.length)) {
                sum += s->column[k].best.length;
                count++;
            }
        s->typical[e] = sum > 0.0 ? sum / (double)count : 1.0;
    }
}

/* Columns whose best point would be gone on from if all runs ended now. */
static size_t count_unfinished(const bl_search *s) {
    size_t count = 0;
    for (size_t k = 0; k < s->columns; k++) {
        const bl_column *c = &s->column[k];
        count +=
            bl_column_unfinished(c, s->limits.gap) || (c->keeps_planes && c->run.phase == BL_PHASE_DESCEND);
    }
    return count;
}

/* End all runs but those of columns without a crossing, and go on from the best points. */
static void finish(bl_search *s) {
    s->budget.finishing = true;
    s->budget.finished++;
    for (size_t k = 0; k < s->columns; k++) {
        bl_column *c = &s->column[k];
        if (isinf(c->best.length))
            continue;
        if (c->run.phase != BL_PHASE_DONE)
            bl_column_end_run(c);
        if (bl_column_unfinished(c, s->limits.gap))
            bl_column_finish(c, &s->input[c->input], s->n, s->limits.gap, &s->work);
    }
}

/* Runs begin again, with what the best points' ends have left over. */
static void resume(bl_search *s) {
    s->budget.finishing = false;
    for (size_t k = 0; k < s->columns; k++) {
        s->column[k].run.finishing = false;
        s->column[k].run.gap = s->limits.coarse;
    }
}

/* The columns that are in a run, and as many more as the budget can afford. */
static size_t form_batch(bl_search *s) {
    bl_budget *budget = &s->budget;
    size_t count = 0;
    budget->beginners = false;
    for (size_t k = 0; k < s->columns; k++)
        if (s->column[k].runs == 1 && s->column[k].run.phase != BL_PHASE_DONE)
            budget->beginners = true;
    if (s->limits.finish > 0 && !budget->finishing && !budget->beginners &&
        budget->passes <= s->limits.finish * (int64_t)count_unfinished(s))
        finish(s);
    int64_t left = budget->passes;
    for (size_t k = 0; k < s->columns; k++)
        if (s->column[k].run.phase != BL_PHASE_DONE && takes_part(s, &s->column[k])) {
            s->batch_column[count++] = k;
            left -= RUN_PASSES;
        }
    find_typical(s);
    for (bl_column *c; left > 0 || budget->passes <= 0; left -= RUN_PASSES) {
        if (!(c = farthest_resting(s)))
            break;
        bl_search_restart(s, c);
        s->batch_column[count++] = (size_t)(c - s->column);
    }
    return count;
}

/* What the columns have together, less what they have spent. */
static void fill_budget(bl_search *s) {
    s->budget = (bl_budget){0};
    for (size_t k = 0; k < s->columns; k++)
        if (s->column[k].runs > 0)
            s->budget.passes += s->limits.passes - s->column[k].passes;
}

/* Take the passes of a batch out of the budget. Where nobody drew on it, it grants the columns one more failure; after the
 * last finish it is emptied.
 * @return false when nobody goes on */
static bool settle_budget(bl_search *s, size_t count) {
    bl_budget *budget = &s->budget;
    bool left = budget->passes > 0;
    budget->passes -= 2 * (int64_t)count;
    if (count > 0)
        return true;
    if (budget->finishing && budget->passes >= RUN_PASSES && budget->finished < FINISHES)
        resume(s);
    else if (budget->finishing)
        budget->passes = 0;
    budget->patience++;
    return left && budget->patience / 2 <= s->limits.runs;
}

static bl_err run_rounds(bl_search *s, const bl_oracle *o, const double *x0) {
    bl_err err = BL_OK;
    size_t count;
    fill_budget(s);
    do {
        if (s->options.stop && s->options.stop(s->options.stop_context))
            BL_FAIL(BL_ERR_STOPPED, "the boundary search was stopped");
        count = form_batch(s);
        if (count > 0)
            BL_TRY(advance(s, o, x0, count));
    } while (settle_budget(s, count));
cleanup:
    return err;
}

bl_err bl_search_run(bl_search *s, const bl_oracle *o, const double *x0, double *logits0,
                     bl_search_result *result, double *points) {
    bl_err err = BL_OK;
    BL_REQUIRE(o->dimension == s->n && o->classes == s->classes && o->batch >= s->columns, BL_ERR_INPUT,
               "the search was made for another network or batch");
    BL_TRY(bl_search_begin(s, o, x0, logits0));
    BL_TRY(run_rounds(s, o, x0));
    BL_TRY(bl_search_confirm(s, o, x0, result, points));
cleanup:
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The search: all inputs and all p of a network advance together, one value and gradient a column and round, in one
 * batch. The columns of one p share a purse of passes: those whose runs still win go on while the others rest, and no more
 * runs begin than the purse can end, of the farthest columns first.
 *
 * What each part gains (tests/bench/bench_search_parts.py: the search without it on the reference networks, 570 distances;
 * ratio to the best known, geometric mean, 95 % and worst, and mean passes). With eight seeds of the restarts standard's mean is
 * between 1.0025 and 1.0033, its 95 % between 1.014 and 1.018, its worst between 1.10 and 1.17: smaller differences, or one
 * input that is found or not, are chance. Thorough without more passes for l1 has its worst between 1.009 and 1.017 (four seeds,
 * the five hardest networks), with them at 1.009.
 *
 *                                       fast                           standard
 *     whole                             1.0163 1.087  1.325  19.3   1.0032 1.016  1.169  99.9
 *     no restarts                       1.0233 1.108  1.581  12.7   1.0204 1.100  1.581  18.5
 *     one plane at a time               1.1390 1.627 65.722  22.7   1.1158 1.567  7.016 101.4
 *     no crossings counted early        1.0195 1.103  1.581  19.4   1.0044 1.024  1.167 100.0
 *     oversteps from the start          1.0179 1.104  1.328  19.3   1.0027 1.015  1.083  99.9
 *     looks at the first step itself    1.0158 1.092  1.266  19.3   1.0035 1.021  1.172  99.8
 *     later runs at any promise         1.0165 1.089  1.325  19.3   1.0031 1.016  1.169  99.8
 *     no starts from other p            1.0175 1.090  1.325  19.3   1.0029 1.015  1.169  99.9
 *     other p taken over without planes 1.0189 1.095  1.325  19.3   1.0033 1.023  1.084  99.8
 *     no starts from other inputs       1.0163 1.087  1.325  19.3   1.0040 1.027  1.169  99.8
 *     no starts along planes            1.0164 1.087  1.325  19.3   1.0034 1.015  1.169  99.8
 *     starts by noise alone             1.0178 1.090  1.325  19.4   1.0043 1.031  1.112  99.8
 *     passes shared evenly              1.0167 1.087  1.325  19.3   1.0030 1.014  1.182  99.9
 *     second runs before first ones end 1.0165 1.090  1.325  19.3   1.0036 1.019  1.169  99.9
 *     more runs than the purse can end  1.0184 1.095  1.581  19.6   1.0033 1.016  1.169 100.1
 *     runs not of the farthest first    1.0177 1.093  1.581  19.3   1.0033 1.016  1.169  99.9
 */
#include "borderline/mem.h"
#include "count.h"
#include "state.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { DEAR_RUNS = 2 };   /* where queries are dear: one from x0, one from another p's crossing */
enum { RUN_PASSES = 24 }; /* that the purse should still hold for each run that begins */

static const double WIDE_GAP = 1e-4; /* where queries are dear, a run ends that promises less */

/* Coming from inside, a first run meets more faces before it crosses; fast has no passes for them. */
static bl_effort_limits limits_of(const bl_search_options *options) {
    static const bl_effort_limits limits[] = {
        [BL_EFFORT_FAST] = {16, 4, .nearly = 0.03, .gap = 5e-3, .look = 1.0, .runs = INT_MAX, .l1_part = 1.0},
        [BL_EFFORT_STANDARD] = {97, 3, .nearly = 0.03, .gap = 2e-4, .look = 0.9, .runs = INT_MAX,
                                .l1_part = 1.0},
        [BL_EFFORT_THOROUGH] = {1950, 3, .nearly = 0.01, .gap = 2e-5, .look = 0.9, .runs = INT_MAX,
                                .l1_part = 4.0}};
    bl_effort_limits l = limits[options->effort];
    if (options->queries > 0) {
        l.passes = 2 * (int32_t)options->queries;
        l.gap = WIDE_GAP;
        l.runs = DEAR_RUNS;
        l.l1_part = 1.0;
    }
    return l;
}

size_t bl_search_batch(const bl_search_options *options, size_t inputs) {
    return inputs * options->p_count;
}

size_t bl_search_memory(const bl_search_options *options, size_t n, size_t classes, size_t inputs) {
    size_t columns = inputs * options->p_count;
    size_t row = columns * (sizeof(double) + (BL_COLUMN_POINTS + BL_NEAREST_PLANES) * sizeof(float)) +
                 inputs * 2 * sizeof(float) + 4 * sizeof(float);
    size_t column = sizeof(bl_column) + sizeof(bl_ray) + 2 * sizeof(size_t) +
                    options->p_count * sizeof(double) + classes * (sizeof(double) + 2 * sizeof(float));
    return sizeof(bl_search) + n * row + columns * column + options->p_count * sizeof(bl_purse) +
           inputs * (sizeof(bl_search_input) + classes * sizeof(double));
}

static bl_err allocate(bl_search *s) {
    bl_err err = BL_OK;
    size_t n = s->n, columns = s->columns, classes = s->classes;
    BL_ALLOC(s->input, s->inputs);
    BL_ALLOC(s->column, columns);
    BL_ALLOC(s->adopted, columns * s->options.p_count);
    BL_ALLOC(s->purse, s->options.p_count);
    BL_ALLOC(s->ray, columns);
    BL_ALLOC(s->batch_column, columns);
    BL_ALLOC(s->batch_input, columns);
    BL_ALLOC(s->rows, columns * n);
    BL_ALLOC(s->logits64, columns * classes);
    BL_ALLOC(s->logits, columns * classes);
    BL_ALLOC(s->seed, columns * classes);
    BL_ALLOC(s->room, s->inputs * 2 * n);
    BL_ALLOC(s->bias, s->inputs * classes);
    BL_ALLOC(s->points, columns * (BL_COLUMN_POINTS + BL_NEAREST_PLANES) * n);
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
    void *owned[] = {s->p,           s->input,    s->column,   s->adopted, s->purse, s->ray,  s->batch_column,
                     s->batch_input, s->rows,     s->logits64, s->logits,  s->seed,  s->room, s->bias,
                     s->points,      s->work_rows};
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
    size_t nearest = c->target;
    for (size_t j = 0; j < s->classes; j++)
        if (j != in->source && (double)logits[j] + in->bias[j] > largest) {
            largest = (double)logits[j] + in->bias[j];
            nearest = j;
        }
    bool beginning = c->phase == BL_PHASE_SEEK && c->planes == 0;
    if (nearest != c->target && (largest >= source || beginning)) {
        c->target = nearest;
        c->planes = 0;
    }
    return (source - ((double)logits[c->target] + in->bias[c->target])) / in->margin;
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
            x[r * s->n + i] = (float)(from[i] + (double)c->query[i]);
        s->batch_input[r] = c->input;
    }
    BL_TRY(o->forward(o->context, count, s->batch_input, x, s->logits));
    memset(s->seed, 0, count * s->classes * sizeof *s->seed);
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
        if (c->p == 0.0)
            bl_count_receive(c, &s->input[c->input], s->n, margin[r], gradient + r * s->n);
        else
            bl_column_receive(c, &s->input[c->input], s->n, margin[r], gradient + r * s->n, &s->work);
    }
cleanup:
    return err;
}

/* Whether a column takes part in the next batch: it is in a run, or its failures are few enough for another and no column is in
 * its first. Once the purse
 * is empty only columns without any crossing go on, for a while. */
static bool takes_part(const bl_search *s, const bl_column *c) {
    const bl_purse *purse = &s->purse[c->p_index];
    if (c->runs == 0)
        return false;
    if (purse->passes <= 0)
        return isinf(c->best_length) && c->passes < s->limits.passes + BL_LAST_RESORT;
    bool another = c->runs < s->limits.runs || isinf(c->best_length);
    return c->phase != BL_PHASE_DONE || (another && c->failures <= purse->patience && !purse->beginners);
}

/* The column of one p that rests, may begin another run, and is farthest; NULL where there is none. */
static bl_column *farthest_resting(const bl_search *s, size_t p_index) {
    bl_column *farthest = NULL;
    for (size_t k = p_index; k < s->columns; k += s->options.p_count) {
        bl_column *c = &s->column[k];
        if (c->phase == BL_PHASE_DONE && takes_part(s, c) &&
            (!farthest || c->best_length > farthest->best_length))
            farthest = c;
    }
    return farthest;
}

/* The columns of one p that are in a run, and as many more as the purse can afford. */
static size_t draw_on_purse(bl_search *s, size_t p_index, size_t count) {
    const bl_purse *purse = &s->purse[p_index];
    int64_t left = purse->passes;
    for (size_t k = p_index; k < s->columns; k += s->options.p_count)
        if (s->column[k].phase != BL_PHASE_DONE && takes_part(s, &s->column[k])) {
            s->batch_column[count++] = k;
            left -= RUN_PASSES;
        }
    for (bl_column *c; left > 0 || purse->passes <= 0; left -= RUN_PASSES) {
        if (!(c = farthest_resting(s, p_index)))
            break;
        bl_search_restart(s, c);
        s->batch_column[count++] = (size_t)(c - s->column);
    }
    return count;
}

static size_t form_batch(bl_search *s) {
    size_t count = 0;
    for (size_t e = 0; e < s->options.p_count; e++)
        s->purse[e].beginners = false;
    for (size_t k = 0; k < s->columns; k++)
        if (s->column[k].runs == 1 && s->column[k].phase != BL_PHASE_DONE)
            s->purse[s->column[k].p_index].beginners = true;
    for (size_t e = 0; e < s->options.p_count; e++)
        count = draw_on_purse(s, e, count);
    return count;
}

/* Passes of a column of p, such that those of all p have limits.passes in the mean. */
static int64_t part_of(const bl_search *s, double p) {
    double parts = 0.0;
    for (size_t e = 0; e < s->options.p_count; e++)
        parts += s->p[e] == 1.0 ? s->limits.l1_part : 1.0;
    double part = (p == 1.0 ? s->limits.l1_part : 1.0) * (double)s->options.p_count / parts;
    return (int64_t)(part * s->limits.passes + 0.5);
}

/* What the columns of each p have together, less what they have spent. */
static void fill_purses(bl_search *s) {
    for (size_t e = 0; e < s->options.p_count; e++)
        s->purse[e] = (bl_purse){0};
    for (size_t k = 0; k < s->columns; k++)
        if (s->column[k].runs > 0)
            s->purse[s->column[k].p_index].passes += part_of(s, s->column[k].p) - s->column[k].passes;
}

/* Take the passes of a batch out of the purses; a purse that nobody drew on grants its columns one more failure.
 * @return false when all are empty and nobody goes on */
static bool settle_purses(bl_search *s, size_t count) {
    bool going = count > 0;
    for (size_t e = 0; e < s->options.p_count; e++)
        s->purse[e].drawn = false;
    for (size_t r = 0; r < count; r++) {
        bl_purse *purse = &s->purse[s->column[s->batch_column[r]].p_index];
        purse->passes -= 2;
        purse->drawn = true;
    }
    for (size_t e = 0; e < s->options.p_count; e++) {
        s->purse[e].patience += !s->purse[e].drawn;
        going = going || (s->purse[e].passes > 0 && s->purse[e].patience / 2 <= s->limits.runs);
    }
    return going;
}

static bl_err run_rounds(bl_search *s, const bl_oracle *o, const double *x0) {
    bl_err err = BL_OK;
    size_t count;
    fill_purses(s);
    do {
        if (s->options.stop && s->options.stop(s->options.stop_context))
            BL_FAIL(BL_ERR_STOPPED, "the boundary search was stopped");
        count = form_batch(s);
        if (count > 0)
            BL_TRY(advance(s, o, x0, count));
    } while (settle_purses(s, count));
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

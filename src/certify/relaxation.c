/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Linear relaxation, backwards through the layers.
 *
 * A row holds numbers a with: what is bounded >= <a, y> + constant, y the output of some layer, for every point of the ball.
 * Any a serves, so rounding of a is no error of the bound but a remainder |a W - fl(a W)| <= gamma |a| |W|, which is
 * charged for with the largest |y| that the ranges allow: gamma <|a|, |W| y + |b|>.
 */
#include "relaxation.h"
#include "base/mem.h"
#include "line.h"
#include "linear.h"
#include "rounding.h"

#include <math.h>
#include <string.h>

enum { ROWS = 64 };

/* What is known of one layer of the network over the ball. */
typedef struct layer_state {
    bl_linear linear;
    double *most;    /* [outputs] of |output| */
    double *scale;   /* [outputs] of |W| |input| + |b|: what sums that make the output add up to */
    double *lo, *hi; /* [outputs] of the output, by intervals */
    double *range_lo, *range_hi; /* [outputs] of the input of an activation, by both ways */
    bl_line *below, *above;      /* [outputs] of an activation */
    double *rows;                /* [ROWS][outputs] a residual_begin: what waits there */
    bool waiting;
    const int8_t *side; /* [outputs] of an activation: signs that its inputs have; NULL: any */
} layer_state;

struct bl_relaxation {
    const bl_network *network;
    const bl_ball *ball;
    bool empty; /* no point of the ball has the signs */
    size_t widest;
    layer_state *layer;
    double *reach;               /* [n] of |x| over the ball */
    double *input_lo, *input_hi; /* [n] */
    double *row[2];              /* [ROWS][widest] */
    double *constant, *charge;   /* [ROWS] */
    double *work;                /* [4 widest] */
};

static bl_err create_layer(const bl_layer *layer, layer_state *s) {
    bl_err err = BL_OK;
    BL_TRY(bl_linear_create(layer, &s->linear));
    BL_ALLOC(s->most, layer->outputs);
    BL_ALLOC(s->scale, layer->outputs);
    BL_ALLOC(s->lo, layer->outputs);
    BL_ALLOC(s->hi, layer->outputs);
    if (layer->kind == BL_LAYER_ACTIVATION) {
        BL_ALLOC(s->range_lo, layer->outputs);
        BL_ALLOC(s->range_hi, layer->outputs);
        BL_ALLOC(s->below, layer->outputs);
        BL_ALLOC(s->above, layer->outputs);
    }
    if (layer->kind == BL_LAYER_RESIDUAL_BEGIN)
        BL_ALLOC(s->rows, ROWS * layer->outputs);
cleanup:
    return err;
}

bl_err bl_relaxation_create(const bl_network *network, bl_relaxation **out) {
    bl_err err = BL_OK;
    bl_relaxation *r = NULL;
    BL_ALLOC(r, 1);
    r->network = network;
    r->widest = network->dimension;
    BL_ALLOC(r->layer, network->layer_count);
    for (size_t l = 0; l < network->layer_count; l++) {
        const size_t outputs = network->layer[l].outputs;
        BL_TRY(create_layer(&network->layer[l], &r->layer[l]));
        r->widest = outputs > r->widest ? outputs : r->widest;
    }
    BL_ALLOC(r->reach, network->dimension);
    BL_ALLOC(r->input_lo, network->dimension);
    BL_ALLOC(r->input_hi, network->dimension);
    for (size_t k = 0; k < 2; k++)
        BL_ALLOC(r->row[k], ROWS * r->widest);
    BL_ALLOC(r->constant, ROWS);
    BL_ALLOC(r->charge, ROWS);
    BL_ALLOC(r->work, 4 * r->widest);
    *out = r;
    r = NULL;
cleanup:
    bl_relaxation_destroy(&r);
    return err;
}

void bl_relaxation_destroy(bl_relaxation **relaxation) {
    bl_relaxation *r = *relaxation;
    if (!r)
        return;
    for (size_t l = 0; r->layer && l < r->network->layer_count; l++) {
        layer_state *s = &r->layer[l];
        bl_linear_clear(&s->linear);
        bl_mem_free(s->most);
        bl_mem_free(s->scale);
        bl_mem_free(s->lo);
        bl_mem_free(s->hi);
        bl_mem_free(s->range_lo);
        bl_mem_free(s->range_hi);
        bl_mem_free(s->below);
        bl_mem_free(s->above);
        bl_mem_free(s->rows);
    }
    bl_mem_free(r->layer);
    bl_mem_free(r->reach);
    bl_mem_free(r->input_lo);
    bl_mem_free(r->input_hi);
    bl_mem_free(r->row[0]);
    bl_mem_free(r->row[1]);
    bl_mem_free(r->constant);
    bl_mem_free(r->charge);
    bl_mem_free(r->work);
    bl_mem_free(r);
    *relaxation = NULL;
}

/* --- backwards --- */

/* Lines of an activation in the place of its outputs. */
static void relax_rows(const bl_relaxation *r, size_t l, size_t count, double *rows) {
    const bl_layer *layer = &r->network->layer[l];
    const layer_state *s = &r->layer[l];
    const double gamma = bl_rounding_of_sum(layer->outputs);
    for (size_t k = 0; k < count; k++) {
        double *a = rows + k * layer->outputs, constant = 0.0, absolute = 0.0;
        for (size_t i = 0; i < layer->outputs; i++) {
            const bl_line *line = a[i] > 0.0 ? &s->below[i] : &s->above[i];
            const double offset = a[i] * line->offset, most = fmax(-s->range_lo[i], s->range_hi[i]);
            a[i] *= line->slope;
            constant += offset;
            absolute += fabs(offset) + fabs(a[i]) * most;
        }
        r->constant[k] += constant;
        r->charge[k] += gamma * (absolute + fabs(r->constant[k]));
    }
}

/* The rounding of one transposed product, and the biases. */
static void charge_product(const bl_relaxation *r, size_t l, size_t count, const double *rows) {
    const layer_state *s = &r->layer[l];
    const size_t outputs = r->network->layer[l].outputs;
    const double gamma = bl_rounding_of_sum(outputs + s->linear.terms);
    for (size_t k = 0; k < count; k++) {
        const double *a = rows + k * outputs;
        double absolute = 0.0, constant = 0.0;
        for (size_t i = 0; i < outputs; i++)
            absolute += fabs(a[i]) * s->scale[i];
        for (size_t i = 0; s->linear.bias && i < outputs; i++)
            constant += a[i] * s->linear.bias[i];
        r->constant[k] += constant;
        r->charge[k] += gamma * (absolute + fabs(r->constant[k]));
    }
}

static void add_rows(size_t count, const double *from, double *to) {
    for (size_t i = 0; i < count; i++)
        to[i] += from[i];
}

/* Rows on the output of layer l become rows on its input. */
static void pass_layer(bl_relaxation *r, size_t l, size_t count) {
    const bl_layer *layer = &r->network->layer[l];
    layer_state *s = &r->layer[l];
    switch (layer->kind) {
    case BL_LAYER_FLATTEN:
        return;
    case BL_LAYER_ACTIVATION:
        relax_rows(r, l, count, r->row[0]);
        return;
    case BL_LAYER_RESIDUAL_BEGIN:
        if (s->waiting) {
            add_rows(count * layer->outputs, s->rows, r->row[0]);
            for (size_t k = 0; k < count; k++) /* of the sums */
                for (size_t i = 0; i < layer->outputs; i++)
                    r->charge[k] += BL_ROUNDING * fabs(r->row[0][k * layer->outputs + i]) * s->most[i];
        }
        s->waiting = false;
        return;
    case BL_LAYER_RESIDUAL_END:
        charge_product(r, l, count, r->row[0]);
        bl_linear_transposed(&s->linear, count, r->row[0], r->layer[layer->begin].rows);
        r->layer[layer->begin].waiting = true;
        return;
    case BL_LAYER_DENSE:
    case BL_LAYER_CONV2D:
    case BL_LAYER_AVGPOOL2D:
        charge_product(r, l, count, r->row[0]);
        bl_linear_transposed(&s->linear, count, r->row[0], r->row[1]);
        double *swap = r->row[0];
        r->row[0] = r->row[1];
        r->row[1] = swap;
        return;
    }
}

/* Lower bounds of `count` <= ROWS rows on the input of layer `top`, whose constants are set, down to the ball. */
static void bound_rows(bl_relaxation *r, size_t top, size_t count, double *bound) {
    const size_t n = r->network->dimension;
    for (size_t l = top; l-- > 0;)
        pass_layer(r, l, count);
    const double gamma = bl_rounding_of_sum(n);
    for (size_t k = 0; k < count; k++) {
        const double *a = r->row[0] + k * n;
        double at_centre = 0.0, absolute = 0.0;
        for (size_t i = 0; i < n; i++) {
            const double term = a[i] * r->ball->x0[i];
            at_centre += term;
            absolute += fabs(term);
        }
        const double least = bl_ball_least(r->ball, a, NULL);
        const double value = at_centre + r->constant[k] + least - (r->charge[k] + gamma * absolute);
        bound[k] = value - 4.0 * BL_ROUNDING * (fabs(at_centre) + fabs(r->constant[k]) + fabs(least));
        if (isnan(bound[k]))
            bound[k] = -INFINITY;
    }
}

/* Rows 1 and -1 of numbers first, first + 1, ... of the input of layer `top`; a dense layer before it is passed at once, as its
 * rows are its weights. @return the layer whose input the rows are on */
static size_t unit_rows(bl_relaxation *r, size_t top, size_t first, size_t count) {
    const bl_linear *dense =
        top > 0 && r->network->layer[top - 1].kind == BL_LAYER_DENSE ? &r->layer[top - 1].linear : NULL;
    const size_t width = dense ? dense->inputs : r->network->layer[top].inputs;
    memset(r->row[0], 0, 2 * count * width * sizeof(double));
    for (size_t k = 0; k < 2 * count; k++) {
        const size_t number = first + k / 2;
        const double sign = k % 2 == 0 ? 1.0 : -1.0;
        double *row = r->row[0] + k * width;
        r->constant[k] = dense && dense->bias ? sign * dense->bias[number] : 0.0;
        r->charge[k] = 0.0;
        if (!dense)
            row[number] = sign;
        for (size_t i = 0; dense && i < width; i++)
            row[i] = sign * dense->weight[number * width + i];
    }
    return dense ? top - 1 : top;
}

/* Both ends of the input of layer `top` backwards, a block of numbers at a time. */
static void bound_numbers(bl_relaxation *r, size_t top) {
    layer_state *s = &r->layer[top];
    const size_t inputs = r->network->layer[top].inputs;
    double bound[ROWS];
    for (size_t first = 0; first < inputs; first += ROWS / 2) {
        const size_t count = inputs - first < ROWS / 2 ? inputs - first : ROWS / 2;
        bound_rows(r, unit_rows(r, top, first, count), 2 * count, bound);
        for (size_t k = 0; k < count; k++) {
            s->range_lo[first + k] = fmax(s->range_lo[first + k], bound[2 * k]);
            s->range_hi[first + k] = fmin(s->range_hi[first + k], -bound[2 * k + 1]);
        }
    }
}

/* --- forward --- */

/* What comes into a layer, by intervals. */
typedef struct intervals {
    const double *lo, *hi, *most;
} intervals;

static intervals intervals_before(const bl_relaxation *r, size_t l) {
    if (l == 0)
        return (intervals){r->input_lo, r->input_hi, r->reach};
    const layer_state *s = &r->layer[l - 1];
    return (intervals){s->lo, s->hi, s->most};
}

/* W x + b as middle and half width. */
static void linear_intervals(bl_relaxation *r, size_t l, intervals from) {
    layer_state *s = &r->layer[l];
    const size_t inputs = s->linear.inputs, outputs = r->network->layer[l].outputs;
    double *middle = r->work, *half = r->work + r->widest, *spread = r->work + 2 * r->widest;
    const double gamma = 4.0 * bl_rounding_of_sum(s->linear.terms);
    for (size_t i = 0; i < inputs; i++) {
        middle[i] = 0.5 * (from.lo[i] + from.hi[i]);
        half[i] = 0.5 * (from.hi[i] - from.lo[i]);
    }
    bl_linear_forward(&s->linear, false, middle, s->lo);
    bl_linear_forward(&s->linear, true, half, spread);
    bl_linear_forward(&s->linear, true, from.most, s->scale);
    for (size_t i = 0; i < outputs; i++) {
        const double bias = s->linear.bias ? s->linear.bias[i] : 0.0, at = s->lo[i] + bias;
        s->scale[i] = (s->scale[i] + fabs(bias)) * (1.0 + gamma);
        spread[i] += gamma * s->scale[i];
        s->lo[i] = at - spread[i];
        s->hi[i] = at + spread[i];
    }
}

/* The sum of a residual block: what came around it, through the shortcut, and what came through its layers. */
static void sum_intervals(bl_relaxation *r, size_t l) {
    layer_state *s = &r->layer[l];
    const layer_state *begin = &r->layer[r->network->layer[l].begin];
    const intervals through = intervals_before(r, l);
    linear_intervals(r, l, (intervals){begin->lo, begin->hi, begin->most});
    for (size_t i = 0; i < r->network->layer[l].outputs; i++) {
        s->scale[i] += through.most[i];
        s->lo[i] += through.lo[i] - 4.0 * BL_ROUNDING * s->scale[i];
        s->hi[i] += through.hi[i] + 4.0 * BL_ROUNDING * s->scale[i];
    }
}

/* Lines of an activation whose ranges are known, and the interval of its outputs. gelu alone is not monotone: it falls to its
 * minimum, over -0.17, and rises. @return false where ranges are not finite */
static bool relax_activation(bl_relaxation *r, size_t l) {
    const bl_layer *layer = &r->network->layer[l];
    layer_state *s = &r->layer[l];
    for (size_t i = 0; i < layer->outputs; i++) {
        const double lo = s->range_lo[i], hi = s->range_hi[i];
        if (!(lo <= hi) || !isfinite(lo) || !isfinite(hi))
            return false;
        bl_line_pair(layer->activation, layer->negative_slope, lo, hi, &s->below[i], &s->above[i]);
        const double a = bl_activation_value(layer->activation, layer->negative_slope, lo);
        const double b = bl_activation_value(layer->activation, layer->negative_slope, hi);
        const double charge = 16.0 * BL_ROUNDING * (fabs(a) + fabs(b));
        s->lo[i] = fmin(a, b) - charge;
        s->hi[i] = fmax(a, b) + charge;
        if (layer->activation == BL_GELU && lo < 0.0)
            s->lo[i] = -0.17;
        if (layer->activation == BL_LEAKY_RELU && layer->negative_slope < 0.0 && lo < 0.0 && hi > 0.0)
            s->lo[i] = 0.0;
    }
    return true;
}

static void start_input(bl_relaxation *r, const bl_ball *ball) {
    r->ball = ball;
    bl_ball_reach(ball, r->reach);
    for (size_t i = 0; i < ball->n; i++) {
        const double within = r->reach[i], lo = ball->boxed ? fmax(ball->lo[i], -within) : -within,
                     hi = ball->boxed ? fmin(ball->hi[i], within) : within;
        r->reach[i] = (fabs(ball->x0[i]) + within) * (1.0 + 2.0 * BL_ROUNDING);
        r->input_lo[i] = ball->x0[i] + lo - BL_ROUNDING * r->reach[i];
        r->input_hi[i] = ball->x0[i] + hi + BL_ROUNDING * r->reach[i];
    }
}

static bool ranges_of_activation(bl_relaxation *r, size_t l, double work, double multiply_adds) {
    layer_state *s = &r->layer[l];
    const intervals from = intervals_before(r, l);
    const size_t inputs = r->network->layer[l].inputs;
    memcpy(s->range_lo, from.lo, inputs * sizeof(double));
    memcpy(s->range_hi, from.hi, inputs * sizeof(double));
    if (2.0 * (double)inputs * work <= multiply_adds)
        bound_numbers(r, l);
    for (size_t i = 0; i < inputs; i++) {
        if (s->side && s->side[i] > 0)
            s->range_lo[i] = fmax(s->range_lo[i], 0.0);
        if (s->side && s->side[i] < 0)
            s->range_hi[i] = fmin(s->range_hi[i], 0.0);
        r->empty = r->empty || s->range_lo[i] > s->range_hi[i];
    }
    return r->empty || relax_activation(r, l);
}

bl_err bl_relaxation_ranges(bl_relaxation *r, const bl_ball *ball, double multiply_adds) {
    bl_err err = BL_OK;
    double work = 0.0;
    start_input(r, ball);
    r->empty = false;
    for (size_t l = 0; l < r->network->layer_count && !r->empty; l++) {
        const bl_layer *layer = &r->network->layer[l];
        layer_state *s = &r->layer[l];
        if (layer->kind == BL_LAYER_ACTIVATION)
            BL_REQUIRE(ranges_of_activation(r, l, work, multiply_adds), BL_ERR_NUMERIC,
                       "a range of layer_%03zu is not finite", l);
        else if (layer->kind == BL_LAYER_RESIDUAL_END)
            sum_intervals(r, l);
        else
            linear_intervals(r, l, intervals_before(r, l));
        for (size_t i = 0; i < layer->outputs; i++)
            s->most[i] = fmax(-s->lo[i], s->hi[i]);
        work += s->linear.work;
    }
cleanup:
    return err;
}

void bl_relaxation_branch(bl_relaxation *r, size_t l, const int8_t *side) {
    r->layer[l].side = side;
}

bool bl_relaxation_is_empty(const bl_relaxation *r) {
    return r->empty;
}

void bl_relaxation_range(const bl_relaxation *r, size_t l, double **lo, double **hi) {
    *lo = r->layer[l].range_lo;
    *hi = r->layer[l].range_hi;
}

void bl_relaxation_margins(bl_relaxation *r, size_t class, size_t count, const size_t *other, double *bound) {
    const size_t classes = r->network->classes, top = r->network->layer_count;
    for (size_t first = 0; first < count; first += ROWS) {
        const size_t rows = count - first < ROWS ? count - first : ROWS;
        memset(r->row[0], 0, rows * classes * sizeof(double));
        for (size_t k = 0; k < rows; k++) {
            r->row[0][k * classes + class] = 1.0;
            r->row[0][k * classes + other[first + k]] = -1.0;
            r->constant[k] = r->charge[k] = 0.0;
        }
        bound_rows(r, top, rows, bound + first);
    }
}

double bl_relaxation_work(const bl_network *network) {
    double below = 0.0, sum = 0.0;
    for (size_t l = 0; l < network->layer_count; l++) {
        const bl_layer *layer = &network->layer[l];
        if (layer->kind == BL_LAYER_ACTIVATION)
            sum += 2.0 * (double)layer->inputs * below;
        below += bl_linear_work(layer);
    }
    return sum;
}

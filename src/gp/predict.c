/* SPDX-License-Identifier: BSD-3-Clause
 *
 * First-order law: the distance to the boundary of the linearised Gaussian process (THEORY.md, section 4.3).
 */
#include "predict.h"

#include "gp_gradient.h"

#include "base/mem.h"
#include "base/stats.h"
#include "borderline/boundary.h"
#include "borderline/gp.h"
#include "borderline/rng.h"
#include <math.h>
#include <string.h>

enum { INDEX_VALUE = 1, INDEX_GRADIENT = 2 }; /* index 0 of a draw is its input */
enum { NETWORK_INPUTS = 32 };                 /* that draws of a network of layers share */

typedef struct law {
    const bl_config *config;
    bl_gp_model model;
    size_t boxes; /* of the same draws */
    const bl_box *box;
    size_t n, draws;
    size_t inputs;               /* draw d is at input d mod inputs */
    const float *given;          /* [inputs][n]; NULL: drawn from the configuration's law */
    bl_gp_gradient gradient_law; /* of a network of layers; its network is NULL for dense */
    size_t fields;               /* one logit each; two classes: the margin, whose factor sqrt 2 cancels */
    float *input;                /* [n] */
    double square;               /* its squared length */
    bl_gp_local local;           /* dense: the law there */
    double *x;                   /* [n] the input in float64 */
    double *value;               /* [fields], and as many normals */
    float *gradient;             /* [fields][n] */
    float *plane, *work, *h;     /* [n] */
    double *unboxed;             /* [fields] lengths of the steps without the box, for one p */
    double *distance;            /* [boxes][p_count][draws] */
    double *sorted;              /* [draws] */
} law;

static void law_free(law *l) {
    bl_gp_gradient_clear(&l->gradient_law);
    bl_mem_free(l->input);
    bl_mem_free(l->x);
    bl_mem_free(l->value);
    bl_mem_free(l->gradient);
    bl_mem_free(l->plane);
    bl_mem_free(l->work);
    bl_mem_free(l->h);
    bl_mem_free(l->unboxed);
    bl_mem_free(l->distance);
    bl_mem_free(l->sorted);
}

static bl_err law_allocate(law *l) {
    bl_err err = BL_OK;
    BL_ALLOC(l->input, l->n);
    BL_ALLOC(l->x, l->n);
    BL_ALLOC(l->value, 2 * l->fields);
    BL_ALLOC(l->gradient, l->fields * l->n);
    BL_ALLOC(l->plane, l->n);
    BL_ALLOC(l->work, l->n);
    BL_ALLOC(l->h, l->n);
    BL_ALLOC(l->unboxed, l->fields);
    BL_ALLOC(l->distance, l->boxes * l->config->p.count * l->draws);
    BL_ALLOC(l->sorted, l->draws);
cleanup:
    return err;
}

static bl_stream draw_stream(const law *l, size_t draw, size_t index) {
    return bl_predict_stream(l->config, l->model.depth, l->n, draw, index);
}

/* Standard normal values of the fields; of a single field, from the draw's stratum. Behind them, as many more
 * for networks of layers. */
static void draw_values(law *l, size_t draw) {
    bl_rng_uniform64(draw_stream(l, draw, INDEX_VALUE), 2 * l->fields, l->value);
    if (l->fields == 1)
        l->value[0] = ((double)draw + l->value[0]) / (double)l->draws;
    for (size_t c = 0; c < 2 * l->fields; c++)
        l->value[c] = bl_stats_normal_quantile(l->value[c]);
}

/* Gradient of a field: independent across x, along x correlated with the field's value. */
static void draw_gradient(law *l, size_t draw, size_t field, const bl_gp_local *local, double radius) {
    float *g = l->gradient + field * l->n;
    bl_rng_normal(draw_stream(l, draw, INDEX_GRADIENT + field), (float)sqrt(local->across), l->n, g);
    if (!(radius > 0.0))
        return;
    double along = 0.0; /* component along x; over sqrt(across) a standard normal */
    for (size_t i = 0; i < l->n; i++)
        along += (double)g[i] * l->x[i];
    along /= radius;
    const double slope = local->value > 0.0 ? local->value_radial / local->value : 0.0;
    const double residual = fmax(local->radial - slope * local->value_radial, 0.0);
    const double radial = slope * l->value[field] + sqrt(residual / local->across) * along;
    const float correction = (float)((radial - along) / radius);
    for (size_t i = 0; i < l->n; i++)
        g[i] += correction * l->input[i];
}

/* The input of draws number `input`, `input` + inputs, ... and the law there. */
static bl_err set_input(law *l, size_t input) {
    bl_err err = BL_OK;
    if (l->given)
        memcpy(l->input, l->given + input * l->n, l->n * sizeof *l->input);
    else
        bl_predict_input(l->config, l->model.depth, l->n, input, l->input);
    l->square = 0.0;
    for (size_t i = 0; i < l->n; i++) {
        l->x[i] = (double)l->input[i];
        l->square += l->x[i] * l->x[i];
    }
    if (l->gradient_law.network)
        BL_TRY(bl_gp_gradient_at(&l->gradient_law, l->input));
    else
        l->local = bl_nngp_local(&l->model, l->n, l->square / (double)l->n);
cleanup:
    return err;
}

static void draw_fields(law *l, size_t draw) {
    draw_values(l, draw);
    for (size_t c = 0; c < l->fields; c++) {
        float *g = l->gradient + c * l->n;
        if (l->gradient_law.network) {
            l->value[c] *= sqrt(l->gradient_law.variance);
            bl_rng_normal(draw_stream(l, draw, INDEX_GRADIENT + c), 1.0F, l->n, g);
            bl_gp_gradient_draw(&l->gradient_law, l->value[c], l->value[l->fields + c], g);
        } else {
            l->value[c] *= sqrt(l->local.value);
            draw_gradient(l, draw, c, &l->local, sqrt(l->square));
        }
    }
}

static const bl_box nobox = {-INFINITY, INFINITY};

static double step_length(law *l, double p, bl_box box, const float *g, double c) {
    double length;
    const double *x = isfinite(box.lo) || isfinite(box.hi) ? l->x : NULL;
    return bl_linear_step(p, l->n, x, box, g, c, l->work, l->h, &length) ? length : INFINITY;
}

/* The plane where field `other` overtakes field `top`; returns its level. */
static double overtaking_plane(law *l, size_t top, size_t other) {
    const float *a = l->gradient + top * l->n, *b = l->gradient + other * l->n;
    for (size_t i = 0; i < l->n; i++)
        l->plane[i] = a[i] - b[i];
    return l->value[other] - l->value[top];
}

/* Smallest step of all other classes. A step in the box is no shorter than one without: classes are tried in
 * the order of those, until the rest cannot win. */
static double nearest_class(law *l, double p, bl_box box) {
    size_t top = 0;
    for (size_t c = 1; c < l->fields; c++)
        top = l->value[c] > l->value[top] ? c : top;
    for (size_t c = 0; c < l->fields; c++) {
        double level = c == top ? 0.0 : overtaking_plane(l, top, c);
        l->unboxed[c] = c == top ? INFINITY : step_length(l, p, nobox, l->plane, level);
    }
    double best = INFINITY;
    for (;;) {
        size_t next = 0;
        for (size_t c = 1; c < l->fields; c++)
            next = l->unboxed[c] < l->unboxed[next] ? c : next;
        if (!(l->unboxed[next] < best))
            return best;
        double level = overtaking_plane(l, top, next);
        best = fmin(best, step_length(l, p, box, l->plane, level));
        l->unboxed[next] = INFINITY;
    }
}

static double draw_distance(law *l, double p, bl_box box) {
    if (l->fields == 1)
        return step_length(l, p, box, l->gradient, -l->value[0]);
    return nearest_class(l, p, box);
}

/* Standard error of the median: strata contribute p (1 - p) each, half the mean squared difference of
 * neighbours. */
static double median_error(const law *l, const double *distance, double *sorted) {
    double median = bl_stats_quantile(sorted, l->draws, 0.5), changes = 0.0;
    for (size_t d = 1; d < l->draws; d++)
        changes += (distance[d] <= median) != (distance[d - 1] <= median);
    const double draws = (double)l->draws, half_width = 0.05;
    double spread = bl_stats_quantile(sorted, l->draws, 0.5 + half_width) -
                    bl_stats_quantile(sorted, l->draws, 0.5 - half_width);
    return sqrt(0.5 * changes / (draws - 1.0) / draws) * spread / (2.0 * half_width);
}

/* Of one box and p. */
static void summarise(law *l, const double *distance, size_t levels, const double *level, double *quantile,
                      double *error) {
    memcpy(l->sorted, distance, l->draws * sizeof *distance);
    for (size_t k = 0; k < levels; k++)
        quantile[k] = bl_stats_quantile(l->sorted, l->draws, level[k]);
    double spread = median_error(l, distance, l->sorted);
    *error = isfinite(spread) ? spread : NAN;
}

/* The law `l`, whose settings are made, as quantiles. */
static bl_err predict(law *l, const bl_gp_network *network, size_t levels, const double *level,
                      double *quantile, double *error) {
    bl_err err = BL_OK;
    const bl_axis *p = &l->config->p;
    const size_t rows = l->boxes * p->count;
    BL_ASSERT(l->draws >= 2);
    BL_TRY(law_allocate(l));
    if (network)
        BL_TRY(bl_gp_gradient_create(network, &l->gradient_law));
    for (size_t input = 0; input < l->inputs && input < l->draws; input++) {
        BL_TRY(set_input(l, input));
        for (size_t d = input; d < l->draws; d += l->inputs) {
            draw_fields(l, d);
            for (size_t k = 0; k < rows; k++)
                l->distance[k * l->draws + d] =
                    draw_distance(l, p->value[k % p->count], l->box[k / p->count]);
        }
    }
    for (size_t k = 0; k < rows; k++)
        summarise(l, l->distance + k * l->draws, levels, level, quantile + k * levels, error + k);
cleanup:
    law_free(l);
    return err;
}

static law law_of(const bl_config *config, size_t depth, size_t dimension, size_t boxes, const bl_box *box,
                  size_t draws) {
    return (law){.config = config,
                 .model = bl_gp_model_balanced(config, depth, NULL),
                 .boxes = boxes,
                 .box = box,
                 .n = dimension,
                 .draws = draws,
                 .fields = config->classes == 2 ? 1 : config->classes};
}

bl_err bl_predict_network_first_order(const bl_config *config, const bl_gp_network *network, size_t depth,
                                      size_t dimension, size_t boxes, const bl_box *box, size_t draws,
                                      size_t levels, const double *level, double *quantile, double *error) {
    law l = law_of(config, depth, dimension, boxes, box, draws);
    l.inputs = network && draws > NETWORK_INPUTS ? NETWORK_INPUTS : draws;
    return predict(&l, network, levels, level, quantile, error);
}

bl_err bl_predict_first_order_at(const bl_config *config, size_t depth, size_t dimension, size_t inputs,
                                 const float *x, size_t draws, size_t levels, const double *level,
                                 double *quantile, double *error) {
    bl_err err = BL_OK;
    bl_gp_network *network = NULL;
    law l = law_of(config, depth, dimension, 1, &config->box, draws);
    l.inputs = inputs;
    l.given = x;
    BL_TRY(bl_gp_network_of(config, depth, dimension, &network));
    BL_TRY(predict(&l, network, levels, level, quantile, error));
cleanup:
    bl_gp_network_destroy(&network);
    return err;
}

bl_err bl_predict_first_order(const bl_config *config, size_t depth, size_t dimension, size_t boxes,
                              const bl_box *box, size_t draws, size_t levels, const double *level,
                              double *quantile, double *error) {
    bl_err err = BL_OK;
    bl_gp_network *network = NULL;
    BL_TRY(bl_gp_network_of(config, depth, dimension, &network));
    BL_TRY(bl_predict_network_first_order(config, network, depth, dimension, boxes, box, draws, levels, level,
                                          quantile, error));
cleanup:
    bl_gp_network_destroy(&network);
    return err;
}

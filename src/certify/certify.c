/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The certified radius of one (input, p): which bounds are tried, at which radii.
 */
#include "borderline/certify.h"
#include "ball.h"
#include "base/mem.h"
#include "borderline/boundary.h"
#include "quadratic.h"
#include "relaxation.h"
#include "relu_chain.h"
#include "vertex.h"

#include <math.h>
#include <string.h>

/* What a level may spend. */
typedef struct level_limits {
    double relaxation;              /* multiply-adds of the ranges of one radius, backwards */
    int linear_radii;               /* of the linear relaxation */
    int radii;                      /* of the quadratic bound, at which multipliers are sought */
    int slides;                     /* radii that multipliers once found are tried at */
    int rounds, steps;              /* of caps and of ascent, a radius */
    int vertex_radii, vertex_steps; /* of the vertex bound */
    /* of branch and bound: this over (neurons^3 + neurons x numbers per input), at most NODES_MAX */
    double nodes;
    int node_steps; /* of ascent, per node */
    double narrow;  /* the search ends where the bracket is this narrow, relative */
} level_limits;

static const level_limits limits_of[] = {
    [BL_CERTIFY_NONE] = {0},
    [BL_CERTIFY_FAST] = {.relaxation = 2e9,
                         .linear_radii = 7,
                         .radii = 1,
                         .slides = 4,
                         .rounds = 1,
                         .steps = 12,
                         .vertex_radii = 5,
                         .narrow = 1e-2},
    [BL_CERTIFY_STANDARD] = {.relaxation = 2e10,
                             .linear_radii = 9,
                             .radii = 3,
                             .slides = 5,
                             .rounds = 1,
                             .steps = 60,
                             .vertex_radii = 7,
                             .vertex_steps = 40,
                             .narrow = 1e-3},
    [BL_CERTIFY_THOROUGH] = {.relaxation = 2e11,
                             .linear_radii = 11,
                             .radii = 6,
                             .slides = 6,
                             .rounds = 1,
                             .steps = 150,
                             .vertex_radii = 10,
                             .vertex_steps = 100,
                             .nodes = 2e8,
                             .node_steps = 30,
                             .narrow = 2e-4},
};

enum { NODES_MAX = 4000, ATTEMPTS = 6 };
static const double EXACT = 1e-3; /* status exact: radius over distance at least 1 - EXACT */
static const double ENOUGH =
    1e-6; /* a bound over this share of the margin ends the search for multipliers: rounding costs less */

struct bl_certifier {
    const bl_network *network;
    bl_box box;
    level_limits limits;
    bl_relaxation *relaxation;
    bl_relu_chain *chain;      /* NULL: the linear relaxation alone */
    size_t *other;             /* [classes - 1] classes that may still be met */
    double *bound;             /* [classes] */
    double *direction, *start; /* [n] */
    double *nearer;            /* [n] a point of another class that branch and bound met, and its distance */
    double nearer_length;
};

bl_err bl_certifier_create(const bl_network *network, bl_box box, bl_certify level, bl_certifier **out) {
    bl_err err = BL_OK;
    bl_certifier *c = NULL;
    BL_ALLOC(c, 1);
    *c = (bl_certifier){.network = network, .box = box, .limits = limits_of[level]};
    BL_TRY(bl_relaxation_create(network, &c->relaxation));
    BL_TRY(bl_relu_chain_create(network, &c->chain));
    BL_ALLOC(c->other, network->classes);
    BL_ALLOC(c->bound, network->classes);
    BL_ALLOC(c->direction, network->dimension);
    BL_ALLOC(c->start, network->dimension);
    BL_ALLOC(c->nearer, network->dimension);
    *out = c;
    c = NULL;
cleanup:
    bl_certifier_destroy(&c);
    return err;
}

void bl_certifier_destroy(bl_certifier **certifier) {
    bl_certifier *c = *certifier;
    if (!c)
        return;
    bl_relaxation_destroy(&c->relaxation);
    bl_relu_chain_destroy(&c->chain);
    bl_mem_free(c->other);
    bl_mem_free(c->bound);
    bl_mem_free(c->direction);
    bl_mem_free(c->start);
    bl_mem_free(c->nearer);
    bl_mem_free(c);
    *certifier = NULL;
}

/* A search for the largest radius at which a bound is positive, between one that is proven and one that is not. */
typedef struct radius_search {
    double proven, value_proven; /* the largest proven, and the bound there */
    double open, value_open;     /* the smallest not proven; its value -INFINITY where it says nothing */
    double whole;                /* the largest radius that is asked about */
    bool exhaustive;             /* the whole is asked about, not only the points before a known one */
} radius_search;

/* Where the bound should vanish, by the secant, a little on the proven side; held off the ends. */
static double next_radius(const radius_search *s) {
    const double width = s->open - s->proven;
    double share = 0.5;
    if (isfinite(s->value_open) && s->value_proven > s->value_open)
        share = 0.97 * s->value_proven / (s->value_proven - s->value_open);
    return s->proven + width * fmin(fmax(share, 0.1), 0.9);
}

static void take_radius(radius_search *s, double radius, double value) {
    if (value > 0.0) {
        s->proven = radius;
        s->value_proven = value;
    } else {
        s->open = radius;
        s->value_open = value;
    }
}

/* --- the linear relaxation, all classes at once --- */

static bl_err linear_bound(bl_certifier *c, const bl_ball *ball, size_t class, size_t others, double *least) {
    const bl_err err = bl_relaxation_ranges(c->relaxation, ball, c->limits.relaxation);
    *least = INFINITY;
    if (err == BL_ERR_NUMERIC) {
        *least = -INFINITY;
        return BL_OK;
    }
    bl_relaxation_margins(c->relaxation, class, others, c->other, c->bound);
    for (size_t k = 0; k < others; k++)
        *least = fmin(*least, c->bound[k]);
    return err;
}

static bl_err linear_radius(bl_certifier *c, bl_ball *ball, size_t class, size_t others, radius_search *s) {
    bl_err err = BL_OK;
    double value;
    for (int k = 0; k < c->limits.linear_radii && s->open - s->proven > c->limits.narrow * s->open; k++) {
        ball->radius = k == 0 ? s->open : next_radius(s);
        if (ball->p == 0.0)
            ball->radius = k == 0 ? s->open : floor(ball->radius);
        if (ball->p == 0.0 && ball->radius <= s->proven)
            break;
        BL_TRY(linear_bound(c, ball, class, others, &value));
        take_radius(s, ball->radius, value);
        if (s->proven >= s->whole)
            break;
    }
cleanup:
    return err;
}

/* --- the quadratic Lagrangian --- */

/* A quadratic bound while its radius is sought. */
typedef struct slide {
    bl_certifier *certifier;
    bl_ball *ball;
    bl_quadratic *quadratic;
    size_t class, other;
    double margin;
    double *centre;       /* [n] where the multipliers were found, */
    double centre_radius; /* and at which radius */
} slide;

/* Ranges of a radius, and the expansion there. @return false where ranges overflow */
static bl_err place(slide *s, double radius, bool fresh, bool *placed) {
    bl_certifier *c = s->certifier;
    s->ball->radius = radius;
    bl_err err = bl_relaxation_ranges(c->relaxation, s->ball, c->limits.relaxation);
    *placed = err == BL_OK;
    if (err == BL_ERR_NUMERIC)
        return BL_OK;
    if (err != BL_OK)
        return err;
    bl_quadratic_place(s->quadratic, s->ball, c->relaxation, NULL);
    for (size_t i = 0; i < c->network->dimension; i++)
        c->start[i] = s->centre[i] * (radius / s->centre_radius);
    if (fresh)
        bl_quadratic_descend(s->quadratic, c->start);
    else
        bl_quadratic_expand(s->quadratic, c->start, false);
    return BL_OK;
}

/* The bound of the multipliers as they are at another radius; proven where it is positive. */
static bl_err value_at(slide *s, double radius, double *value) {
    bl_err err = BL_OK;
    bool placed;
    BL_TRY(place(s, radius, false, &placed));
    *value = placed ? bl_quadratic_value(s->quadratic) : -INFINITY;
    if (*value > 0.0)
        *value = bl_quadratic_proof(s->quadratic);
cleanup:
    return err;
}

/* The largest radius, nearly, that multipliers prove which gave `value` < 0 at `radius`. */
static bl_err slide_down(slide *s, double radius, double value, radius_search *found) {
    bl_err err = BL_OK;
    radius_search r = {.proven = found->proven, .value_proven = NAN, .open = radius, .value_open = value};
    double next = radius * (1.0 - 1.05 * fmin(-value / (s->margin - value), 1.0));
    for (int k = 0; k < s->certifier->limits.slides && next > found->proven; k++) {
        BL_TRY(value_at(s, next, &value));
        take_radius(&r, next, value);
        if (r.open - r.proven < s->certifier->limits.narrow * r.open)
            break;
        next = isnan(r.value_proven)
                   ? r.open * (1.0 - 1.3 * fmin(-r.value_open / (s->margin - r.value_open), 1.0))
                   : next_radius(&r);
        if (isnan(r.value_proven) && k > 1)
            next = 0.5 * (found->proven + r.open);
    }
    if (r.proven > found->proven)
        found->proven = r.proven;
cleanup:
    return err;
}

/* Multipliers at the radius that stands: caps first, ascent, and again from where the bound is least. */
static double optimise(slide *s, bool first) {
    const level_limits *limits = &s->certifier->limits;
    bl_quadratic *q = s->quadratic;
    const double enough = ENOUGH * s->margin;
    /* slopes and kappa of deeper chains take longer to find */
    const int steps = limits->steps * (s->certifier->chain->depth > 1 ? 2 : 1);
    double value = first ? bl_quadratic_caps(q, limits->rounds, enough) : -INFINITY;
    if (value <= enough)
        value = bl_quadratic_ascend(q, first ? 2 * steps : steps, enough);
    if (value <= enough && bl_quadratic_recentre(q))
        value = bl_quadratic_ascend(q, steps, enough);
    return value;
}

static bl_err quadratic_radius(slide *s, radius_search *r) {
    bl_err err = BL_OK;
    const size_t n = s->certifier->network->dimension;
    double value;
    bool placed;
    for (int k = 0;
         k < s->certifier->limits.radii && r->open - r->proven > s->certifier->limits.narrow * r->open; k++) {
        const double radius = k == 0 ? r->open : r->proven + 0.6 * (r->open - r->proven);
        BL_TRY(place(s, radius, k == 0, &placed));
        if (!placed) {
            r->open = radius;
            continue;
        }
        value = optimise(s, k == 0);
        memcpy(s->centre, s->quadratic->centre, n * sizeof(double));
        s->centre_radius = radius;
        if (value > 0.0)
            value = bl_quadratic_proof(s->quadratic);
        if (value > 0.0)
            r->proven = radius;
        else {
            BL_TRY(slide_down(s, radius, value, r));
            r->open = radius;
        }
    }
cleanup:
    return err;
}

/* --- branch and bound --- */

/* A radius put to branch and bound: proven, or met: a point of another class is in the certifier's `nearer`. */
typedef bl_err (*prove_by_branches)(void *context, double radius, int32_t *nodes, bool *proven, bool *met);

/* Nodes of a network: fewer the more one costs, a function of sizes alone. */
static int32_t nodes_of(const bl_certifier *c) {
    const double m = (double)c->chain->neurons;
    return (int32_t)fmin(c->limits.nodes / (m * m * m + m * (double)c->chain->n), NODES_MAX);
}

/* The point that was met, held in the box: the radius that nothing can be proven beyond. */
static double take_nearer(bl_certifier *c, const bl_ball *ball) {
    double *h = c->start;
    for (size_t i = 0; i < ball->n; i++) {
        c->nearer[i] = fmin(fmax(c->nearer[i], c->box.lo), c->box.hi);
        h[i] = c->nearer[i] - ball->x0[i];
    }
    c->nearer_length = bl_norm(ball->p, ball->n, h);
    return c->nearer_length;
}

/* First nearly the whole radius, so that the distance is exact; then halves of what is left, each with half of the nodes. */
static bl_err branch_radius(bl_certifier *c, const bl_ball *ball, prove_by_branches prove, void *context,
                            int32_t *nodes, radius_search *r) {
    bl_err err = BL_OK;
    bool whole = true;
    r->open = r->whole;
    for (int k = 0; k<ATTEMPTS && * nodes> 1 && r->open - r->proven > 0.5 * EXACT * r->open; k++) {
        const double radius = !whole          ? r->proven + 0.5 * (r->open - r->proven)
                              : r->exhaustive ? r->open
                                              : r->open * (1.0 - 0.4 * EXACT);
        int32_t share = k + 1 < ATTEMPTS ? (*nodes + 1) / 2 : *nodes;
        bool proven = false, met = false;
        *nodes -= share;
        BL_TRY(prove(context, radius, &share, &proven, &met));
        *nodes += share;
        if (met) {
            const double length = take_nearer(c, ball);
            r->whole = r->open = fmin(length, radius);
            r->exhaustive = false;
        } else if (proven)
            r->proven = radius;
        else {
            r->open = radius;
            whole = false;
        }
    }
cleanup:
    return err;
}

static bl_err prove_by_quadratics(void *context, double radius, int32_t *nodes, bool *proven, bool *met) {
    bl_err err = BL_OK;
    slide *s = context;
    bool placed;
    BL_TRY(place(s, radius, false, &placed));
    bl_quadratic_search search = {.quadratic = s->quadratic,
                                  .relaxation = s->certifier->relaxation,
                                  .ball = s->ball,
                                  .multiply_adds = s->certifier->limits.relaxation,
                                  .enough = ENOUGH * s->margin,
                                  .steps = s->certifier->limits.node_steps,
                                  .class = s->class,
                                  .other = s->other,
                                  .nearer = s->certifier->nearer};
    if (placed)
        BL_TRY(bl_quadratic_branch(&search, nodes, proven));
    *met = search.met;
cleanup:
    return err;
}

/* The vertex bound while its radius is sought. */
typedef struct vertices {
    bl_certifier *certifier;
    bl_ball *ball;
    bl_vertex *vertex;
    size_t class, other;
} vertices;

static bl_err prove_by_vertices(void *context, double radius, int32_t *nodes, bool *proven, bool *met) {
    vertices *s = context;
    bl_vertex_search search = {.vertex = s->vertex,
                               .ball = s->ball,
                               .steps = 2 * s->certifier->limits.node_steps,
                               .class = s->class,
                               .other = s->other,
                               .nearer = s->certifier->nearer};
    s->ball->radius = radius;
    const bl_err err = bl_vertex_branch(&search, nodes, proven);
    *met = search.met;
    return err;
}

/* --- one class after the other --- */

static bl_err quadratic_class(bl_certifier *c, bl_ball *ball, size_t class, size_t other, const double *point,
                              double margin, int32_t *nodes, radius_search *r) {
    bl_err err = BL_OK;
    slide s = {.certifier = c,
               .ball = ball,
               .class = class,
               .other = other,
               .margin = margin,
               .centre = c->direction,
               .centre_radius = r->open};
    for (size_t i = 0; i < ball->n; i++)
        c->direction[i] = point ? point[i] - ball->x0[i] : 0.0;
    BL_TRY(bl_quadratic_create(c->chain, class, other, &s.quadratic));
    BL_TRY(quadratic_radius(&s, r));
    BL_TRY(branch_radius(c, ball, prove_by_quadratics, &s, nodes, r));
cleanup:
    bl_quadratic_destroy(&s.quadratic);
    return err;
}

static bl_err vertex_class(bl_certifier *c, bl_ball *ball, size_t class, size_t other, const double *point,
                           double margin, int32_t *nodes, radius_search *r) {
    bl_err err = BL_OK;
    bl_vertex *v = NULL;
    BL_TRY(bl_vertex_create(c->chain, class, other, ball->x0, point, &v));
    vertices s = {.certifier = c, .ball = ball, .vertex = v, .class = class, .other = other};
    r->value_proven = margin * (1.0 - r->proven / r->open);
    for (int k = 0; v && k < c->limits.vertex_radii && r->open - r->proven > c->limits.narrow * r->open;
         k++) {
        ball->radius = k == 0 ? r->open : next_radius(r);
        take_radius(r, ball->radius, bl_vertex_bound(v, ball, c->limits.vertex_steps, 0.25));
    }
    if (v)
        BL_TRY(branch_radius(c, ball, prove_by_vertices, &s, nodes, r));
cleanup:
    bl_vertex_destroy(&v);
    return err;
}

static size_t class_of(size_t classes, const double *logits, size_t *other) {
    size_t class = 0, others = 0;
    for (size_t j = 1; j < classes; j++)
        class = logits[j] > logits[class] ? j : class;
    for (size_t j = 0; j < classes; j++)
        if (j != class)
            other[others++] = j;
    return class;
}

/* The radius of a ball that holds the whole box. */
static double radius_of_box(const bl_ball *ball) {
    double largest = 0.0, sum = 0.0;
    for (size_t i = 0; i < ball->n; i++) {
        const double most = fmax(-ball->lo[i], ball->hi[i]);
        largest = fmax(largest, most);
        sum += ball->p == 0.0 ? 1.0 : pow(most, ball->p);
    }
    return isinf(ball->p) ? largest : ball->p == 0.0 ? sum : pow(sum, 1.0 / ball->p) * (1.0 + 1e-9);
}

/* The bounds of chains, class by class; each class can only make the radius smaller. */
static bl_err chain_radius(bl_certifier *c, bl_ball *ball, size_t class, size_t others, const double *point,
                           double margin, bl_certificate *certificate, radius_search *s) {
    bl_err err = BL_OK;
    const double linear = s->proven;
    const int32_t all = c->limits.nodes > 0.0 ? nodes_of(c) : 0;
    double least = s->whole;
    int32_t nodes = all;
    for (size_t k = 0; k < others; k++) {
        radius_search r = {.proven = linear,
                           .value_proven = s->value_proven,
                           .open = least,
                           .value_open = -INFINITY,
                           .whole = least,
                           .exhaustive = s->exhaustive};
        if (ball->p > 1.0)
            BL_TRY(quadratic_class(c, ball, class, c->other[k], point, margin, &nodes, &r));
        else
            BL_TRY(vertex_class(c, ball, class, c->other[k], point, margin, &nodes, &r));
        least = fmin(least, r.proven);
    }
    s->proven = fmax(linear, least);
    certificate->nodes = all - nodes;
cleanup:
    return err;
}

static int8_t status_of(const bl_certificate *certificate, bool found, double distance, double whole) {
    if (!(certificate->radius > 0.0))
        return BL_CERTIFICATE_NONE;
    if (!found && certificate->radius >= whole)
        return BL_CERTIFICATE_NO_BOUNDARY;
    return isfinite(distance) && certificate->radius >= (1.0 - EXACT) * distance ? BL_CERTIFICATE_EXACT
                                                                                 : BL_CERTIFICATE_BOUND;
}

bl_err bl_certifier_run(bl_certifier *c, double p, const double *x0, const double *logits, double distance,
                        const double *point, double *nearer, bl_certificate *certificate) {
    bl_err err = BL_OK;
    bl_ball ball = {0};
    const size_t n = c->network->dimension;
    *certificate = (bl_certificate){.status = BL_CERTIFICATE_NONE};
    BL_TRY(bl_ball_create(n, x0, c->box, &ball));
    ball.p = p;
    c->nearer_length = INFINITY;
    const size_t class = class_of(c->network->classes, logits, c->other), others = c->network->classes - 1;
    double margin = INFINITY;
    for (size_t k = 0; k < others; k++)
        margin = fmin(margin, logits[class] - logits[c->other[k]]);
    const bool found = isfinite(distance), cut = isfinite(c->box.lo) && isfinite(c->box.hi);
    if ((!found && !cut) || !(margin > 0.0) || (p == 0.0 && !cut))
        goto cleanup;
    radius_search s = {.value_proven = margin,
                       .open = found ? distance : radius_of_box(&ball),
                       .value_open = -INFINITY,
                       .exhaustive = !found};
    s.whole = s.open;
    BL_TRY(linear_radius(c, &ball, class, others, &s));
    if (c->chain && p >= 1.0 && s.proven < s.whole)
        BL_TRY(chain_radius(c, &ball, class, others, point, margin, certificate, &s));
    certificate->radius = s.proven;
    certificate->nearer = c->nearer_length < s.whole;
    if (certificate->nearer && nearer)
        memcpy(nearer, c->nearer, n * sizeof *nearer);
    certificate->status =
        status_of(certificate, found, fmin(found ? distance : INFINITY, c->nearer_length), s.whole);
cleanup:
    bl_ball_clear(&ball);
    return err;
}

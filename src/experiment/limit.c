/* SPDX-License-Identifier: BSD-3-Clause */
#include "limit.h"

#include "borderline/clock.h"
#include "borderline/gp_draw.h"
#include "borderline/mem.h"
#include "borderline/probe.h"

/* Values with gradients an input and p, by effort: work grows with their sixth power. */
static const size_t queries[] = {[BL_EFFORT_FAST] = 6, [BL_EFFORT_STANDARD] = 12, [BL_EFFORT_THOROUGH] = 20};

/* Points a draw may be asked for each p: its share of queries, the search's last resort, two rays. */
enum { POINTS = 20 + 50 + 2 * 60 + 2 };

struct bl_limit {
    const bl_config *config;
    bl_case c;
    size_t p_count;
    bl_search *search;
    bl_gp_draw *draw;
    bl_oracle draw_oracle;
    double *logits0; /* [classes] */
    double seconds;
};

static bl_err ask_forward(void *context, size_t count, const size_t *input, const float *x, float *logits) {
    bl_limit *l = context;
    double begin = bl_clock();
    bl_err err = l->draw_oracle.forward(l->draw, count, input, x, logits);
    l->seconds += bl_clock() - begin;
    return err;
}

static bl_err ask_gradient(void *context, size_t count, const size_t *row, const float *seed,
                           float *gradient) {
    bl_limit *l = context;
    double begin = bl_clock();
    bl_err err = l->draw_oracle.gradient(l->draw, count, row, seed, gradient);
    l->seconds += bl_clock() - begin;
    return err;
}

static bl_err ask_forward64(void *context, size_t count, const size_t *input, const double *x,
                            double *logits) {
    bl_limit *l = context;
    double begin = bl_clock();
    bl_err err = l->draw_oracle.forward64(l->draw, count, input, x, logits);
    l->seconds += bl_clock() - begin;
    return err;
}

static bl_search_options limited(const bl_search_options *options) {
    bl_search_options o = *options;
    o.queries = queries[options->effort];
    return o;
}

bl_err bl_limit_create(const bl_config *config, const bl_search_options *options, const bl_case *c,
                       bl_limit **out) {
    bl_err err = BL_OK;
    bl_limit *l = NULL;
    const bl_gp_model model = bl_gp_model_of(config, c->depth);
    const bl_search_options o = limited(options);
    BL_ALLOC(l, 1);
    l->config = config;
    l->c = *c;
    l->p_count = options->p_count;
    BL_ALLOC(l->logits0, config->classes);
    BL_TRY(bl_search_create(&o, c->dimension, config->classes, 1, &l->search));
    BL_TRY(bl_gp_draw_create(&model, c->dimension, config->classes, POINTS * options->p_count, &l->draw));
    l->draw_oracle = bl_gp_draw_oracle(l->draw);
    *out = l;
    l = NULL;
cleanup:
    bl_limit_destroy(&l);
    return err;
}

void bl_limit_destroy(bl_limit **limit) {
    if (!*limit)
        return;
    bl_search_destroy(&(*limit)->search);
    bl_gp_draw_destroy(&(*limit)->draw);
    bl_mem_free((*limit)->logits0);
    bl_mem_free(*limit);
    *limit = NULL;
}

bl_err bl_limit_run(bl_limit *l, size_t number, size_t first, size_t count, const double *x0, double *output,
                    double *norm, bl_search_result *result) {
    bl_err err = BL_OK;
    const bl_config *config = l->config;
    const size_t n = l->c.dimension, classes = config->classes, batch = l->draw_oracle.batch;
    const bl_oracle oracle = {n, classes, batch, l, ask_forward, ask_gradient, ask_forward64};
    l->seconds = 0;
    for (size_t i = 0; i < count; i++) {
        const double *x = x0 + i * n;
        bl_gp_draw_begin(l->draw, bl_rng_stream(config->seed, (uint32_t)l->c.number, (uint32_t)number,
                                                BL_PURPOSE_DRAW, (uint32_t)(first + i)));
        BL_TRY(bl_search_run(l->search, &oracle, x, l->logits0, result + i * l->p_count, NULL));
        output[i] = bl_probe_margin(classes, l->logits0);
        for (size_t k = 0; k < l->p_count; k++)
            norm[i * l->p_count + k] = bl_norm(config->p.value[k], n, x);
    }
cleanup:
    return err;
}

double bl_limit_seconds(const bl_limit *l) {
    return l->seconds;
}

size_t bl_limit_memory(const bl_search_options *options, const bl_case *c, size_t classes) {
    const bl_search_options o = limited(options);
    return bl_search_memory(&o, c->dimension, classes, 1) +
           bl_gp_draw_memory(c->dimension, classes, POINTS * o.p_count, o.queries * o.p_count);
}

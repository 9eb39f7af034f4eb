/* SPDX-License-Identifier: BSD-3-Clause */
#include "limit.h"

#include "base/mem.h"
#include "gp/gp_draw.h"
#include "survey.h"

/* Values with gradients an input and p, by effort: work grows with their sixth power. */
static const size_t queries[] = {[BL_EFFORT_FAST] = 6, [BL_EFFORT_STANDARD] = 12, [BL_EFFORT_THOROUGH] = 20};

/* Points a draw may be asked for each p: its share of queries, the search's last resort, two rays, the first step's end. */
enum { POINTS = 20 + 50 + 2 * 60 + 3 };

struct bl_limit {
    const bl_config *config;
    bl_case c;
    bl_gp_draw *draw;
    bl_survey survey; /* of one input */
};

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
    BL_TRY(bl_gp_draw_create(&model, c->dimension, config->classes, POINTS * options->p_count, &l->draw));
    const bl_oracle oracle = bl_gp_draw_oracle(l->draw);
    BL_TRY(bl_survey_create(&o, &oracle, 1, &l->survey));
    *out = l;
    l = NULL;
cleanup:
    bl_limit_destroy(&l);
    return err;
}

void bl_limit_destroy(bl_limit **limit) {
    if (!*limit)
        return;
    bl_survey_clear(&(*limit)->survey);
    bl_gp_draw_destroy(&(*limit)->draw);
    bl_mem_free(*limit);
    *limit = NULL;
}

bl_err bl_limit_run(bl_limit *l, size_t number, size_t first, size_t count, const double *x0, double *output,
                    double *norm, bl_search_result *result) {
    bl_err err = BL_OK;
    const size_t p_count = l->survey.p_count;
    l->survey.seconds = 0;
    for (size_t i = 0; i < count; i++) {
        bl_gp_draw_begin(l->draw, bl_rng_stream(l->config->seed, (uint32_t)l->c.number, (uint32_t)number,
                                                BL_PURPOSE_DRAW, (uint32_t)(first + i)));
        BL_TRY(bl_survey_run(&l->survey, x0 + i * l->c.dimension, output + i, norm + i * p_count,
                             result + i * p_count, NULL));
    }
cleanup:
    return err;
}

double bl_limit_seconds(const bl_limit *l) {
    return l->survey.seconds;
}

size_t bl_limit_memory(const bl_search_options *options, const bl_case *c, size_t classes) {
    const bl_search_options o = limited(options);
    return bl_search_memory(&o, c->dimension, classes, 1) +
           bl_gp_draw_memory(c->dimension, classes, POINTS * o.p_count, o.queries * o.p_count);
}

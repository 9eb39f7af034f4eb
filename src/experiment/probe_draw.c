/* SPDX-License-Identifier: BSD-3-Clause */
#include "probe_draw.h"

#include "base/mem.h"
#include "gp/gp_draw.h"
#include "probe.h"

/* Values with gradients per input and p, by effort: work grows with their sixth power. */
static const size_t queries[] = {[BL_EFFORT_FAST] = 6, [BL_EFFORT_STANDARD] = 12, [BL_EFFORT_THOROUGH] = 20};

/* Most points of a draw per p: its share of queries, the search's last resort, two rays, the end of the first step. */
enum { POINTS = 20 + 50 + 2 * 60 + 3 };

struct bl_probe_draw {
    const bl_config *config;
    bl_case c;
    bl_gp_draw *draw;
    bl_probe *probe; /* of one input */
    double factor;   /* the configuration's values over those of the draw */
    double seconds;  /* of the last run */
};

static bl_search_options limited(const bl_search_options *options) {
    bl_search_options o = *options;
    o.queries = queries[options->effort];
    return o;
}

bl_err bl_probe_draw_create(const bl_config *config, const bl_search_options *options, const bl_case *c,
                            bl_probe_draw **out) {
    bl_err err = BL_OK;
    bl_probe_draw *probe = NULL;
    const bl_search_options o = limited(options);
    BL_ALLOC(probe, 1);
    const bl_gp_model model = bl_gp_model_balanced(config, c->depth, &probe->factor);
    probe->config = config;
    probe->c = *c;
    BL_TRY(bl_gp_draw_create(&model, c->dimension, config->classes, POINTS * options->p_count, &probe->draw));
    const bl_oracle oracle = bl_gp_draw_oracle(probe->draw);
    BL_TRY(bl_probe_create(&o, &oracle, 1, &probe->probe));
    *out = probe;
    probe = NULL;
cleanup:
    bl_probe_draw_destroy(&probe);
    return err;
}

void bl_probe_draw_destroy(bl_probe_draw **probe) {
    if (!*probe)
        return;
    bl_probe_destroy(&(*probe)->probe);
    bl_gp_draw_destroy(&(*probe)->draw);
    bl_mem_free(*probe);
    *probe = NULL;
}

bl_err bl_probe_draw_run(bl_probe_draw *probe, size_t number, size_t first, size_t count, const double *x0,
                         bl_finding *finding) {
    bl_err err = BL_OK;
    const double before = bl_probe_seconds(probe->probe);
    for (size_t i = 0; i < count; i++) {
        bl_gp_draw_begin(probe->draw,
                         bl_rng_stream(probe->config->seed, (uint32_t)probe->c.number, (uint32_t)number,
                                       BL_PURPOSE_DRAW, (uint32_t)(first + i)));
        BL_TRY(bl_probe_run(probe->probe, x0 + i * probe->c.dimension, probe->factor,
                            finding + i * probe->config->p.count, NULL));
    }
    probe->seconds = bl_probe_seconds(probe->probe) - before;
cleanup:
    return err;
}

double bl_probe_draw_seconds(const bl_probe_draw *probe) {
    return probe->seconds;
}

size_t bl_probe_draw_memory(const bl_search_options *options, const bl_case *c, size_t classes) {
    const bl_search_options o = limited(options);
    return bl_probe_memory(&o, c->dimension, classes, 1) +
           bl_gp_draw_memory(c->dimension, classes, POINTS * o.p_count, o.queries * o.p_count);
}

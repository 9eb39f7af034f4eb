/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The pass engine: layers one after the other over padded batches, forward and back.
 */
#include "borderline/pass.h"

#include "borderline/mem.h"
#include "layer.h"
#include <string.h>

enum {
    BLOCK64 = 64,           /* points that the float64 path takes at a time */
    LIBRARY_BYTES = 1572864 /* what oneDNN holds from its first use on (measured) */
};

typedef struct stage {
    bl_layer layer; /* shape only: weights belong to the network */
    const bl_layer_ops *ops;
    void *state;
    float *own;     /* [batch][outputs]; NULL when y is x */
    const float *x; /* what the last forward read and gave */
    const float *y;
} stage;

struct bl_pass {
    size_t batch, dimension, classes, stages;
    stage *stage;
    bl_product_context *context;
    const bl_network *network; /* borrowed: the float64 path reads its weights */
    size_t count;              /* points of the last forward; 0: none yet */
    float *input;              /* [batch][n]: x padded to whole rows of a product */
    float *logits;             /* [batch][classes]: seeds of a gradient, padded */
    float *gradient;           /* [batch][n] */
    float *work[2];            /* [batch][widest layer]: gradients between layers */
    size_t *row;               /* [batch] */
    double *work64[2];         /* made by the first bl_pass_forward64 */
};

/* The most numbers that a layer gives. */
static size_t widest_layer(const bl_network *network) {
    size_t widest = 1;
    for (size_t l = 0; l < network->layer_count; l++)
        widest = network->layer[l].outputs > widest ? network->layer[l].outputs : widest;
    return widest;
}

static bool has_own_output(const bl_layer_ops *ops) {
    return ops->forward != NULL;
}

static bl_err stage_create(bl_pass *pass, const bl_layer *layer, size_t number, stage *s) {
    bl_err err = BL_OK;
    s->layer = *layer;
    s->layer.weight = NULL;
    s->ops = bl_layer_ops_of(layer->kind);
    BL_REQUIRE(s->ops, BL_ERR_INPUT, "layer_%03zu: the pass engine has no layers of kind %d", number,
               (int)layer->kind);
    if (has_own_output(s->ops))
        BL_ALLOC(s->own, pass->batch * layer->outputs);
    if (s->ops->create)
        BL_TRY(s->ops->create(pass->context, layer, pass->batch, &s->state));
cleanup:
    return err;
}

bl_err bl_pass_create(const bl_network *network, size_t batch, bl_pass **out) {
    bl_err err = BL_OK;
    bl_pass *pass = NULL;
    const size_t widest = widest_layer(network);
    BL_REQUIRE(batch > 0, BL_ERR_INPUT, "a pass engine needs a batch of at least one point");
    BL_ALLOC(pass, 1);
    pass->batch = batch;
    pass->dimension = network->dimension;
    pass->classes = network->classes;
    BL_TRY(bl_product_context_create(&pass->context));
    BL_ALLOC(pass->input, batch * network->dimension);
    BL_ALLOC(pass->gradient, batch * network->dimension);
    BL_ALLOC(pass->logits, batch * network->classes);
    BL_ALLOC(pass->work[0], batch * widest);
    BL_ALLOC(pass->work[1], batch * widest);
    BL_ALLOC(pass->row, batch);
    BL_ALLOC(pass->stage, network->layer_count);
    pass->stages = network->layer_count;
    for (size_t l = 0; l < network->layer_count; l++)
        BL_TRY(stage_create(pass, &network->layer[l], l, &pass->stage[l]));
    BL_TRY(bl_pass_load(pass, network));
    *out = pass;
    pass = NULL;
cleanup:
    bl_pass_destroy(&pass);
    return err;
}

void bl_pass_destroy(bl_pass **pass) {
    bl_pass *p = *pass;
    if (!p)
        return;
    for (size_t l = 0; l < p->stages; l++) {
        if (p->stage[l].state)
            p->stage[l].ops->destroy(&p->stage[l].state);
        bl_mem_free(p->stage[l].own);
    }
    bl_mem_free(p->stage);
    bl_product_context_destroy(&p->context);
    bl_mem_free(p->input);
    bl_mem_free(p->gradient);
    bl_mem_free(p->logits);
    bl_mem_free(p->row);
    for (size_t i = 0; i < 2; i++) {
        bl_mem_free(p->work[i]);
        bl_mem_free(p->work64[i]);
    }
    bl_mem_free(p);
    *pass = NULL;
}

static bool same_shape(const bl_layer *a, const bl_layer *b) {
    return a->kind == b->kind && a->inputs == b->inputs && a->outputs == b->outputs &&
           a->activation == b->activation && a->negative_slope == b->negative_slope && !a->bias == !b->bias;
}

bl_err bl_pass_load(bl_pass *pass, const bl_network *network) {
    bl_err err = BL_OK;
    BL_REQUIRE(network->layer_count == pass->stages, BL_ERR_INPUT,
               "a network of %zu layers does not fit an engine of %zu", network->layer_count, pass->stages);
    for (size_t l = 0; l < pass->stages; l++)
        BL_REQUIRE(same_shape(&network->layer[l], &pass->stage[l].layer), BL_ERR_INPUT,
                   "layer_%03zu: the network has another shape than the engine", l);
    pass->network = network;
    pass->count = 0;
    for (size_t l = 0; l < pass->stages; l++)
        if (pass->stage[l].ops->load)
            BL_TRY(pass->stage[l].ops->load(pass->stage[l].state, &network->layer[l]));
cleanup:
    return err;
}

/* Rows copied, and zeros after them. */
static void pad(const float *from, size_t count, size_t rows, size_t width, float *to) {
    memcpy(to, from, count * width * sizeof *to);
    memset(to + count * width, 0, (rows - count) * width * sizeof *to);
}

bl_err bl_pass_forward(bl_pass *pass, size_t count, const float *x, float *logits) {
    bl_err err = BL_OK;
    BL_ASSERT(count > 0 && count <= pass->batch);
    const size_t rows = bl_product_rows(count, pass->batch);
    const float *at = x;
    if (rows != count) {
        pad(x, count, rows, pass->dimension, pass->input);
        at = pass->input;
    }
    pass->count = 0;
    for (size_t l = 0; l < pass->stages; l++) {
        stage *s = &pass->stage[l];
        s->x = at;
        if (s->own) {
            BL_TRY(s->ops->forward(&s->layer, s->state, rows, at, s->own));
            at = s->own;
        }
        s->y = at;
    }
    memcpy(logits, at, count * pass->classes * sizeof *logits);
    pass->count = count;
cleanup:
    return err;
}

/* Which rows of the last forward batch the rows of a gradient stand for; padded rows, whose seeds are zero,
 * take the first. */
static void fill_rows(bl_pass *pass, size_t count, size_t rows, const size_t *row) {
    for (size_t i = 0; i < count; i++) {
        pass->row[i] = row ? row[i] : i;
        BL_ASSERT(pass->row[i] < pass->count);
    }
    for (size_t i = count; i < rows; i++)
        pass->row[i] = 0;
}

bl_err bl_pass_gradient(bl_pass *pass, size_t count, const size_t *row, const float *seed, float *gradient) {
    bl_err err = BL_OK;
    BL_ASSERT(count > 0 && count <= pass->batch);
    const size_t rows = bl_product_rows(count, pass->batch);
    float *const target = rows == count ? gradient : pass->gradient;
    const float *at = seed;
    size_t turn = 0, first = 0;
    fill_rows(pass, count, rows, row);
    if (rows != count) {
        pad(seed, count, rows, pass->classes, pass->logits);
        at = pass->logits;
    }
    while (first + 1 < pass->stages && !pass->stage[first].own)
        first++;
    for (size_t l = pass->stages; l-- > first;) {
        stage *s = &pass->stage[l];
        if (!s->own)
            continue;
        float *to = l == first ? target : pass->work[turn];
        turn = 1 - turn;
        BL_TRY(s->ops->backward(&s->layer, s->state, rows, pass->row, s->x, s->y, at, to));
        at = to;
    }
    if (at != gradient)
        memcpy(gradient, at, count * pass->dimension * sizeof *gradient);
cleanup:
    return err;
}

const float *bl_pass_features(const bl_pass *pass, size_t *width) {
    BL_ASSERT(pass->count > 0);
    for (size_t l = pass->stages; l-- > 0;)
        if (pass->stage[l].layer.kind == BL_LAYER_ACTIVATION) {
            *width = pass->stage[l].layer.outputs;
            return pass->stage[l].y;
        }
    *width = pass->dimension;
    return pass->stage[0].x;
}

static bl_err workspace64(bl_pass *pass) {
    bl_err err = BL_OK;
    for (size_t i = 0; i < 2; i++)
        if (!pass->work64[i])
            BL_ALLOC(pass->work64[i], BLOCK64 * widest_layer(pass->network));
cleanup:
    return err;
}

bl_err bl_pass_forward64(bl_pass *pass, size_t count, const double *x, double *logits) {
    bl_err err = BL_OK;
    BL_TRY(workspace64(pass));
    for (size_t first = 0; first < count; first += BLOCK64) {
        const size_t rows = count - first < BLOCK64 ? count - first : BLOCK64;
        const double *at = x + first * pass->dimension;
        size_t turn = 0;
        for (size_t l = 0; l < pass->stages; l++) {
            const bl_layer_ops *ops = pass->stage[l].ops;
            if (!ops->forward64)
                continue;
            ops->forward64(&pass->network->layer[l], rows, at, pass->work64[turn]);
            at = pass->work64[turn];
            turn = 1 - turn;
        }
        memcpy(logits + first * pass->classes, at, rows * pass->classes * sizeof *logits);
    }
cleanup:
    return err;
}

size_t bl_pass_memory(const bl_network *network, size_t batch) {
    const size_t widest = widest_layer(network);
    size_t bytes =
        LIBRARY_BYTES + sizeof(bl_pass) + network->layer_count * sizeof(stage) + batch * sizeof(size_t);
    bytes += batch * (2 * network->dimension + network->classes + 2 * widest) * sizeof(float);
    bytes += (size_t)2 * BLOCK64 * widest * sizeof(double);
    for (size_t l = 0; l < network->layer_count; l++) {
        const bl_layer_ops *ops = bl_layer_ops_of(network->layer[l].kind);
        if (ops && has_own_output(ops))
            bytes += batch * network->layer[l].outputs * sizeof(float);
        if (ops && ops->memory)
            bytes += ops->memory(&network->layer[l], batch);
    }
    return bytes;
}

double bl_pass_multiply_adds(const bl_network *network) {
    double sum = 0.0;
    for (size_t l = 0; l < network->layer_count; l++) {
        const bl_layer_ops *ops = bl_layer_ops_of(network->layer[l].kind);
        if (ops && ops->multiply_adds)
            sum += ops->multiply_adds(&network->layer[l]);
    }
    return sum;
}

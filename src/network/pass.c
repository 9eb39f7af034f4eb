/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The pass engine: layers one after the other over padded batches, forward and back. A residual sum reads what its
 * begin saw; the gradient of that branch waits in a buffer until the way back reaches the begin. Sums may be nested:
 * each depth of nesting has a buffer.
 */
#include "borderline/pass.h"

#include "base/mem.h"
#include "image.h"
#include "layer.h"
#include "outline.h"
#include <string.h>

enum {
    BLOCK64 = 64,           /* points that the float64 path takes at a time, rows of numbers */
    IMAGES64 = 4,           /* and images */
    NESTED_MAX = 8,         /* residual sums inside one another */
    LIBRARY_BYTES = 1572864 /* memory that oneDNN keeps from its first use on (measured) */
};

typedef struct stage {
    bl_layer layer; /* shape only: weights belong to the network */
    const bl_layer_ops *ops;
    void *state;
    float *own;     /* [batch][outputs]; NULL when y is x */
    size_t nesting; /* residual_begin, residual_end: sums around this one */
    const float *x; /* what the last forward read and gave */
    const float *y;
} stage;

struct bl_pass {
    size_t batch, dimension, classes, stages;
    bl_image image; /* of the input, where images are in another order inside; else channels = 0 */
    stage *stage;
    bl_product_context *context;
    const bl_network *network; /* borrowed: the float64 path reads its weights */
    size_t count;              /* points of the last forward; 0: none yet */
    float *input;              /* [batch][n]: x padded to whole rows of a product */
    float *logits;             /* [batch][classes]: seeds of a gradient, padded */
    float *gradient;           /* [batch][n] */
    float *work[2];            /* [batch][widest layer]: gradients between layers */
    float *side[NESTED_MAX];   /* the same of residual branches */
    size_t *row;               /* [batch] */
    size_t block64;            /* points that the float64 path takes at a time */
    double *work64[3];         /* made by the first bl_pass_forward64; the last is for the layers */
    double *side64[NESTED_MAX];
};

/* Whether a layer of the network works on images. */
static bool has_images(const bl_network *network) {
    for (size_t l = 0; l < network->layer_count; l++)
        if (bl_layer_ops_of(network->layer[l].kind) && bl_layer_is_spatial(&network->layer[l]))
            return true;
    return false;
}

static size_t points64(const bl_network *network) {
    return has_images(network) ? IMAGES64 : BLOCK64;
}

/* Whether a layer's output is stored apart from its input: of flatten only where numbers change places. */
static bool has_own_output(const bl_layer *layer, bool images) {
    const bl_layer_ops *ops = bl_layer_ops_of(layer->kind);
    if (layer->kind == BL_LAYER_FLATTEN)
        return images && !bl_image_is_plain(layer->in);
    return ops->forward || ops->join;
}

static bl_err stage_create(bl_pass *pass, const bl_network *network, size_t number, stage *s) {
    bl_err err = BL_OK;
    const bl_layer *layer = &network->layer[number];
    const bool images = has_images(network);
    s->layer = *layer;
    s->layer.weight = NULL;
    s->ops = bl_layer_ops_of(layer->kind);
    BL_REQUIRE(s->ops, BL_ERR_INPUT, "layer_%03zu: the pass engine does not know layers of kind %d", number,
               (int)layer->kind);
    if (has_own_output(layer, images))
        BL_ALLOC(s->own, pass->batch * layer->outputs);
    if (s->ops->create)
        BL_TRY(s->ops->create(pass->context, layer, pass->batch, &s->state));
    s->nesting = bl_outline_open_sums(network, layer->kind == BL_LAYER_RESIDUAL_END ? number + 1 : number);
cleanup:
    return err;
}

bl_err bl_pass_create(const bl_network *network, size_t batch, bl_pass **out) {
    bl_err err = BL_OK;
    bl_pass *pass = NULL;
    const size_t widest = bl_outline_widest(network), nested = bl_outline_nested_sums(network);
    const bl_image image = {network->shape[0], network->shape[1], network->shape[2]};
    BL_REQUIRE(nested <= NESTED_MAX, BL_ERR_INPUT,
               "the pass engine takes at most %d nested residual sums, not %zu", NESTED_MAX, nested);
    BL_REQUIRE(batch > 0, BL_ERR_INPUT, "a pass engine needs a batch of at least one point");
    BL_ALLOC(pass, 1);
    pass->batch = batch;
    pass->dimension = network->dimension;
    pass->classes = network->classes;
    pass->block64 = points64(network);
    if (has_images(network) && !bl_image_is_plain(image))
        pass->image = image;
    BL_TRY(bl_product_context_create(&pass->context));
    BL_ALLOC(pass->input, batch * network->dimension);
    BL_ALLOC(pass->gradient, batch * network->dimension);
    BL_ALLOC(pass->logits, batch * network->classes);
    BL_ALLOC(pass->work[0], batch * widest);
    BL_ALLOC(pass->work[1], batch * widest);
    for (size_t i = 0; i < nested; i++)
        BL_ALLOC(pass->side[i], batch * widest);
    BL_ALLOC(pass->row, batch);
    BL_ALLOC(pass->stage, network->layer_count);
    pass->stages = network->layer_count;
    for (size_t l = 0; l < network->layer_count; l++)
        BL_TRY(stage_create(pass, network, l, &pass->stage[l]));
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
    for (size_t i = 0; i < 2; i++)
        bl_mem_free(p->work[i]);
    for (size_t i = 0; i < 3; i++)
        bl_mem_free(p->work64[i]);
    for (size_t i = 0; i < NESTED_MAX; i++) {
        bl_mem_free(p->side[i]);
        bl_mem_free(p->side64[i]);
    }
    bl_mem_free(p);
    *pass = NULL;
}

static bool same_shape(const bl_layer *a, const bl_layer *b) {
    return a->kind == b->kind && a->inputs == b->inputs && a->outputs == b->outputs &&
           a->activation == b->activation && a->negative_slope == b->negative_slope && !a->bias == !b->bias &&
           bl_image_same(a->in, b->in) && bl_image_same(a->out, b->out) && bl_image_same(a->side, b->side) &&
           a->begin == b->begin && a->kernel[0] == b->kernel[0] && a->kernel[1] == b->kernel[1] &&
           a->stride == b->stride && a->padding == b->padding;
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

static bl_err stage_forward(bl_pass *pass, stage *s, size_t rows, const float *x) {
    bl_err err = BL_OK;
    s->x = x;
    s->y = s->own ? s->own : x;
    if (s->ops->join)
        BL_TRY(s->ops->join(&s->layer, s->state, rows, x, pass->stage[s->layer.begin].x, s->own));
    else if (s->own)
        BL_TRY(s->ops->forward(&s->layer, s->state, rows, x, s->own));
cleanup:
    return err;
}

bl_err bl_pass_forward(bl_pass *pass, size_t count, const float *x, float *logits) {
    bl_err err = BL_OK;
    BL_ASSERT(count > 0 && count <= pass->batch);
    const size_t rows = bl_product_rows(count, pass->batch);
    const float *at = x;
    if (pass->image.channels > 0) {
        bl_image_channels_last(pass->image, count, x, pass->input);
        memset(pass->input + count * pass->dimension, 0, (rows - count) * pass->dimension * sizeof *x);
        at = pass->input;
    } else if (rows != count) {
        pad(x, count, rows, pass->dimension, pass->input);
        at = pass->input;
    }
    pass->count = 0;
    for (size_t l = 0; l < pass->stages; l++) {
        BL_TRY(stage_forward(pass, &pass->stage[l], rows, at));
        at = pass->stage[l].y;
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

/* The gradient before a stage from the one behind it, *at; it is written to `to` where the two differ. */
static bl_err stage_backward(bl_pass *pass, stage *s, size_t rows, float *to, const float **at) {
    bl_err err = BL_OK;
    const float *const dy = *at;
    const size_t count = rows * s->layer.inputs;
    if (s->ops->split) {
        BL_TRY(s->ops->split(&s->layer, s->state, rows, dy, pass->side[s->nesting]));
        goto cleanup; /* the other branch takes dy as it is */
    }
    if (s->layer.kind == BL_LAYER_RESIDUAL_BEGIN) {
        const float *side = pass->side[s->nesting];
        for (size_t i = 0; i < count; i++)
            to[i] = dy[i] + side[i];
    } else
        BL_TRY(s->ops->backward(&s->layer, s->state, rows, pass->row, s->x, s->y, dy, to));
    *at = to;
cleanup:
    return err;
}

/* Whether a gradient changes at a stage. */
static bool is_active(const stage *s) {
    return s->own || s->layer.kind == BL_LAYER_RESIDUAL_BEGIN;
}

bl_err bl_pass_gradient(bl_pass *pass, size_t count, const size_t *row, const float *seed, float *gradient) {
    bl_err err = BL_OK;
    BL_ASSERT(count > 0 && count <= pass->batch);
    const size_t rows = bl_product_rows(count, pass->batch);
    float *const target = rows == count && pass->image.channels == 0 ? gradient : pass->gradient;
    const float *at = seed;
    size_t first = 0;
    fill_rows(pass, count, rows, row);
    if (rows != count) {
        pad(seed, count, rows, pass->classes, pass->logits);
        at = pass->logits;
    }
    while (first + 1 < pass->stages && !is_active(&pass->stage[first]))
        first++;
    for (size_t l = pass->stages; l-- > first;)
        if (is_active(&pass->stage[l])) {
            float *work = at == pass->work[0] ? pass->work[1] : pass->work[0];
            BL_TRY(stage_backward(pass, &pass->stage[l], rows, l == first ? target : work, &at));
        }
    if (pass->image.channels > 0)
        bl_image_channels_first(pass->image, count, at, gradient);
    else if (at != gradient)
        memcpy(gradient, at, count * pass->dimension * sizeof *gradient);
cleanup:
    return err;
}

/* The gradient to the weights of one stage from dy behind it, written before *end of the parameters' gradient. */
static bl_err stage_weights(bl_pass *pass, const stage *s, const float *dy, float **end) {
    bl_err err = BL_OK;
    const size_t weights = bl_layer_weights(&s->layer);
    const size_t biases = s->layer.bias ? bl_layer_biases(&s->layer) : 0;
    const float *x = s->ops->join ? pass->stage[s->layer.begin].x : s->x;
    if (weights == 0)
        goto cleanup;
    *end -= weights + biases;
    BL_TRY(s->ops->backward_weights(&s->layer, s->state, pass->batch, x, dy, *end,
                                    biases > 0 ? *end + weights : NULL));
cleanup:
    return err;
}

bl_err bl_pass_weight_gradient(bl_pass *pass, const float *seed, float *gradient) {
    bl_err err = BL_OK;
    BL_ASSERT(pass->count == pass->batch);
    const float *at = seed;
    float *end = gradient + bl_network_parameters(pass->network);
    fill_rows(pass, pass->batch, pass->batch, NULL);
    for (size_t l = pass->stages; l-- > 0;) {
        stage *s = &pass->stage[l];
        float *work = at == pass->work[0] ? pass->work[1] : pass->work[0];
        BL_TRY(stage_weights(pass, s, at, &end));
        if (end == gradient) /* no weights before this one */
            break;
        if (is_active(s))
            BL_TRY(stage_backward(pass, s, pass->batch, work, &at));
    }
cleanup:
    return err;
}

const float *bl_pass_features(const bl_pass *pass, size_t *width) {
    BL_ASSERT(pass->count > 0);
    for (size_t l = pass->stages; l-- > 0;)
        if (pass->stage[l].layer.kind == BL_LAYER_ACTIVATION) {
            while (l + 1 < pass->stages && pass->stage[l + 1].layer.kind == BL_LAYER_FLATTEN)
                l++;
            *width = pass->stage[l].layer.outputs;
            return pass->stage[l].y;
        }
    *width = pass->dimension;
    return pass->stage[0].x;
}

static bl_err workspace64(bl_pass *pass) {
    bl_err err = BL_OK;
    const size_t widest = bl_outline_widest(pass->network), nested = bl_outline_nested_sums(pass->network);
    for (size_t i = 0; i < 2; i++)
        if (!pass->work64[i])
            BL_ALLOC(pass->work64[i], pass->block64 * widest);
    for (size_t i = 0; i < nested; i++)
        if (!pass->side64[i])
            BL_ALLOC(pass->side64[i], pass->block64 * widest);
    if (!pass->work64[2])
        BL_ALLOC(pass->work64[2], bl_outline_work64(pass->network));
cleanup:
    return err;
}

/* One block of points; gives where its logits are. */
static const double *forward64_block(bl_pass *pass, size_t rows, const double *x) {
    const double *at = x;
    for (size_t l = 0; l < pass->stages; l++) {
        const stage *s = &pass->stage[l];
        const bl_layer *layer = &pass->network->layer[l];
        double *to = at == pass->work64[0] ? pass->work64[1] : pass->work64[0];
        if (layer->kind == BL_LAYER_RESIDUAL_BEGIN)
            memcpy(pass->side64[s->nesting], at, rows * layer->inputs * sizeof *at);
        if (s->ops->join64)
            s->ops->join64(layer, rows, at, pass->side64[s->nesting], to, pass->work64[2]);
        else if (s->ops->forward64)
            s->ops->forward64(layer, rows, at, to, pass->work64[2]);
        else
            continue;
        at = to;
    }
    return at;
}

bl_err bl_pass_forward64(bl_pass *pass, size_t count, const double *x, double *logits) {
    bl_err err = BL_OK;
    BL_TRY(workspace64(pass));
    for (size_t first = 0; first < count; first += pass->block64) {
        const size_t rows = count - first < pass->block64 ? count - first : pass->block64;
        const double *found = forward64_block(pass, rows, x + first * pass->dimension);
        memcpy(logits + first * pass->classes, found, rows * pass->classes * sizeof *logits);
    }
cleanup:
    return err;
}

size_t bl_pass_memory(const bl_network *network, size_t batch) {
    const size_t widest = bl_outline_widest(network), nested = bl_outline_nested_sums(network);
    const bool images = has_images(network);
    size_t bytes =
        LIBRARY_BYTES + sizeof(bl_pass) + network->layer_count * sizeof(stage) + batch * sizeof(size_t);
    bytes += batch * (2 * network->dimension + network->classes + (2 + nested) * widest) * sizeof(float);
    bytes += ((2 + nested) * points64(network) * widest + bl_outline_work64(network)) * sizeof(double);
    for (size_t l = 0; l < network->layer_count; l++) {
        const bl_layer *layer = &network->layer[l];
        const bl_layer_ops *ops = bl_layer_ops_of(layer->kind);
        if (ops && has_own_output(layer, images))
            bytes += batch * layer->outputs * sizeof(float);
        if (ops && ops->memory)
            bytes += ops->memory(layer, batch);
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

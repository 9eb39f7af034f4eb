/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lists of layers become lists of operations: shapes and chains forwards, bands backwards.
 */
#include "gp_network.h"

#include "base/mem.h"
#include <string.h>

enum { NESTING_MAX = 8 };

/* What the layers built so far give. */
typedef struct builder {
    bl_gp_network *network;
    bl_gp_features now, kept[NESTING_MAX];
    size_t depth;  /* open residuals */
    size_t number; /* of the layer, for messages */
} builder;

static size_t add_field(bl_gp_network *network, size_t height, size_t width) {
    network->field[network->fields] = (bl_gp_field){.height = height, .width = width};
    return network->fields++;
}

static const bl_gp_field *image_of(const builder *b, const bl_gp_features *f) {
    return &b->network->field[f->length ? f->link[0] : f->moment];
}

static bl_gp_features gaussian(size_t field) {
    return (bl_gp_features){.length = 1, .link = {field}};
}

static void append(builder *b, bl_gp_operation operation) {
    b->network->operation[b->network->operations++] = operation;
}

/* Windows of one direction and the zeros before the image (TensorFlow's rule); 0 where none fits. */
static size_t windows(size_t in, size_t size, size_t stride, bool same, size_t *before) {
    *before = 0;
    if (!same)
        return in < size ? 0 : (in - size) / stride + 1;
    size_t out = (in + stride - 1) / stride, reach = (out - 1) * stride + size;
    *before = reach > in ? (reach - in) / 2 : 0;
    return out;
}

static bl_err convolve(builder *b, const bl_gp_features *in, size_t size, const bl_gp_layer *layer,
                       size_t *field) {
    bl_err err = BL_OK;
    const bl_gp_field image = *image_of(b, in);
    bl_gp_operation o = {.kind = BL_GP_WINDOW,
                         .in = *in,
                         .size = size,
                         .stride = layer->stride,
                         .weight = layer->weight_variance,
                         .bias = layer->bias_variance};
    BL_REQUIRE(size > 0 && layer->stride > 0, BL_ERR_INPUT, "layer %zu: a window or stride of 0", b->number);
    size_t height = windows(image.height, size, layer->stride, layer->same, &o.pad_y);
    size_t width = windows(image.width, size, layer->stride, layer->same, &o.pad_x);
    BL_REQUIRE(height > 0 && width > 0, BL_ERR_INPUT,
               "layer %zu: a window of %zu is larger than the image of %zu x %zu", b->number, size,
               image.height, image.width);
    *field = o.out = add_field(b->network, height, width);
    append(b, o);
cleanup:
    return err;
}

static bl_err pool(builder *b, const bl_gp_layer *layer) {
    bl_err err = BL_OK;
    const bl_gp_field image = *image_of(b, &b->now);
    BL_REQUIRE(layer->size > 0 && image.height >= layer->size && image.width >= layer->size, BL_ERR_INPUT,
               "layer %zu: the image of %zu x %zu is too small for a pool of %zu", b->number, image.height,
               image.width, layer->size);
    size_t out = add_field(b->network, image.height / layer->size, image.width / layer->size);
    append(b, (bl_gp_operation){.kind = BL_GP_POOL, .in = b->now, .out = out, .size = layer->size});
    b->now = (bl_gp_features){.moment = out};
cleanup:
    return err;
}

static void dense(builder *b, const bl_gp_layer *layer) {
    size_t out = add_field(b->network, 1, 1);
    append(b, (bl_gp_operation){.kind = BL_GP_MEAN,
                                .in = b->now,
                                .out = out,
                                .weight = layer->weight_variance,
                                .bias = layer->bias_variance});
    b->now = gaussian(out);
}

static bl_err activate(builder *b, const bl_gp_layer *layer) {
    bl_err err = BL_OK;
    bl_gp_features *now = &b->now;
    BL_REQUIRE(now->length > 0 && !now->activated, BL_ERR_INPUT,
               "layer %zu: an activation must follow a layer with weights or a residual sum", b->number);
    bl_gp_model rule = {.activation = layer->activation, .negative_slope = layer->negative_slope};
    BL_REQUIRE(now->length == 1 || (now->rule.activation == rule.activation &&
                                    now->rule.negative_slope == rule.negative_slope),
               BL_ERR_INPUT, "layer %zu: one chain of residual sums has two different activations",
               b->number);
    now->rule = rule;
    now->activated = true;
cleanup:
    return err;
}

static bl_err residual_end(builder *b, const bl_gp_layer *layer) {
    bl_err err = BL_OK;
    BL_REQUIRE(b->depth > 0, BL_ERR_INPUT, "layer %zu: a residual ends that was not begun", b->number);
    bl_gp_features kept = b->kept[--b->depth], *now = &b->now;
    BL_REQUIRE(now->length == 1 && !now->activated, BL_ERR_INPUT,
               "layer %zu: the branch of a residual sum must end in a layer with weights", b->number);
    size_t side = 0, branch = now->link[0];
    if (layer->weight_variance > 0.0) {
        BL_TRY(convolve(b, &kept, 1, layer, &side));
        kept = gaussian(side);
    }
    const bl_gp_field image = *image_of(b, &kept), other = *image_of(b, now);
    BL_REQUIRE(image.height == other.height && image.width == other.width, BL_ERR_INPUT,
               "layer %zu: a residual sum of %zu x %zu and %zu x %zu pixels", b->number, image.height,
               image.width, other.height, other.width);
    BL_REQUIRE(kept.length > 0, BL_ERR_INPUT,
               "layer %zu: a shortcut without weights carries the input or pooled numbers", b->number);
    BL_REQUIRE(kept.length < BL_CHAIN_MAX, BL_ERR_INPUT,
               "layer %zu: more than %d residual sums follow each other without weights between", b->number,
               BL_CHAIN_MAX);
    if (kept.activated) {
        *now = kept;
        now->link[now->length++] = branch;
        now->activated = false;
        goto cleanup;
    }
    BL_REQUIRE(kept.length == 1, BL_ERR_INPUT, "layer %zu: a residual sum must be followed by an activation",
               b->number);
    size_t out = add_field(b->network, image.height, image.width);
    append(b, (bl_gp_operation){.kind = BL_GP_SUM, .out = out, .left = kept.link[0], .right = branch});
    *now = gaussian(out);
cleanup:
    return err;
}

static bl_err add_layer(builder *b, const bl_gp_layer *layer) {
    bl_err err = BL_OK;
    size_t field = 0;
    const bool unfinished = b->now.length > 1 && !b->now.activated;
    BL_REQUIRE(!unfinished || layer->kind == BL_GP_ACTIVATION, BL_ERR_INPUT,
               "layer %zu: a residual sum must be followed by an activation", b->number);
    switch (layer->kind) {
    case BL_GP_DENSE:
        dense(b, layer);
        break;
    case BL_GP_CONV2D:
        BL_TRY(convolve(b, &b->now, layer->size, layer, &field));
        b->now = gaussian(field);
        break;
    case BL_GP_ACTIVATION:
        BL_TRY(activate(b, layer));
        break;
    case BL_GP_AVGPOOL2D:
        BL_TRY(pool(b, layer));
        break;
    case BL_GP_FLATTEN:
        break;
    case BL_GP_RESIDUAL_BEGIN:
        BL_REQUIRE(b->depth < NESTING_MAX, BL_ERR_INPUT, "layer %zu: residuals are nested more than %d deep",
                   b->number, NESTING_MAX);
        b->kept[b->depth++] = b->now;
        break;
    case BL_GP_RESIDUAL_END:
        BL_TRY(residual_end(b, layer));
        break;
    default:
        BL_FAIL(BL_ERR_INPUT, "layer %zu: its kind is not known", b->number);
    }
cleanup:
    return err;
}

static void widen(bl_gp_network *network, size_t field, size_t band) {
    bl_gp_field *f = &network->field[field];
    size_t most = (f->height > f->width ? f->height : f->width) - 1;
    band = band < most ? band : most;
    f->band = f->band > band ? f->band : band;
}

/* Pixel pairs that the output depends on, from the last operation to the first. */
static void set_bands(bl_gp_network *network) {
    for (size_t k = network->operations; k-- > 0;) {
        bl_gp_operation *o = &network->operation[k];
        const size_t band = network->field[o->out].band;
        if (o->kind == BL_GP_SUM) {
            widen(network, o->left, band);
            widen(network, o->right, band);
            continue;
        }
        o->band = o->kind == BL_GP_MEAN   ? 0
                  : o->kind == BL_GP_POOL ? band * o->size + o->size - 1
                                          : band * o->stride;
        const size_t first = o->in.length ? o->in.link[0] : o->in.moment;
        widen(network, first, o->band);
        const bl_gp_field *image = &network->field[first];
        o->band = o->band < image->band ? o->band : image->band;
        for (size_t j = 1; j < o->in.length; j++)
            widen(network, o->in.link[j], o->band);
        size_t numbers = image->height * image->width * bl_gp_offsets(o->band);
        network->largest = network->largest > numbers ? network->largest : numbers;
    }
}

static void place_fields(bl_gp_network *network) {
    for (size_t k = 0; k < network->fields; k++) {
        bl_gp_field *f = &network->field[k];
        const size_t pixels = f->height * f->width;
        f->start = network->numbers;
        f->pixel = network->pixels;
        network->numbers += pixels * bl_gp_offsets(f->band);
        network->pixels += pixels;
    }
}

bl_err bl_gp_network_create(size_t channels, size_t height, size_t width, size_t count,
                            const bl_gp_layer *layer, bl_gp_network **out) {
    bl_err err = BL_OK;
    bl_gp_network *network = NULL;
    BL_REQUIRE(channels > 0 && height > 0 && width > 0, BL_ERR_INPUT, "an image without pixels");
    BL_ALLOC(network, 1);
    BL_ALLOC(network->field, 2 * count + 1);
    BL_ALLOC(network->operation, 2 * count + 1);
    network->channels = channels;
    builder b = {.network = network};
    b.now = (bl_gp_features){.moment = add_field(network, height, width)};
    for (b.number = 0; b.number < count; b.number++)
        BL_TRY(add_layer(&b, layer + b.number));
    BL_REQUIRE(b.depth == 0, BL_ERR_INPUT, "a residual is begun and not ended");
    const bl_gp_field *last = image_of(&b, &b.now);
    BL_REQUIRE(b.now.length == 1 && !b.now.activated && last->height == 1 && last->width == 1, BL_ERR_INPUT,
               "the last layer must be dense");
    set_bands(network);
    place_fields(network);
    *out = network;
    network = NULL;
cleanup:
    bl_gp_network_destroy(&network);
    return err;
}

void bl_gp_network_destroy(bl_gp_network **network) {
    if (!network || !*network)
        return;
    bl_mem_free((*network)->field);
    bl_mem_free((*network)->operation);
    bl_mem_free(*network);
    *network = NULL;
}

size_t bl_gp_band(const bl_gp_network *network) {
    return network->field[0].band;
}

bl_err bl_gp_workspace_create(const bl_gp_network *network, bool adjoint, bl_gp_workspace *work) {
    bl_err err = BL_OK;
    size_t longest = 1;
    *work = (bl_gp_workspace){0};
    for (size_t k = 0; k < network->operations; k++)
        longest = network->operation[k].in.length > longest ? network->operation[k].in.length : longest;
    BL_ALLOC(work->covariance, network->numbers);
    if (adjoint)
        BL_ALLOC(work->adjoint, network->numbers);
    BL_ALLOC(work->moment, network->largest);
    BL_TRY(bl_chain_create(longest, &work->chain));
cleanup:
    return err;
}

void bl_gp_workspace_clear(bl_gp_workspace *work) {
    bl_mem_free(work->covariance);
    bl_mem_free(work->adjoint);
    bl_mem_free(work->moment);
    bl_chain_clear(&work->chain);
}

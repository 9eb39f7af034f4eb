/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Convolutions through oneDNN, channels last: its fastest direct path, and no reorder of activations between layers. A
 * full batch is one call; fewer images are passed in pieces, so that a search whose batches shrink makes no new primitives.
 */
#include "convolution.h"
#include "image.h"
#include "onednn.h"

#include "base/mem.h"

enum { PIECE = 4 }; /* divides what bl_product_rows gives, the full batch apart */

/* One direction for one number of images. */
typedef struct operation {
    dnnl_primitive_t primitive;
    dnnl_memory_t x, y; /* of the network's input side, and of its output side */
} operation;

typedef struct direction {
    operation full, piece;
    float *data; /* packed weights */
    dnnl_memory_t weight;
} direction;

/* Back to the weights, for a full batch. */
typedef struct weight_gradient {
    operation full; /* primitive = NULL: not made yet */
    float *data;    /* the gradient in the library's form */
    dnnl_memory_t weight, bias;
} weight_gradient;

struct bl_convolution {
    bl_product_context *context; /* borrowed */
    bl_convolution_shape shape;
    size_t batch;
    dnnl_memory_t bias; /* NULL without */
    direction forward, backward;
    weight_gradient gradient;
};

/* What a primitive is made of. */
typedef struct geometry {
    bl_onednn_layout x, y, weight, bias;
    dnnl_dims_t stride, dilation, before, after;
} geometry;

#if DNNL_VERSION_MAJOR >= 3

static dnnl_status_t describe_forward(dnnl_engine_t engine, const geometry *g, bl_onednn_view weight,
                                      bool with_bias, dnnl_primitive_desc_t *out) {
    return dnnl_convolution_forward_primitive_desc_create(
        out, engine, dnnl_forward_inference, dnnl_convolution_direct, g->x, weight,
        with_bias ? g->bias : NULL, g->y, g->stride, g->dilation, g->before, g->after, NULL);
}

static dnnl_status_t describe_backward(dnnl_engine_t engine, const geometry *g, bl_onednn_view weight,
                                       dnnl_primitive_desc_t forward, dnnl_primitive_desc_t *out) {
    return dnnl_convolution_backward_data_primitive_desc_create(out, engine, dnnl_convolution_direct, g->x,
                                                                weight, g->y, g->stride, g->dilation,
                                                                g->before, g->after, forward, NULL);
}

static dnnl_status_t describe_backward_weights(dnnl_engine_t engine, const geometry *g, bool with_bias,
                                               dnnl_primitive_desc_t forward, dnnl_primitive_desc_t *out) {
    return dnnl_convolution_backward_weights_primitive_desc_create(
        out, engine, dnnl_convolution_direct, g->x, g->weight, with_bias ? g->bias : NULL, g->y, g->stride,
        g->dilation, g->before, g->after, forward, NULL);
}

#else

static dnnl_status_t describe_forward(dnnl_engine_t engine, const geometry *g, bl_onednn_view weight,
                                      bool with_bias, dnnl_primitive_desc_t *out) {
    dnnl_convolution_desc_t what;
    const dnnl_status_t status = dnnl_convolution_forward_desc_init(
        &what, dnnl_forward_inference, dnnl_convolution_direct, &g->x, weight, with_bias ? &g->bias : NULL,
        &g->y, g->stride, g->before, g->after);
    return status != dnnl_success ? status : dnnl_primitive_desc_create(out, &what, NULL, engine, NULL);
}

static dnnl_status_t describe_backward(dnnl_engine_t engine, const geometry *g, bl_onednn_view weight,
                                       dnnl_primitive_desc_t forward, dnnl_primitive_desc_t *out) {
    dnnl_convolution_desc_t what;
    const dnnl_status_t status = dnnl_convolution_backward_data_desc_init(
        &what, dnnl_convolution_direct, &g->x, weight, &g->y, g->stride, g->before, g->after);
    return status != dnnl_success ? status : dnnl_primitive_desc_create(out, &what, NULL, engine, forward);
}

static dnnl_status_t describe_backward_weights(dnnl_engine_t engine, const geometry *g, bool with_bias,
                                               dnnl_primitive_desc_t forward, dnnl_primitive_desc_t *out) {
    dnnl_convolution_desc_t what;
    const dnnl_status_t status = dnnl_convolution_backward_weights_desc_init(
        &what, dnnl_convolution_direct, &g->x, &g->weight, with_bias ? &g->bias : NULL, &g->y, g->stride,
        g->before, g->after);
    return status != dnnl_success ? status : dnnl_primitive_desc_create(out, &what, NULL, engine, forward);
}

#endif

static void geometry_destroy(geometry *g) {
    bl_onednn_layout_destroy(&g->x);
    bl_onednn_layout_destroy(&g->y);
    bl_onednn_layout_destroy(&g->weight);
    bl_onednn_layout_destroy(&g->bias);
}

static bl_err weight_layout(const bl_convolution_shape *s, dnnl_format_tag_t tag, bl_onednn_layout *out) {
    const dnnl_dims_t size = {(dnnl_dim_t)s->out.channels, (dnnl_dim_t)s->in.channels,
                              (dnnl_dim_t)s->kernel[0], (dnnl_dim_t)s->kernel[1]};
    return bl_onednn_layout_create(4, size, tag, out);
}

static bl_err image_layout(bl_image image, size_t rows, bl_onednn_layout *out) {
    const dnnl_dims_t size = {(dnnl_dim_t)rows, (dnnl_dim_t)image.channels, (dnnl_dim_t)image.height,
                              (dnnl_dim_t)image.width};
    return bl_onednn_layout_create(4, size, dnnl_nhwc, out);
}

static bl_err geometry_create(const bl_convolution_shape *s, size_t rows, geometry *g) {
    bl_err err = BL_OK;
    const dnnl_dims_t bias = {(dnnl_dim_t)s->out.channels};
    BL_TRY(image_layout(s->in, rows, &g->x));
    BL_TRY(image_layout(s->out, rows, &g->y));
    BL_TRY(weight_layout(s, dnnl_format_tag_any, &g->weight));
    BL_TRY(bl_onednn_layout_create(1, bias, dnnl_a, &g->bias));
    for (size_t i = 0; i < 2; i++) {
        g->stride[i] = (dnnl_dim_t)s->stride;
        g->before[i] = (dnnl_dim_t)s->before[i];
        g->after[i] = (dnnl_dim_t)s->after[i];
    }
cleanup:
    return err;
}

static bl_err operation_create(bl_convolution *c, const geometry *g, dnnl_primitive_desc_t description,
                               operation *out) {
    bl_err err = BL_OK;
    DNNL_TRY(dnnl_memory_create(&out->x, BL_LAYOUT_VIEW(g->x), c->context->engine, DNNL_MEMORY_NONE));
    DNNL_TRY(dnnl_memory_create(&out->y, BL_LAYOUT_VIEW(g->y), c->context->engine, DNNL_MEMORY_NONE));
    DNNL_TRY(dnnl_primitive_create(&out->primitive, description));
cleanup:
    return err;
}

/* The first primitive of a direction chooses the form of the weights; the second uses the same. */
static bl_err weight_create(bl_convolution *c, dnnl_primitive_desc_t description, direction *d) {
    bl_err err = BL_OK;
    bl_onednn_view form = dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
    if (!d->weight) {
        BL_ALLOC(d->data, (dnnl_memory_desc_get_size(form) + sizeof(float) - 1) / sizeof(float));
        DNNL_TRY(dnnl_memory_create(&d->weight, form, c->context->engine, d->data));
    }
cleanup:
    return err;
}

/* Both directions for `rows` images. */
static bl_err operations_create(bl_convolution *c, size_t rows, operation *forward, operation *backward) {
    bl_err err = BL_OK;
    geometry g = {0};
    dnnl_primitive_desc_t description = NULL, back = NULL;
    bl_onednn_view weight = NULL;
    BL_TRY(geometry_create(&c->shape, rows, &g));
    weight = BL_LAYOUT_VIEW(g.weight);
    if (c->forward.weight)
        DNNL_TRY(dnnl_memory_get_memory_desc(c->forward.weight, &weight));
    DNNL_TRY(describe_forward(c->context->engine, &g, weight, c->shape.with_bias, &description));
    BL_TRY(weight_create(c, description, &c->forward));
    BL_TRY(operation_create(c, &g, description, forward));
    weight = BL_LAYOUT_VIEW(g.weight);
    if (c->backward.weight)
        DNNL_TRY(dnnl_memory_get_memory_desc(c->backward.weight, &weight));
    DNNL_TRY(describe_backward(c->context->engine, &g, weight, description, &back));
    BL_TRY(weight_create(c, back, &c->backward));
    BL_TRY(operation_create(c, &g, back, backward));
cleanup:
    bl_onednn_description_destroy(description);
    bl_onednn_description_destroy(back);
    geometry_destroy(&g);
    return err;
}

bl_err bl_convolution_create(bl_product_context *context, const bl_convolution_shape *shape, size_t batch,
                             bl_convolution **out) {
    bl_err err = BL_OK;
    bl_convolution *c = NULL;
    const dnnl_dims_t size = {(dnnl_dim_t)shape->out.channels};
    bl_onednn_layout bias = {0};
    BL_ALLOC(c, 1);
    c->context = context;
    c->shape = *shape;
    c->batch = batch;
    BL_TRY(bl_onednn_layout_create(1, size, dnnl_a, &bias));
    if (shape->with_bias)
        DNNL_TRY(dnnl_memory_create(&c->bias, BL_LAYOUT_VIEW(bias), context->engine, DNNL_MEMORY_NONE));
    BL_TRY(operations_create(c, batch, &c->forward.full, &c->backward.full));
    if (batch > PIECE)
        BL_TRY(operations_create(c, PIECE, &c->forward.piece, &c->backward.piece));
    *out = c;
    c = NULL;
cleanup:
    bl_onednn_layout_destroy(&bias);
    bl_convolution_destroy(&c);
    return err;
}

static void operation_destroy(operation *o) {
    bl_onednn_primitive_destroy(o->primitive);
    bl_onednn_memory_destroy(o->x);
    bl_onednn_memory_destroy(o->y);
}

static void direction_destroy(direction *d) {
    operation_destroy(&d->full);
    operation_destroy(&d->piece);
    bl_onednn_memory_destroy(d->weight);
    bl_mem_free(d->data);
}

void bl_convolution_destroy(bl_convolution **convolution) {
    bl_convolution *c = *convolution;
    if (!c)
        return;
    direction_destroy(&c->forward);
    direction_destroy(&c->backward);
    operation_destroy(&c->gradient.full);
    bl_onednn_memory_destroy(c->gradient.weight);
    bl_onednn_memory_destroy(c->gradient.bias);
    bl_mem_free(c->gradient.data);
    bl_onednn_memory_destroy(c->bias);
    bl_mem_free(c);
    *convolution = NULL;
}

bl_err bl_convolution_load(bl_convolution *c, const float *weight, const float *bias) {
    bl_err err = BL_OK;
    bl_onednn_layout plain = {0};
    if (c->bias)
        DNNL_TRY(dnnl_memory_set_data_handle(c->bias, bl_onednn_unconst(bias)));
    BL_TRY(weight_layout(&c->shape, dnnl_oihw, &plain));
    BL_TRY(bl_onednn_reorder(c->context, BL_LAYOUT_VIEW(plain), weight, c->forward.weight));
    BL_TRY(bl_onednn_reorder(c->context, BL_LAYOUT_VIEW(plain), weight, c->backward.weight));
cleanup:
    bl_onednn_layout_destroy(&plain);
    return err;
}

static bl_err run_forward(bl_convolution *c, operation *o, const float *x, float *y) {
    bl_err err = BL_OK;
    DNNL_TRY(dnnl_memory_set_data_handle(o->x, bl_onednn_unconst(x)));
    DNNL_TRY(dnnl_memory_set_data_handle(o->y, y));
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, o->x},
                                         {DNNL_ARG_WEIGHTS, c->forward.weight},
                                         {DNNL_ARG_DST, o->y},
                                         {DNNL_ARG_BIAS, c->bias}};
    DNNL_TRY(dnnl_primitive_execute(o->primitive, c->context->stream, c->bias ? 4 : 3, arguments));
cleanup:
    return err;
}

static bl_err run_backward(bl_convolution *c, operation *o, const float *dy, float *dx) {
    bl_err err = BL_OK;
    DNNL_TRY(dnnl_memory_set_data_handle(o->x, dx));
    DNNL_TRY(dnnl_memory_set_data_handle(o->y, bl_onednn_unconst(dy)));
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_DIFF_DST, o->y}, {DNNL_ARG_WEIGHTS, c->backward.weight}, {DNNL_ARG_DIFF_SRC, o->x}};
    DNNL_TRY(dnnl_primitive_execute(o->primitive, c->context->stream, 3, arguments));
cleanup:
    return err;
}

bl_err bl_convolution_forward(bl_convolution *c, size_t rows, const float *x, float *y) {
    bl_err err = BL_OK;
    const size_t inputs = bl_image_numbers(c->shape.in), outputs = bl_image_numbers(c->shape.out);
    BL_ASSERT(rows == c->batch || (rows < c->batch && rows % PIECE == 0));
    if (rows == c->batch)
        BL_TRY(run_forward(c, &c->forward.full, x, y));
    else
        for (size_t i = 0; i < rows; i += PIECE)
            BL_TRY(run_forward(c, &c->forward.piece, x + i * inputs, y + i * outputs));
    DNNL_TRY(dnnl_stream_wait(c->context->stream));
cleanup:
    return err;
}

bl_err bl_convolution_backward(bl_convolution *c, size_t rows, const float *dy, float *dx) {
    bl_err err = BL_OK;
    const size_t inputs = bl_image_numbers(c->shape.in), outputs = bl_image_numbers(c->shape.out);
    BL_ASSERT(rows == c->batch || (rows < c->batch && rows % PIECE == 0));
    if (rows == c->batch)
        BL_TRY(run_backward(c, &c->backward.full, dy, dx));
    else
        for (size_t i = 0; i < rows; i += PIECE)
            BL_TRY(run_backward(c, &c->backward.piece, dy + i * outputs, dx + i * inputs));
    DNNL_TRY(dnnl_stream_wait(c->context->stream));
cleanup:
    return err;
}

static bl_err weight_gradient_create(bl_convolution *c) {
    bl_err err = BL_OK;
    geometry g = {0};
    dnnl_primitive_desc_t forward = NULL, description = NULL;
    weight_gradient *gradient = &c->gradient;
    dnnl_engine_t engine = c->context->engine;
    BL_TRY(geometry_create(&c->shape, c->batch, &g));
    DNNL_TRY(describe_forward(engine, &g, BL_LAYOUT_VIEW(g.weight), c->shape.with_bias, &forward));
    DNNL_TRY(describe_backward_weights(engine, &g, c->shape.with_bias, forward, &description));
    bl_onednn_view form = dnnl_primitive_desc_query_md(description, dnnl_query_diff_weights_md, 0);
    BL_ALLOC(gradient->data, (dnnl_memory_desc_get_size(form) + sizeof(float) - 1) / sizeof(float));
    DNNL_TRY(dnnl_memory_create(&gradient->weight, form, engine, gradient->data));
    if (c->shape.with_bias)
        DNNL_TRY(dnnl_memory_create(&gradient->bias, BL_LAYOUT_VIEW(g.bias), engine, DNNL_MEMORY_NONE));
    BL_TRY(operation_create(c, &g, description, &gradient->full));
cleanup:
    bl_onednn_description_destroy(forward);
    bl_onednn_description_destroy(description);
    geometry_destroy(&g);
    return err;
}

bl_err bl_convolution_backward_weights(bl_convolution *c, const float *x, const float *dy, float *dweight,
                                       float *dbias) {
    bl_err err = BL_OK;
    bl_onednn_layout plain = {0};
    weight_gradient *gradient = &c->gradient;
    if (!gradient->full.primitive)
        BL_TRY(weight_gradient_create(c));
    DNNL_TRY(dnnl_memory_set_data_handle(gradient->full.x, bl_onednn_unconst(x)));
    DNNL_TRY(dnnl_memory_set_data_handle(gradient->full.y, bl_onednn_unconst(dy)));
    if (gradient->bias)
        DNNL_TRY(dnnl_memory_set_data_handle(gradient->bias, dbias));
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, gradient->full.x},
                                         {DNNL_ARG_DIFF_DST, gradient->full.y},
                                         {DNNL_ARG_DIFF_WEIGHTS, gradient->weight},
                                         {DNNL_ARG_DIFF_BIAS, gradient->bias}};
    DNNL_TRY(dnnl_primitive_execute(gradient->full.primitive, c->context->stream, gradient->bias ? 4 : 3,
                                    arguments));
    BL_TRY(weight_layout(&c->shape, dnnl_oihw, &plain));
    BL_TRY(bl_onednn_reorder_back(c->context, gradient->weight, BL_LAYOUT_VIEW(plain), dweight));
cleanup:
    bl_onednn_layout_destroy(&plain);
    return err;
}

size_t bl_convolution_memory(const bl_convolution_shape *s, size_t batch) {
    /* packed in blocks of 16 channels, twice; the code of a primitive takes 80 KiB */
    const size_t in = (s->in.channels + 15) / 16 * 16, out = (s->out.channels + 15) / 16 * 16;
    const size_t primitives = batch > PIECE ? 4 : 2;
    return 2 * in * out * s->kernel[0] * s->kernel[1] * sizeof(float) + primitives * (size_t)81920;
}

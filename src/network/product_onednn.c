/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Dense products through oneDNN's inner product primitive. The packed form of the matrix is the library's
 * choice (format "any"); it may differ with the number of rows, so packings are kept by form and primitives
 * by rows.
 */
#include "onednn.h"
#include "pack.h"

#include "base/mem.h"
#include <string.h>

/* The matrix in one of the library's forms. */
typedef struct packing {
    bl_block_form form; /* outputs = 0: one that only the library knows */
    bool swapped;       /* the form is that of the transpose */
    float *data;
    dnnl_memory_t memory;
    bool fresh; /* holds the matrix loaded last */
} packing;

/* The product for one number of rows. */
typedef struct entry {
    dnnl_primitive_t primitive;
    dnnl_memory_t x, y;
    packing *packing;
} entry;

enum { PACKINGS_MAX = 8 };

struct bl_product {
    bl_product_context *context; /* borrowed */
    size_t outputs, inputs, batch;
    const float *matrix; /* borrowed: what packings are made of */
    bool transposed;
    dnnl_memory_t bias; /* NULL without */
    size_t packings;
    packing packing[PACKINGS_MAX];
    entry *entry; /* [batch + 1], by number of rows */
};

void bl_product_destroy(bl_product **product) {
    bl_product *p = *product;
    if (!p)
        return;
    for (size_t rows = 0; p->entry && rows <= p->batch; rows++) {
        if (p->entry[rows].primitive)
            (void)dnnl_primitive_destroy(p->entry[rows].primitive);
        bl_onednn_memory_destroy(p->entry[rows].x);
        bl_onednn_memory_destroy(p->entry[rows].y);
    }
    for (size_t i = 0; i < p->packings; i++) {
        bl_onednn_memory_destroy(p->packing[i].memory);
        bl_mem_free(p->packing[i].data);
    }
    bl_onednn_memory_destroy(p->bias);
    bl_mem_free(p->entry);
    bl_mem_free(p);
    *product = NULL;
}

#if DNNL_VERSION_MAJOR >= 3

static dnnl_status_t inner_product_create(dnnl_engine_t engine, bl_onednn_view x, bl_onednn_view a,
                                          bl_onednn_view bias, bl_onednn_view y, dnnl_primitive_desc_t *out) {
    return dnnl_inner_product_forward_primitive_desc_create(out, engine, dnnl_forward_inference, x, a, bias,
                                                            y, NULL);
}

/* Number, sizes and dimensions of the inner blocks, and the strides of the outer ones; false where the layout is of
 * another kind. */
static bool layout_blocks(bl_onednn_view view, int *blocks, const dnnl_dim_t **size, const dnnl_dim_t **index,
                          const dnnl_dim_t **stride) {
    dnnl_format_kind_t kind = dnnl_format_kind_undef;
    const dnnl_dims_t *sizes = NULL, *indices = NULL, *strides = NULL;
    if (dnnl_memory_desc_query(view, dnnl_query_format_kind, &kind) != dnnl_success || kind != dnnl_blocked ||
        dnnl_memory_desc_query(view, dnnl_query_inner_nblks_s32, blocks) != dnnl_success ||
        dnnl_memory_desc_query(view, dnnl_query_inner_blks, &sizes) != dnnl_success ||
        dnnl_memory_desc_query(view, dnnl_query_inner_idxs, &indices) != dnnl_success ||
        dnnl_memory_desc_query(view, dnnl_query_strides, &strides) != dnnl_success)
        return false;
    *size = *sizes;
    *index = *indices;
    *stride = *strides;
    return true;
}

#else

static dnnl_status_t inner_product_create(dnnl_engine_t engine, bl_onednn_view x, bl_onednn_view a,
                                          bl_onednn_view bias, bl_onednn_view y, dnnl_primitive_desc_t *out) {
    dnnl_inner_product_desc_t operation;
    const dnnl_status_t status =
        dnnl_inner_product_forward_desc_init(&operation, dnnl_forward_inference, x, a, bias, y);
    return status != dnnl_success ? status : dnnl_primitive_desc_create(out, &operation, NULL, engine, NULL);
}

static bool layout_blocks(bl_onednn_view view, int *blocks, const dnnl_dim_t **size, const dnnl_dim_t **index,
                          const dnnl_dim_t **stride) {
    if (view->format_kind != dnnl_blocked)
        return false;
    *blocks = view->format_desc.blocking.inner_nblks;
    *size = view->format_desc.blocking.inner_blks;
    *index = view->format_desc.blocking.inner_idxs;
    *stride = view->format_desc.blocking.strides;
    return true;
}

#endif

static bl_err matrix_layout(size_t rows, size_t columns, dnnl_format_tag_t tag, bl_onednn_layout *out) {
    const dnnl_dims_t size = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    return bl_onednn_layout_create(2, size, tag, out);
}

static bl_err bias_layout(size_t outputs, bl_onednn_layout *out) {
    const dnnl_dims_t size = {(dnnl_dim_t)outputs};
    return bl_onednn_layout_create(1, size, dnnl_a, out);
}

/* Note a form that bl_pack knows: blocks of inputs x outputs, or plain (one block; rows of A where `swapped`). */
static void note_form(const bl_product *p, bl_onednn_view view, packing *target) {
    int blocks;
    const dnnl_dim_t *size, *index, *stride;
    if (!layout_blocks(view, &blocks, &size, &index, &stride))
        return;
    if (blocks == 2 && index[0] == 1 && index[1] == 0)
        target->form =
            (bl_block_form){(size_t)size[1], (size_t)size[0], (size_t)stride[0], (size_t)stride[1]};
    else if (blocks == 0 && stride[0] == 1 && stride[1] == (dnnl_dim_t)p->outputs)
        target->form = (bl_block_form){p->outputs, p->inputs, 0, 0};
    else if (blocks == 0 && stride[1] == 1 && stride[0] == (dnnl_dim_t)p->inputs) {
        target->form = (bl_block_form){p->inputs, p->outputs, 0, 0};
        target->swapped = true;
    }
}

/* The packing in the form that a primitive asks for; it is made when the first primitive asks for it. */
static bl_err packing_find(bl_product *p, dnnl_primitive_desc_t primitive, packing **out) {
    bl_err err = BL_OK;
    bl_onednn_view form = dnnl_primitive_desc_query_md(primitive, dnnl_query_weights_md, 0);
    for (size_t i = 0; i < p->packings; i++) {
        bl_onednn_view known = NULL;
        DNNL_TRY(dnnl_memory_get_memory_desc(p->packing[i].memory, &known));
        if (dnnl_memory_desc_equal(known, form)) {
            *out = &p->packing[i];
            goto cleanup;
        }
    }
    BL_REQUIRE(p->packings < PACKINGS_MAX, BL_ERR_LIBRARY, "oneDNN: more than %d forms of one matrix",
               PACKINGS_MAX);
    packing *fresh = &p->packing[p->packings++];
    BL_ALLOC(fresh->data, (dnnl_memory_desc_get_size(form) + sizeof(float) - 1) / sizeof(float));
    DNNL_TRY(dnnl_memory_create(&fresh->memory, form, p->context->engine, fresh->data));
    note_form(p, form, fresh);
    *out = fresh;
cleanup:
    return err;
}

static bl_err entry_create(bl_product *p, size_t rows) {
    bl_err err = BL_OK;
    entry *e = &p->entry[rows];
    bl_onednn_layout x = {0}, y = {0}, a = {0}, bias = {0};
    dnnl_primitive_desc_t description = NULL;
    BL_TRY(matrix_layout(rows, p->inputs, dnnl_ab, &x));
    BL_TRY(matrix_layout(rows, p->outputs, dnnl_ab, &y));
    BL_TRY(matrix_layout(p->outputs, p->inputs, dnnl_format_tag_any, &a));
    BL_TRY(bias_layout(p->outputs, &bias));
    DNNL_TRY(inner_product_create(p->context->engine, BL_LAYOUT_VIEW(x), BL_LAYOUT_VIEW(a),
                                  p->bias ? BL_LAYOUT_VIEW(bias) : NULL, BL_LAYOUT_VIEW(y), &description));
    BL_TRY(packing_find(p, description, &e->packing));
    DNNL_TRY(dnnl_memory_create(&e->x, BL_LAYOUT_VIEW(x), p->context->engine, DNNL_MEMORY_NONE));
    DNNL_TRY(dnnl_memory_create(&e->y, BL_LAYOUT_VIEW(y), p->context->engine, DNNL_MEMORY_NONE));
    DNNL_TRY(dnnl_primitive_create(&e->primitive, description));
cleanup:
    if (description)
        (void)dnnl_primitive_desc_destroy(description);
    bl_onednn_layout_destroy(&x);
    bl_onednn_layout_destroy(&y);
    bl_onednn_layout_destroy(&a);
    bl_onednn_layout_destroy(&bias);
    return err;
}

bl_err bl_product_create(bl_product_context *context, size_t outputs, size_t inputs, bool with_bias,
                         size_t batch, bl_product **out) {
    bl_err err = BL_OK;
    bl_product *p = NULL;
    bl_onednn_layout bias = {0};
    BL_ALLOC(p, 1);
    p->context = context;
    p->outputs = outputs;
    p->inputs = inputs;
    p->batch = batch;
    BL_ALLOC(p->entry, batch + 1);
    BL_TRY(bias_layout(outputs, &bias));
    if (with_bias)
        DNNL_TRY(dnnl_memory_create(&p->bias, BL_LAYOUT_VIEW(bias), context->engine, DNNL_MEMORY_NONE));
    BL_TRY(entry_create(p, batch));
    *out = p;
    p = NULL;
cleanup:
    bl_onednn_layout_destroy(&bias);
    bl_product_destroy(&p);
    return err;
}

/* Fill a packing of any form from the loaded matrix, by the library. */
static bl_err reorder_into(bl_product *p, packing *target) {
    bl_err err = BL_OK;
    bl_onednn_layout plain = {0};
    BL_TRY(matrix_layout(p->outputs, p->inputs, p->transposed ? dnnl_ba : dnnl_ab, &plain));
    BL_TRY(bl_onednn_reorder(p->context, BL_LAYOUT_VIEW(plain), p->matrix, target->memory));
cleanup:
    bl_onednn_layout_destroy(&plain);
    return err;
}

static bl_err pack(bl_product *p, packing *target) {
    bl_err err = BL_OK;
    if (target->form.outputs > 0 && target->swapped)
        bl_pack(target->form, p->inputs, p->outputs, p->matrix, !p->transposed, target->data);
    else if (target->form.outputs > 0)
        bl_pack(target->form, p->outputs, p->inputs, p->matrix, p->transposed, target->data);
    else
        BL_TRY(reorder_into(p, target));
    target->fresh = true;
cleanup:
    return err;
}

bl_err bl_product_load(bl_product *p, const float *matrix, bool transposed, const float *bias) {
    bl_err err = BL_OK;
    p->matrix = matrix;
    p->transposed = transposed;
    for (size_t i = 0; i < p->packings; i++)
        p->packing[i].fresh = false;
    if (p->bias)
        DNNL_TRY(dnnl_memory_set_data_handle(p->bias, bl_onednn_unconst(bias)));
    BL_TRY(pack(p, p->entry[p->batch].packing));
cleanup:
    return err;
}

bl_err bl_product_run(bl_product *p, size_t rows, const float *x, float *y) {
    bl_err err = BL_OK;
    entry *e = &p->entry[rows];
    if (!e->primitive)
        BL_TRY(entry_create(p, rows));
    if (!e->packing->fresh)
        BL_TRY(pack(p, e->packing));
    DNNL_TRY(dnnl_memory_set_data_handle(e->x, bl_onednn_unconst(x)));
    DNNL_TRY(dnnl_memory_set_data_handle(e->y, y));
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, e->x},
                                         {DNNL_ARG_WEIGHTS, e->packing->memory},
                                         {DNNL_ARG_DST, e->y},
                                         {DNNL_ARG_BIAS, p->bias}};
    DNNL_TRY(dnnl_primitive_execute(e->primitive, p->context->stream, p->bias ? 4 : 3, arguments));
    DNNL_TRY(dnnl_stream_wait(p->context->stream));
cleanup:
    return err;
}

bl_err bl_product_outer(size_t rows, size_t outputs, size_t inputs, const float *dy, const float *x,
                        float *da) {
    bl_err err = BL_OK;
    DNNL_TRY(dnnl_sgemm('T', 'N', (dnnl_dim_t)outputs, (dnnl_dim_t)inputs, (dnnl_dim_t)rows, 1.0F, dy,
                        (dnnl_dim_t)outputs, x, (dnnl_dim_t)inputs, 0.0F, da, (dnnl_dim_t)inputs));
cleanup:
    return err;
}

size_t bl_product_rows(size_t count, size_t batch) {
    const size_t step = count <= 32 ? 4 : count <= 64 ? 8 : 16;
    const size_t rows = (count + step - 1) / step * step;
    return rows < batch ? rows : batch;
}

size_t bl_product_memory(size_t outputs, size_t inputs, size_t batch) {
    /* packed in blocks of 16 x 64; the code and the caches of a primitive take 80 KiB (measured) */
    const size_t packed = (outputs + 63) / 64 * 64 * ((inputs + 15) / 16 * 16) * sizeof(float);
    const size_t primitives = batch < 32 ? batch / 4 + 1 : 8 + batch / 16;
    return packed + primitives * (size_t)81920 + (batch + 1) * sizeof(entry);
}

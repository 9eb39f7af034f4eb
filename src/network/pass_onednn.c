/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Dense products through oneDNN's inner product primitive. The packed form of the matrix is the library's
 * choice (format "any"); it may differ with the number of rows, so packings are kept by form and primitives
 * by rows.
 */
#include "pack.h"
#include "product.h"

#include "borderline/mem.h"
#include <oneapi/dnnl/dnnl.h>
#include <string.h>

#define DNNL_TRY(call)                                                                                       \
    do {                                                                                                     \
        dnnl_status_t dnnl_status = (call);                                                                  \
        if (dnnl_status != dnnl_success)                                                                     \
            BL_FAIL(dnnl_status == dnnl_out_of_memory ? BL_ERR_MEMORY : BL_ERR_LIBRARY,                      \
                    "oneDNN: %s failed with status %d", #call, (int)dnnl_status);                            \
    } while (0)

struct bl_product_context {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};

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

bl_err bl_product_context_create(bl_product_context **out) {
    bl_err err = BL_OK;
    bl_product_context *context = NULL;
    BL_ALLOC(context, 1);
    DNNL_TRY(dnnl_engine_create(&context->engine, dnnl_cpu, 0));
    DNNL_TRY(dnnl_stream_create(&context->stream, context->engine, dnnl_stream_default_flags));
    *out = context;
    context = NULL;
cleanup:
    bl_product_context_destroy(&context);
    return err;
}

void bl_product_context_destroy(bl_product_context **context) {
    if (!*context)
        return;
    if ((*context)->stream)
        (void)dnnl_stream_destroy((*context)->stream);
    if ((*context)->engine)
        (void)dnnl_engine_destroy((*context)->engine);
    bl_mem_free(*context);
    *context = NULL;
}

/* For data that the library only reads: its interface has no const. */
static void *unconst(const float *data) {
    void *same;
    memcpy(&same, &data, sizeof same);
    return same;
}

static void memory_destroy(dnnl_memory_t memory) {
    if (memory)
        (void)dnnl_memory_destroy(memory);
}

void bl_product_destroy(bl_product **product) {
    bl_product *p = *product;
    if (!p)
        return;
    for (size_t rows = 0; p->entry && rows <= p->batch; rows++) {
        if (p->entry[rows].primitive)
            (void)dnnl_primitive_destroy(p->entry[rows].primitive);
        memory_destroy(p->entry[rows].x);
        memory_destroy(p->entry[rows].y);
    }
    for (size_t i = 0; i < p->packings; i++) {
        memory_destroy(p->packing[i].memory);
        bl_mem_free(p->packing[i].data);
    }
    memory_destroy(p->bias);
    bl_mem_free(p->entry);
    bl_mem_free(p);
    *product = NULL;
}

/* Memory descriptors: structures in version 2 of the library, handles from version 3 on. All that differs between the
 * versions is here; `layout` is one that we own, `layout_view` what the library's functions take. */
#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t layout;
typedef const_dnnl_memory_desc_t layout_view;
#define VIEW(owned) (owned)

static dnnl_status_t layout_create(int rank, const dnnl_dims_t size, dnnl_format_tag_t tag, layout *out) {
    return dnnl_memory_desc_create_with_tag(out, rank, size, dnnl_f32, tag);
}

static void layout_destroy(layout *owned) {
    if (*owned)
        (void)dnnl_memory_desc_destroy(*owned);
}

static dnnl_status_t inner_product_create(dnnl_engine_t engine, layout_view x, layout_view a,
                                          layout_view bias, layout_view y, dnnl_primitive_desc_t *out) {
    return dnnl_inner_product_forward_primitive_desc_create(out, engine, dnnl_forward_inference, x, a, bias,
                                                            y, NULL);
}

/* Number, sizes and dimensions of the inner blocks, and the strides of the outer ones; false where the layout is of
 * another kind. */
static bool layout_blocks(layout_view view, int *blocks, const dnnl_dim_t **size, const dnnl_dim_t **index,
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

typedef dnnl_memory_desc_t layout;
typedef const dnnl_memory_desc_t *layout_view;
#define VIEW(owned) (&(owned))

static dnnl_status_t layout_create(int rank, const dnnl_dims_t size, dnnl_format_tag_t tag, layout *out) {
    return dnnl_memory_desc_init_by_tag(out, rank, size, dnnl_f32, tag);
}

static void layout_destroy(layout *owned) {
    (void)owned;
}

static dnnl_status_t inner_product_create(dnnl_engine_t engine, layout_view x, layout_view a,
                                          layout_view bias, layout_view y, dnnl_primitive_desc_t *out) {
    dnnl_inner_product_desc_t operation;
    const dnnl_status_t status =
        dnnl_inner_product_forward_desc_init(&operation, dnnl_forward_inference, x, a, bias, y);
    return status != dnnl_success ? status : dnnl_primitive_desc_create(out, &operation, NULL, engine, NULL);
}

static bool layout_blocks(layout_view view, int *blocks, const dnnl_dim_t **size, const dnnl_dim_t **index,
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

static bl_err matrix_layout(size_t rows, size_t columns, dnnl_format_tag_t tag, layout *out) {
    bl_err err = BL_OK;
    const dnnl_dims_t size = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    DNNL_TRY(layout_create(2, size, tag, out));
cleanup:
    return err;
}

static bl_err bias_layout(size_t outputs, layout *out) {
    bl_err err = BL_OK;
    const dnnl_dims_t size = {(dnnl_dim_t)outputs};
    DNNL_TRY(layout_create(1, size, dnnl_a, out));
cleanup:
    return err;
}

/* Note a form that bl_pack knows: blocks of inputs x outputs, or plain (one block; rows of A where `swapped`). */
static void note_form(const bl_product *p, layout_view view, packing *target) {
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

/* The packing in the form that a primitive asks for, made if no other primitive has asked for it. */
static bl_err packing_find(bl_product *p, dnnl_primitive_desc_t primitive, packing **out) {
    bl_err err = BL_OK;
    layout_view form = dnnl_primitive_desc_query_md(primitive, dnnl_query_weights_md, 0);
    for (size_t i = 0; i < p->packings; i++) {
        layout_view known = NULL;
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
    layout x = {0}, y = {0}, a = {0}, bias = {0};
    dnnl_primitive_desc_t description = NULL;
    BL_TRY(matrix_layout(rows, p->inputs, dnnl_ab, &x));
    BL_TRY(matrix_layout(rows, p->outputs, dnnl_ab, &y));
    BL_TRY(matrix_layout(p->outputs, p->inputs, dnnl_format_tag_any, &a));
    BL_TRY(bias_layout(p->outputs, &bias));
    DNNL_TRY(inner_product_create(p->context->engine, VIEW(x), VIEW(a), p->bias ? VIEW(bias) : NULL, VIEW(y),
                                  &description));
    BL_TRY(packing_find(p, description, &e->packing));
    DNNL_TRY(dnnl_memory_create(&e->x, VIEW(x), p->context->engine, DNNL_MEMORY_NONE));
    DNNL_TRY(dnnl_memory_create(&e->y, VIEW(y), p->context->engine, DNNL_MEMORY_NONE));
    DNNL_TRY(dnnl_primitive_create(&e->primitive, description));
cleanup:
    if (description)
        (void)dnnl_primitive_desc_destroy(description);
    layout_destroy(&x);
    layout_destroy(&y);
    layout_destroy(&a);
    layout_destroy(&bias);
    return err;
}

bl_err bl_product_create(bl_product_context *context, size_t outputs, size_t inputs, bool with_bias,
                         size_t batch, bl_product **out) {
    bl_err err = BL_OK;
    bl_product *p = NULL;
    layout bias = {0};
    BL_ALLOC(p, 1);
    p->context = context;
    p->outputs = outputs;
    p->inputs = inputs;
    p->batch = batch;
    BL_ALLOC(p->entry, batch + 1);
    BL_TRY(bias_layout(outputs, &bias));
    if (with_bias)
        DNNL_TRY(dnnl_memory_create(&p->bias, VIEW(bias), context->engine, DNNL_MEMORY_NONE));
    BL_TRY(entry_create(p, batch));
    *out = p;
    p = NULL;
cleanup:
    layout_destroy(&bias);
    bl_product_destroy(&p);
    return err;
}

/* Fill a packing of any form from the loaded matrix, by the library. */
static bl_err reorder_into(bl_product *p, packing *target) {
    bl_err err = BL_OK;
    layout plain = {0};
    layout_view form = NULL;
    dnnl_memory_t source = NULL;
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t reorder = NULL;
    BL_TRY(matrix_layout(p->outputs, p->inputs, p->transposed ? dnnl_ba : dnnl_ab, &plain));
    DNNL_TRY(dnnl_memory_get_memory_desc(target->memory, &form));
    DNNL_TRY(dnnl_reorder_primitive_desc_create(&description, VIEW(plain), p->context->engine, form,
                                                p->context->engine, NULL));
    DNNL_TRY(dnnl_primitive_create(&reorder, description));
    DNNL_TRY(dnnl_memory_create(&source, VIEW(plain), p->context->engine, unconst(p->matrix)));
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target->memory}};
    DNNL_TRY(dnnl_primitive_execute(reorder, p->context->stream, 2, arguments));
    DNNL_TRY(dnnl_stream_wait(p->context->stream));
cleanup:
    layout_destroy(&plain);
    memory_destroy(source);
    if (reorder)
        (void)dnnl_primitive_destroy(reorder);
    if (description)
        (void)dnnl_primitive_desc_destroy(description);
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
        DNNL_TRY(dnnl_memory_set_data_handle(p->bias, unconst(bias)));
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
    DNNL_TRY(dnnl_memory_set_data_handle(e->x, unconst(x)));
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

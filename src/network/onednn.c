/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files that call oneDNN share.
 */
#include "onednn.h"

#include "base/mem.h"
#include <string.h>

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

bl_err bl_onednn_layout_create(int rank, const dnnl_dims_t size, dnnl_format_tag_t tag,
                               bl_onednn_layout *out) {
    bl_err err = BL_OK;
#if DNNL_VERSION_MAJOR >= 3
    DNNL_TRY(dnnl_memory_desc_create_with_tag(out, rank, size, dnnl_f32, tag));
#else
    DNNL_TRY(dnnl_memory_desc_init_by_tag(out, rank, size, dnnl_f32, tag));
#endif
cleanup:
    return err;
}

void bl_onednn_layout_destroy(bl_onednn_layout *owned) {
#if DNNL_VERSION_MAJOR >= 3
    if (*owned)
        (void)dnnl_memory_desc_destroy(*owned);
#else
    (void)owned;
#endif
}

void bl_onednn_memory_destroy(dnnl_memory_t memory) {
    if (memory)
        (void)dnnl_memory_destroy(memory);
}

void bl_onednn_primitive_destroy(dnnl_primitive_t primitive) {
    if (primitive)
        (void)dnnl_primitive_destroy(primitive);
}

void bl_onednn_description_destroy(dnnl_primitive_desc_t description) {
    if (description)
        (void)dnnl_primitive_desc_destroy(description);
}

void *bl_onednn_unconst(const float *data) {
    void *same;
    memcpy(&same, &data, sizeof same);
    return same;
}

static bl_err reorder(bl_product_context *context, dnnl_memory_t from, dnnl_memory_t to) {
    bl_err err = BL_OK;
    bl_onednn_view source = NULL, target = NULL;
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t primitive = NULL;
    DNNL_TRY(dnnl_memory_get_memory_desc(from, &source));
    DNNL_TRY(dnnl_memory_get_memory_desc(to, &target));
    DNNL_TRY(dnnl_reorder_primitive_desc_create(&description, source, context->engine, target,
                                                context->engine, NULL));
    DNNL_TRY(dnnl_primitive_create(&primitive, description));
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    DNNL_TRY(dnnl_primitive_execute(primitive, context->stream, 2, arguments));
    DNNL_TRY(dnnl_stream_wait(context->stream));
cleanup:
    bl_onednn_primitive_destroy(primitive);
    bl_onednn_description_destroy(description);
    return err;
}

bl_err bl_onednn_reorder(bl_product_context *context, bl_onednn_view plain, const float *from,
                         dnnl_memory_t target) {
    bl_err err = BL_OK;
    dnnl_memory_t source = NULL;
    DNNL_TRY(dnnl_memory_create(&source, plain, context->engine, bl_onednn_unconst(from)));
    BL_TRY(reorder(context, source, target));
cleanup:
    bl_onednn_memory_destroy(source);
    return err;
}

bl_err bl_onednn_reorder_back(bl_product_context *context, dnnl_memory_t source, bl_onednn_view plain,
                              float *to) {
    bl_err err = BL_OK;
    dnnl_memory_t target = NULL;
    DNNL_TRY(dnnl_memory_create(&target, plain, context->engine, to));
    BL_TRY(reorder(context, source, target));
cleanup:
    bl_onednn_memory_destroy(target);
    return err;
}

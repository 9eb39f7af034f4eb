/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files that call oneDNN share: engine and stream, memory descriptors of both versions of the library.
 * Private to src/network.
 */
#ifndef BORDERLINE_NETWORK_ONEDNN_H
#define BORDERLINE_NETWORK_ONEDNN_H

#include "product.h"

#include <oneapi/dnnl/dnnl.h>

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

/* Memory descriptors: structures in version 2 of the library, handles from version 3 on. `bl_onednn_layout` is one that we
 * own, `bl_onednn_view` what the library's functions take. */
#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t bl_onednn_layout;
typedef const_dnnl_memory_desc_t bl_onednn_view;
#define BL_LAYOUT_VIEW(owned) (owned)
#else
typedef dnnl_memory_desc_t bl_onednn_layout;
typedef const dnnl_memory_desc_t *bl_onednn_view;
#define BL_LAYOUT_VIEW(owned) (&(owned))
#endif

bl_err bl_onednn_layout_create(int rank, const dnnl_dims_t size, dnnl_format_tag_t tag,
                               bl_onednn_layout *out) BL_NODISCARD;
void bl_onednn_layout_destroy(bl_onednn_layout *owned);

/* Free; NULL is allowed. */
void bl_onednn_memory_destroy(dnnl_memory_t memory);
void bl_onednn_primitive_destroy(dnnl_primitive_t primitive);
void bl_onednn_description_destroy(dnnl_primitive_desc_t description);

/* For data that the library only reads: its interface has no const. */
void *bl_onednn_unconst(const float *data);

/* Copy numbers of layout `plain` into `target`, in its own layout. */
bl_err bl_onednn_reorder(bl_product_context *context, bl_onednn_view plain, const float *from,
                         dnnl_memory_t target) BL_NODISCARD;

/* Copy numbers from `source`, in its own layout, to layout `plain`. */
bl_err bl_onednn_reorder_back(bl_product_context *context, dnnl_memory_t source, bl_onednn_view plain,
                              float *to) BL_NODISCARD;

#endif

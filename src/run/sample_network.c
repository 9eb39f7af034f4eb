/* SPDX-License-Identifier: BSD-3-Clause */
#include "sample_network.h"

#include <stdio.h>

void bl_sample_network_name(const bl_case *c, size_t number, char *name, size_t size) {
    (void)snprintf(name, size, "depth_%zu_width_%.0f_dimension_%zu_network_%06zu", c->depth, c->width,
                   c->dimension, number);
}

bl_err bl_sample_network_begin(bl_interrupt *interrupt, const char *path) {
    return bl_interrupt_asked(interrupt) ? bl_err_set(BL_ERR_STOPPED, "stopped by %s: %s is not written",
                                                      bl_interrupt_reason(interrupt), path)
                                         : BL_OK;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Memory: aligned, zeroed, overflow-checked allocation, and what the process uses.
 */
#ifndef BORDERLINE_BASE_MEM_H
#define BORDERLINE_BASE_MEM_H

#include "borderline/err.h"
#include "borderline/mem.h"
#include <stddef.h>

enum { BL_MEM_ALIGNMENT = 64 };

/** count x size bytes, zeroed, aligned to 64 bytes; at least one element is always allocated.
 *
 * Math:        none.
 * Collective:  no.
 * Ownership:   the caller frees with bl_mem_free.
 * @return the memory, or NULL with the message set (product overflows, or no memory).
 */
BL_API void *bl_mem_alloc(size_t count, size_t size) BL_NODISCARD;

/** Bytes of physical memory this process holds now, and the most it has held (0 where the system does not
 * say). Collective: no. */
BL_API size_t bl_mem_resident(void);
BL_API size_t bl_mem_resident_peak(void);

/** Bytes of memory this machine has free for new allocations (0 where the system does not say). Collective: no. */
BL_API size_t bl_mem_available(void);

#define BL_ALLOC(pointer, count)                                                                             \
    do {                                                                                                     \
        (pointer) = bl_mem_alloc((count), sizeof *(pointer));                                                \
        if (!(pointer)) {                                                                                    \
            err = BL_ERR_MEMORY;                                                                             \
            goto cleanup;                                                                                    \
        }                                                                                                    \
    } while (0)

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
#define _DEFAULT_SOURCE /* for madvise. NOLINT(bugprone-reserved-identifier) */
#include "mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

/* Blocks of at least this size are put on pages of this size, where the system has them: the first touch of gigabytes in
 * pages of 4 KiB takes seconds. */
enum { LARGE_PAGE = 2 * 1024 * 1024 };

void *bl_mem_alloc(size_t count, size_t size) {
    if (count == 0)
        count = 1;
    if (size > (SIZE_MAX - BL_MEM_ALIGNMENT) / count) {
        (void)bl_err_set(BL_ERR_MEMORY, "%zu elements of %zu bytes are more than this machine can address",
                         count, size);
        return NULL;
    }
    const size_t alignment = count * size >= (size_t)2 * LARGE_PAGE ? LARGE_PAGE : BL_MEM_ALIGNMENT;
    const size_t bytes = (count * size + BL_MEM_ALIGNMENT - 1) / BL_MEM_ALIGNMENT * BL_MEM_ALIGNMENT;
    void *memory = NULL;
    if (posix_memalign(&memory, alignment, bytes) != 0)
        memory = NULL;
    if (!memory) {
        (void)bl_err_set(BL_ERR_MEMORY, "out of memory: %.1f MiB could not be allocated",
                         (double)bytes / (1024.0 * 1024.0));
        return NULL;
    }
#ifdef MADV_HUGEPAGE
    if (alignment == LARGE_PAGE)
        (void)madvise(memory, bytes / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE);
#endif
    memset(memory, 0, bytes);
    return memory;
}

void bl_mem_free(void *memory) {
    free(memory);
}

/* "Key:   123 kB" lines of the proc file system, in bytes. */
static size_t proc_kilobytes(const char *path, const char *key) {
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    char line[256];
    size_t bytes = 0;
    while (fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0) {
            bytes = (size_t)strtoull(line + strlen(key), NULL, 10) * 1024;
            break;
        }
    (void)fclose(file);
    return bytes;
}

size_t bl_mem_resident(void) {
    return proc_kilobytes("/proc/self/status", "VmRSS:");
}

size_t bl_mem_resident_peak(void) {
    return proc_kilobytes("/proc/self/status", "VmHWM:");
}

size_t bl_mem_available(void) {
    return proc_kilobytes("/proc/meminfo", "MemAvailable:");
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "borderline/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *bl_mem_alloc(size_t count, size_t size) {
    if (count == 0)
        count = 1;
    if (size > (SIZE_MAX - BL_MEM_ALIGNMENT) / count) {
        (void)bl_err_set(BL_ERR_MEMORY, "%zu elements of %zu bytes are more than this machine can address",
                         count, size);
        return NULL;
    }
    size_t bytes = (count * size + BL_MEM_ALIGNMENT - 1) / BL_MEM_ALIGNMENT * BL_MEM_ALIGNMENT;
    void *memory = aligned_alloc(BL_MEM_ALIGNMENT, bytes);
    if (!memory) {
        (void)bl_err_set(BL_ERR_MEMORY, "out of memory: %.1f MiB could not be allocated",
                         (double)bytes / (1024.0 * 1024.0));
        return NULL;
    }
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

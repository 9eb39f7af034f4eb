/* SPDX-License-Identifier: BSD-3-Clause */
#include "usage.h"

#include <math.h>
#include <stddef.h>

/* Each number's field and its place. */
static const struct {
    bl_field_id field;
    size_t offset;
} number[] = {
    {BL_FIELD_LAUNCH_UNITS, offsetof(bl_usage, units)},
    {BL_FIELD_LAUNCH_SECONDS_BUSY, offsetof(bl_usage, busy)},
    {BL_FIELD_LAUNCH_SECONDS_WRITING, offsetof(bl_usage, writing)},
    {BL_FIELD_LAUNCH_SECONDS_WAITING, offsetof(bl_usage, waiting)},
    {BL_FIELD_LAUNCH_SECONDS_WITHOUT_CORE, offsetof(bl_usage, without_core)},
    {BL_FIELD_LAUNCH_SECONDS_UNITS, offsetof(bl_usage, seconds_units)},
    {BL_FIELD_LAUNCH_SECONDS_KERNELS, offsetof(bl_usage, seconds_kernels)},
    {BL_FIELD_LAUNCH_SECONDS_SUMMARY, offsetof(bl_usage, seconds_summary)},
    {BL_FIELD_LAUNCH_MEMORY_PEAK, offsetof(bl_usage, memory_peak)},
};
enum { NUMBERS = sizeof number / sizeof *number };

bl_err bl_usage_write(bl_results *results, int64_t launch, const bl_usage *usage) {
    bl_err err = BL_OK;
    const size_t start = (size_t)launch, one = 1;
    for (size_t i = 0; i < NUMBERS; i++)
        if (bl_results_has(results, number[i].field))
            BL_TRY(bl_results_write(results, number[i].field, &start, &one,
                                    (const char *)usage + number[i].offset));
cleanup:
    return err;
}

bl_err bl_usage_read(const bl_results *results, int64_t launch, bl_usage *usage) {
    bl_err err = BL_OK;
    const size_t start = (size_t)launch, one = 1;
    *usage = (bl_usage){-1, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    for (size_t i = 0; i < NUMBERS; i++)
        if (bl_results_has(results, number[i].field))
            BL_TRY(bl_results_read(results, number[i].field, &start, &one, (char *)usage + number[i].offset));
cleanup:
    return err;
}

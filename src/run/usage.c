/* SPDX-License-Identifier: BSD-3-Clause */
#include "usage.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* Each number's field and its place; the first is a whole number, all others are float64. */
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
_Static_assert(NUMBERS == 1 + BL_USAGE_NUMBERS, "BL_USAGE_NUMBERS");

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

const char *bl_usage_name(size_t i) {
    BL_ASSERT(i < BL_USAGE_NUMBERS);
    return strrchr(bl_fields[number[1 + i].field].name, '/') + 1;
}

double bl_usage_value(const bl_usage *usage, size_t i) {
    double value = 0;
    BL_ASSERT(i < BL_USAGE_NUMBERS);
    memcpy(&value, (const char *)usage + number[1 + i].offset, sizeof value);
    return value;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How a launch used its time and memory, for the result file and its readers.
 */
#ifndef BORDERLINE_RUN_USAGE_H
#define BORDERLINE_RUN_USAGE_H

#include "store/results.h"

/* Times in seconds; NaN, and units -1: not known. */
typedef struct bl_usage {
    int64_t units;                                          /* that the launch computed */
    double busy, writing, waiting, without_core;            /* in the phase of units, summed over ranks */
    double seconds_units, seconds_kernels, seconds_summary; /* durations of the phases */
    double memory_peak;                                     /* bytes, of the rank that held most */
} bl_usage;

/** Write it to the launch's row of provenance/launch, or nothing to a file of an earlier version. Not collective: one rank
 * calls. */
BL_API bl_err bl_usage_write(bl_results *results, int64_t launch, const bl_usage *usage) BL_NODISCARD;

/** Read it back; in a file of an earlier version nothing is known. Collective: no. */
BL_API bl_err bl_usage_read(const bl_results *results, int64_t launch, bl_usage *usage) BL_NODISCARD;

/** The numbers beside `units`: their names in provenance/launch, and their values, for i below BL_USAGE_NUMBERS. Collective: no. */
enum { BL_USAGE_NUMBERS = 8 };
BL_API const char *bl_usage_name(size_t i);
BL_API double bl_usage_value(const bl_usage *usage, size_t i);

#endif

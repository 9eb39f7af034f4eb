/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every variable of the result file, described once: name, axes, type, unit, meaning. The file, its
 * attributes, the size forecast, `show` and the README's table come from this list.
 */
#ifndef BORDERLINE_FIELDS_H
#define BORDERLINE_FIELDS_H

#include "axis.h"

typedef enum bl_type { BL_INT8, BL_INT32, BL_INT64, BL_FLOAT64 } bl_type;

enum { BL_FIELD_RANK_MAX = 7 };

/* Who computes a variable, and thereby which checksum covers it. */
typedef enum bl_writer {
    /* the search of a unit's inputs: unit/checksum. Files of `measure` and `posterior` have these variables too. */
    BL_WRITER_UNIT,
    /* the certificates of a unit's distances, where they are asked for: unit/checksum */
    BL_WRITER_CERTIFICATE,
    BL_WRITER_TRAINING,    /* the training of a unit's networks: unit/checksum */
    BL_WRITER_KERNEL,      /* the kernels of a case: kernel/checksum */
    BL_WRITER_KERNEL_MARK, /* what marks a case's kernels as done: the file's checksum */
    BL_WRITER_SUMMARY,     /* statistics, predictions and fits: the file's checksum */
    BL_WRITER_BOOKKEEPING, /* the tables of units and launches: none */
} bl_writer;

typedef struct bl_field {
    const char *name; /* path in the file: "distance", "summary/exponent" */
    unsigned rank;
    bl_axis_id axis[BL_FIELD_RANK_MAX];
    const char *units;
    const char *long_name;
    const char *source; /* formula or section, for the attribute `comment`; may be NULL */
    bl_type type;
    bl_writer writer;
    size_t offset; /* of the value in bl_finding, where it is there (bl_field_of_findings) */
    /* words for the values 0, 1, 2, ..., for the attribute flag_meanings; NULL: the value is a number */
    const char *flags;
    bool varies; /* between two runs of one sweep (times, ranks): not compared, and covered by no checksum */
    bool later;  /* files of earlier versions of the program may lack it */
    /* integers: the value before anything is written; a negative one is also the variable's _FillValue. float64 is filled with
     * NaN. */
    int8_t fill;
} bl_field;

/* The identifiers; the table itself is in fields.c, one row each, in this order. */
typedef enum bl_field_id {
    BL_FIELD_DISTANCE,
    BL_FIELD_DISTANCE_INSIDE,
    BL_FIELD_STATUS,
    BL_FIELD_FIRST_ORDER,
    BL_FIELD_PASSES,
    BL_FIELD_RESTARTS_WON,
    BL_FIELD_DISTANCE_CONFIDENCE,
    BL_FIELD_SEARCHED_RADIUS,
    BL_FIELD_INPUT_NORM,
    BL_FIELD_OUTPUT,
    BL_FIELD_GRADIENT_NORM,
    BL_FIELD_FIRST_STEP_CROSSES,
    BL_FIELD_DISTANCE_CERTIFIED, /* of sweeps and measurements that certify */
    BL_FIELD_CERTIFY_STATUS,
    BL_FIELD_CERTIFY_NODES,
    BL_FIELD_TRAINING_LOSS,
    BL_FIELD_TRAINING_ACCURACY,
    BL_FIELD_TRAINING_ACCURACY_TEST,
    BL_FIELD_TRAINING_RESTARTS,
    BL_FIELD_TRAINING_RESUMED,
    BL_FIELD_TRAINING_SECONDS,
    BL_FIELD_GRAM_EMPIRICAL,
    BL_FIELD_GRAM_OUTPUT,
    BL_FIELD_GRAM_NNGP,
    BL_FIELD_SUMMARY_QUANTILE, /* distance: estimate, low, high */
    BL_FIELD_SUMMARY_QUANTILE_LOW,
    BL_FIELD_SUMMARY_QUANTILE_HIGH,
    BL_FIELD_SUMMARY_RELATIVE, /* distance over |x0|_p */
    BL_FIELD_SUMMARY_RELATIVE_LOW,
    BL_FIELD_SUMMARY_RELATIVE_HIGH,
    BL_FIELD_SUMMARY_LOOKED, /* what an infinite quantile is larger than */
    BL_FIELD_SUMMARY_FAILURES,
    BL_FIELD_SUMMARY_PASSES,
    BL_FIELD_SUMMARY_LINEARITY, /* median of distance over first_order */
    BL_FIELD_SUMMARY_LINEARITY_QUANTILE,
    BL_FIELD_SUMMARY_LINEARITY_QUANTILE_LOW,
    BL_FIELD_SUMMARY_LINEARITY_QUANTILE_HIGH,
    BL_FIELD_SUMMARY_SLOPE_AT_ZERO, /* estimate, low, high */
    BL_FIELD_SUMMARY_SLOPE_AT_ZERO_LOW,
    BL_FIELD_SUMMARY_SLOPE_AT_ZERO_HIGH,
    BL_FIELD_SUMMARY_CERTIFIED_RATIO, /* distance_certified over distance; these of sweeps that certify */
    BL_FIELD_SUMMARY_CERTIFIED_RATIO_LOW,
    BL_FIELD_SUMMARY_CERTIFIED_RATIO_HIGH,
    BL_FIELD_SUMMARY_CERTIFIED_EXACT,
    BL_FIELD_SUMMARY_CERTIFIED_MEDIAN,
    BL_FIELD_SUMMARY_CERTIFIED_MEDIAN_LOW,
    BL_FIELD_SUMMARY_CERTIFIED_MEDIAN_HIGH,
    BL_FIELD_SUMMARY_OUTPUT_VARIANCE, /* outputs over networks, in the order of bl_moment, each with its error */
    BL_FIELD_SUMMARY_OUTPUT_VARIANCE_ERROR,
    BL_FIELD_SUMMARY_OUTPUT_SKEWNESS,
    BL_FIELD_SUMMARY_OUTPUT_SKEWNESS_ERROR,
    BL_FIELD_SUMMARY_OUTPUT_KURTOSIS,
    BL_FIELD_SUMMARY_OUTPUT_KURTOSIS_ERROR,
    BL_FIELD_SUMMARY_OUTPUT_KS,
    BL_FIELD_SUMMARY_OUTPUT_KS_ERROR,
    BL_FIELD_SUMMARY_GRADIENT_LOG_MEAN, /* mean and variance of log gradient_norm, each with its error */
    BL_FIELD_SUMMARY_GRADIENT_LOG_MEAN_ERROR,
    BL_FIELD_SUMMARY_GRADIENT_LOG_VARIANCE,
    BL_FIELD_SUMMARY_GRADIENT_LOG_VARIANCE_ERROR,
    BL_FIELD_SUMMARY_GRADIENT_LOG_MEAN_LIMIT, /* of infinite width */
    BL_FIELD_SUMMARY_GRADIENT_LOG_VARIANCE_LIMIT,
    BL_FIELD_SUMMARY_FIRST_STEP_CROSSES,
    BL_FIELD_SUMMARY_FIRST_STEP_CROSSES_ERROR,
    BL_FIELD_SUMMARY_EXPONENT,
    BL_FIELD_SUMMARY_EXPONENT_ERROR,
    BL_FIELD_SUMMARY_PREFACTOR,
    BL_FIELD_SUMMARY_PAPER_SCALE, /* the paper's own fits: c and n0 */
    BL_FIELD_SUMMARY_PAPER_OFFSET,
    BL_FIELD_SUMMARY_LAW, /* first-order law, box of the sweep */
    BL_FIELD_SUMMARY_LAW_ERROR,
    BL_FIELD_SUMMARY_LAW_UNBOXED,
    BL_FIELD_SUMMARY_LAW_UNBOXED_ERROR,
    BL_FIELD_SUMMARY_GUARANTEED,
    BL_FIELD_SUMMARY_GUARANTEED_ERROR,
    BL_FIELD_SUMMARY_OVER_LAW, /* measured median over the law's, with interval */
    BL_FIELD_SUMMARY_OVER_LAW_LOW,
    BL_FIELD_SUMMARY_OVER_LAW_HIGH,
    BL_FIELD_SUMMARY_OVER_GUARANTEED,
    BL_FIELD_SUMMARY_KERNEL_DEVIATION,
    BL_FIELD_SUMMARY_KERNEL_DEVIATION_OUTPUT,
    BL_FIELD_SUMMARY_KURTOSIS,
    BL_FIELD_SUMMARY_SPECTRUM_EMPIRICAL,
    BL_FIELD_SUMMARY_SPECTRUM_NNGP,
    BL_FIELD_SUMMARY_KL_DIVERGENCE,
    BL_FIELD_SUMMARY_LOG_DETERMINANT_EMPIRICAL,
    BL_FIELD_SUMMARY_LOG_DETERMINANT_NNGP,
    BL_FIELD_SUMMARY_EFFECTIVE_DIMENSION_EMPIRICAL,
    BL_FIELD_SUMMARY_EFFECTIVE_DIMENSION_NNGP,
    BL_FIELD_SUMMARY_KERNEL_FIT_NOISE, /* noise and bias, each with its error */
    BL_FIELD_SUMMARY_KERNEL_FIT_NOISE_ERROR,
    BL_FIELD_SUMMARY_KERNEL_FIT_BIAS,
    BL_FIELD_SUMMARY_KERNEL_FIT_BIAS_ERROR,
    BL_FIELD_KERNEL_STATUS,   /* 0 pending, 1 done: what resume reads of kernels */
    BL_FIELD_KERNEL_CHECKSUM, /* of all the case's kernels */
    BL_FIELD_KERNEL_PIVOT_EMPIRICAL,
    BL_FIELD_KERNEL_PIVOT_NNGP,
    BL_FIELD_UNIT_STATUS, /* 0 pending, 1 done: what resume reads */
    BL_FIELD_UNIT_CASE,
    BL_FIELD_UNIT_FIRST_NETWORK,
    BL_FIELD_UNIT_NETWORKS,
    BL_FIELD_UNIT_FIRST_INPUT,
    BL_FIELD_UNIT_INPUTS,
    BL_FIELD_UNIT_CHECKSUM, /* of all the unit's data, by which resume finds damage */
    BL_FIELD_UNIT_COST,
    BL_FIELD_UNIT_SECONDS,
    BL_FIELD_UNIT_SECONDS_SAMPLING,
    BL_FIELD_UNIT_SECONDS_PASSES,
    BL_FIELD_UNIT_BEGIN, /* seconds since 1970 */
    BL_FIELD_UNIT_RANK,
    BL_FIELD_UNIT_LAUNCH,
    BL_FIELD_LAUNCH_UNITS, /* how a launch used its time: sums over ranks, in seconds */
    BL_FIELD_LAUNCH_SECONDS_BUSY,
    BL_FIELD_LAUNCH_SECONDS_WRITING,
    BL_FIELD_LAUNCH_SECONDS_WAITING,
    BL_FIELD_LAUNCH_SECONDS_WITHOUT_CORE,
    BL_FIELD_LAUNCH_SECONDS_UNITS, /* durations of its phases */
    BL_FIELD_LAUNCH_SECONDS_KERNELS,
    BL_FIELD_LAUNCH_SECONDS_SUMMARY,
    BL_FIELD_LAUNCH_MEMORY_PEAK,
    BL_FIELD_COUNT
} bl_field_id;

BL_API extern const bl_field bl_fields[BL_FIELD_COUNT];

/** Whether unit/checksum covers the field. Collective: no. */
BL_API bool bl_field_of_units(bl_field_id field);

/** Whether some sweeps lack the field: those without kernels, training, or certificates. Collective: no. */
BL_API bool bl_field_is_optional(bl_field_id field);

/** Whether a finding has the field's value. Collective: no. */
BL_API bool bl_field_of_findings(bl_field_id field);

/** Whether the field has the axis. Collective: no. */
BL_API bool bl_field_has_axis(bl_field_id field, bl_axis_id axis);

/** Number of elements of a field: the product of its axes' lengths; 0 for a field this sweep does not have. Collective: no. */
BL_API size_t bl_field_elements(const bl_grid *grid, bl_field_id field);

/** Bytes of one element. Collective: no. */
BL_API size_t bl_type_size(bl_type type);

/** Bytes of all fields of the file of this grid (float64: a grid too large to address is still forecast). Collective: no. */
BL_API double bl_fields_bytes(const bl_grid *grid);

#endif

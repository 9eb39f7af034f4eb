/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The option table: every key of a sweep file, once. Private to src/sweep.
 */
#ifndef BORDERLINE_SWEEP_OPTIONS_H
#define BORDERLINE_SWEEP_OPTIONS_H

#include "borderline/config.h"
#include <stdio.h>

typedef enum bl_option_type {
    BL_OPTION_TEXT,     /* char * */
    BL_OPTION_SEED,     /* uint64_t */
    BL_OPTION_COUNT,    /* size_t */
    BL_OPTION_REAL,     /* double */
    BL_OPTION_WORD,     /* an enum, read and written as unsigned */
    BL_OPTION_INTEGERS, /* bl_axis of whole numbers, infinity where the bounds allow it */
    BL_OPTION_NORMS,    /* bl_axis of p: 0 or >= 1 */
    BL_OPTION_BOX       /* bl_box */
} bl_option_type;

typedef struct bl_option {
    const char *key; /* "network.weights.variance" */
    bl_option_type type;
    size_t offset;           /* in bl_config */
    const char *by_default;  /* YAML; NULL: must be given */
    double low, high;        /* bounds, inclusive */
    const char *const *word; /* BL_OPTION_WORD: NULL-terminated */
    const char *unit;        /* of the value, for --help; "" where it has none */
    const char *help;
} bl_option;

extern const bl_option bl_options[];
extern const size_t bl_option_count;

/* Write the value as YAML that reads back to the same bits. */
void bl_option_print(FILE *stream, const bl_option *option, const bl_config *config);

#endif

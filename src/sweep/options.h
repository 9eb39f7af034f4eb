/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Option tables: each lists all keys of one kind of file. Private to src/sweep.
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
    size_t offset;           /* in the configuration */
    const char *by_default;  /* YAML; NULL: must be given */
    double low, high;        /* bounds, inclusive */
    const char *const *word; /* BL_OPTION_WORD: NULL-terminated */
    const char *unit;        /* of the value, for --help; "" where it has none */
    const char *help;
} bl_option;

typedef struct bl_option_table bl_option_table;

/* The keys of one kind of file. */
struct bl_option_table {
    const char *what;    /* what such a file holds: "sweep" */
    const char *command; /* whose --help lists the keys */
    const char *example; /* of --set */
    const bl_option *option;
    size_t count;
    /* checks that involve several keys, or NULL; seen: the line of each option, 0 where it is not from the file */
    bl_err (*check)(const bl_option_table *table, const char *file, const size_t *seen, const void *config);
};

/* The keys of a sweep file, and its checks. */
extern const bl_option_table bl_config_options;
bl_err bl_config_check(const bl_option_table *table, const char *file, const size_t *seen,
                       const void *sweep) BL_NODISCARD;

/* Number of a key; SIZE_MAX where the table does not have it. */
size_t bl_options_find(const bl_option_table *table, const char *key);

/* Read the defaults, then the file's text, then the overrides into a zeroed configuration; see bl_config_parse. */
bl_err bl_options_parse(const bl_option_table *table, const char *file, const char *text, size_t length,
                        const char *const *overrides, size_t count, void *config) BL_NODISCARD;

/* Free the texts and lists that the table's options hold. */
void bl_options_clear(const bl_option_table *table, void *config);

/* What bl_config_resolve, bl_config_difference and bl_config_help do, for any table. */
bl_err bl_options_resolve(const bl_option_table *table, const void *config, char **out) BL_NODISCARD;
const char *bl_options_difference(const bl_option_table *table, const void *a, const void *b);
void bl_options_help(const bl_option_table *table);

#endif

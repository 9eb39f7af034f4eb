/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What `show` reports of a file, row by row, and the writers of the rows: a table for people, JSON for programs. Private to
 * src/cli.
 */
#ifndef BORDERLINE_CLI_SHOW_FORMAT_H
#define BORDERLINE_CLI_SHOW_FORMAT_H

#include "borderline/grid.h"
#include "experiment/posterior.h"
#include "experiment/summary.h"
#include "run/usage.h"

/* The head of a sweep's file. */
typedef struct bl_show_sweep {
    const char *path;
    const bl_grid *grid;
    bool complete;
    int64_t units_done;
    bool kernels_known; /* the file marks kernels that are done */
    size_t kernels_done;
} bl_show_sweep;

/* One case at inputs of one kind, for one p. Predictions are NaN where there are none (yet). */
typedef struct bl_show_case {
    bl_case c;
    const char *kind; /* of the inputs */
    double p;
    bl_summary summary; /* of the distances that are there */
    double law, over_law, guaranteed;
    bl_summary_certificates certificates; /* NaN where there are none */
} bl_show_case;

/* How the median distance grows with n. */
typedef struct bl_show_exponent {
    double depth, width;
    const char *kind;
    double p, exponent, error, expected;
} bl_show_exponent;

typedef struct bl_show_kernel {
    bl_case c;
    double deviation, deviation_output, kurtosis, divergence;
} bl_show_kernel;

/* One start of the program on the file. */
typedef struct bl_show_launch {
    char *const *text; /* [BL_PROVENANCE_KEYS] */
    bl_usage usage;
} bl_show_launch;

/* One network of a file of `measure`, for one p. */
typedef struct bl_show_network {
    const char *name;
    double p, median, passes;
    double looked;    /* the largest distance found, beyond which an infinite median lies */
    double certified; /* median of distance_certified over distance; NaN: no certificates */
    size_t inputs, found, pending;
} bl_show_network;

/* Distances of a posterior mean, at inputs of one kind, for one p. */
typedef struct bl_show_posterior_row {
    const char *kind;
    double p, median, law, relative;
    double looked, relative_looked; /* as bl_show_network */
    size_t inputs, found;
} bl_show_posterior_row;

typedef enum bl_show_section {
    BL_SHOW_CASES,
    BL_SHOW_EXPONENTS,
    BL_SHOW_KERNELS,
    BL_SHOW_LAUNCHES,
    BL_SHOW_NETWORKS,
    BL_SHOW_DISTANCES
} bl_show_section;

/* A format writes a head, then sections of rows. */
typedef struct bl_show_format {
    void (*sweep)(void *context, const bl_show_sweep *sweep);
    void (*measurement)(void *context, const char *path, bool complete);
    void (*posterior)(void *context, const bl_posterior *posterior);
    /* Begin a section; false: it is not wanted, and not computed. */
    bool (*begin)(void *context, bl_show_section section, bool kinds);
    void (*case_row)(void *context, const bl_show_case *row);
    void (*exponent_row)(void *context, const bl_show_exponent *row);
    void (*kernel_row)(void *context, const bl_show_kernel *row);
    void (*launch_row)(void *context, const bl_show_launch *row);
    void (*network_row)(void *context, const bl_show_network *row);
    void (*posterior_row)(void *context, const bl_show_posterior_row *row);
    void (*end)(void *context, bl_show_section section);
} bl_show_format;

/* The formats; their contexts are a bl_show_text and a bl_json. */
typedef struct bl_show_text {
    bool kinds; /* the section has a column of the kind of input */
} bl_show_text;
extern const bl_show_format bl_show_text_format, bl_show_json_format;

#endif

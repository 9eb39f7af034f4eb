/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The parts of a sweep and its forecast, without running it: the numbers that `borderline plan` prints.
 */
#ifndef BORDERLINE_PLAN_PLAN_H
#define BORDERLINE_PLAN_PLAN_H

#include "phases.h"

typedef struct bl_plan_options {
    size_t ranks;          /* forecast for so many, beside 64, 1,024, 16,384 and 65,536 */
    size_t ranks_per_node; /* of the machine forecast for */
    const char *times;     /* a result file whose units' times count; NULL: networks are timed here */
} bl_plan_options;

/* One case. */
typedef struct bl_plan_case {
    bl_case c;
    int64_t units;
    size_t networks, inputs; /* per unit; inputs of all kinds */
    /* of the whole case; other work is converted by its measured ratio to a multiply-add */
    double multiply_adds;
    double seconds_per_unit;
} bl_plan_case;

/* A run on so many ranks. */
typedef struct bl_plan_forecast {
    size_t ranks;
    bl_phases phases;
    double seconds;          /* of all phases */
    double units_efficiency; /* work over ranks x seconds, of units and of all */
    double efficiency;
} bl_plan_forecast;

enum { BL_PLAN_FORECASTS_MAX = 5 };

typedef struct bl_plan {
    const bl_grid *grid;     /* borrowed */
    bl_plan_options options; /* its text is borrowed */
    bl_plan_images images;   /* of a sweep that trains and is timed here */
    bl_rates rates;
    bl_plan_case *cases;      /* [grid->cases] */
    double seconds_one_core;  /* of all units */
    size_t bytes_program;     /* that the program and its libraries hold before any case, per rank */
    size_t bytes_case;        /* that the largest case takes beside, per rank, on options.ranks */
    double bytes_file;        /* of the result file */
    double bytes_checkpoints; /* of the result file, per rank, for trainings in progress */
    double seconds_longest;   /* of the longest unit */
    double ranks_with_work;   /* more ranks than this do not shorten the run */
    double scatter;           /* relative deviation of single units from what is expected */
    size_t forecasts;         /* the first is for options.ranks */
    bl_plan_forecast forecast[BL_PLAN_FORECASTS_MAX];
} bl_plan;

/** Plan a sweep.
 *
 * Math:        seconds are those measured for cases of similar cost (rates.h); the schedule is simulated (phases.h), with times
 *              of units that scatter around what is expected as those in the result file do, else log-normally by 20 %.
 * Collective:  no; takes some seconds where networks are timed.
 * Ownership:   grid and options->times are borrowed while *out lives; *out is the caller's, freed with bl_plan_destroy.
 * @return BL_OK; BL_ERR_INPUT as bl_rates_read; BL_ERR_MEMORY; an error of a library.
 */
BL_API bl_err bl_plan_create(const bl_grid *grid, const bl_plan_options *options, bl_plan **out) BL_NODISCARD;
BL_API void bl_plan_destroy(bl_plan **plan);

#endif

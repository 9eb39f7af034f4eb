/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Gaussian-process regression on labelled images, into a file: what `borderline posterior` does.
 */
#ifndef BORDERLINE_RUN_POSTERIOR_RUN_H
#define BORDERLINE_RUN_POSTERIOR_RUN_H

#include "borderline/hooks.h"
#include "experiment/posterior.h"

typedef struct bl_posterior_run_options {
    bool force;        /* overwrite a file at the path */
    double time_limit; /* seconds after which no further phase is begun; 0: no limit */
    const char *text;  /* the posterior file as given, kept in the result file */
    int argc;          /* the command that the result file names as its origin; 0: none */
    char **argv;
} bl_posterior_run_options;

/** Do the regression and write its file. A stop leaves no file.
 *
 * Collective:  on comm->world, with the same arguments on every rank but for the hooks.
 * Ownership:   config is borrowed while *out lives; *out is the caller's on every rank, freed with bl_posterior_destroy.
 * @param[in] hooks  NULL for none; progress is not told
 * @return as bl_posterior_create; BL_ERR_STOPPED; BL_ERR_INPUT: the file exists; BL_ERR_IO. The same on every rank.
 */
BL_API bl_err bl_posterior_run(const bl_comm *comm, const bl_posterior_config *config, const char *path,
                               const bl_posterior_run_options *options, const bl_hooks *hooks,
                               bl_posterior **out) BL_NODISCARD;

#endif

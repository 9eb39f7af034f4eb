/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a finite network's probe and an infinitely wide network's limit have in common: the boundary search on an oracle whose
 * time is kept, and what is recorded of its inputs. Private to src/experiment.
 */
#ifndef BORDERLINE_EXPERIMENT_SURVEY_H
#define BORDERLINE_EXPERIMENT_SURVEY_H

#include "borderline/boundary.h"

typedef struct bl_survey {
    bl_oracle asked; /* answers; context and functions are borrowed */
    bl_search *search;
    size_t inputs, p_count;
    double *p;       /* [p_count] */
    double *logits0; /* [inputs][classes] */
    double seconds;  /* inside the oracle, since the caller set it */
} bl_survey;

/** Workspace for searches of this many inputs at once.
 * Ownership:   *survey must be zero; it stays where it is while it is in use, and is freed with bl_survey_clear.
 * @return BL_OK; BL_ERR_MEMORY.
 */
bl_err bl_survey_create(const bl_search_options *options, const bl_oracle *oracle, size_t inputs,
                        bl_survey *survey) BL_NODISCARD;
void bl_survey_clear(bl_survey *survey);

/** As bl_probe_run, on the oracle. */
bl_err bl_survey_run(bl_survey *survey, const double *x0, double *output, double *norm,
                     bl_search_result *result, double *points) BL_NODISCARD;

#endif

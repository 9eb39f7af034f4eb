/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What is found out about one input and one p.
 */
#ifndef BORDERLINE_FINDING_H
#define BORDERLINE_FINDING_H

#include "borderline/boundary.h"
#include "borderline/certify.h"

/* A row of the table of fields points at one of its members (FOUND in fields.c); a member is recorded when it has such a row. So a
 * new variable takes a row there, a member here and the place that computes it. */
typedef struct bl_finding {
    bl_search_result search;
    double output;     /* margin of the classifier at the input; the same for all p */
    double input_norm; /* |x0|_p */
    bl_certificate certificate;
} bl_finding;

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What is found out about one input and one p.
 */
#ifndef BORDERLINE_FINDING_H
#define BORDERLINE_FINDING_H

#include "borderline/boundary.h"
#include "borderline/certify.h"

/* Rows of the table of fields point at its members (FOUND in fields.c): a member is recorded when it has a row there. */
typedef struct bl_finding {
    bl_search_result search;
    double output;     /* margin of the classifier at the input; the same for all p */
    double input_norm; /* |x0|_p */
    bl_certificate certificate;
} bl_finding;

#endif

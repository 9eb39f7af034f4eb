/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parts of the condition on the multipliers that the proof uses again. Private to src/certify.
 */
#ifndef BORDERLINE_CERTIFY_QUADRATIC_FORM_H
#define BORDERLINE_CERTIFY_QUADRATIC_FORM_H

#include "quadratic.h"

/* W_0 T^-1 W_0^T, [width[1]]^2; borrowed. */
const double *bl_quadratic_gram(bl_quadratic *q);

/* B into q->columns, [bends after the first layer][ld]. @return ld, the neurons that bend before the last layer */
size_t bl_quadratic_columns(bl_quadratic *q);

/* E T^-1 E^T into the lower triangle of q->form; needs q->to_first of the slopes. */
void bl_quadratic_gram_of_rows(bl_quadratic *q, const double *gram);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Linear relaxation of a network over a ball: proven ranges of every pre-activation, and proven margins. Private to
 * src/certify.
 */
#ifndef BORDERLINE_CERTIFY_RELAXATION_H
#define BORDERLINE_CERTIFY_RELAXATION_H

#include "ball.h"
#include "borderline/network.h"
#include <stdint.h>

typedef struct bl_relaxation bl_relaxation;

/** For one network, which is borrowed. Collective: no.
 * @return BL_OK; BL_ERR_MEMORY. */
BL_API bl_err bl_relaxation_create(const bl_network *network, bl_relaxation **out) BL_NODISCARD;
BL_API void bl_relaxation_destroy(bl_relaxation **relaxation);

/** Ranges of all numbers before every activation, over the ball.
 *
 * Math:        each number is bounded twice and the better end kept: by intervals forward, and by lines put backwards through
 *              the layers down to the input, where bl_ball_least bounds what is left (CROWN, Zhang et al. 2018). Layers for
 *              which the second takes more than `multiply_adds` have the first alone.
 * Collective:  no.
 * Ownership:   the ball is borrowed until the next call.
 */
BL_API bl_err bl_relaxation_ranges(bl_relaxation *relaxation, const bl_ball *ball,
                                   double multiply_adds) BL_NODISCARD;

/** Signs that the inputs of activation layer l are known to have from now on, side[inputs] as of a bl_branch, or NULL; borrowed.
 * Collective: no. */
void bl_relaxation_branch(bl_relaxation *relaxation, size_t l, const int8_t *side);

/** Whether the last ranges show that no point of the ball has the signs. The ranges of later layers are then not there.
 * Collective: no. */
bool bl_relaxation_is_empty(const bl_relaxation *relaxation);

/** The ranges of activation layer l of the network: lo[inputs], hi[inputs]; borrowed. Collective: no. */
BL_API void bl_relaxation_range(const bl_relaxation *relaxation, size_t l, double **lo, double **hi);

/** Lower bounds of logit[class] - logit[other] over the ball, from the ranges found last.
 *
 * Shapes:      other[count]: classes; bound[count], -INFINITY where numbers overflow.
 * Collective:  no.
 */
BL_API void bl_relaxation_margins(bl_relaxation *relaxation, size_t class, size_t count, const size_t *other,
                                  double *bound);

/** Multiply-adds of bl_relaxation_ranges without its limit. Collective: no. */
BL_API double bl_relaxation_work(const bl_network *network);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An infinitely wide dense network: one exact draw of the Gaussian process, evaluated at the points that the search chooses
 * (THEORY.md, section 4.5).
 */
#ifndef BORDERLINE_GP_DRAW_H
#define BORDERLINE_GP_DRAW_H

#include "borderline/boundary.h"
#include "borderline/gp.h"
#include "borderline/rng.h"

typedef struct bl_gp_draw bl_gp_draw;

/** Workspace for draws of a dense network's limit.
 *
 * Math:        the logits are independent, each with the kernel K of `model`; two classes: only the margin f = z_1 - z_0, of
 *              kernel 2 K, is drawn, and z_0 = -f/2, z_1 = f/2. An answer (f, grad f) is drawn from the conditional law
 *              given all answers so far, so the answers at any list of points have the joint law of the process, whatever the
 *              order and however the points were chosen. In the span of the points: a Cholesky factor that grows by each
 *              number seen. Across it: coordinates are independent, with the covariance dK/d<x, y> between points; the
 *              noise behind them is re-created from its counter, not kept. Every number's conditional variance gets a nugget
 *              of 1e-14 q of its variance, q = 1 for relu and leaky_relu, else max(1, K^1(x, x)) with K^1 the first layer's
 *              kernel; where it is less than that, the number is its conditional mean and no innovation is drawn. So the factor
 *              is that of a positive definite matrix, however near the points are, and neighbours agree to a few
 *              1e-7 sqrt(q) of their deviation (test_gp_draw: random models and queries).
 * Shapes:      n coordinates; at most `points` points per draw.
 * Collective:  no.
 * Ownership:   *out is the caller's, freed with bl_gp_draw_destroy.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_gp_draw_create(const bl_gp_model *model, size_t n, size_t classes, size_t points,
                                bl_gp_draw **out) BL_NODISCARD;
BL_API void bl_gp_draw_destroy(bl_gp_draw **draw);

/** Forget everything and begin the draw that this stream names. Collective: no. */
BL_API void bl_gp_draw_begin(bl_gp_draw *draw, bl_stream stream);

/** The draw as an oracle: values are drawn by forward and forward64, gradients by gradient. The input of a row is ignored: a draw
 * serves one input. A point asked again has the same answer.
 * Collective:  no.
 * Ownership:   the draw is borrowed while the oracle is in use. Its functions return BL_ERR_MEMORY, or BL_ERR_INPUT beyond
 *              `points`.
 */
BL_API bl_oracle bl_gp_draw_oracle(bl_gp_draw *draw);

/** Bytes of a draw with this many values and gradients. Collective: no. */
BL_API size_t bl_gp_draw_memory(size_t n, size_t classes, size_t points, size_t gradients);

/** Logits of infinitely wide networks at a list of inputs.
 *
 * Math:        L xi for every network and logit, kernel = L L^T, xi standard normals (stream: seed, case, network,
 *              BL_PURPOSE_KERNEL_DRAW, logit). An input whose value is determined by the inputs before it, to 1e-6 of its
 *              deviation, has no normal of its own.
 * Shapes:      kernel[inputs][inputs], of one logit; logits[networks][inputs][classes].
 * Collective:  no.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_gp_draw_logits(uint64_t seed, uint32_t case_number, size_t inputs, const double *kernel,
                                size_t networks, size_t classes, float *logits) BL_NODISCARD;

#endif

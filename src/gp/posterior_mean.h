/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The mean of a Gaussian-process posterior as a classifier (THEORY.md, section 4.7).
 */
#ifndef BORDERLINE_POSTERIOR_MEAN_H
#define BORDERLINE_POSTERIOR_MEAN_H

#include "borderline/boundary.h"
#include "borderline/gp.h"

typedef struct bl_posterior_mean bl_posterior_mean;

/** The posterior mean of a family's limit, ready to be asked: dense, or images without pooling and shortcuts.
 *
 * Math:        m_c(x) = sum_j alpha_cj k(x, x_j), alpha = (K + noise I)^-1 y; k = F(|x|^2/n, |x_j|^2/n, <x, x_j>/n) by
 *              the recursion of bl_nngp_kernel, so grad_x k = F_c x_j/n + 2 F_q x/n. Images: k is a function of the
 *              products of equal pixels and of the pixels' squares, by bl_gp_kernel's recursion, which is followed
 *              backwards to a_s x_js + b_s x_s for each channel at pixel s. Without biases that kernel has a kink where a
 *              window of x is black; the slope there is that of ReLUs that are on half the time, independently for x and x_j. With
 *              one column the classifier has two logits, (-m, m).
 * Shapes:      x[inputs][n] float32; alpha[columns][inputs].
 * Collective:  no.
 * Ownership:   limit, x and alpha are borrowed for its life; *out is the caller's, freed with bl_posterior_mean_destroy.
 * @param[in] batch  the most points of one call
 * @return BL_OK; BL_ERR_INPUT: a network with pooling or shortcuts; BL_ERR_MEMORY.
 */
BL_API bl_err bl_posterior_mean_create(const bl_gp_law *law, size_t inputs, const float *x, size_t columns,
                                       const double *alpha, size_t batch,
                                       bl_posterior_mean **out) BL_NODISCARD;
BL_API void bl_posterior_mean_destroy(bl_posterior_mean **mean);

/** Bytes of it. Collective: no. */
BL_API size_t bl_posterior_mean_memory(const bl_gp_law *law, size_t inputs, size_t columns, size_t batch);

/** The oracle of the boundary search: values and closed-form gradients in float64. Ownership: mean is borrowed while the
 * oracle is in use. Collective: no. */
BL_API bl_oracle bl_posterior_mean_oracle(bl_posterior_mean *mean);

#endif

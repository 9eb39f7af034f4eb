/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The parts of bl_posterior_create. Private to src/experiment.
 */
#ifndef BORDERLINE_EXPERIMENT_POSTERIOR_INTERNAL_H
#define BORDERLINE_EXPERIMENT_POSTERIOR_INTERNAL_H

#include "borderline/gp.h"
#include "borderline/posterior.h"

/* Predictions, probabilities, calibration from mean and variance. Every rank alike. */
bl_err bl_posterior_calibrate(bl_posterior *p) BL_NODISCARD;

/* Distances of the posterior mean's classifier, and the prior's law; `limit` is the prior. Collective. */
bl_err bl_posterior_distances(const bl_comm *comm, bl_posterior *p, const bl_gp_limit *limit) BL_NODISCARD;

/* The network's configuration as the data make it; borrows from p->config. */
bl_config bl_posterior_base(const bl_posterior *p);

/* Options of the search; kernels of images are dear, so their queries are few. */
bl_search_options bl_posterior_search_options(const bl_posterior_config *config);

#endif

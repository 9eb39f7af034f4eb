/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The parts of bl_posterior_create. Private to src/experiment.
 */
#ifndef BORDERLINE_EXPERIMENT_POSTERIOR_INTERNAL_H
#define BORDERLINE_EXPERIMENT_POSTERIOR_INTERNAL_H

#include "borderline/posterior.h"

/* Predictions, probabilities, calibration from mean and variance. Every rank alike. */
bl_err bl_posterior_calibrate(bl_posterior *p) BL_NODISCARD;

/* Distances of the posterior mean's classifier, and the prior's law. Collective. */
bl_err bl_posterior_distances(const bl_comm *comm, bl_posterior *p) BL_NODISCARD;

#endif

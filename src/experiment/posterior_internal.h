/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The parts of bl_posterior_create. Private to src/experiment.
 */
#ifndef BORDERLINE_EXPERIMENT_POSTERIOR_INTERNAL_H
#define BORDERLINE_EXPERIMENT_POSTERIOR_INTERNAL_H

#include "borderline/gp.h"
#include "posterior.h"

/* Predictions, probabilities, calibration from mean and variance. Every rank computes all of it. */
bl_err bl_posterior_calibrate(bl_posterior *p) BL_NODISCARD;

/* Distances of the posterior mean's classifier, and the prior's law; `limit` is the prior. Collective. */
bl_err bl_posterior_distances(const bl_comm *comm, bl_posterior *p, const bl_gp_law *limit) BL_NODISCARD;

enum { BL_POSTERIOR_PANEL = 1024 }; /* test images whose kernels are held at once, over all ranks */

/* Images, labels and prior; both are the caller's. Collective. */
bl_err bl_posterior_read(const bl_comm *comm, const bl_posterior_config *config, bl_posterior **out,
                         bl_gp_law *limit) BL_NODISCARD;

/* Rows of a block of the matrix. */
size_t bl_posterior_block(const bl_posterior *p);

/* BL_ERR_INPUT where the ranks of a node hold more than it has: what is needed, and how many ranks would be enough. */
bl_err bl_posterior_check_memory(const bl_comm *comm, const bl_posterior *p,
                                 const bl_gp_law *limit) BL_NODISCARD;

/* The network's configuration, with what follows from the data; borrows from p->config. */
bl_config bl_posterior_base(const bl_posterior *p);

/* Options of the search. Kernels of images are expensive, so their queries are few. */
bl_search_options bl_posterior_search_options(const bl_posterior_config *config);

#endif

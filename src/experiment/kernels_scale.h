/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A power of two for the logits of all networks of a case, so that float32 holds them at every depth and variance. Private to
 * src/experiment.
 */
#ifndef BORDERLINE_EXPERIMENT_KERNELS_SCALE_H
#define BORDERLINE_EXPERIMENT_KERNELS_SCALE_H

#include "network/network_rescale.h"

/** The exponent of the case's logits: that of its network 0 (bl_network_rescale), the same on every rank.
 *
 * Collective:  no.
 * Ownership:   network, of the case, is overwritten.
 */
bl_err bl_kernels_exponent(const bl_config *config, const bl_case *c, bl_network *network,
                           int *exponent) BL_NODISCARD;

#endif

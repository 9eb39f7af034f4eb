/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sizes of workspaces for evaluating a network layer by layer. Private to src/network.
 */
#ifndef BORDERLINE_NETWORK_OUTLINE_H
#define BORDERLINE_NETWORK_OUTLINE_H

#include "borderline/network.h"

/** Numbers of the largest layer's output. Collective: no. */
size_t bl_outline_widest(const bl_network *network);

/** The largest workspace that a layer's float64 path needs. Collective: no. */
size_t bl_outline_work64(const bl_network *network);

/** Number of residual sums that are open before layer l, and the greatest such number. Collective: no. */
size_t bl_outline_open_sums(const bl_network *network, size_t l);
size_t bl_outline_nested_sums(const bl_network *network);

#endif

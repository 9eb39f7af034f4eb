/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Trained networks for a networks file. Private to src/run.
 */
#ifndef BORDERLINE_RUN_SAMPLE_TRAINED_H
#define BORDERLINE_RUN_SAMPLE_TRAINED_H

#include "borderline/comm.h"
#include "borderline/networks_file.h"
#include "interrupt.h"

/* Train the first `count` networks of a case, side by side on all ranks, and append them to rank 0's file (NULL elsewhere;
 * `path` is for messages) in their order, with training, test and random images. Collective: the same code on every rank. */
bl_err bl_sample_trained(const bl_comm *comm, const bl_config *config, const bl_case *c, size_t count,
                         const char *path, bl_interrupt *interrupt, bl_networks_file *file) BL_NODISCARD;

#endif

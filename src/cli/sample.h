/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parts of `sample`. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_SAMPLE_H
#define BORDERLINE_CLI_SAMPLE_H

#include "borderline/comm.h"
#include "borderline/networks_file.h"

/* The name of a network in the file. */
/* BL_ERR_STOPPED after a signal: nothing is left of the file. */
bl_err bl_sample_go_on(void) BL_NODISCARD;

void bl_sample_name(const bl_case *c, size_t number, char *name, size_t size);

/* Train the first `count` networks of a case, side by side on all ranks, and append them to rank 0's file (NULL elsewhere)
 * in their order, with training, test and random images. Collective: the same code on every rank. */
bl_err bl_sample_trained(const bl_comm *comm, const bl_config *config, const bl_case *c, size_t count,
                         bl_networks_file *file) BL_NODISCARD;

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What writers of networks files share. Private to src/run.
 */
#ifndef BORDERLINE_RUN_SAMPLE_NETWORK_H
#define BORDERLINE_RUN_SAMPLE_NETWORK_H

#include "borderline/grid.h"
#include "interrupt.h"

/* The name of a case's network in a networks file (128 bytes suffice). */
void bl_sample_network_name(const bl_case *c, size_t number, char *name, size_t size);

/* Called before each network: BL_ERR_STOPPED after a signal; the file at `path` is then removed. */
bl_err bl_sample_network_begin(bl_interrupt *interrupt, const char *path) BL_NODISCARD;

#endif

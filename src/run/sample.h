/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The networks and inputs that a sweep uses, as a networks file.
 */
#ifndef BORDERLINE_RUN_SAMPLE_H
#define BORDERLINE_RUN_SAMPLE_H

#include "run.h"

/* Write the first `count` networks of every case to `path`. Random networks are drawn by rank 0 alone, trained ones by all
 * ranks. Collective. BL_ERR_STOPPED after a signal: then there is no file. */
bl_err bl_sample_all(const bl_comm *comm, const bl_sweep *sweep, const char *path, size_t count,
                     bool force) BL_NODISCARD;

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The probe of infinitely wide networks: draws of the Gaussian process answer in place of passes. Each input has a draw of its
 * own, which all p of it share. Private to src/experiment.
 */
#ifndef BORDERLINE_EXPERIMENT_PROBE_DRAW_H
#define BORDERLINE_EXPERIMENT_PROBE_DRAW_H

#include "borderline/grid.h"
#include "finding.h"

typedef struct bl_probe_draw bl_probe_draw;

/** What a rank needs for the networks of a case of infinite width.
 * Collective:  no.
 * Ownership:   config and options are borrowed for its life.
 */
bl_err bl_probe_draw_create(const bl_config *config, const bl_search_options *options, const bl_case *c,
                            bl_probe_draw **out) BL_NODISCARD;
void bl_probe_draw_destroy(bl_probe_draw **probe);

/** As bl_probe_run, of inputs first .. first + count - 1 of network `number`. Draw: stream (seed, case, network, BL_PURPOSE_DRAW,
 * input). */
bl_err bl_probe_draw_run(bl_probe_draw *probe, size_t number, size_t first, size_t count, const double *x0,
                         bl_finding *finding) BL_NODISCARD;

/** Seconds (wall time) of the last run inside the draws. */
double bl_probe_draw_seconds(const bl_probe_draw *probe);

/** Bytes of it while it runs. */
size_t bl_probe_draw_memory(const bl_search_options *options, const bl_case *c, size_t classes);

#endif

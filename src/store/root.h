/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What every result file has at its root. Private to src/store.
 */
#ifndef BORDERLINE_STORE_ROOT_H
#define BORDERLINE_STORE_ROOT_H

#include "h5.h"
#include "provenance.h"

/** The program's version, as the root attribute source has it. *out is the caller's, freed with bl_mem_free. Collective: no. */
bl_err bl_root_source(char **out) BL_NODISCARD;

/** Root attributes and `complete`, which says 0. */
bl_err bl_root_create(hid_t file, const char *format, const char *title) BL_NODISCARD;

/** The group provenance, which the caller closes, with so many rows for launches. The row of a file that has one may be filled
 * at once (launch, else NULL). */
bl_err bl_root_create_provenance(hid_t file, size_t launches, const bl_provenance *launch,
                                 hid_t *provenance) BL_NODISCARD;

#endif

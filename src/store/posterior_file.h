/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The result file of `posterior`: written once, when all is known.
 */
#ifndef BORDERLINE_POSTERIOR_FILE_H
#define BORDERLINE_POSTERIOR_FILE_H

#include "experiment/posterior.h"
#include "provenance.h"

/** Could the file be written? Only rank 0 calls, before the work. @return as bl_results_create. */
BL_API bl_err bl_posterior_file_check(const char *path, bool force) BL_NODISCARD;

/** Write it under a temporary name, then rename: it is whole or not there.
 *
 * Collective:  only rank 0 calls.
 * Ownership:   all borrowed.
 * @param[in] config_text  the file as given, stored beside the resolved form
 * @return as bl_results_create.
 */
BL_API bl_err bl_posterior_file_write(const char *path, const bl_posterior *posterior,
                                      const char *config_text, const bl_provenance *provenance,
                                      bool force) BL_NODISCARD;

/** Is this a file of `posterior`? Not collective. */
BL_API bool bl_posterior_file_is(const char *path);

/** Read what `show` reports: counts, the numbers without axes, distances and the prior's law; other pointers are NULL.
 *
 * Collective:  no.
 * Ownership:   *config and *out are the caller's, the second borrowing from the first.
 * @return BL_OK; BL_ERR_INPUT: another file, or damaged; BL_ERR_IO; BL_ERR_MEMORY.
 */
BL_API bl_err bl_posterior_file_read(const char *path, bl_posterior_config **config,
                                     bl_posterior **out) BL_NODISCARD;

#endif

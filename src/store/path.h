/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a path given by the user stands for. Private to src/store.
 */
#ifndef BORDERLINE_STORE_PATH_H
#define BORDERLINE_STORE_PATH_H

#include "borderline/err.h"

/** The file that a path stands for: a symbolic link in its last part is followed, also where it leads to a file that is not there
 * yet, so that a new file takes the place of the link's target and not of the link.
 *
 * Collective:  no.
 * Ownership:   *out is the caller's, freed with bl_mem_free.
 * @return BL_OK; BL_ERR_INPUT (a circle of links); BL_ERR_MEMORY.
 */
bl_err bl_path_resolve(const char *path, char **out) BL_NODISCARD;

/** That the path, where something is there, is a regular file: devices, pipes and sockets are refused by what they are, as reading
 * a pipe would wait for ever and replacing a device would harm the machine.
 *
 * Collective:  no.
 * @return BL_OK (also where nothing is there); BL_ERR_INPUT.
 */
bl_err bl_path_check_regular(const char *path) BL_NODISCARD;

#endif

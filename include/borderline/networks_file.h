/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks files, format "borderline-networks-1": import for `measure`, export for `sample`.
 */
#ifndef BORDERLINE_NETWORKS_FILE_H
#define BORDERLINE_NETWORKS_FILE_H

#include "borderline/comm.h"
#include "borderline/mem.h"
#include "borderline/network.h"

typedef struct bl_networks_file bl_networks_file;

/** Open for reading; any process may call (no MPI). Collective: no. @return BL_ERR_INPUT: missing, not HDF5, another format. */
BL_API bl_err bl_networks_file_open(const char *path, bl_networks_file **out) BL_NODISCARD;
/** Create for writing under a temporary name; bl_networks_file_close renames it into place. Root attributes:
 * format, box
 * ([2] float64 where bounded), config (resolved YAML). `bytes` of networks must fit on the disk (0: not known).
 * Collective: no. */
BL_API bl_err bl_networks_file_create(const char *path, bool force, bl_box box, const char *config_text,
                                      double bytes, bl_networks_file **out) BL_NODISCARD;
BL_API bl_err bl_networks_file_close(bl_networks_file **file) BL_NODISCARD;
/** Give up a file being written: the temporary is removed. Collective: no. */
BL_API void bl_networks_file_discard(bl_networks_file **file);

/** Networks in order of name; names are borrowed. The box attribute (unbounded when absent). Collective: no. */
BL_API size_t bl_networks_file_count(const bl_networks_file *file);
BL_API const char *bl_networks_file_name(const bl_networks_file *file, size_t index);
BL_API bl_box bl_networks_file_box(const bl_networks_file *file);

/** Dimension and number of inputs, without reading numbers: kinds and shapes of all layers are checked, so that
 * what cannot be measured is refused before anything is written. Collective: no. @return as bl_networks_file_read. */
BL_API bl_err bl_networks_file_sizes(const bl_networks_file *file, size_t index, size_t *dimension,
                                     size_t *inputs) BL_NODISCARD;
/** Read a network and its inputs x[inputs][dimension] (float64); both become the caller's
 * (bl_network_destroy, bl_mem_free). The network is checked; a layer kind this program lacks is named in one
 * line. Collective: no. */
BL_API bl_err bl_networks_file_read(const bl_networks_file *file, size_t index, bl_network **network,
                                    double **x, size_t *inputs) BL_NODISCARD;
/** Append a network under a new name with float32 inputs x[inputs][dimension]. Collective: no. */
BL_API bl_err bl_networks_file_append(bl_networks_file *file, const char *name, const bl_network *network,
                                      const float *x, size_t inputs) BL_NODISCARD;

/* --- a file that many ranks fill: rank 0 creates it with room for every network, closes it, all open it --- */

/** Append a network's structure without its numbers: its inputs are NaN, which `measure` refuses, until it is filled.
 * Collective: no. */
BL_API bl_err bl_networks_file_reserve(bl_networks_file *file, const char *name, const bl_network *network,
                                       size_t inputs) BL_NODISCARD;
/** Open it for filling; *out is closed by bl_networks_file_unshare. Collective on comm, same code on every rank. */
BL_API bl_err bl_networks_file_share(const char *path, const bl_comm *comm,
                                     bl_networks_file **out) BL_NODISCARD;
BL_API bl_err bl_networks_file_unshare(bl_networks_file **file) BL_NODISCARD;
/** Write the numbers of a reserved network, weights first, then inputs; independently of other ranks. Collective: no. */
BL_API bl_err bl_networks_file_fill(bl_networks_file *file, const char *name, const bl_network *network,
                                    const float *x, size_t inputs) BL_NODISCARD;

/** Of a file open for reading: is its `config` this text? Is the network reserved, filled? Not collective. */
BL_API bl_err bl_networks_file_check_config(const bl_networks_file *file,
                                            const char *config_text) BL_NODISCARD;
BL_API bl_err bl_networks_file_is_filled(const bl_networks_file *file, const char *name,
                                         bool *filled) BL_NODISCARD;

#endif

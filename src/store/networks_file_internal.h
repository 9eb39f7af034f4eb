/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What reading and writing of networks files share. Inside src/store only. Private to src/store.
 */
#ifndef BORDERLINE_STORE_NETWORKS_FILE_INTERNAL_H
#define BORDERLINE_STORE_NETWORKS_FILE_INTERNAL_H

#include "borderline/networks_file.h"
#include "h5.h"

#define BL_FORMAT_NETWORKS "borderline-networks-1"

struct bl_networks_file {
    char *path;
    hid_t file;              /* open for reading, or invalid */
    bl_h5_creation creation; /* being written, or invalid */
    size_t count;
    char **name; /* [count] */
    bl_box box;
};

#define BL_LAYER_NAME "layer_%03zu"

/* An array of floating-point numbers of this rank (at most 4) and its shape; *dataset is the caller's to close. */
bl_err bl_networks_file_array(hid_t group, const char *name, size_t rank, hid_t *dataset,
                              size_t *shape) BL_NODISCARD;

/* Read layer l of a network whose layers before it are read; without its numbers where rounding is NULL, else *rounding becomes what a
 * number of the layer loses in float32, over the largest of its array, where that is more. */
bl_err bl_networks_file_read_layer(hid_t network_group, size_t l, double *rounding,
                                   bl_network *network) BL_NODISCARD;

#endif

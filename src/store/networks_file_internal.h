/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What reading and writing of networks files share. Inside src/store only.
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

#endif

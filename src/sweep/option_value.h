/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reads values of options from YAML nodes, and writes the messages about wrong ones. Private to src/sweep.
 */
#ifndef BORDERLINE_SWEEP_VALUES_H
#define BORDERLINE_SWEEP_VALUES_H

#include "base/guess.h"
#include "options.h"

#include <yaml.h>

enum { BL_OPTION_KEY_MAX = 256 };

/* Where a value came from, for messages. */
typedef struct bl_option_place {
    const char *file;
    size_t line; /* 0: not from a file (--set, a default) */
    const char *key;
} bl_option_place;

/* BL_ERR_INPUT with "file:line: key: text". */
bl_err bl_option_complain(const bl_option_place *at, const char *format, ...) BL_PRINTF(2, 3);

/* The scalar's text, or NULL for a list or section. */
const char *bl_option_text(const yaml_node_t *node);

/* Read and check the option's value into the configuration. */
bl_err bl_option_read(const bl_option_place *at, const bl_option *option, yaml_document_t *document,
                      yaml_node_t *node, void *config) BL_NODISCARD;

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The configuration of `posterior`: data, network and noise of a Gaussian-process regression, and the inputs whose distances it
 * measures.
 */
#ifndef BORDERLINE_POSTERIOR_CONFIG_H
#define BORDERLINE_POSTERIOR_CONFIG_H

#include "borderline/config.h"

typedef struct bl_posterior_config {
    bl_config base; /* name, seed, the network; p, box and effort of distances; base.inputs of each kind */
    char *folder;   /* of the data */
    size_t train, test; /* first images of either part; test = 0: all */
    bl_labels labels;
    size_t data_classes; /* number of classes in the data */
    size_t depth;
    double noise; /* variance of a label */
    size_t block; /* of the distributed matrix */
} bl_posterior_config;

/** Read it from YAML text; arguments, ownership and errors are those of bl_config_parse. base.classes follows from the labels;
 * base.channels and base.dimension are set when the data have been read. Collective: no. */
BL_API bl_err bl_posterior_config_parse(const char *file, const char *text, size_t length,
                                        const char *const *overrides, size_t count,
                                        bl_posterior_config **out) BL_NODISCARD;
BL_API void bl_posterior_config_destroy(bl_posterior_config **config);

/** The resolved echo and the help text, as bl_config_resolve and bl_config_help. Collective: no. */
BL_API bl_err bl_posterior_config_resolve(const bl_posterior_config *config, char **out) BL_NODISCARD;
BL_API void bl_posterior_config_help(void);

#endif

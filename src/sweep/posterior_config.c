/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The keys of a posterior file.
 */
#include "posterior_config.h"

#include "base/mem.h"
#include "option_value.h"

#include <math.h>

static const char *const family_name[] = {"dense", "cnn", NULL}; /* the first of bl_family: without pooling */

static const char *const scheme_name[] = {"paper", "he", NULL};

#define AT(member) offsetof(bl_posterior_config, member)

static const bl_option options[] = {
    {"name", BL_OPTION_TEXT, AT(base.name), "posterior", 1, 200, NULL, "", "title of the result file"},
    {"seed", BL_OPTION_SEED, AT(base.seed), "0", 0, 18446744073709551615.0, NULL, "",
     "random inputs and predictions follow from it"},
    {"data.folder", BL_OPTION_TEXT, AT(folder), NULL, 1, 4000, NULL, "",
     "where the data set is: IDX files by MNIST's names, or CIFAR-10's binary version"},
    {"data.train", BL_OPTION_COUNT, AT(train), NULL, 2, 1e7, NULL, "images",
     "number of training images, the first of the set"},
    {"data.test", BL_OPTION_COUNT, AT(test), "0", 0, 1e7, NULL, "images",
     "number of test images, the first of the set; 0: all"},
    {"data.classes", BL_OPTION_COUNT, AT(data_classes), "10", 2, 256, NULL, "classes",
     "number of classes in the data"},
    {"data.labels", BL_OPTION_WORD, AT(labels), "classes", 0, 0, bl_labels_name, "",
     "targets of the regression; classes: one column per class, 1 - 1/C for its images and -1/C for others; "
     "parity: one column, +1 for odd, "
     "-1"},
    {"network.family", BL_OPTION_WORD, AT(base.family), "dense", 0, 0, family_name, "",
     "kind of network whose limit is the prior"},
    {"network.depth", BL_OPTION_COUNT, AT(depth), "2", 1, 10000, NULL, "hidden layers",
     "hidden layers; cnn: convolutions"},
    {"network.activation", BL_OPTION_WORD, AT(base.activation), "relu", 0, 0, bl_activation_name, "",
     "nonlinearity after every hidden layer"},
    {"network.negative_slope", BL_OPTION_REAL, AT(base.negative_slope), "0.01", -1, 1, NULL, "",
     "leaky_relu's slope for negative arguments"},
    {"network.weights.variance", BL_OPTION_REAL, AT(base.weight_variance), "2.0", 1e-12, 1e12, NULL,
     "1/fan_in", "sigma_w^2: a weight's variance is this over the layer's fan-in"},
    {"network.weights.scheme", BL_OPTION_WORD, AT(base.scheme), "paper", 0, 0, scheme_name, "",
     "paper: cnn's convolutions have 1/100 of the variance, its last layer Glorot's; he: every layer as "
     "stated"},
    {"network.biases.variance", BL_OPTION_REAL, AT(base.bias_variance), "0.0", 0, 1e12, NULL, "",
     "sigma_b^2 of the normal biases; 0: no biases"},
    {"noise", BL_OPTION_REAL, AT(noise), "1e-4", 0, 1e12, NULL, "",
     "variance of a label about the network's output, added to the kernel's diagonal"},
    {"boundary.inputs", BL_OPTION_COUNT, AT(base.inputs), "20", 0, 1000000, NULL, "inputs",
     "number of training inputs, of test inputs and of random inputs whose distances are measured; 0: none"},
    {"boundary.p", BL_OPTION_NORMS, AT(base.p), "[1, 2, inf]", 0, INFINITY, NULL, "",
     "norms: any real p >= 1, inf, or 0 (number of changed coordinates)"},
    {"boundary.box", BL_OPTION_BOX, AT(base.box), "[0, 1]", -1e30, 1e30, NULL, "",
     "[low, high]: boundary points stay inside; none: anywhere"},
    {"boundary.effort", BL_OPTION_WORD, AT(base.effort), "standard", 0, 0, bl_effort_name, "",
     "how long the search for the closest boundary point goes on"},
    {"matrix.block", BL_OPTION_COUNT, AT(block), "64", 8, 4096, NULL, "rows",
     "rows and columns of a block of the distributed kernel"},
};

static bl_err check(const bl_option_table *t, const char *file, const size_t *seen, const void *posterior) {
    const bl_config *config = &((const bl_posterior_config *)posterior)->base;
    (void)t;
    (void)seen;
    if (config->inputs > 0 && (config->box.lo > 0.0 || config->box.hi < 1.0))
        return bl_err_set(BL_ERR_INPUT,
                          "%s: boundary.box: images have numbers from 0 to 1, which must lie in it", file);
    return BL_OK;
}

static const bl_option_table table = {.what = "posterior",
                                      .command = "posterior",
                                      .example = "data.train=1000",
                                      .option = options,
                                      .count = sizeof options / sizeof *options,
                                      .check = check};

bl_err bl_posterior_config_parse(const char *file, const char *text, size_t length,
                                 const char *const *overrides, size_t count, bl_posterior_config **out) {
    bl_err err = BL_OK;
    bl_posterior_config *config = NULL;
    BL_ALLOC(config, 1);
    BL_TRY(bl_options_parse(&table, file, text, length, overrides, count, config));
    config->base.classes = config->labels == BL_LABELS_PARITY ? 2 : config->data_classes;
    *out = config;
    config = NULL;
cleanup:
    bl_posterior_config_destroy(&config);
    return err;
}

void bl_posterior_config_destroy(bl_posterior_config **config) {
    if (!*config)
        return;
    bl_options_clear(&table, *config);
    bl_mem_free(*config);
    *config = NULL;
}

bl_err bl_posterior_config_resolve(const bl_posterior_config *config, char **out) {
    return bl_options_resolve(&table, config, out);
}

void bl_posterior_config_help(void) {
    bl_options_help(&table);
}

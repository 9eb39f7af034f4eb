/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The keys of a sweep file.
 */
#include "options.h"

#include <math.h>

/* The last entry of each list is NULL, so that a list can be walked without its length. */
const char *const bl_activation_name[BL_ACTIVATION_COUNT + 1] = {"relu", "leaky_relu", "tanh",
                                                                 "erf",  "gelu",       NULL};
const char *const bl_family_name[] = {"dense", "cnn", "lenet", "resnet", NULL};
const char *const bl_effort_name[] = {"fast", "standard", "thorough", NULL};
const char *const bl_certify_name[] = {"none", "fast", "standard", "thorough", NULL};
const char *const bl_training_set_name[] = {"none", "mnist", "cifar10", NULL};
const char *const bl_labels_name[] = {"classes", "parity", NULL};
static const char *const optimizer_name[] = {"adam", NULL};
static const char *const weights_name[] = {"normal", "truncated_normal", NULL};
static const char *const scheme_name[] = {"paper", "he", NULL};
static const char *const input_name[] = {"uniform", "normal", NULL};

#define AT(member) offsetof(bl_config, member)

static const bl_option options[] = {
    {"name", BL_OPTION_TEXT, AT(name), "sweep", 1, 200, NULL, "", "title of the result file"},
    {"seed", BL_OPTION_SEED, AT(seed), "0", 0, 18446744073709551615.0, NULL, "",
     "every random number follows from it"},
    {"network.family", BL_OPTION_WORD, AT(family), "dense", 0, 0, bl_family_name, "",
     "kind of network; all but dense take images: image.channels must be given"},
    {"network.activation", BL_OPTION_WORD, AT(activation), "relu", 0, 0, bl_activation_name, "",
     "nonlinearity after every hidden layer"},
    {"network.negative_slope", BL_OPTION_REAL, AT(negative_slope), "0.01", -1, 1, NULL, "",
     "leaky_relu's slope for negative arguments"},
    {"network.weights.distribution", BL_OPTION_WORD, AT(weights), "normal", 0, 0, weights_name, "",
     "law of the weights; truncated_normal is cut at two standard deviations, and its variance after the cut "
     "is the stated one"},
    {"network.weights.variance", BL_OPTION_REAL, AT(weight_variance), "2.0", 1e-12, 1e12, NULL, "1/fan_in",
     "sigma_w^2: a weight's variance is this over the layer's fan-in"},
    {"network.weights.scheme", BL_OPTION_WORD, AT(scheme), "paper", 0, 0, scheme_name, "",
     "paper: cnn's convolutions have 1/100 of the variance, the last layer of cnn and lenet is Glorot "
     "uniform; he: every layer of every family as stated (variance 2: He's)"},
    {"network.biases.variance", BL_OPTION_REAL, AT(bias_variance), "0.0", 0, 1e12, NULL, "",
     "sigma_b^2 of the normal biases; 0: no biases"},
    {"network.classes", BL_OPTION_COUNT, AT(classes), "2", 2, 1000, NULL, "classes",
     "outputs of the last layer"},
    {"grid.depth", BL_OPTION_INTEGERS, AT(depth), NULL, 1, 10000, NULL, "hidden layers",
     "axis of the grid; cnn: convolutions; lenet: stages of two convolutions and a pooling; resnet: 6k + 2"},
    {"grid.width", BL_OPTION_INTEGERS, AT(width), NULL, 1, INFINITY, NULL, "units per layer",
     "axis of the grid; cnn, lenet: channels; resnet: channels of the first stage; inf is the Gaussian "
     "process"},
    {"grid.dimension", BL_OPTION_INTEGERS, AT(dimension), NULL, 1, 1e9, NULL, "numbers per input",
     "axis of the grid: n"},
    {"grid.p", BL_OPTION_NORMS, AT(p), "[1, 2, inf]", 0, INFINITY, NULL, "",
     "norms: any real p >= 1, inf, or 0 (number of changed coordinates)"},
    {"image.channels", BL_OPTION_COUNT, AT(channels), "0", 0, 10000, NULL, "channels",
     "every dimension must be channels x side^2; 0: inputs are not images"},
    {"samples.networks", BL_OPTION_COUNT, AT(networks), "300", 1, 4294967295.0, NULL, "networks",
     "random networks per case"},
    {"samples.inputs", BL_OPTION_COUNT, AT(inputs), "10", 1, 16777215, NULL, "inputs",
     "random inputs per network"},
    {"samples.block", BL_OPTION_COUNT, AT(block), "0", 0, 4294967295.0, NULL, "networks",
     "networks per unit of work; 0: chosen by cost"},
    {"samples.input_block", BL_OPTION_COUNT, AT(input_block), "0", 0, 16777215.0, NULL, "inputs",
     "inputs per network and unit of work, searched as one batch; 0: all, or fewer where one network is "
     "expensive"},
    {"inputs.distribution", BL_OPTION_WORD, AT(input_kind), "uniform", 0, 0, input_name, "",
     "law of an input's numbers: uniform on the box (on [0, 1] without one), or standard normal (box: none)"},
    {"inputs.box", BL_OPTION_BOX, AT(box), "[0, 1]", -1e30, 1e30, NULL, "",
     "[low, high]: boundary points stay inside; none: anywhere"},
    {"boundary.effort", BL_OPTION_WORD, AT(effort), "standard", 0, 0, bl_effort_name, "",
     "how long the search for the closest boundary point goes on"},
    {"boundary.certify", BL_OPTION_WORD, AT(certify), "none", 0, 0, bl_certify_name, "",
     "how hard a proven lower bound of each distance is sought; infinite width has none"},
    {"kernel.inputs", BL_OPTION_COUNT, AT(kernel_inputs), "64", 0, 1000000, NULL, "inputs",
     "inputs at which kernels are compared (an M x M matrix per case), above 1024 spread over all ranks; 0: "
     "no kernels"},
    {"summary.bootstrap", BL_OPTION_COUNT, AT(bootstrap), "1000", 1, 1000000, NULL, "resamples",
     "resamples of networks behind the errors of means, variances and moments"},
    {"summary.confidence", BL_OPTION_REAL, AT(confidence), "0.9", 0.01, 0.9999, NULL, "",
     "confidence of the intervals: how often they hold what they are of"},
    {"training.dataset", BL_OPTION_WORD, AT(training.set), "none", 0, 0, bl_training_set_name, "",
     "data set on which networks are trained before they are measured; `sample` writes the trained networks"},
    {"training.path", BL_OPTION_TEXT, AT(training.path), "\"\"", 0, 4000, NULL, "",
     "folder of the data set's files; mnist: any IDX files of MNIST's names (jobs/fetch-data)"},
    {"training.labels", BL_OPTION_WORD, AT(training.labels), "parity", 0, 0, bl_labels_name, "",
     "targets of the training: the parity of the class (class mod 2), or the class"},
    {"training.epochs", BL_OPTION_COUNT, AT(training.epochs), "15", 0, 65535, NULL, "epochs",
     "passes through the training images; 0: the random networks, on the same images"},
    {"training.batch", BL_OPTION_COUNT, AT(training.batch), "32", 1, 65536, NULL, "images",
     "images per step"},
    {"training.optimizer", BL_OPTION_WORD, AT(training.optimizer), "adam", 0, 0, optimizer_name, "",
     "Adam with b1 = 0.9, b2 = 0.999, epsilon = 1e-7"},
    {"training.rate", BL_OPTION_REAL, AT(training.rate), "1e-4", 1e-12, 1e3, NULL, "", "step size of Adam"},
    {"training.l2", BL_OPTION_REAL, AT(training.l2), "1e-4", 0, 1e6, NULL, "",
     "penalty l2 |W|^2 of every convolution kernel W"},
    {"training.restart_below", BL_OPTION_REAL, AT(training.restart_below), "0.53", 0, 1, NULL, "",
     "start again with a fresh network while its accuracy on the first 1,000 training images is below this "
     "after one epoch; 0: "
     "never"},
    {"training.images", BL_OPTION_COUNT, AT(training.images), "0", 0, 1e9, NULL, "images",
     "number of training images and of test images that are used, the first of each part; 0 or null: all"},
};

const bl_option_table bl_config_options = {.what = "sweep",
                                           .command = "run",
                                           .example = "grid.width=[100,1000]",
                                           .option = options,
                                           .count = sizeof options / sizeof *options,
                                           .check = bl_config_check};

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The configuration of a sweep. One table of options gives parsing, bound checks, error messages, --help and the resolved text.
 */
#ifndef BORDERLINE_CONFIG_H
#define BORDERLINE_CONFIG_H

#include "borderline/axis.h"
#include "borderline/err.h"
#include "borderline/mem.h"
#include <stddef.h>
#include <stdint.h>

typedef enum bl_family { BL_FAMILY_DENSE, BL_FAMILY_CNN, BL_FAMILY_LENET, BL_FAMILY_RESNET } bl_family;
typedef enum bl_activation {
    BL_RELU,
    BL_LEAKY_RELU,
    BL_TANH,
    BL_ERF,
    BL_GELU,
    BL_ACTIVATION_COUNT
} bl_activation;
typedef enum bl_weights { BL_WEIGHTS_NORMAL, BL_WEIGHTS_TRUNCATED_NORMAL } bl_weights;
typedef enum bl_scheme { BL_SCHEME_PAPER, BL_SCHEME_HE } bl_scheme;
typedef enum bl_effort { BL_EFFORT_FAST, BL_EFFORT_STANDARD, BL_EFFORT_THOROUGH } bl_effort;
/* Proven lower bounds of distances (certify.h): how hard they are sought. */
typedef enum bl_certify {
    BL_CERTIFY_NONE,
    BL_CERTIFY_FAST,
    BL_CERTIFY_STANDARD,
    BL_CERTIFY_THOROUGH
} bl_certify;
typedef enum bl_input_kind { BL_INPUT_UNIFORM, BL_INPUT_NORMAL } bl_input_kind;

typedef enum bl_training_set { BL_TRAINING_NONE, BL_TRAINING_MNIST, BL_TRAINING_CIFAR10 } bl_training_set;
typedef enum bl_labels { BL_LABELS_CLASSES, BL_LABELS_PARITY } bl_labels;

/* How networks are trained before they are measured. */
typedef struct bl_training {
    bl_training_set set;
    char *path;       /* the folder of its files */
    bl_labels labels; /* parity: class mod 2 */
    size_t epochs;    /* 0: the random networks, on the same images */
    size_t batch;
    unsigned optimizer; /* Adam */
    double rate;        /* its step */
    double l2;          /* penalty l2 |W|^2 of every convolution kernel W */
    /* begin again with a fresh network while the first epoch ends under this accuracy */
    double restart_below;
    size_t images; /* the first so many of either part of the set; 0: all */
} bl_training;

typedef struct bl_config {
    char *name;
    uint64_t seed;
    bl_family family;
    bl_activation activation;
    double negative_slope; /* of leaky_relu */
    bl_weights weights;
    double weight_variance; /* times 1 / fan_in */
    bl_scheme scheme;       /* which layers have another variance */
    double bias_variance;
    size_t classes;
    bl_axis depth, width, dimension, p;
    size_t channels;
    size_t networks, inputs; /* networks per case, inputs per network */
    size_t block;            /* networks per unit; 0 = chosen by cost */
    size_t input_block;      /* inputs per unit; 0 = chosen by cost */
    bl_input_kind input_kind;
    bl_box box;
    bl_effort effort;
    bl_certify certify;
    size_t kernel_inputs; /* 0: no kernels */
    size_t bootstrap;     /* resamples */
    double confidence;    /* of intervals */
    bl_training training;
} bl_config;

/* Kinds of inputs of a network: one, of samples.inputs random inputs; where networks are trained three of samples.inputs each, one
 * kind after the other. */
enum { BL_KIND_TRAIN, BL_KIND_TEST, BL_KIND_RANDOM, BL_KINDS };
static inline size_t bl_config_kinds(const bl_config *config) {
    return config->training.set == BL_TRAINING_NONE ? 1 : BL_KINDS;
}
static inline size_t bl_config_inputs(const bl_config *config) {
    return bl_config_kinds(config) * config->inputs;
}

/** Read a sweep from YAML text.
 *
 * Math:        none.
 * Collective:  no (every rank parses the same bytes).
 * Ownership:   text, overrides are borrowed; *out is the caller's, freed with bl_config_destroy.
 * @param[in] file       the name messages use
 * @param[in] text       the YAML text, length bytes
 * @param[in] overrides  count "key=value" strings of --set, in order
 * @return BL_OK; BL_ERR_INPUT with one line "file:line: key: what is wrong and what would be right"; BL_ERR_MEMORY.
 */
BL_API bl_err bl_config_parse(const char *file, const char *text, size_t length, const char *const *overrides,
                              size_t count, bl_config **out) BL_NODISCARD;
BL_API void bl_config_destroy(bl_config **config);

/** The whole configuration as YAML text, every default written out, doubles with %.17g; parsing it gives the
 * same configuration. The caller frees *out with bl_mem_free. Collective: no. */
BL_API bl_err bl_config_resolve(const bl_config *config, char **out) BL_NODISCARD;

/** The first key in which two configurations differ, or NULL. The name ("grid.width") is static
 * storage. Collective: no. */
BL_API const char *bl_config_difference(const bl_config *a, const bl_config *b);

/** The option table as help text (key, type, default, bounds, meaning), written to standard output. Collective: no. */
BL_API void bl_config_help(void);

/* The words of the file format for enumerated values: bl_activation_name[BL_RELU] = "relu". */
BL_API extern const char *const bl_activation_name[BL_ACTIVATION_COUNT + 1]; /* NULL ends each list */
BL_API extern const char *const bl_family_name[];
BL_API extern const char *const bl_effort_name[];
BL_API extern const char *const bl_certify_name[];
BL_API extern const char *const bl_training_set_name[];
BL_API extern const char *const bl_labels_name[];

/* The range of uniform inputs: the box, or [0, 1] without one. */
static inline bl_box bl_config_input_range(const bl_config *config) {
    return config->box.hi < __builtin_inf() ? config->box : (bl_box){0, 1};
}

#endif

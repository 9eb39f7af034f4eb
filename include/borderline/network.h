/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A network: a list of layers with float32 weights. Families make such lists; the pass engine evaluates them.
 */
#ifndef BORDERLINE_NETWORK_H
#define BORDERLINE_NETWORK_H

#include "borderline/config.h"
#include "borderline/grid.h"
#include "borderline/rng.h"

typedef enum bl_layer_kind {
    BL_LAYER_DENSE,
    BL_LAYER_ACTIVATION,
    BL_LAYER_FLATTEN,
    BL_LAYER_CONV2D,
    BL_LAYER_AVGPOOL2D,
    BL_LAYER_RESIDUAL_BEGIN,
    BL_LAYER_RESIDUAL_END
} bl_layer_kind;

/* TensorFlow's rule. VALID: only windows inside the image, floor((size - kernel) / stride) + 1 of them. SAME:
 * ceil(size / stride) windows; of the zeros this needs around the image, the half rounded down comes before. */
typedef enum bl_padding { BL_PADDING_SAME, BL_PADDING_VALID } bl_padding;

/* Numbers in the order [channels][height][width]; channels = 0: a row of numbers without such an order. */
typedef struct bl_image {
    size_t channels, height, width;
} bl_image;

typedef struct bl_layer {
    bl_layer_kind kind;
    bl_activation activation; /* BL_LAYER_ACTIVATION */
    size_t inputs, outputs;   /* numbers per input, before and after the layer */
    double negative_slope;    /* leaky_relu */
    float *weight;            /* dense [outputs][inputs]; conv2d and residual_end with a convolution
                                 [out.channels][channels][kernel][kernel]; else NULL */
    float *bias;              /* [outputs] of a dense layer, [out.channels] of a convolution; or NULL */
    bl_image in, out;         /* the same numbers as images */
    bl_image side;            /* residual_end: what the matching residual_begin saved */
    size_t begin;             /* residual_end: the number of that layer */
    size_t kernel[2];         /* conv2d: height, width; avgpool2d: of the windows, which do not overlap;
                                 residual_end: 1, 1 with a convolution, 0, 0 without */
    size_t stride;            /* conv2d, residual_end with a convolution */
    bl_padding padding;       /* conv2d */
    double weight_variance;   /* of random weights, times 1 / fan_in */
    bool uniform;             /* random weights are uniform, whatever the configuration's distribution */
} bl_layer;

typedef struct bl_network {
    size_t layer_count;
    bl_layer *layer;
    size_t dimension;  /* numbers per input: n */
    size_t classes;    /* outputs of the last layer */
    size_t shape_rank; /* 1: [n]; 3: [channels, height, width] */
    size_t shape[3];
    /* what a number of a file lost in float32, over the largest of its array; 0: nothing, or drawn */
    double rounding;
} bl_network;

/** Activation and its derivative in float64, the reference for every other implementation.
 *
 * Math:        relu max(x, 0), derivative 0 at 0; leaky_relu x > 0 ? x : slope x; tanh; erf; gelu x Phi(x).
 * Collective:  no.
 */
BL_API double bl_activation_value(bl_activation activation, double negative_slope, double x);
BL_API double bl_activation_derivative(bl_activation activation, double negative_slope, double x);

/** Build the layers of a case of the configuration, weights allocated and zero.
 *
 * Shapes:      dense: depth x (dense, activation), then dense with `classes` rows; biases only where their
 * variance > 0.
 * Collective:  no.
 * Ownership:   *out is the caller's, freed with bl_network_destroy.
 * @return BL_OK; BL_ERR_INPUT (infinite width, ...); BL_ERR_MEMORY.
 */
BL_API bl_err bl_network_create(const bl_config *config, const bl_case *c, bl_network **out) BL_NODISCARD;

/** The same layers without their weights (every weight NULL): enough for bl_network_parameters,
 * bl_pass_memory and bl_pass_multiply_adds, without the memory of the weights.
 *
 * Collective:  no.
 * Ownership:   as bl_network_create. Not for bl_network_sample, bl_network_check or bl_pass_create.
 * @return as bl_network_create.
 */
BL_API bl_err bl_network_create_shape(const bl_config *config, const bl_case *c,
                                      bl_network **out) BL_NODISCARD;

/** The same for a family by name, whatever the configuration's: dense, cnn, lenet, resnet.
 *
 * Math:        THEORY.md, section 1.3. Images are square, [channels, side, side].
 * Shapes:      cnn: depth x (conv 3x3 same of `width` channels, activation), flatten, dense. lenet: depth x (2 x (conv
 *              3x3 same of `width` channels, activation), average pooling 2), flatten, 2 x (dense of 4 width, activation),
 *              dense. resnet, depth 6k + 2: conv 3x3 same of `width` channels, activation; 3 stages of k blocks (conv,
 *              activation, conv, sum, activation) of width, 2 width, 4 width channels, the first block of stages 2 and 3
 *              with stride 2 and a 1x1 convolution as its shortcut; flatten, dense. Weights have the configuration's
 *              variance over fan_in, but 0.01 of it in the convolutions of cnn (the paper's 0.02), and Glorot's uniform
 *              law, variance 2 / (fan_in + classes), in the last layer of cnn and lenet.
 * Collective:  no.
 * Ownership:   as bl_network_create; with_weights = false: as bl_network_create_shape.
 * @return BL_OK; BL_ERR_INPUT in one line (an unknown family, a dimension that is not channels x side^2, a depth that is
 *         not 6k + 2, an image too small for its pools); BL_ERR_MEMORY.
 */
BL_API bl_err bl_network_create_family(const char *family, const bl_config *config, const bl_case *c,
                                       bool with_weights, bl_network **out) BL_NODISCARD;

/** Free a network and its layers; NULL is allowed. Collective: no. */
BL_API void bl_network_destroy(bl_network **network);

/** Draw the weights of network number `number` of the case into a network made by bl_network_create for that
 * case.
 *
 * Math:        weights independent N(0, variance / fan_in), truncated normal or uniform of that variance; biases N(0,
 * variance) (THEORY.md, section 1.2). Stream (seed, case, network, weight or bias, l), where l numbers only the
 * layers that have weights, from 0 on. fan_in: numbers that one output is a sum of.
 * Shapes:      numbers of a stream go to the weight in row-major order.
 * Collective:  no. Networks do not depend on how many are drawn, or in which order.
 */
BL_API void bl_network_sample(const bl_config *config, const bl_case *c, size_t number, bl_network *network);

/** Weights of start number `start` (0: those of bl_network_sample), for a training that begins again.
 *
 * Math:        stream index l + 65,536 start.
 * Collective:  no.
 */
BL_API void bl_network_sample_again(const bl_config *config, const bl_case *c, size_t number, size_t start,
                                    bl_network *network);

/** Draw inputs: input i from stream (seed, case, network, purpose, i).
 *
 * Math:        uniform: independent uniform numbers of the box, or of [0, 1) where the box has an open side;
 * normal: independent N(0, 1).
 * Shapes:      x[count][dimension] float32.
 * Collective:  no.
 * @param[in] case_number  the case; for BL_PURPOSE_KERNEL_INPUT the index of the dimension, with network = 0
 */
BL_API void bl_network_sample_inputs(const bl_config *config, size_t case_number, size_t network,
                                     bl_purpose purpose, size_t dimension, size_t count, float *x);

/** One input of that law from the given stream. The box is that of bl_box_float32: no number lies outside of it.
 *
 * Shapes:      x[dimension] float32.
 * Collective:  no.
 */
BL_API void bl_network_sample_input(const bl_config *config, bl_stream stream, size_t dimension, float *x);

/** Set all members of layer l that follow from its settings and from the layers before it, which are fitted already.
 *
 * Shapes:      on entry are set: kind and, for dense: outputs; activation: activation, negative_slope; conv2d:
 *              out.channels, kernel, stride, padding; avgpool2d: kernel; residual_end with a convolution of the
 *              saved numbers: out.channels, kernel = {1, 1}, stride, else kernel = {0, 0}. On return inputs,
 *              outputs, in, out, side and begin are set too.
 * Collective:  no.
 * @return BL_OK; BL_ERR_INPUT (a window larger than the image, a sum of unlike images, ...), without the layer's
 *         number in the message.
 */
BL_API bl_err bl_network_fit_layer(bl_network *network, size_t l) BL_NODISCARD;

/** Number of entries of the weight and of the bias of a fitted layer (the bias's also where there is none; 0 for kinds without
 * weights). Their ratio is the fan-in. Not collective. */
BL_API size_t bl_layer_weights(const bl_layer *layer);
BL_API size_t bl_layer_biases(const bl_layer *layer);

/** Number of weights and biases. Collective: no. */
BL_API size_t bl_network_parameters(const bl_network *network);

/** Check shapes and finiteness of a network that came from outside: every layer fits the one before, numbers
 * finite.
 * Collective:  no.
 * @return BL_OK; BL_ERR_INPUT naming the layer. */
BL_API bl_err bl_network_check(const bl_network *network) BL_NODISCARD;

/** The same checks of shapes alone: weights and biases are not read. Collective: no. */
BL_API bl_err bl_network_check_shape(const bl_network *network) BL_NODISCARD;

#endif

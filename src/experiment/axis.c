/* SPDX-License-Identifier: BSD-3-Clause */
#include "axis.h"

const double bl_quantile_level[BL_QUANTILES] = {0.05, 0.25, 0.40, 0.45, 0.50, 0.55, 0.60, 0.75, 0.95};

const char *const bl_axis_name[BL_AXIS_COUNT] = {
    [BL_AXIS_DEPTH] = "depth",
    [BL_AXIS_WIDTH] = "width",
    [BL_AXIS_DIMENSION] = "dimension",
    [BL_AXIS_NETWORK] = "network",
    [BL_AXIS_IMAGE_KIND] = "image_kind",
    [BL_AXIS_INPUT] = "input",
    [BL_AXIS_P] = "p",
    [BL_AXIS_KERNEL_INPUT] = "kernel_input",
    [BL_AXIS_KERNEL_INPUT_2] = "kernel_input_2",
    [BL_AXIS_QUANTILE] = "quantile",
    [BL_AXIS_EPOCH] = "epoch",
    [BL_AXIS_UNIT] = "unit",
    [BL_AXIS_LAUNCH] = "launch",
};

const char *const bl_axis_long_name[BL_AXIS_COUNT] = {
    [BL_AXIS_DEPTH] = "number of hidden layers L",
    [BL_AXIS_WIDTH] = "units of a hidden layer N (inf: the Gaussian-process limit)",
    [BL_AXIS_DIMENSION] = "input dimension n",
    [BL_AXIS_NETWORK] = "number of the random network within its case",
    [BL_AXIS_IMAGE_KIND] = "kind of the input: training image, test image, random (drawn by the sweep's law)",
    [BL_AXIS_INPUT] = "number of the input x0 of its network",
    [BL_AXIS_P] = "exponent of the l^p norm (inf: largest coordinate; 0: number of changed coordinates)",
    [BL_AXIS_KERNEL_INPUT] = "number of the kernel input (the same inputs for all networks of a dimension)",
    [BL_AXIS_KERNEL_INPUT_2] = "number of the kernel input, second index of a kernel",
    [BL_AXIS_QUANTILE] = "level of the quantile",
    [BL_AXIS_EPOCH] = "number of epochs trained, passes through the training images (0: the random start)",
    [BL_AXIS_UNIT] = "number of the unit of work (a block of networks x inputs of one case)",
    [BL_AXIS_LAUNCH] = "number of the launch: one each time the program was started on this file",
};

size_t bl_axis_length(const bl_grid *grid, bl_axis_id axis) {
    const bl_config *config = grid->config;
    const size_t length[BL_AXIS_COUNT] = {
        [BL_AXIS_DEPTH] = config->depth.count,
        [BL_AXIS_WIDTH] = config->width.count,
        [BL_AXIS_DIMENSION] = config->dimension.count,
        [BL_AXIS_NETWORK] = config->networks,
        [BL_AXIS_IMAGE_KIND] = bl_config_kinds(config),
        [BL_AXIS_INPUT] = config->inputs,
        [BL_AXIS_P] = config->p.count,
        [BL_AXIS_KERNEL_INPUT] = config->kernel_inputs,
        [BL_AXIS_KERNEL_INPUT_2] = config->kernel_inputs,
        [BL_AXIS_QUANTILE] = BL_QUANTILES,
        [BL_AXIS_EPOCH] = config->training.set != BL_TRAINING_NONE ? config->training.epochs + 1 : 0,
        [BL_AXIS_UNIT] = (size_t)grid->units,
        [BL_AXIS_LAUNCH] = BL_LAUNCHES_MAX,
    };
    BL_ASSERT(axis < BL_AXIS_COUNT);
    return length[axis];
}

bool bl_axis_exists(const bl_grid *grid, bl_axis_id axis) {
    return axis != BL_AXIS_IMAGE_KIND || grid->config->training.set != BL_TRAINING_NONE;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sums of kernels of images with training images, for the posterior mean; equal pixels only (no pooling, no shortcuts).
 * Private to src/gp.
 */
#ifndef BORDERLINE_GP_POSTERIOR_IMAGE_H
#define BORDERLINE_GP_POSTERIOR_IMAGE_H

#include "gp_network.h"

typedef struct bl_posterior_image {
    const bl_gp_network *network;
    size_t n, inputs;
    const float *x; /* [inputs][n] */
    bl_gp_workspace work;
    double *variance;   /* [inputs][pixels of all fields] */
    double *own, *rise; /* [pixels of all fields]: of the point at hand, and the sum's derivative in them */
    double *sum;        /* [n] */
} bl_posterior_image;

/* network and x are borrowed. @return BL_OK; BL_ERR_INPUT: a network with pooling or shortcuts; BL_ERR_MEMORY. */
bl_err bl_posterior_image_create(const bl_gp_network *network, size_t n, size_t inputs, const float *x,
                                 bl_posterior_image **out) BL_NODISCARD;
void bl_posterior_image_destroy(bl_posterior_image **image);

/* Bytes of it. */
size_t bl_posterior_image_memory(const bl_gp_network *network, size_t inputs);

/* kernel[inputs] of a point with the training images. */
void bl_posterior_image_kernel(bl_posterior_image *image, const double *point, double *kernel);

/* result[n] = gradient of sum_j weight[j] k(point, x_j). */
void bl_posterior_image_gradient(bl_posterior_image *image, const double *point, const double *weight,
                                 float *result);

#endif

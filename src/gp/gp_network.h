/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The recursion as a list of operations on fields of covariances, and its workspace.
 *
 * A field holds, for the pixels s of an image and the offsets d with |d_y|, |d_x| <= band, one number for the
 * pair (s, s + d): covariance[s][d], 0 where s + d is outside. The features that a layer sees are a chain of
 * Gaussian fields (chain.h), or a single field of second moments (the input, pooled features). Private to src/gp.
 */
#ifndef BORDERLINE_GP_NETWORK_H
#define BORDERLINE_GP_NETWORK_H

#include "chain.h"

typedef struct bl_gp_field {
    size_t height, width, band;
    size_t start; /* first number in the workspace */
    size_t pixel; /* first number of the variances */
} bl_gp_field;

typedef struct bl_gp_features {
    size_t length;    /* Gaussian fields; 0: the field `moment` is the second moment */
    bool activated;   /* only a single Gaussian field may be not */
    bl_gp_model rule; /* activation */
    size_t moment, link[BL_CHAIN_MAX];
} bl_gp_features;

typedef enum bl_gp_operation_kind { BL_GP_WINDOW, BL_GP_MEAN, BL_GP_POOL, BL_GP_SUM } bl_gp_operation_kind;

/* out = bias + weight x (mean over the window, or over the image, of the features' moments); pooling; or the
 * sum of two fields. */
typedef struct bl_gp_operation {
    bl_gp_operation_kind kind;
    bl_gp_features in;
    size_t out, left, right; /* fields; left, right: of a sum */
    size_t band;             /* of the moments that are read */
    size_t size, stride, pad_y, pad_x;
    double weight, bias;
} bl_gp_operation;

struct bl_gp_network {
    size_t channels, fields, operations;
    bl_gp_field *field;
    bl_gp_operation *operation;
    size_t numbers, pixels; /* of all fields */
    size_t largest;         /* numbers of one operation's moments */
};

/* Numbers per pixel of a field with this band. */
static inline size_t bl_gp_offsets(size_t band) {
    return (2 * band + 1) * (2 * band + 1);
}

typedef struct bl_gp_workspace {
    double *covariance; /* [numbers] */
    double *adjoint;    /* [numbers] */
    double *moment;     /* [largest] */
    bl_chain chain;
} bl_gp_workspace;

bl_err bl_gp_workspace_create(const bl_gp_network *network, bool adjoint, bl_gp_workspace *work) BL_NODISCARD;
void bl_gp_workspace_clear(bl_gp_workspace *work);

/* All fields of a pair of images; left, right[pixels] are the variances of either, written where `own` (x and y
 * are the same). Returns the kernel. */
double bl_gp_forward(const bl_gp_network *network, bl_gp_workspace *work, const float *x, const float *y,
                     bool own, double *left, double *right);

/* The same, the first field's covariances being there. */
double bl_gp_recur(const bl_gp_network *network, bl_gp_workspace *work, bool own, double *left,
                   double *right);

/* Derivatives of seed times the kernel in every field's covariances, after bl_gp_forward of a pair with these variances. Those
 * in the left variances are added to rise[pixels], or NULL; networks of equal pixels and single Gaussians alone have them. */
void bl_gp_backward(const bl_gp_network *network, bl_gp_workspace *work, double seed, const double *left,
                    const double *right, double *rise);

/* Derivatives in the variances, rise[pixels], become derivatives in those of the first field, each variance being a function
 * of the ones before. Of the same networks. */
void bl_gp_backward_own(const bl_gp_network *network, bl_gp_workspace *work, const double *variance,
                        double *rise);

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One function per family. Times of entries of the analytic kernel are per layer and pixel (closed forms, pairs of pixels behind
 * pools, residual chains); they were measured on 1,225 entries at n = 1,728.
 */
#include "cost_family.h"

#include <math.h>

typedef struct numbers {
    double depth, width, pixels, channels,
        classes; /* of dense families the pixels are the numbers of an input */
} numbers;

static void add_dense(bl_cost_family *f, double inputs, double outputs) {
    f->weights += inputs * outputs;
    f->pass += inputs * outputs;
}

static void add_conv3x3(bl_cost_family *f, double count, double pixels, double inputs, double outputs) {
    f->weights += count * 9 * inputs * outputs;
    f->pass += count * 9 * inputs * outputs * pixels;
}

static bl_cost_family dense(const numbers *n) {
    bl_cost_family f = {.features = n->width, .entry = 60 * n->depth};
    add_dense(&f, n->pixels, n->width);
    add_dense(&f, (n->depth - 1) * n->width, n->width);
    add_dense(&f, n->width, n->classes);
    return f;
}

static bl_cost_family cnn(const numbers *n) {
    bl_cost_family f = {.features = n->pixels * n->width, .entry = 90 * n->depth * n->pixels};
    add_conv3x3(&f, 1, n->pixels, n->channels, n->width);
    add_conv3x3(&f, n->depth - 1, n->pixels, n->width, n->width);
    add_dense(&f, n->pixels * n->width, n->classes);
    return f;
}

static bl_cost_family lenet(const numbers *n) {
    bl_cost_family f = {.features = 4 * n->width, .entry = 2500 * n->depth * n->pixels};
    double pixels = n->pixels;
    add_conv3x3(&f, 1, pixels, n->channels, n->width);
    add_conv3x3(&f, 1, pixels, n->width, n->width);
    for (size_t stage = 1; (double)stage < n->depth; stage++) {
        pixels /= 4;
        add_conv3x3(&f, 2, pixels, n->width, n->width);
    }
    add_dense(&f, pixels / 4 * n->width, 4 * n->width);
    add_dense(&f, 4 * n->width, 4 * n->width);
    return f;
}

static bl_cost_family resnet(const numbers *n) {
    bl_cost_family f = {.features =
                            n->pixels / 4 * n->width, /* a sixteenth of the pixels, four times the filters */
                        .entry = 300 * n->depth * n->pixels};
    add_conv3x3(&f, 1, n->pixels, n->channels, n->width);
    for (int stage = 0; stage < 3; stage++) /* four times the weights, a quarter of the pixels */
        add_conv3x3(&f, (n->depth - 2) / 3, ldexp(n->pixels, -2 * stage), ldexp(n->width, stage),
                    ldexp(n->width, stage));
    return f;
}

bl_cost_family bl_cost_family_of(const bl_config *config, const bl_case *c) {
    const double channels = fmax(1, (double)config->channels);
    numbers n = {.depth = (double)c->depth,
                 .width = c->width,
                 .pixels = (double)c->dimension / channels,
                 .channels = channels,
                 .classes = (double)config->classes};
    switch (config->family) {
    case BL_FAMILY_CNN:
        return cnn(&n);
    case BL_FAMILY_LENET:
        return lenet(&n);
    case BL_FAMILY_RESNET:
        return resnet(&n);
    case BL_FAMILY_DENSE:
        break;
    }
    n.pixels = (double)c->dimension;
    return dense(&n);
}

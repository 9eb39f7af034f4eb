/* SPDX-License-Identifier: BSD-3-Clause
 *
 * k(x, x_j) depends on x by the products <x_s, x_js> of pixels and by the variances |x_s|^2: the recursion backwards gives the
 * derivatives in both (gp_recursion.c). Those in the variances are summed over j before they are led back to the pixels.
 */
#include "posterior_image.h"

#include "base/mem.h"
#include <string.h>

static size_t pixels_of(const bl_gp_network *network) {
    return network->field[0].height * network->field[0].width;
}

/* The first field of a pair: products of equal pixels. */
static void products(const bl_posterior_image *m, const double *x, const float *y) {
    const size_t pixels = pixels_of(m->network);
    double *product = m->work.covariance + m->network->field[0].start;
    memset(product, 0, pixels * sizeof *product);
    for (size_t i = 0; i < m->n; i++)
        product[i % pixels] += x[i] * (double)y[i];
    for (size_t s = 0; s < pixels; s++)
        product[s] /= (double)m->network->channels;
}

static double pair(bl_posterior_image *m, const double *point, size_t j) {
    products(m, point, m->x + j * m->n);
    return bl_gp_recur(m->network, &m->work, false, m->own, m->variance + j * m->network->pixels);
}

/* Variances of the point in all fields. */
static void take_point(bl_posterior_image *m, const double *point) {
    const size_t pixels = pixels_of(m->network);
    double *square = m->work.covariance + m->network->field[0].start;
    memset(square, 0, pixels * sizeof *square);
    for (size_t i = 0; i < m->n; i++)
        square[i % pixels] += point[i] * point[i];
    for (size_t s = 0; s < pixels; s++)
        square[s] /= (double)m->network->channels;
    (void)bl_gp_recur(m->network, &m->work, true, m->own, m->own);
}

bl_err bl_posterior_image_create(const bl_gp_network *network, size_t n, size_t inputs, const float *x,
                                 bl_posterior_image **out) {
    bl_err err = BL_OK;
    bl_posterior_image *m = NULL;
    bool plain = true;
    for (size_t k = 0; k < network->operations; k++)
        plain = plain && network->operation[k].in.length <= 1 && network->operation[k].kind != BL_GP_POOL &&
                network->operation[k].band == 0;
    BL_REQUIRE(plain, BL_ERR_INPUT,
               "gradients of the posterior mean are for networks without pooling and without shortcuts");
    BL_ALLOC(m, 1);
    *m = (bl_posterior_image){.network = network, .n = n, .inputs = inputs, .x = x};
    BL_TRY(bl_gp_workspace_create(network, true, &m->work));
    BL_ALLOC(m->variance, inputs * network->pixels);
    BL_ALLOC(m->own, network->pixels);
    BL_ALLOC(m->rise, network->pixels);
    BL_ALLOC(m->sum, n);
    for (size_t j = 0; j < inputs; j++)
        (void)bl_gp_forward(network, &m->work, x + j * n, x + j * n, true, m->variance + j * network->pixels,
                            m->variance + j * network->pixels);
    *out = m;
    m = NULL;
cleanup:
    bl_posterior_image_destroy(&m);
    return err;
}

void bl_posterior_image_destroy(bl_posterior_image **image) {
    bl_posterior_image *m = *image;
    if (!m)
        return;
    bl_gp_workspace_clear(&m->work);
    bl_mem_free(m->variance);
    bl_mem_free(m->own);
    bl_mem_free(m->rise);
    bl_mem_free(m->sum);
    bl_mem_free(m);
    *image = NULL;
}

size_t bl_posterior_image_memory(const bl_gp_network *network, size_t inputs) {
    const size_t n = network->channels * pixels_of(network);
    return sizeof(double) * ((inputs + 2) * network->pixels + 2 * network->numbers + network->largest + n);
}

void bl_posterior_image_kernel(bl_posterior_image *m, const double *point, double *kernel) {
    take_point(m, point);
    for (size_t j = 0; j < m->inputs; j++)
        kernel[j] = pair(m, point, j);
}

void bl_posterior_image_gradient(bl_posterior_image *m, const double *point, const double *weight,
                                 float *result) {
    const bl_gp_field *first = &m->network->field[0];
    const size_t pixels = pixels_of(m->network);
    const double share = 1.0 / (double)m->network->channels;
    const double *adjoint = m->work.adjoint + first->start, *rise = m->rise + first->pixel;
    take_point(m, point);
    memset(m->rise, 0, m->network->pixels * sizeof *m->rise);
    memset(m->sum, 0, m->n * sizeof *m->sum);
    for (size_t j = 0; j < m->inputs; j++) {
        const float *y = m->x + j * m->n;
        (void)pair(m, point, j);
        bl_gp_backward(m->network, &m->work, weight[j], m->own, m->variance + j * m->network->pixels,
                       m->rise);
        for (size_t i = 0; i < m->n; i++)
            m->sum[i] += share * adjoint[i % pixels] * (double)y[i];
    }
    bl_gp_backward_own(m->network, &m->work, m->own, m->rise);
    for (size_t i = 0; i < m->n; i++)
        result[i] = (float)(m->sum[i] + 2.0 * share * rise[i % pixels] * point[i]);
}

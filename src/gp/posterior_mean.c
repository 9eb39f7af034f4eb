/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The posterior mean: a sum over training inputs of kernels, and its gradient. The products of a call are kept, so that its
 * gradients need not form them again.
 */
#include "posterior_mean.h"

#include "base/mem.h"
#include "nngp_variance_slope.h"
#include "posterior_image.h"
#include <math.h>
#include <string.h>

struct bl_posterior_mean {
    bl_gp_model model;
    bl_posterior_image *image; /* of families of images; NULL: dense */
    size_t n, inputs, columns, batch;
    const float *x;      /* [inputs][n] */
    const double *alpha; /* [columns][inputs] */
    double *variance;    /* [depth + 1][inputs]: of x_j, layer by layer */
    double *own, *rise;  /* [depth + 1]: of the point at hand, and its derivative in |x|^2/n */
    double *point;       /* [batch][n]: points of the last call */
    double *product;     /* [batch][inputs]: <point, x_j>/n */
    double *value;       /* [batch][columns] */
    double *kernel;      /* [inputs]: k(point, x_j) */
    double *weight;      /* [inputs]: of kernels in the sum whose gradient is asked for */
    double *sum;         /* [n] */
};

/* --- kernel of a pair, with derivatives --- */

/* Variances of one input through the layers: variance[l stride]; their derivatives in |x|^2/n where asked for. */
static void variances(const bl_gp_model *model, double q, size_t stride, double *variance, double *rise) {
    const double b = model->bias_variance, w = model->weight_variance;
    variance[0] = b + w * q;
    if (rise)
        rise[0] = w;
    for (size_t l = 0; l < model->depth; l++) {
        double k = variance[l * stride], v, dv;
        bl_nngp_layer(model, k, k, k, &v, &dv);
        variance[(l + 1) * stride] = b + w * v;
        if (rise)
            rise[l + 1] = w * (dv + 2.0 * bl_nngp_variance_slope(model, k, k, k)) * rise[l];
    }
}

/* k(x, x_j) from the variances of both and c = <x, x_j>/n. */
static double kernel(const bl_posterior_mean *mean, size_t j, double c) {
    const bl_gp_model *model = &mean->model;
    double k = model->bias_variance + model->weight_variance * c;
    for (size_t l = 0; l < model->depth; l++) {
        double v;
        bl_nngp_layer(model, mean->own[l], mean->variance[l * mean->inputs + j], k, &v, NULL);
        k = model->bias_variance + model->weight_variance * v;
    }
    return k;
}

/* dk/dc and dk/d(|x|^2/n). */
static void kernel_slopes(const bl_posterior_mean *mean, size_t j, double c, double *slope_c,
                          double *slope_q) {
    const bl_gp_model *model = &mean->model;
    const double w = model->weight_variance;
    double k = model->bias_variance + w * c;
    *slope_c = w;
    *slope_q = 0.0;
    for (size_t l = 0; l < model->depth; l++) {
        double v, dv, k1 = mean->own[l], k2 = mean->variance[l * mean->inputs + j];
        bl_nngp_layer(model, k1, k2, k, &v, &dv);
        *slope_c *= w * dv;
        *slope_q = w * (dv * *slope_q + bl_nngp_variance_slope(model, k1, k2, k) * mean->rise[l]);
        k = model->bias_variance + w * v;
    }
}

/* --- the mean --- */

static double dot(size_t n, const double *a, const float *b) {
    enum { LANES = 8 };
    double lane[LANES] = {0}, sum = 0.0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += a[i + k] * (double)b[i + k];
    for (; i < n; i++)
        sum += a[i] * (double)b[i];
    for (size_t k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

bl_err bl_posterior_mean_create(const bl_gp_law *law, size_t inputs, const float *x, size_t columns,
                                const double *alpha, size_t batch, bl_posterior_mean **out) {
    bl_err err = BL_OK;
    const bl_gp_model *model = &law->model;
    const size_t n = law->n;
    bl_posterior_mean *mean = NULL;
    BL_ALLOC(mean, 1);
    *mean = (bl_posterior_mean){.model = *model,
                                .n = n,
                                .inputs = inputs,
                                .columns = columns,
                                .batch = batch,
                                .x = x,
                                .alpha = alpha};
    if (law->network)
        BL_TRY(bl_posterior_image_create(law->network, n, inputs, x, &mean->image));
    BL_ALLOC(mean->variance, (model->depth + 1) * inputs);
    BL_ALLOC(mean->own, model->depth + 1);
    BL_ALLOC(mean->rise, model->depth + 1);
    BL_ALLOC(mean->point, batch * n);
    BL_ALLOC(mean->product, batch * inputs);
    BL_ALLOC(mean->value, batch * columns);
    BL_ALLOC(mean->kernel, inputs);
    BL_ALLOC(mean->weight, inputs);
    BL_ALLOC(mean->sum, n);
    for (size_t j = 0; j < inputs; j++) {
        for (size_t i = 0; i < n; i++)
            mean->sum[i] = (double)x[j * n + i];
        variances(model, dot(n, mean->sum, x + j * n) / (double)n, inputs, mean->variance + j, NULL);
    }
    *out = mean;
    mean = NULL;
cleanup:
    bl_posterior_mean_destroy(&mean);
    return err;
}

size_t bl_posterior_mean_memory(const bl_gp_law *law, size_t inputs, size_t columns, size_t batch) {
    const size_t numbers =
        (law->model.depth + 1) * (inputs + 2) + batch * (law->n + inputs + columns) + 2 * inputs + law->n;
    return numbers * sizeof(double) + (law->network ? bl_posterior_image_memory(law->network, inputs) : 0);
}

void bl_posterior_mean_destroy(bl_posterior_mean **mean) {
    if (!*mean)
        return;
    bl_posterior_image_destroy(&(*mean)->image);
    bl_mem_free((*mean)->variance);
    bl_mem_free((*mean)->own);
    bl_mem_free((*mean)->rise);
    bl_mem_free((*mean)->point);
    bl_mem_free((*mean)->product);
    bl_mem_free((*mean)->value);
    bl_mem_free((*mean)->kernel);
    bl_mem_free((*mean)->weight);
    bl_mem_free((*mean)->sum);
    bl_mem_free(*mean);
    *mean = NULL;
}

static double square_of(const bl_posterior_mean *mean, size_t row) {
    const double *x = mean->point + row * mean->n;
    double sum = 0.0;
    for (size_t i = 0; i < mean->n; i++)
        sum += x[i] * x[i];
    return sum / (double)mean->n;
}

/* Kernels of a point with the training inputs, from the products of both. */
static void dense_kernels(bl_posterior_mean *mean, size_t row, double *k) {
    const double *product = mean->product + row * mean->inputs;
    variances(&mean->model, square_of(mean, row), 1, mean->own, NULL);
    for (size_t j = 0; j < mean->inputs; j++)
        k[j] = kernel(mean, j, product[j]);
}

/* Values at the points; training inputs in their order, each for all points while it is in the cache. */
static void answer(bl_posterior_mean *mean, size_t count) {
    for (size_t j = 0; !mean->image && j < mean->inputs; j++)
        for (size_t r = 0; r < count; r++)
            mean->product[r * mean->inputs + j] =
                dot(mean->n, mean->point + r * mean->n, mean->x + j * mean->n) / (double)mean->n;
    memset(mean->value, 0, count * mean->columns * sizeof *mean->value);
    for (size_t r = 0; r < count; r++) {
        if (mean->image)
            bl_posterior_image_kernel(mean->image, mean->point + r * mean->n, mean->kernel);
        else
            dense_kernels(mean, r, mean->kernel);
        for (size_t j = 0; j < mean->inputs; j++)
            for (size_t c = 0; c < mean->columns; c++)
                mean->value[r * mean->columns + c] += mean->alpha[c * mean->inputs + j] * mean->kernel[j];
    }
}

/* One column is the second of two logits, its negative the first. */
static double logit(const bl_posterior_mean *mean, size_t row, size_t c) {
    if (mean->columns == 1)
        return c == 0 ? -mean->value[row] : mean->value[row];
    return mean->value[row * mean->columns + c];
}

static size_t logits_of(const bl_posterior_mean *mean) {
    return mean->columns == 1 ? 2 : mean->columns;
}

static bl_err forward(void *context, size_t count, const size_t *input, const float *x, float *logits) {
    bl_posterior_mean *mean = context;
    size_t classes = logits_of(mean);
    (void)input;
    BL_ASSERT(count <= mean->batch);
    for (size_t i = 0; i < count * mean->n; i++)
        mean->point[i] = (double)x[i];
    answer(mean, count);
    for (size_t i = 0; i < count * classes; i++)
        logits[i] = (float)logit(mean, i / classes, i % classes);
    return BL_OK;
}

static bl_err forward64(void *context, size_t count, const size_t *input, const double *x, double *logits) {
    bl_posterior_mean *mean = context;
    size_t classes = logits_of(mean);
    (void)input;
    for (size_t done = 0; done < count; done += mean->batch) {
        size_t some = count - done < mean->batch ? count - done : mean->batch;
        memcpy(mean->point, x + done * mean->n, some * mean->n * sizeof *x);
        answer(mean, some);
        for (size_t i = 0; i < some * classes; i++)
            logits[done * classes + i] = logit(mean, i / classes, i % classes);
    }
    return BL_OK;
}

/* Weight of a training input in the sum of seeds times logits. */
static double weight_of(const bl_posterior_mean *mean, const float *seed, size_t j) {
    if (mean->columns == 1)
        return ((double)seed[1] - (double)seed[0]) * mean->alpha[j];
    double sum = 0.0;
    for (size_t c = 0; c < mean->columns; c++)
        sum += (double)seed[c] * mean->alpha[c * mean->inputs + j];
    return sum;
}

/* Gradient at a point of the sum of weight[j] k(x, x_j). */
static void dense_gradient(bl_posterior_mean *mean, size_t row, float *result) {
    const size_t n = mean->n;
    const double *product = mean->product + row * mean->inputs, *x = mean->point + row * n;
    double own = 0.0;
    variances(&mean->model, square_of(mean, row), 1, mean->own, mean->rise);
    memset(mean->sum, 0, n * sizeof *mean->sum);
    for (size_t j = 0; j < mean->inputs; j++) {
        double slope_c, slope_q, weight = mean->weight[j] / (double)n;
        kernel_slopes(mean, j, product[j], &slope_c, &slope_q);
        own += 2.0 * weight * slope_q;
        for (size_t i = 0; i < n; i++)
            mean->sum[i] += weight * slope_c * (double)mean->x[j * n + i];
    }
    for (size_t i = 0; i < n; i++)
        result[i] = (float)(mean->sum[i] + own * x[i]);
}

static bl_err gradient(void *context, size_t count, const size_t *row, const float *seed, float *result) {
    bl_posterior_mean *mean = context;
    for (size_t k = 0; k < count; k++) {
        const size_t r = row ? row[k] : k;
        for (size_t j = 0; j < mean->inputs; j++)
            mean->weight[j] = weight_of(mean, seed + k * logits_of(mean), j);
        if (mean->image)
            bl_posterior_image_gradient(mean->image, mean->point + r * mean->n, mean->weight,
                                        result + k * mean->n);
        else
            dense_gradient(mean, r, result + k * mean->n);
    }
    return BL_OK;
}

bl_oracle bl_posterior_mean_oracle(bl_posterior_mean *mean) {
    return (bl_oracle){.dimension = mean->n,
                       .classes = logits_of(mean),
                       .batch = mean->batch,
                       .context = mean,
                       .forward = forward,
                       .gradient = gradient,
                       .forward64 = forward64};
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The convolutional recursion over pixel pairs, forwards for the kernel, backwards for its derivatives
 * (THEORY.md, sections 3.4 and 4.2; Novak et al. 2019, Garriga-Alonso et al. 2019).
 *
 * Backwards: with the variances of both inputs held, the kernel is a function of the covariances between them;
 * activations contribute E phi' phi', everything else is linear. At the input this leaves slope_st = dK/d<x_s,
 * y_t>. Two derivatives of K(x, y), one in x at pixel s, one in y at pixel t, meet in slope_st times the identity
 * of the channels, or each acts on a product in which its own pixel stands as a factor: those terms are
 * multiples of x at one pixel. For relu they cancel (see bl_gp_slopes).
 */
#include "gp_network.h"
#include "nngp_variance_slope.h"

#include "base/mem.h"
#include <string.h>

/* A walk over the pairs (s, s + d) of a field that lie inside it. */
typedef struct pair {
    size_t y, x;
    ptrdiff_t dy, dx;
} pair;

static bool inside(const bl_gp_field *f, ptrdiff_t y, ptrdiff_t x) {
    return y >= 0 && x >= 0 && y < (ptrdiff_t)f->height && x < (ptrdiff_t)f->width;
}

/* Place of a pair in an array of that band. */
static size_t place(const bl_gp_field *f, size_t band, size_t y, size_t x, ptrdiff_t dy, ptrdiff_t dx) {
    const size_t side = 2 * band + 1;
    return (y * f->width + x) * side * side + (size_t)(dy + (ptrdiff_t)band) * side +
           (size_t)(dx + (ptrdiff_t)band);
}

static bool next_pair(const bl_gp_field *f, size_t band, pair *p) {
    const ptrdiff_t reach = (ptrdiff_t)band;
    do {
        if (p->dx < reach) {
            p->dx++;
        } else if (p->dy < reach) {
            p->dx = -reach;
            p->dy++;
        } else {
            p->dx = p->dy = -reach;
            if (++p->x == f->width) {
                p->x = 0;
                p->y++;
            }
        }
    } while (p->y < f->height && !inside(f, (ptrdiff_t)p->y + p->dy, (ptrdiff_t)p->x + p->dx));
    return p->y < f->height;
}

static bool first_pair(const bl_gp_field *f, size_t band, pair *p) {
    const ptrdiff_t reach = (ptrdiff_t)band;
    *p = (pair){.dy = -reach, .dx = -reach};
    return inside(f, -reach, -reach) || next_pair(f, band, p);
}

/* --- features: chains of Gaussian fields --- */

static const bl_gp_field *image_of(const bl_gp_network *network, const bl_gp_features *f) {
    return &network->field[f->length ? f->link[0] : f->moment];
}

static size_t entry(const bl_gp_field *f, const pair *p) {
    return f->start + place(f, f->band, p->y, p->x, p->dy, p->dx);
}

/* Variances and covariances of the chain of one pair of pixels. */
static void collect(const bl_gp_network *network, const double *covariance, const bl_gp_features *f,
                    const pair *p, const double *left, const double *right, bl_chain_link *link) {
    for (size_t j = 0; j < f->length; j++) {
        const bl_gp_field *field = &network->field[f->link[j]];
        const size_t s = p->y * field->width + p->x;
        const size_t t = (size_t)((ptrdiff_t)p->y + p->dy) * field->width + (size_t)((ptrdiff_t)p->x + p->dx);
        link[j] =
            (bl_chain_link){left[field->pixel + s], right[field->pixel + t], covariance[entry(field, p)]};
    }
}

static void fill_moments(const bl_gp_network *network, bl_gp_workspace *work, const bl_gp_operation *o,
                         const double *left, const double *right) {
    const bl_gp_features *f = &o->in;
    const bl_gp_field *image = image_of(network, f);
    bl_chain_link link[BL_CHAIN_MAX];
    pair p;
    for (bool more = first_pair(image, o->band, &p); more; more = next_pair(image, o->band, &p)) {
        double *moment = work->moment + place(image, o->band, p.y, p.x, p.dy, p.dx);
        if (!f->activated) {
            *moment = work->covariance[entry(image, &p)];
            continue;
        }
        collect(network, work->covariance, f, &p, left, right, link);
        *moment = bl_chain_moment(&work->chain, &f->rule, f->length, link, NULL);
    }
}

/* Derivatives in the moments become derivatives in the fields, and in the left variances where asked for. */
static void spread_moments(const bl_gp_network *network, bl_gp_workspace *work, const bl_gp_operation *o,
                           const double *left, const double *right, double *rise) {
    const bl_gp_features *f = &o->in;
    const bl_gp_field *image = image_of(network, f);
    bl_chain_link link[BL_CHAIN_MAX];
    double derivative[BL_CHAIN_MAX];
    pair p;
    for (bool more = first_pair(image, o->band, &p); more; more = next_pair(image, o->band, &p)) {
        const double above = work->moment[place(image, o->band, p.y, p.x, p.dy, p.dx)];
        if (!f->activated) {
            work->adjoint[entry(image, &p)] += above;
            continue;
        }
        collect(network, work->covariance, f, &p, left, right, link);
        (void)bl_chain_moment(&work->chain, &f->rule, f->length, link, derivative);
        for (size_t j = 0; j < f->length; j++)
            work->adjoint[entry(&network->field[f->link[j]], &p)] += above * derivative[j];
        if (rise)
            rise[image->pixel + p.y * image->width + p.x] +=
                above * bl_nngp_variance_slope(&f->rule, link[0].first, link[0].second, link[0].covariance);
    }
}

/* --- linear operations: out from moments, or moments' derivatives from out's --- */

/* Sum over the moments that one number of the output is a mean of; or add `spread` to each of them. */
static double window_sum(const bl_gp_field *in, const bl_gp_operation *o, const pair *p, double *moment,
                         double spread) {
    const ptrdiff_t stride = (ptrdiff_t)o->stride;
    double sum = 0.0;
    for (size_t i = 0; i < o->size; i++)
        for (size_t j = 0; j < o->size; j++) {
            const ptrdiff_t y = (ptrdiff_t)(p->y * o->stride + i) - (ptrdiff_t)o->pad_y;
            const ptrdiff_t x = (ptrdiff_t)(p->x * o->stride + j) - (ptrdiff_t)o->pad_x;
            if (!inside(in, y, x) || !inside(in, y + p->dy * stride, x + p->dx * stride))
                continue;
            double *m = moment + place(in, o->band, (size_t)y, (size_t)x, p->dy * stride, p->dx * stride);
            sum += *m;
            *m += spread;
        }
    return sum;
}

static double pool_sum(const bl_gp_field *in, const bl_gp_operation *o, const pair *p, double *moment,
                       double spread) {
    const size_t size = o->size;
    double sum = 0.0;
    for (size_t k = 0; k < size * size * size * size;
         k++) { /* pixels (i, j) of one window, (u, v) of the other */
        const size_t i = k % size, j = k / size % size, u = k / (size * size) % size,
                     v = k / (size * size * size);
        const ptrdiff_t dy = p->dy * (ptrdiff_t)size + (ptrdiff_t)u - (ptrdiff_t)i;
        const ptrdiff_t dx = p->dx * (ptrdiff_t)size + (ptrdiff_t)v - (ptrdiff_t)j;
        double *m = moment + place(in, o->band, p->y * size + i, p->x * size + j, dy, dx);
        sum += *m;
        *m += spread;
    }
    return sum;
}

static double mean_sum(const bl_gp_field *in, double *moment, double spread) {
    double sum = 0.0;
    for (size_t s = 0; s < in->height * in->width; s++) {
        sum += moment[s];
        moment[s] += spread;
    }
    return sum;
}

static double share(const bl_gp_field *in, const bl_gp_operation *o) {
    const double area = (double)(o->size * o->size);
    if (o->kind == BL_GP_MEAN)
        return o->weight / (double)(in->height * in->width);
    return o->kind == BL_GP_POOL ? 1.0 / (area * area) : o->weight / area;
}

static double linear_sum(const bl_gp_field *in, const bl_gp_operation *o, const pair *p, double *moment,
                         double spread) {
    switch (o->kind) {
    case BL_GP_WINDOW:
        return window_sum(in, o, p, moment, spread);
    case BL_GP_POOL:
        return pool_sum(in, o, p, moment, spread);
    default:
        return mean_sum(in, moment, spread);
    }
}

static void forward(const bl_gp_network *network, bl_gp_workspace *work, const bl_gp_operation *o,
                    const double *left, const double *right) {
    const bl_gp_field *out = &network->field[o->out];
    pair p;
    if (o->kind != BL_GP_SUM)
        fill_moments(network, work, o, left, right);
    for (bool more = first_pair(out, out->band, &p); more; more = next_pair(out, out->band, &p)) {
        double *number = work->covariance + entry(out, &p);
        if (o->kind == BL_GP_SUM) {
            *number = work->covariance[entry(&network->field[o->left], &p)] +
                      work->covariance[entry(&network->field[o->right], &p)];
            continue;
        }
        const bl_gp_field *in = image_of(network, &o->in);
        *number = o->bias + share(in, o) * linear_sum(in, o, &p, work->moment, 0.0);
    }
}

static void backward(const bl_gp_network *network, bl_gp_workspace *work, const bl_gp_operation *o,
                     const double *left, const double *right, double *rise) {
    const bl_gp_field *out = &network->field[o->out];
    pair p;
    memset(work->moment, 0, network->largest * sizeof *work->moment);
    for (bool more = first_pair(out, out->band, &p); more; more = next_pair(out, out->band, &p)) {
        const double above = work->adjoint[entry(out, &p)];
        if (o->kind == BL_GP_SUM) {
            work->adjoint[entry(&network->field[o->left], &p)] += above;
            work->adjoint[entry(&network->field[o->right], &p)] += above;
            continue;
        }
        const bl_gp_field *in = image_of(network, &o->in);
        (void)linear_sum(in, o, &p, work->moment, share(in, o) * above);
    }
    if (o->kind != BL_GP_SUM)
        spread_moments(network, work, o, left, right, rise);
}

/* --- all operations --- */

static void input_products(const bl_gp_network *network, const float *x, const float *y, double *covariance) {
    const bl_gp_field *f = &network->field[0];
    const size_t pixels = f->height * f->width;
    pair p;
    for (bool more = first_pair(f, f->band, &p); more; more = next_pair(f, f->band, &p)) {
        const size_t s = p.y * f->width + p.x;
        const size_t t = (size_t)((ptrdiff_t)s + p.dy * (ptrdiff_t)f->width + p.dx);
        double sum = 0.0;
        for (size_t c = 0; c < network->channels; c++)
            sum += (double)x[c * pixels + s] * (double)y[c * pixels + t];
        covariance[entry(f, &p)] = sum / (double)network->channels;
    }
}

static void keep_variances(const bl_gp_field *f, const double *covariance, double *variance) {
    for (size_t s = 0; s < f->height * f->width; s++)
        variance[f->pixel + s] = covariance[f->start + place(f, f->band, s / f->width, s % f->width, 0, 0)];
}

double bl_gp_recur(const bl_gp_network *network, bl_gp_workspace *work, bool own, double *left,
                   double *right) {
    for (size_t k = 0; k < network->operations; k++) {
        const bl_gp_operation *o = &network->operation[k];
        forward(network, work, o, left, right);
        if (own) {
            keep_variances(&network->field[o->out], work->covariance, left);
            keep_variances(&network->field[o->out], work->covariance, right);
        }
    }
    return work->covariance[network->field[network->operation[network->operations - 1].out].start];
}

double bl_gp_forward(const bl_gp_network *network, bl_gp_workspace *work, const float *x, const float *y,
                     bool own, double *left, double *right) {
    input_products(network, x, y, work->covariance);
    return bl_gp_recur(network, work, own, left, right);
}

void bl_gp_backward(const bl_gp_network *network, bl_gp_workspace *work, double seed, const double *left,
                    const double *right, double *rise) {
    const bl_gp_field *last = &network->field[network->operation[network->operations - 1].out];
    memset(work->adjoint, 0, network->numbers * sizeof *work->adjoint);
    work->adjoint[last->start] = seed;
    for (size_t k = network->operations; k-- > 0;)
        backward(network, work, &network->operation[k], left, right, rise);
}

void bl_gp_backward_own(const bl_gp_network *network, bl_gp_workspace *work, const double *variance,
                        double *rise) {
    for (size_t k = network->operations; k-- > 0;) {
        const bl_gp_operation *o = &network->operation[k];
        const bl_gp_field *out = &network->field[o->out];
        pair p;
        memset(work->moment, 0, network->largest * sizeof *work->moment);
        for (bool more = first_pair(out, 0, &p); more; more = next_pair(out, 0, &p)) {
            const size_t t = p.y * out->width + p.x;
            const double above = rise[out->pixel + t];
            if (o->kind == BL_GP_SUM) {
                rise[network->field[o->left].pixel + t] += above;
                rise[network->field[o->right].pixel + t] += above;
                continue;
            }
            const bl_gp_field *in = image_of(network, &o->in);
            (void)linear_sum(in, o, &p, work->moment, share(in, o) * above);
        }
        if (o->kind == BL_GP_SUM)
            continue;
        const bl_gp_field *in = image_of(network, &o->in);
        for (size_t s = 0; s < in->height * in->width; s++) {
            const double q = variance[in->pixel + s];
            double v, dv = 1.0;
            if (o->in.activated) {
                bl_nngp_layer(&o->in.rule, q, q, q, &v, &dv);
                dv += 2.0 * bl_nngp_variance_slope(&o->in.rule, q, q, q);
            }
            rise[in->pixel + s] += dv * work->moment[s];
        }
    }
}

bl_err bl_gp_kernel(const bl_gp_network *network, size_t rows, const float *x, size_t columns, const float *y,
                    double *kernel) {
    bl_err err = BL_OK;
    const bool symmetric = x == y && rows == columns;
    const size_t n = network->channels * network->field[0].height * network->field[0].width;
    const size_t pixels = network->pixels;
    bl_gp_workspace work = {0};
    double *left = NULL, *right = NULL;
    BL_TRY(bl_gp_workspace_create(network, false, &work));
    BL_ALLOC(left, rows * pixels);
    if (!symmetric)
        BL_ALLOC(right, columns * pixels);
    for (size_t i = 0; i < rows; i++) {
        double own =
            bl_gp_forward(network, &work, x + i * n, x + i * n, true, left + i * pixels, left + i * pixels);
        if (symmetric)
            kernel[i * columns + i] = own;
    }
    for (size_t j = 0; j < columns && !symmetric; j++)
        (void)bl_gp_forward(network, &work, y + j * n, y + j * n, true, right + j * pixels,
                            right + j * pixels);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < (symmetric ? i : columns); j++) {
            double k = bl_gp_forward(network, &work, x + i * n, y + j * n, false, left + i * pixels,
                                     (symmetric ? left : right) + j * pixels);
            kernel[i * columns + j] = k;
            if (symmetric)
                kernel[j * columns + i] = k;
        }
cleanup:
    bl_gp_workspace_clear(&work);
    bl_mem_free(left);
    bl_mem_free(right);
    return err;
}

bl_err bl_gp_slopes(const bl_gp_network *network, const float *x, double *variance, double *slope) {
    bl_err err = BL_OK;
    const bl_gp_field *f = &network->field[0];
    const size_t numbers = f->height * f->width * bl_gp_offsets(f->band);
    bl_gp_workspace work = {0};
    double *own = NULL;
    BL_TRY(bl_gp_workspace_create(network, true, &work));
    BL_ALLOC(own, network->pixels);
    *variance = bl_gp_forward(network, &work, x, x, true, own, own);
    bl_gp_backward(network, &work, 1.0, own, own, NULL);
    for (size_t k = 0; k < numbers; k++)
        slope[k] = work.adjoint[f->start + k] / (double)network->channels;
cleanup:
    bl_gp_workspace_clear(&work);
    bl_mem_free(own);
    return err;
}

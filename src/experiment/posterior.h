/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Gaussian-process regression on labelled images, over all ranks: the Bayesian classifier and its boundary.
 */
#ifndef BORDERLINE_POSTERIOR_H
#define BORDERLINE_POSTERIOR_H

#include "borderline/comm.h"
#include "record.h"
#include "sweep/posterior_config.h"

enum { BL_POSTERIOR_KINDS = 3, BL_CALIBRATION_BINS = 10 };
/* the inputs whose distances are measured: the first training images, the first test images, uniform random inputs */
BL_API extern const char *const bl_posterior_kind_name[BL_POSTERIOR_KINDS];

typedef struct bl_posterior {
    const bl_posterior_config *config; /* borrowed */
    bl_image image;
    size_t n, train, test, columns; /* columns: one per class, or one for parity */
    float *x, *x_test;              /* [train][n], [test][n] */
    int32_t *label, *label_test;    /* what is predicted: the class, or its parity */
    double *target;                 /* [columns][train] */

    double *alpha;           /* [columns][train]: (K + noise I)^-1 target */
    double log_determinant;  /* of K + noise I */
    double log_marginal;     /* log likelihood of all targets, summed over columns */
    double *mean, *variance; /* [test][columns], [test]: of the latent function */

    double accuracy_train, accuracy;
    int32_t *predicted;       /* [test] */
    double *confidence;       /* [test]: probability of the predicted class */
    double negative_log;      /* mean -log probability of the true class */
    double calibration_error; /* expected: sum over bins of share |accuracy - confidence| */
    double bin_confidence[BL_CALIBRATION_BINS], bin_accuracy[BL_CALIBRATION_BINS]; /* NaN where empty */
    int64_t bin_count[BL_CALIBRATION_BINS];

    size_t inputs, p_count; /* of each kind; 0: no distances */
    float *start;           /* [kinds][inputs][n] */
    bl_record record;       /* about the posterior mean there: [kinds][inputs][p] */
    /* the prior's first-order law at the same inputs: [kinds][p][BL_QUANTILES], and the error of its median [kinds][p] */
    double *law, *law_error;
    double seconds_kernel, seconds_solve, seconds_test, seconds_distances;
} bl_posterior;

/** Do all of it.
 *
 * Math:        K of the NNGP recursion on the training images; L L^T = K + noise I; alpha = L^-T L^-1 y; mean k^T alpha,
 *              variance k(x, x) - |L^-1 k|^2; log p(y) = -1/2 y^T alpha - 1/2 log det - M/2 log 2 pi per column (Rasmussen
 *              and Williams 2006, algorithm 2.1). Probability that class c wins: independent normals N(m_c, variance +
 *              noise). Up to 1,024 training images the matrix is one block on one rank: the same bits on any number of
 *              ranks. Beyond, the factor's rounding depends on the grid of ranks.
 * Collective:  on comm->world.
 * Ownership:   config is borrowed while *out lives; *out is the caller's on every rank, freed with bl_posterior_destroy.
 * @param[in] pause  called between phases on all ranks with `context`; any result but BL_OK ends the work. May be NULL.
 * @return BL_OK; BL_ERR_INPUT: data (bl_dataset_read), not enough memory (what is needed, how many ranks would do);
 *         BL_ERR_NUMERIC: not positive definite (the pivot, and a noise that was tried and does); BL_ERR_MEMORY.
 */
BL_API bl_err bl_posterior_create(const bl_comm *comm, const bl_posterior_config *config,
                                  bl_err (*pause)(void *context, const bl_comm *comm), void *context,
                                  bl_posterior **out) BL_NODISCARD;
/* Forecast of a regression; seconds on one core. */
typedef struct bl_posterior_forecast {
    size_t train, test, numbers;
    double seconds_kernel, seconds_factor, seconds_test, seconds_distances;
} bl_posterior_forecast;

/** Read the data and forecast the work, without doing it.
 *
 * Math:        M training and T test images: M^2/2 + T M kernels, M^3/6 multiply-adds of the factor, T M^2/2 of the variances;
 *              a distance takes about M kernels for each of its effort's passes. The time of a kernel and the factor's rate are
 *              measured on this machine, with the first images and with a matrix of 2,048 rows on one rank.
 * Shapes:      ranks[count] numbers of ranks; bytes[count] what each rank will hold.
 * Collective:  on comm->world.
 * @return as bl_posterior_create; memory is not checked.
 */
BL_API bl_err bl_posterior_plan(const bl_comm *comm, const bl_posterior_config *config, size_t count,
                                const size_t *ranks, double *bytes,
                                bl_posterior_forecast *forecast) BL_NODISCARD;
BL_API void bl_posterior_destroy(bl_posterior **posterior);

#endif

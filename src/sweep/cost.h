/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Estimated costs of work. They do not depend on the number of ranks, so units are a function of the
 * sweep alone.
 */
#ifndef BORDERLINE_COST_H
#define BORDERLINE_COST_H

#include "borderline/grid.h"

/** Estimated cost of one network of a case: sampling, training, search and verification of all its inputs and norms.
 *
 * Math:        inputs x norms x passes(effort) x (weights + sweeps over the input) + sampling, where
 *              passes(effort) is the mean number of passes measured for the effort.
 * Units:       multiply-adds of the float32 passes (other work is converted by its measured ratio to one of them).
 * Collective:  no.
 * @return the cost, > 0.
 */
BL_API double bl_cost_network(const bl_config *config, const bl_case *c);

/** The training's part of bl_cost_network: 0 in a sweep without training.
 *
 * Math:        products of a pass x (epochs x (3 training + test images) + training + test images): forward, gradients
 *              of inputs and weights, accuracies.
 * Collective:  no.
 */
BL_API double bl_cost_training(const bl_config *config, const bl_case *c);
/** Number of training (or test) images that a sweep uses, if the data set is complete: 60,000 (MNIST) or 50,000 (CIFAR-10), and
 * 10,000.
 * Collective: no. */
BL_API size_t bl_cost_images(const bl_config *config, bool test);

/** Cost of a unit: that of its networks, of each of which it takes some inputs; each is sampled as a whole. Collective: no. */
BL_API double bl_cost_unit(const bl_config *config, const bl_unit *unit);

/** Cost of evaluating one network at the kernel inputs: drawing its weights, and a forward pass of each input. Not collective. */
BL_API double bl_cost_kernel_network(const bl_config *config, const bl_case *c);

/** Cost of one entry of the analytic kernel: closed forms at every layer, of image families at every pixel. Not collective. */
BL_API double bl_cost_kernel_entry(const bl_config *config, const bl_case *c);

/** Cost of the first-order law of one (depth, dimension), with box and without, for all norms; and its number of draws, which
 * falls with the dimension: there a draw's dual norm hardly varies and the margin is drawn from strata, so 256 draws still give the
 * median to a per cent (law_error has the error). Not collective. */
BL_API double bl_cost_law(const bl_config *config, size_t depth, size_t n);
BL_API size_t bl_cost_law_draws(size_t n);
/** Cost of the guaranteed median: for image families that of kernels at 64 inputs. Not collective. */
BL_API double bl_cost_guaranteed(const bl_config *config, size_t depth, size_t n);

/** Cost of a case's statistics: moments with their bootstrap, quantiles of all norms. Not collective. */
BL_API double bl_cost_statistics(const bl_config *config);

/* Costs of the parts of spread kernels. */
typedef struct bl_kernel_weights {
    double network;          /* a multiply-add of a pass */
    double product;          /* one of features' products */
    double term;             /* a network's term, of one class, of an entry of the outputs' kernel */
    double entry;            /* an entry of the analytic kernel, over bl_cost_kernel_entry */
    double whole;            /* an entry of a kernel whose both triangles are made and written */
    double cube, cube_limit; /* spectra, factors, a solution, over M^3; at width inf */
} bl_kernel_weights;

/** Cost per rank of a case's kernels that are spread over ranks (bl_kernels_spread): the rank's blocks, its share of spectra and
 * factors, and all networks, which every rank makes and evaluates at the inputs of its rows and columns. Not collective.
 * @param[in] weights  NULL: typical ones, in multiply-adds of passes */
BL_API double bl_cost_kernel_spread(const bl_config *config, const bl_case *c, size_t ranks,
                                    const bl_kernel_weights *weights);

/** Networks per unit of this case: as many as cost about BL_COST_UNIT, at least one, at most all. Collective: no. */
BL_API size_t bl_cost_block(const bl_config *config, const bl_case *c);

/** Inputs per unit of this case: all of them where networks are trained, and where a network costs no more than BL_COST_UNIT;
 * else the least divisor of their number with which products stay efficient: batches of BL_COST_COLUMNS columns (inputs x
 * norms), weights used BL_COST_REUSE times whenever they are read (a convolution uses them for every pixel),
 * and BL_COST_BATCH multiply-adds a pass. Collective: no. */
BL_API size_t bl_cost_input_block(const bl_config *config, const bl_case *c);

/* Cost that a unit should have: about half a second of one core, long compared with scheduling and writing, short
 * compared with a job. */
#define BL_COST_UNIT    2e10
#define BL_COST_COLUMNS 16
#define BL_COST_REUSE   64
#define BL_COST_BATCH   1e9

#endif

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of every variable of the result file. Texts are read by people who have nothing but the file:
 * what it is, the formula, where that comes from.
 */
#include "fields.h"

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

#define AXES_CASE BL_AXIS_DEPTH, BL_AXIS_WIDTH, BL_AXIS_DIMENSION
#define AXES_OUTPUT                                                                                          \
    6, {                                                                                                     \
        AXES_CASE, BL_AXIS_NETWORK, BL_AXIS_IMAGE_KIND, BL_AXIS_INPUT                                        \
    }
#define AXES_DISTANCE                                                                                        \
    7, {                                                                                                     \
        AXES_CASE, BL_AXIS_NETWORK, BL_AXIS_IMAGE_KIND, BL_AXIS_INPUT, BL_AXIS_P                             \
    }
#define AXES_NETWORK                                                                                         \
    4, {                                                                                                     \
        AXES_CASE, BL_AXIS_NETWORK                                                                           \
    }
#define AXES_EPOCH                                                                                           \
    5, {                                                                                                     \
        AXES_CASE, BL_AXIS_NETWORK, BL_AXIS_EPOCH                                                            \
    }
#define AXES_GRAM                                                                                            \
    5, {                                                                                                     \
        AXES_CASE, BL_AXIS_KERNEL_INPUT, BL_AXIS_KERNEL_INPUT_2                                              \
    }
#define AXES_STATISTIC                                                                                       \
    5, {                                                                                                     \
        AXES_CASE, BL_AXIS_IMAGE_KIND, BL_AXIS_P                                                             \
    }
#define AXES_QUANTILES                                                                                       \
    6, {                                                                                                     \
        AXES_CASE, BL_AXIS_IMAGE_KIND, BL_AXIS_P, BL_AXIS_QUANTILE                                           \
    }
#define AXES_FIT                                                                                             \
    4, {                                                                                                     \
        BL_AXIS_DEPTH, BL_AXIS_WIDTH, BL_AXIS_IMAGE_KIND, BL_AXIS_P                                          \
    }
#define AXES_LAW                                                                                             \
    4, {                                                                                                     \
        BL_AXIS_DEPTH, BL_AXIS_DIMENSION, BL_AXIS_P, BL_AXIS_QUANTILE                                        \
    }
#define AXES_LAW_MEDIAN                                                                                      \
    3, {                                                                                                     \
        BL_AXIS_DEPTH, BL_AXIS_DIMENSION, BL_AXIS_P                                                          \
    }
#define AXES_KERNEL                                                                                          \
    3, {                                                                                                     \
        AXES_CASE                                                                                            \
    }
#define AXES_KERNEL_FIT                                                                                      \
    2, {                                                                                                     \
        BL_AXIS_DEPTH, BL_AXIS_DIMENSION                                                                     \
    }
#define AXES_SPECTRUM                                                                                        \
    4, {                                                                                                     \
        AXES_CASE, BL_AXIS_KERNEL_INPUT                                                                      \
    }
#define AXES_UNIT                                                                                            \
    1, {                                                                                                     \
        BL_AXIS_UNIT                                                                                         \
    }

#define INTERVAL_TEXT                                                                                        \
    "percentile interval of a bootstrap over networks (inputs of one network are dependent); its level is "  \
    "summary.confidence in provenance/config_resolved"
#define ERROR_TEXT "deviation over a bootstrap of networks (summary.bootstrap resamples)"
#define OUTPUT_TEXT                                                                                          \
    "z = output / sqrt(2 K(x0, x0)), K the analytic kernel (NNGP; image families: its mean over 32 "         \
    "inputs): "                                                                                              \
    "standard normal in the limit of "                                                                       \
    "infinite width "                                                                                        \
    "whatever x0; the statistic of each input number over the networks, mean over input numbers; NaN with "  \
    "more than two "                                                                                         \
    "classes; of random inputs where there are images too; "
#define GRADIENT_TEXT                                                                                        \
    "in the limit grad f(x0) is Gaussian, N(0, A), and log |grad f|_2 = log(sum_i lambda_i xi_i^2) / 2, "    \
    "lambda the eigenvalues of A, xi normal; A = d/dx d/dy 2 K(x, y) at x = y = x0 (THEORY section 4; "      \
    "image families: as the first-order law draws it), averaged over the case's first inputs (256; image "   \
    "families 8), of random inputs; NaN with more than two classes"
#define LAW_TEXT                                                                                             \
    "f(x0) and grad f(x0) drawn from the Gaussian process of infinite width, x0 from the sweep's law; "      \
    "the distance is the smallest linear step that changes the class, d_p ~ |f(x0)| / |grad f(x0)|_q, "      \
    "1/p + 1/q = 1; the same for every width; Monte Carlo"
#define KERNEL_TEXT "kernel of one logit at the kernel inputs; "

const bl_field bl_fields[BL_FIELD_COUNT] = {
    [BL_FIELD_DISTANCE] =
        {"distance", BL_FLOAT64, AXES_DISTANCE, "1",
         "distance of the input to the classification boundary in the l^p norm",
         "d_p(x0) = min |h|_p such that x0 + h [inside the box] is classified otherwise than "
         "x0; the length to a point whose class change is confirmed in float64, so an upper "
         "bound of the minimum; in units of the input's coordinates; NaN where status is "
         "not 1",
         false, 0},
    [BL_FIELD_DISTANCE_INSIDE] =
        {"distance_inside", BL_FLOAT64, AXES_DISTANCE, "1",
         "largest length on the same segment still confirmed to keep the class",
         "the other end of the bracket: on the segment from x0 to the boundary point "
         "the class changes between distance_inside and distance (float64)",
         false, 0},
    [BL_FIELD_STATUS] = {"status", BL_INT8, AXES_DISTANCE, "1", "what became of the search for this distance",
                         "pending: not computed yet; found: distance holds; not_found: no boundary point was "
                         "reached; not_verified: the class change was not confirmed in float64",
                         false, 0},
    [BL_FIELD_FIRST_ORDER] =
        {"first_order", BL_FLOAT64, AXES_DISTANCE, "1", "length of the first linear step",
         "min |h|_p such that the network linearised at x0 reaches its boundary at x0 + h "
         "[inside the box]; without box |f(x0)| / |grad f(x0)|_q, 1/p + 1/q = 1; NaN where "
         "no point of the box reaches that plane",
         false, 0},
    [BL_FIELD_PASSES] = {"passes", BL_INT32, AXES_DISTANCE, "1", "network passes spent on this distance",
                         "forward = 1, forward and backward = 2, float64 verification included", false, 0},
    [BL_FIELD_RESTARTS_WON] = {"restarts_won", BL_INT32, AXES_DISTANCE, "1",
                               "number of restarts of the search that found a closer boundary point", NULL,
                               false, 0},
    [BL_FIELD_INPUT_NORM] = {"input_norm", BL_FLOAT64, AXES_DISTANCE, "1", "l^p norm of the input, |x0|_p",
                             "p = 0: number of coordinates that are not zero", false, 0},
    [BL_FIELD_OUTPUT] =
        {"output", BL_FLOAT64, AXES_OUTPUT, "1",
         "output f(x0) of the network at the input, the margin of its classes",
         "two classes: f = z_1 - z_0, the class is the sign of f; more: the predicted class's "
         "logit minus the largest other; float64",
         false, 0},
    [BL_FIELD_GRADIENT_NORM] =
        {"gradient_norm", BL_FLOAT64, AXES_OUTPUT, "1",
         "l2 norm of the gradient of the output at the input, |grad f(x0)|_2",
         "f the margin as in output; of one backward pass in float32; NaN where x0 is outside the box", false,
         0},
    [BL_FIELD_FIRST_STEP_CROSSES] =
        {"first_step_crosses", BL_INT8, AXES_DISTANCE, "1",
         "1 where the first linear step alone, stretched by 1.1, changes the class; 0 where it does not",
         "the class at x0 + 1.1 h [held in the box], h the first linear step, in float64 (Bubeck et al. "
         "2021, "
         "Bartlett et al. 2021, Montanari and Wu 2022: one gradient step suffices); missing where "
         "first_order "
         "is; its forward pass is not in passes, as no distance uses it",
         false, -1},
    [BL_FIELD_TRAINING_LOSS] =
        {"training/loss", BL_FLOAT64, AXES_EPOCH, "1", "cross-entropy on the training images, in nats",
         "mean over the epoch's batches, each before its step, without the penalty; NaN at epoch 0", false,
         0},
    [BL_FIELD_TRAINING_ACCURACY] =
        {"training/accuracy", BL_FLOAT64, AXES_EPOCH, "1", "share of the training images classified rightly",
         "mean over the epoch's batches, each before its step; epoch 0: by the random start", false, 0},
    [BL_FIELD_TRAINING_ACCURACY_TEST] = {"training/accuracy_test", BL_FLOAT64, AXES_EPOCH, "1",
                                         "share of the test images classified rightly", "after the epoch",
                                         false, 0},
    [BL_FIELD_TRAINING_RESTARTS] = {"training/restarts", BL_INT32, AXES_NETWORK, "1",
                                    "starts given up before the one that was trained to its end",
                                    "the accuracy after the first epoch was below training.restart_below",
                                    false, 0},
    [BL_FIELD_TRAINING_RESUMED] = {"training/resumed", BL_INT32, AXES_NETWORK, "1",
                                   "epochs that the last launch did not train again: taken from a checkpoint",
                                   "0: trained in one launch", true, 0},
    [BL_FIELD_TRAINING_SECONDS] = {"training/seconds", BL_FLOAT64, AXES_EPOCH, "s", "time the epoch took",
                                   "accuracy on test images included; epoch 0: starts that were given up",
                                   true, 0},
    [BL_FIELD_GRAM_EMPIRICAL] =
        {"gram_empirical", BL_FLOAT64, AXES_GRAM, "1",
         "empirical kernel of the random networks, from the last hidden layer's features",
         KERNEL_TEXT "sigma_b^2 + sigma_w^2/N sum_k h_k(x_i) h_k(x_j), averaged over "
                     "the networks of the case",
         false, 0},
    [BL_FIELD_GRAM_OUTPUT] = {"gram_output", BL_FLOAT64, AXES_GRAM, "1",
                              "empirical kernel of the random networks, from their outputs",
                              KERNEL_TEXT
                              "mean over the networks of the case, and over logits, of z(x_i) z(x_j)",
                              false, 0},
    [BL_FIELD_GRAM_NNGP] = {"gram_nngp", BL_FLOAT64, AXES_GRAM, "1",
                            "analytic kernel of infinitely wide networks (NNGP)",
                            KERNEL_TEXT
                            "K^1 = sigma_b^2 + sigma_w^2 <x_i, x_j>/n, K^(l+1) = sigma_b^2 + "
                            "sigma_w^2 E[phi(u) phi(v)], (u, v) ~ N(0, K^l) (Lee et al. 2018); the "
                            "same for every width",
                            false, 0},
    [BL_FIELD_SUMMARY_QUANTILE] =
        {"summary/distance", BL_FLOAT64, AXES_QUANTILES, "1",
         "quantile of distance over the networks and inputs of the case",
         "linear interpolation of order statistics; searches without result left out", false, 0},
    [BL_FIELD_SUMMARY_QUANTILE_LOW] = {"summary/distance_low", BL_FLOAT64, AXES_QUANTILES, "1",
                                       "lower end of the confidence interval of summary/distance",
                                       INTERVAL_TEXT, false, 0},
    [BL_FIELD_SUMMARY_QUANTILE_HIGH] = {"summary/distance_high", BL_FLOAT64, AXES_QUANTILES, "1",
                                        "upper end of the confidence interval of summary/distance",
                                        INTERVAL_TEXT, false, 0},
    [BL_FIELD_SUMMARY_RELATIVE] =
        {"summary/relative", BL_FLOAT64, AXES_QUANTILES, "1",
         "quantile of the relative distance d_p / |x0|_p over the networks and inputs "
         "of the case",
         "distance / input_norm; expected to fall as n^(-1/2) for every p (De Palma, "
         "Kiani, Lloyd 2021)",
         false, 0},
    [BL_FIELD_SUMMARY_RELATIVE_LOW] = {"summary/relative_low", BL_FLOAT64, AXES_QUANTILES, "1",
                                       "lower end of the confidence interval of summary/relative",
                                       INTERVAL_TEXT, false, 0},
    [BL_FIELD_SUMMARY_RELATIVE_HIGH] = {"summary/relative_high", BL_FLOAT64, AXES_QUANTILES, "1",
                                        "upper end of the confidence interval of summary/relative",
                                        INTERVAL_TEXT, false, 0},
    [BL_FIELD_SUMMARY_FAILURES] = {"summary/failures", BL_INT64, AXES_STATISTIC, "1",
                                   "number of searches of the case that are done and gave no distance",
                                   "entries of status that are not_found or not_verified", false, 0},
    [BL_FIELD_SUMMARY_PASSES] = {"summary/passes", BL_FLOAT64, AXES_STATISTIC, "1",
                                 "mean number of network passes spent on a distance", "mean of passes", false,
                                 0},
    [BL_FIELD_SUMMARY_LINEARITY] = {"summary/linearity", BL_FLOAT64, AXES_STATISTIC, "1",
                                    "median of distance over first_order",
                                    "1 where the network is linear up to its boundary, as in the limit of "
                                    "large n",
                                    false, 0},
    [BL_FIELD_SUMMARY_LINEARITY_QUANTILE] =
        {"summary/linearity_quantile", BL_FLOAT64, AXES_QUANTILES, "1",
         "quantile of distance over first_order, over the networks and inputs of the case",
         "what the first linear step leaves: 1 where the network is linear up to its boundary; its median is "
         "summary/linearity (Bubeck et al. 2021, Bartlett et al. 2021: one gradient step suffices)",
         false, 0},
    [BL_FIELD_SUMMARY_LINEARITY_QUANTILE_LOW] =
        {"summary/linearity_quantile_low", BL_FLOAT64, AXES_QUANTILES, "1",
         "lower end of the confidence interval of summary/linearity_quantile", INTERVAL_TEXT, false, 0},
    [BL_FIELD_SUMMARY_LINEARITY_QUANTILE_HIGH] =
        {"summary/linearity_quantile_high", BL_FLOAT64, AXES_QUANTILES, "1",
         "upper end of the confidence interval of summary/linearity_quantile", INTERVAL_TEXT, false, 0},
    [BL_FIELD_SUMMARY_OUTPUT_VARIANCE] =
        {"summary/output_variance", BL_FLOAT64, AXES_KERNEL, "1",
         "variance of the outputs over networks, over its infinite-width value",
         OUTPUT_TEXT "sum (z - mean z)^2 / (S - 1) of S networks; 1 in the limit", false, 0},
    [BL_FIELD_SUMMARY_OUTPUT_VARIANCE_ERROR] = {"summary/output_variance_error", BL_FLOAT64, AXES_KERNEL, "1",
                                                "standard error of summary/output_variance", ERROR_TEXT,
                                                false, 0},
    [BL_FIELD_SUMMARY_OUTPUT_SKEWNESS] = {"summary/output_skewness", BL_FLOAT64, AXES_KERNEL, "1",
                                          "skewness of the outputs over networks",
                                          OUTPUT_TEXT "sqrt(S (S - 1)) / (S - 2) m3 / m2^(3/2); 0 at every "
                                                      "width, by the symmetry of the last layer's weights",
                                          false, 0},
    [BL_FIELD_SUMMARY_OUTPUT_SKEWNESS_ERROR] = {"summary/output_skewness_error", BL_FLOAT64, AXES_KERNEL, "1",
                                                "standard error of summary/output_skewness", ERROR_TEXT,
                                                false, 0},
    [BL_FIELD_SUMMARY_OUTPUT_KURTOSIS] = {"summary/output_kurtosis", BL_FLOAT64, AXES_KERNEL, "1",
                                          "excess kurtosis of the outputs over networks",
                                          OUTPUT_TEXT
                                          "(S - 1) ((S + 1) (m4/m2^2 - 3) + 6) / ((S - 2)(S - 3)), without "
                                          "bias for Gaussian z; 0 in the limit, of order depth/width",
                                          false, 0},
    [BL_FIELD_SUMMARY_OUTPUT_KURTOSIS_ERROR] = {"summary/output_kurtosis_error", BL_FLOAT64, AXES_KERNEL, "1",
                                                "standard error of summary/output_kurtosis", ERROR_TEXT,
                                                false, 0},
    [BL_FIELD_SUMMARY_OUTPUT_KS] =
        {"summary/output_ks", BL_FLOAT64, AXES_KERNEL, "1",
         "Kolmogorov-Smirnov distance of the outputs over networks to the normal distribution",
         OUTPUT_TEXT "sup |F(z) - Phi(z)|; of Gaussian outputs about 0.87/sqrt(networks) in the mean, what "
                     "exceeds that is width",
         false, 0},
    [BL_FIELD_SUMMARY_OUTPUT_KS_ERROR] = {"summary/output_ks_error", BL_FLOAT64, AXES_KERNEL, "1",
                                          "standard error of summary/output_ks", ERROR_TEXT, false, 0},
    [BL_FIELD_SUMMARY_GRADIENT_LOG_MEAN] =
        {"summary/gradient_log_mean", BL_FLOAT64, AXES_KERNEL, "1",
         "mean of log gradient_norm over the networks and inputs of the case",
         "natural logarithm; gradients that are zero (no ReLU of a layer active) are left out", false, 0},
    [BL_FIELD_SUMMARY_GRADIENT_LOG_MEAN_ERROR] = {"summary/gradient_log_mean_error", BL_FLOAT64, AXES_KERNEL,
                                                  "1", "standard error of summary/gradient_log_mean",
                                                  ERROR_TEXT, false, 0},
    [BL_FIELD_SUMMARY_GRADIENT_LOG_VARIANCE] =
        {"summary/gradient_log_variance", BL_FLOAT64, AXES_KERNEL, "1",
         "variance of log gradient_norm over the networks and inputs of the case",
         "mean square less squared mean, plus the mean's variance by the means of the networks; beyond the "
         "limit "
         "about 5 L / (4 N) of ReLU networks (Hanin and Nica 2020)",
         false, 0},
    [BL_FIELD_SUMMARY_GRADIENT_LOG_VARIANCE_ERROR] = {"summary/gradient_log_variance_error", BL_FLOAT64,
                                                      AXES_KERNEL, "1",
                                                      "standard error of summary/gradient_log_variance",
                                                      ERROR_TEXT, false, 0},
    [BL_FIELD_SUMMARY_GRADIENT_LOG_MEAN_LIMIT] = {"summary/gradient_log_mean_limit", BL_FLOAT64, AXES_KERNEL,
                                                  "1",
                                                  "mean of log gradient_norm in the limit of infinite width",
                                                  GRADIENT_TEXT, false, 0},
    [BL_FIELD_SUMMARY_GRADIENT_LOG_VARIANCE_LIMIT] =
        {"summary/gradient_log_variance_limit", BL_FLOAT64, AXES_KERNEL, "1",
         "variance of log gradient_norm in the limit of infinite width", GRADIENT_TEXT, false, 0},
    [BL_FIELD_SUMMARY_FIRST_STEP_CROSSES] = {"summary/first_step_crosses", BL_FLOAT64, AXES_STATISTIC, "1",
                                             "share of the networks and inputs of the case whose first "
                                             "linear step alone, stretched by 1.1, crosses",
                                             "mean of first_step_crosses; 1 in the limit of large n", false,
                                             0},
    [BL_FIELD_SUMMARY_FIRST_STEP_CROSSES_ERROR] = {"summary/first_step_crosses_error", BL_FLOAT64,
                                                   AXES_STATISTIC, "1",
                                                   "standard error of summary/first_step_crosses", ERROR_TEXT,
                                                   false, 0},
    [BL_FIELD_SUMMARY_SLOPE_AT_ZERO] =
        {"summary/slope_at_zero", BL_FLOAT64, AXES_STATISTIC, "1",
         "slope of the distribution of distances at 0, s in P(d <= eps) ~ s eps",
         "straight line through the origin fitted to the lowest quarter of the "
         "sorted distances (De Palma, Kiani, Lloyd 2021, figure 4); in inverse "
         "units of distance",
         false, 0},
    [BL_FIELD_SUMMARY_EXPONENT] =
        {"summary/exponent", BL_FLOAT64, AXES_FIT, "1",
         "exponent a of the median distance in the input dimension, median ~ C n^a",
         "least squares in log-log over the dimensions with a median above 0; expected for "
         "uniform inputs: 1/2, 0, -1/2 at p = 1, 2, inf (p = 1: up to a logarithm)",
         false, 0},
    [BL_FIELD_SUMMARY_EXPONENT_ERROR] =
        {"summary/exponent_error", BL_FLOAT64, AXES_FIT, "1", "standard error of summary/exponent",
         "of the networks drawn: from the intervals of the medians (bootstrap over networks), which are "
         "independent between dimensions; NaN with one network or one dimension, or where an interval "
         "reaches 0",
         false, 0},
    [BL_FIELD_SUMMARY_PREFACTOR] = {"summary/prefactor", BL_FLOAT64, AXES_FIT, "1",
                                    "prefactor C of the fit median ~ C n^a", "see summary/exponent", false,
                                    0},
    [BL_FIELD_SUMMARY_PAPER_SCALE] =
        {"summary/paper_scale", BL_FLOAT64, AXES_FIT, "1",
         "scale c of the published form of the median distance",
         "c (n - n0)^(1/2) at p = 1, the constant c at p = 2, c (n - n0)^(-1/2) at "
         "p = inf (De Palma, Kiani, Lloyd 2021, figure 1); NaN at other p",
         false, 0},
    [BL_FIELD_SUMMARY_PAPER_OFFSET] = {"summary/paper_offset", BL_FLOAT64, AXES_FIT, "1",
                                       "offset n0 of the published form of the median distance",
                                       "see summary/paper_scale", false, 0},
    [BL_FIELD_SUMMARY_LAW] =
        {"summary/law", BL_FLOAT64, AXES_LAW, "1",
         "first-order law: quantile of the distance predicted without free parameter, with "
         "the sweep's box",
         LAW_TEXT, false, 0},
    [BL_FIELD_SUMMARY_LAW_ERROR] = {"summary/law_error", BL_FLOAT64, AXES_LAW_MEDIAN, "1",
                                    "standard error of the median of summary/law", "Monte Carlo error", false,
                                    0},
    [BL_FIELD_SUMMARY_LAW_UNBOXED] = {"summary/law_unboxed", BL_FLOAT64, AXES_LAW, "1",
                                      "first-order law: quantile of the distance predicted without free "
                                      "parameter, without box",
                                      LAW_TEXT, false, 0},
    [BL_FIELD_SUMMARY_LAW_UNBOXED_ERROR] = {"summary/law_unboxed_error", BL_FLOAT64, AXES_LAW_MEDIAN, "1",
                                            "standard error of the median of summary/law_unboxed",
                                            "Monte Carlo error", false, 0},
    [BL_FIELD_SUMMARY_GUARANTEED] = {"summary/guaranteed", BL_FLOAT64, AXES_LAW_MEDIAN, "1",
                                     "guaranteed median: at least half of the distances exceed it, in the "
                                     "infinite-width limit",
                                     "largest eps for which the Sudakov-Fernique and Borell-TIS inequalities "
                                     "keep P(d_p <= eps) <= 1/2, at every n; NaN at p = 0",
                                     false, 0},
    [BL_FIELD_SUMMARY_OVER_LAW] = {"summary/over_law", BL_FLOAT64, AXES_STATISTIC, "1",
                                   "measured median over the first-order law's median",
                                   "summary/distance over summary/law, at level 0.5; tends to 1 as width and "
                                   "dimension grow; NaN for images: the law is of random inputs",
                                   false, 0},
    [BL_FIELD_SUMMARY_OVER_LAW_LOW] = {"summary/over_law_low", BL_FLOAT64, AXES_STATISTIC, "1",
                                       "lower end of the confidence interval of summary/over_law",
                                       INTERVAL_TEXT, false, 0},
    [BL_FIELD_SUMMARY_OVER_LAW_HIGH] = {"summary/over_law_high", BL_FLOAT64, AXES_STATISTIC, "1",
                                        "upper end of the confidence interval of summary/over_law",
                                        INTERVAL_TEXT, false, 0},
    [BL_FIELD_SUMMARY_OVER_GUARANTEED] =
        {"summary/over_guaranteed", BL_FLOAT64, AXES_STATISTIC, "1",
         "measured median over the guaranteed median",
         "summary/distance at level 0.5 over summary/guaranteed; at least 1 in "
         "the infinite-width limit",
         false, 0},
    [BL_FIELD_SUMMARY_KERNEL_DEVIATION] =
        {"summary/kernel_deviation", BL_FLOAT64, AXES_KERNEL, "1",
         "relative deviation of gram_empirical from gram_nngp",
         "|gram_empirical - gram_nngp|_F / |gram_nngp|_F (Frobenius norms); "
         "noise of order (networks x width)^(-1/2), bias of order 1/width",
         false, 0},
    [BL_FIELD_SUMMARY_KERNEL_DEVIATION_OUTPUT] =
        {"summary/kernel_deviation_output", BL_FLOAT64, AXES_KERNEL, "1",
         "relative deviation of gram_output from gram_nngp",
         "|gram_output - gram_nngp|_F / |gram_nngp|_F (Frobenius norms); "
         "noise of order networks^(-1/2)",
         false, 0},
    [BL_FIELD_SUMMARY_KURTOSIS] =
        {"summary/kurtosis", BL_FLOAT64, AXES_KERNEL, "1",
         "excess kurtosis of the outputs over the networks of the case",
         "m4 / m2^2 - 3 of f(x_i) over networks, mean over the kernel inputs x_i; 0 for "
         "a Gaussian process, of order 1/width",
         false, 0},
    [BL_FIELD_SUMMARY_SPECTRUM_EMPIRICAL] = {"summary/spectrum_empirical", BL_FLOAT64, AXES_SPECTRUM, "1",
                                             "eigenvalues of gram_empirical", "in ascending order", false, 0},
    [BL_FIELD_SUMMARY_SPECTRUM_NNGP] = {"summary/spectrum_nngp", BL_FLOAT64, AXES_SPECTRUM, "1",
                                        "eigenvalues of gram_nngp", "in ascending order", false, 0},
    [BL_FIELD_SUMMARY_KL_DIVERGENCE] =
        {"summary/kl_divergence", BL_FLOAT64, AXES_KERNEL, "1",
         "Kullback-Leibler divergence between the centred Gaussians of the "
         "empirical and the analytic kernel",
         "KL(N(0, gram_empirical) | N(0, gram_nngp)) = (tr(K^-1 E) - M + "
         "log det K - log det E) / 2 in nats, E = gram_empirical, K = gram_nngp, M "
         "kernel inputs; NaN where a kernel is not positive definite",
         false, 0},
    [BL_FIELD_SUMMARY_LOG_DETERMINANT_EMPIRICAL] =
        {"summary/log_determinant_empirical", BL_FLOAT64, AXES_KERNEL, "1",
         "log determinant of gram_empirical",
         "2 sum log L_ii of its Cholesky factor; NaN where it is not positive definite", false, 0},
    [BL_FIELD_SUMMARY_LOG_DETERMINANT_NNGP] =
        {"summary/log_determinant_nngp", BL_FLOAT64, AXES_KERNEL, "1", "log determinant of gram_nngp",
         "2 sum log L_ii of its Cholesky factor; NaN where it is not positive definite", false, 0},
    [BL_FIELD_SUMMARY_EFFECTIVE_DIMENSION_EMPIRICAL] =
        {"summary/effective_dimension_empirical", BL_FLOAT64, AXES_KERNEL, "1",
         "effective dimension of gram_empirical", "(sum lambda)^2 / sum lambda^2 over its eigenvalues lambda",
         false, 0},
    [BL_FIELD_SUMMARY_EFFECTIVE_DIMENSION_NNGP] =
        {"summary/effective_dimension_nngp", BL_FLOAT64, AXES_KERNEL, "1", "effective dimension of gram_nngp",
         "(sum lambda)^2 / sum lambda^2 over its eigenvalues lambda", false, 0},
    [BL_FIELD_SUMMARY_KERNEL_FIT_NOISE] =
        {"summary/kernel_fit_noise", BL_FLOAT64, AXES_KERNEL_FIT, "1",
         "noise of kernel_deviation over widths: a of a/sqrt(networks width), added in squares",
         "kernel_deviation^2 = a^2/(S N) + b^2/N^2, least squares of its relative error over finite widths "
         "N; "
         "NaN with one width",
         false, 0},
    [BL_FIELD_SUMMARY_KERNEL_FIT_BIAS] =
        {"summary/kernel_fit_bias", BL_FLOAT64, AXES_KERNEL_FIT, "1",
         "bias of kernel_deviation over widths: b of b/width, added in squares", "as kernel_fit_noise", false,
         0},
    [BL_FIELD_KERNEL_STATUS] = {"kernel/status", BL_INT8, AXES_KERNEL, "1",
                                "whether the case's kernels are in the file",
                                "written after all of them; what --resume reads", false, 0},
    [BL_FIELD_KERNEL_CHECKSUM] =
        {"kernel/checksum", BL_INT64, AXES_KERNEL, "1",
         "checksum of the case's kernels, their spectra and the numbers of summary/ made from them",
         "sum modulo 2^64 over rows of the last axis, of each a 64-bit FNV-1a over the variable's name, the "
         "row's number and its values, as 8-byte words, the upper half folded onto the lower; 0 while "
         "pending; --resume computes again what does not match",
         false, 0},
    [BL_FIELD_KERNEL_PIVOT_EMPIRICAL] =
        {"kernel/pivot_empirical", BL_FLOAT64, AXES_KERNEL, "1",
         "first pivot of gram_empirical's Cholesky factor that is not positive, counted from 1",
         "0: it is positive definite", false, 0},
    [BL_FIELD_KERNEL_PIVOT_NNGP] =
        {"kernel/pivot_nngp", BL_FLOAT64, AXES_KERNEL, "1",
         "first pivot of gram_nngp's Cholesky factor that is not positive, counted from 1",
         "0: it is positive definite", false, 0},
    [BL_FIELD_UNIT_STATUS] = {"unit/status", BL_INT8, AXES_UNIT, "1",
                              "whether the unit's results are in the file",
                              "written after all of the unit's data; what --resume reads", false, 0},
    [BL_FIELD_UNIT_CASE] = {"unit/case", BL_INT64, AXES_UNIT, "1", "number of the unit's case",
                            "(depth index x widths + width index) x dimensions + dimension index", false, 0},
    [BL_FIELD_UNIT_FIRST_NETWORK] = {"unit/first_network", BL_INT64, AXES_UNIT, "1",
                                     "number of the unit's first network within its case", NULL, false, 0},
    [BL_FIELD_UNIT_NETWORKS] = {"unit/networks", BL_INT64, AXES_UNIT, "1", "number of networks of the unit",
                                NULL, false, 0},
    [BL_FIELD_UNIT_FIRST_INPUT] = {"unit/first_input", BL_INT64, AXES_UNIT, "1",
                                   "number of the first input that the unit takes of each of its networks",
                                   NULL, false, 0},
    [BL_FIELD_UNIT_INPUTS] = {"unit/inputs", BL_INT64, AXES_UNIT, "1",
                              "number of inputs that the unit takes of each of its networks",
                              "searched as one batch", false, 0},
    [BL_FIELD_UNIT_CHECKSUM] =
        {"unit/checksum", BL_INT64, AXES_UNIT, "1",
         "checksum of the unit's data, in all variables with a network axis",
         "64-bit FNV-1a over the unit's values of each variable in the order of the file, as 8-byte words "
         "(the last one padded with zeros); 0 while pending; --resume computes again what does not match",
         false, 0},
    [BL_FIELD_UNIT_COST] = {"unit/cost", BL_FLOAT64, AXES_UNIT, "1",
                            "cost of the unit as estimated by the schedule", "multiply-adds", false, 0},
    [BL_FIELD_UNIT_SECONDS] = {"unit/seconds", BL_FLOAT64, AXES_UNIT, "s", "time the unit took", NULL, true,
                               0},
    [BL_FIELD_UNIT_SECONDS_SAMPLING] = {"unit/seconds_sampling", BL_FLOAT64, AXES_UNIT, "s",
                                        "of unit/seconds, the time for drawing weights and inputs", NULL,
                                        true, 0},
    [BL_FIELD_UNIT_SECONDS_PASSES] = {"unit/seconds_passes", BL_FLOAT64, AXES_UNIT, "s",
                                      "of unit/seconds, the time inside network passes",
                                      "forward, backward and float64 passes, packing of weights included",
                                      true, 0},
    [BL_FIELD_UNIT_BEGIN] = {"unit/begin", BL_FLOAT64, AXES_UNIT, "seconds since 1970-01-01 00:00:00 UTC",
                             "time at which the unit was begun", NULL, true, 0},
    [BL_FIELD_UNIT_RANK] = {"unit/rank", BL_INT32, AXES_UNIT, "1", "MPI rank that computed the unit", NULL,
                            true, -1},
    [BL_FIELD_UNIT_LAUNCH] = {"unit/launch", BL_INT64, AXES_UNIT, "1",
                              "launch in which the unit was computed, index of provenance/launch", NULL, true,
                              -1},
};

static bool trains(const bl_grid *grid) {
    return grid->config->training.set != BL_TRAINING_NONE;
}

/* Whether the file of this grid has the field, as far as its axes do not tell. */
static bool has(const bl_grid *grid, bl_field_id field) {
    return (!bl_field_of_training(field) || trains(grid)) &&
           (!bl_field_of_kernel_group(field) || grid->config->kernel_inputs > 0);
}

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
        [BL_AXIS_EPOCH] = trains(grid) ? config->training.epochs + 1 : 0,
        [BL_AXIS_UNIT] = (size_t)grid->units,
        [BL_AXIS_LAUNCH] = BL_LAUNCHES_MAX,
    };
    BL_ASSERT(axis < BL_AXIS_COUNT);
    return length[axis];
}

bool bl_axis_exists(const bl_grid *grid, bl_axis_id axis) {
    return axis != BL_AXIS_IMAGE_KIND || trains(grid);
}

size_t bl_field_elements(const bl_grid *grid, bl_field_id field) {
    size_t elements = has(grid, field);
    for (size_t i = 0; i < bl_fields[field].rank; i++)
        elements *= bl_axis_length(grid, bl_fields[field].axis[i]);
    return elements;
}

size_t bl_type_size(bl_type type) {
    static const size_t size[] = {[BL_INT8] = 1,
                                  [BL_INT32] = sizeof(int32_t),
                                  [BL_INT64] = sizeof(int64_t),
                                  [BL_FLOAT64] = sizeof(double)};
    return size[type];
}

double bl_fields_bytes(const bl_grid *grid) {
    double bytes = 0.0;
    for (size_t f = 0; f < BL_FIELD_COUNT; f++) {
        double elements = has(grid, (bl_field_id)f) ? 1.0 : 0.0;
        for (size_t i = 0; i < bl_fields[f].rank; i++)
            elements *= (double)bl_axis_length(grid, bl_fields[f].axis[i]);
        bytes += elements * (double)bl_type_size(bl_fields[f].type);
    }
    return bytes;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of every variable of the result file. Texts are read by people who have nothing but the file:
 * what it is, the formula, where that comes from.
 */
#include "fields.h"

#include "finding.h"

#include <stddef.h>

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
#define AXES_LAUNCH                                                                                          \
    1, {                                                                                                     \
        BL_AXIS_LAUNCH                                                                                       \
    }
#define AXES_UNIT                                                                                            \
    1, {                                                                                                     \
        BL_AXIS_UNIT                                                                                         \
    }

#define INTERVAL_TEXT                                                                                        \
    "order statistics, their ranks from a binomial distribution of the networks' effective number of "       \
    "independent values (Woodruff 1952, Korn and Graubard 1998: inputs of one network are dependent); NaN: " \
    "too few networks for this end, 59 at the quantiles 0.05 and 0.95, 11 at 0.25 and 0.75, 5 at the "       \
    "median "                                                                                                \
    "with 90 %; inf: among searches without result; its level is summary.confidence in "                     \
    "provenance/config_resolved"
#define NOT_FOUND_TEXT                                                                                       \
    "searches without result (not_found, not_verified) count as infinitely far: inf where the quantile "     \
    "falls among them; "                                                                                     \
    "below_resolution counts as 0, constant is left out; "
#define SLOPE_TEXT                                                                                           \
    "slope x quartile is distributed as order statistic k = m/4 of m uniform numbers, Beta(k, m - k + 1), "  \
    "m "                                                                                                     \
    "the networks' effective number of independent values (see summary/distance_low); its level is "         \
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
    "lambda the eigenvalues of A, xi normal; A = d/dx d/dy 2 K(x, y) at x = y = x0 ("                        \
    "image families: as the first-order law draws it), averaged over the case's first inputs (256; image "   \
    "families 8), of random inputs; NaN with more than two classes"
#define LAW_TEXT                                                                                             \
    "f(x0) and grad f(x0) drawn from the Gaussian process of infinite width, x0 from the sweep's law; "      \
    "the distance is the smallest linear step that changes the class, d_p ~ |f(x0)| / |grad f(x0)|_q, "      \
    "1/p + 1/q = 1; inf among draws whose step no point of the box can make; the same for every width; "     \
    "Monte Carlo"
#define FIT_ERROR_TEXT                                                                                       \
    "of the scatter of kernel_deviation^2 about the fit (quasi-likelihood); where the term is 0, what it "   \
    "could be at one error; NaN with fewer than three finite widths"
#define KERNEL_TEXT "kernel of one logit at the kernel inputs; "

/* The end of a row: who computes the variable. A member of bl_finding also gives the type. */
#define BY(who, its_type) .type = (its_type), .writer = BL_WRITER_##who
#define FOUND(member)     FOUND_BY(UNIT, member)
#define FOUND_BY(who, member)                                                                                \
    BY(who, _Generic(((bl_finding *)0)->member, int8_t                                                       \
                     : BL_INT8, int32_t                                                                      \
                     : BL_INT32, int64_t                                                                     \
                     : BL_INT64, double                                                                      \
                     : BL_FLOAT64)),                                                                         \
        .offset = offsetof(bl_finding, member)

#define STATUS_WORD(name, value, word) " " word
#define STATUS_WORDS                   &(BL_STATUS_LIST(STATUS_WORD))[1]
#define CERTIFICATE_WORDS              &(BL_CERTIFICATE_LIST(STATUS_WORD))[1]

/* The standard error, and the two ends of the interval, of a statistic of this identifier and name. */
#define STANDARD_ERROR(id, name, axes)                                                                       \
    [BL_FIELD_##id##                                                                                         \
        _ERROR] = {name "_error", axes, "1", "standard error of " name, ERROR_TEXT, BY(SUMMARY, BL_FLOAT64)}
#define INTERVAL_ENDS(id, name, axes)                                                                        \
    [BL_FIELD_##id##_LOW] = {name "_low",   axes,                                                            \
                             "1",           "lower end of the confidence interval of " name,                 \
                             INTERVAL_TEXT, BY(SUMMARY, BL_FLOAT64)},                                        \
    [BL_FIELD_##id##_HIGH] = {name "_high",  axes,                                                           \
                              "1",           "upper end of the confidence interval of " name,                \
                              INTERVAL_TEXT, BY(SUMMARY, BL_FLOAT64)}

const bl_field bl_fields[BL_FIELD_COUNT] = {
    [BL_FIELD_DISTANCE] =
        {"distance", AXES_DISTANCE, "1",
         "distance of the input to the classification boundary in the l^p norm",
         "d_p(x0) = min |h|_p such that x0 + h [inside the box] is classified otherwise than x0; the length "
         "to a point whose class change is confirmed in float64, so an upper bound of the minimum; in units "
         "of the input's coordinates; NaN where status is not 1",
         FOUND(search.distance)},
    [BL_FIELD_DISTANCE_INSIDE] =
        {"distance_inside", AXES_DISTANCE, "1",
         "largest length on the same segment still confirmed to keep the class",
         "the other end of the bracket: on the segment from x0 to the boundary point the class changes "
         "between distance_inside and distance (float64)",
         FOUND(search.inside)},
    [BL_FIELD_STATUS] =
        {"status", AXES_DISTANCE, "1", "what became of the search for this distance",
         "pending: not computed yet; found: distance holds; not_found: no boundary point was reached; "
         "not_verified: the class change was not confirmed in float64; constant: the margin and its "
         "gradient are exactly 0 at the input, which has no class; below_resolution: |f(x0)| / |grad "
         "f(x0)|_2 is under 16 roundings of |x0|_2 in float64, or the gradient overflows: the sign of f(x0) "
         "is rounding; not_trained: the loss of the network's training became no number",
         FOUND(search.status), .flags = STATUS_WORDS},
    [BL_FIELD_FIRST_ORDER] =
        {"first_order", AXES_DISTANCE, "1", "length of the first linear step",
         "min |h|_p such that the network linearised at x0 reaches its boundary at x0 + h [inside the box]; "
         "without box |f(x0)| / |grad f(x0)|_q, 1/p + 1/q = 1; NaN where no point of the box reaches that "
         "plane",
         FOUND(search.first_order)},
    [BL_FIELD_PASSES] = {"passes", AXES_DISTANCE, "1", "network passes spent on this distance",
                         "forward = 1, forward and backward = 2, float64 verification included",
                         FOUND(search.passes)},
    [BL_FIELD_RESTARTS_WON] = {"restarts_won", AXES_DISTANCE, "1",
                               "number of restarts of the search that found a closer boundary point", NULL,
                               FOUND(search.restarts_won), .later = true},
    [BL_FIELD_DISTANCE_CONFIDENCE] =
        {"distance_confidence", AXES_DISTANCE, "1",
         "estimated probability that no boundary point is nearer by more than 1 percent",
         "from how often restarts of the search came back to the nearest point known, and how far its "
         "length is from the first linear step's; calibrated on random and trained networks, no proof; "
         "missing for p = 0",
         FOUND(search.confidence), .later = true},
    [BL_FIELD_SEARCHED_RADIUS] =
        {"searched_radius", AXES_DISTANCE, "1",
         "largest l^p length of a difference from x0 at which the search evaluated the network",
         "where status is not_found: how far was looked, on rays", FOUND(search.searched_radius),
         .later = true},
    [BL_FIELD_INPUT_NORM] = {"input_norm", AXES_DISTANCE, "1", "l^p norm of the input, |x0|_p",
                             "p = 0: number of coordinates that are not zero", FOUND(input_norm)},
    [BL_FIELD_OUTPUT] =
        {"output", AXES_OUTPUT, "1", "output f(x0) of the network at the input, the margin of its classes",
         "two classes: f = z_1 - z_0, the class is the sign of f; more: the predicted class's logit minus "
         "the largest other; float64",
         FOUND(output)},
    [BL_FIELD_GRADIENT_NORM] =
        {"gradient_norm", AXES_OUTPUT, "1",
         "l2 norm of the gradient of the output at the input, |grad f(x0)|_2",
         "f the margin as in output; of one backward pass in float32; NaN where x0 is outside the box",
         FOUND(search.gradient_norm), .later = true},
    [BL_FIELD_FIRST_STEP_CROSSES] =
        {"first_step_crosses", AXES_DISTANCE, "1",
         "1 where the first linear step alone, stretched by 1.1, changes the class; 0 where it does not",
         "the class at x0 + 1.1 h [held in the box], h the first linear step, in float64 (Bubeck et al. "
         "2021, Bartlett et al. 2021, Montanari and Wu 2022: one gradient step suffices); missing where "
         "first_order is; its forward pass is not in passes, as no distance uses it",
         FOUND(search.first_step_crosses), .later = true, .fill = -1},
    [BL_FIELD_DISTANCE_CERTIFIED] =
        {"distance_certified", AXES_DISTANCE, "1", "proven lower bound of the distance",
         "no point within this l^p radius of x0 [inside the box] is classified otherwise than x0, proven "
         "for the float32 weights with all rounding charged for, by linear relaxation (Zhang et al. 2018) "
         "and, for chains of relu or leaky_relu layers, a quadratic Lagrangian (p > 1) or a concave bound "
         "at the vertices of the l^1 ball (p = 1); at most distance; p = 0: no change of this many "
         "coordinates; 0 where nothing is proven",
         FOUND_BY(CERTIFICATE, certificate.radius)},
    [BL_FIELD_CERTIFY_STATUS] =
        {"certify_status", AXES_DISTANCE, "1", "what is proven of this distance",
         "none: nothing; bound: distance_certified holds; exact: it is within 1e-3 of distance; "
         "no_boundary: the whole box has one class",
         FOUND_BY(CERTIFICATE, certificate.status), .flags = CERTIFICATE_WORDS},
    [BL_FIELD_CERTIFY_NODES] = {"certify_nodes", AXES_DISTANCE, "1",
                                "nodes of branch and bound spent on the certificate",
                                "0: there was no branch and bound", FOUND_BY(CERTIFICATE, certificate.nodes)},
    [BL_FIELD_TRAINING_LOSS] =
        {"training/loss", AXES_EPOCH, "1", "cross-entropy on the training images, in nats",
         "mean over the epoch's batches, each before its step, without the penalty; NaN at epoch 0",
         BY(TRAINING, BL_FLOAT64)},
    [BL_FIELD_TRAINING_ACCURACY] =
        {"training/accuracy", AXES_EPOCH, "1", "share of the training images classified rightly",
         "mean over the epoch's batches, each before its step; epoch 0: by the random start",
         BY(TRAINING, BL_FLOAT64)},
    [BL_FIELD_TRAINING_ACCURACY_TEST] = {"training/accuracy_test", AXES_EPOCH, "1",
                                         "share of the test images classified rightly", "after the epoch",
                                         BY(TRAINING, BL_FLOAT64)},
    [BL_FIELD_TRAINING_RESTARTS] = {"training/restarts", AXES_NETWORK, "1",
                                    "starts given up before the one that was trained to its end",
                                    "the accuracy after the first epoch was below training.restart_below",
                                    BY(TRAINING, BL_INT32)},
    [BL_FIELD_TRAINING_RESUMED] = {"training/resumed", AXES_NETWORK, "1",
                                   "epochs that the last launch did not train again: taken from a checkpoint",
                                   "0: trained in one launch", BY(TRAINING, BL_INT32), .varies = true},
    [BL_FIELD_TRAINING_SECONDS] = {"training/seconds", AXES_EPOCH, "s", "time the epoch took",
                                   "accuracy on test images included; epoch 0: starts that were given up",
                                   BY(TRAINING, BL_FLOAT64), .varies = true},
    [BL_FIELD_GRAM_EMPIRICAL] =
        {"gram_empirical", AXES_GRAM, "1",
         "empirical kernel of the random networks, from the last hidden layer's features",
         KERNEL_TEXT "sigma_b^2 + sigma_w^2/N sum_k h_k(x_i) h_k(x_j), averaged over "
                     "the networks of the case",
         BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_GRAM_OUTPUT] =
        {"gram_output", AXES_GRAM, "1", "empirical kernel of the random networks, from their outputs",
         KERNEL_TEXT
         "mean over the networks of the case of sum_c (z_c(x_i) - m(x_i)) (z_c(x_j) - m(x_j)) / (C - 1), "
         "m the mean of the C logits; with two classes (z_1 - z_0)(x_i) (z_1 - z_0)(x_j) / 2; its "
         "expectation is the kernel of one logit",
         BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_GRAM_NNGP] = {"gram_nngp", AXES_GRAM, "1", "analytic kernel of infinitely wide networks (NNGP)",
                            KERNEL_TEXT
                            "K^1 = sigma_b^2 + sigma_w^2 <x_i, x_j>/n, K^(l+1) = sigma_b^2 + sigma_w^2 "
                            "E[phi(u) phi(v)], (u, v) ~ N(0, K^l) (Lee et al. 2018); the same for every "
                            "width",
                            BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_QUANTILE] =
        {"summary/distance", AXES_QUANTILES, "1",
         "quantile of distance over the networks and inputs of the case",
         NOT_FOUND_TEXT "it lies beyond summary/looked then; linear interpolation of order statistics",
         BY(SUMMARY, BL_FLOAT64)},
    INTERVAL_ENDS(SUMMARY_QUANTILE, "summary/distance", AXES_QUANTILES),
    [BL_FIELD_SUMMARY_RELATIVE] =
        {"summary/relative", AXES_QUANTILES, "1",
         "quantile of the relative distance d_p / |x0|_p over the networks and inputs of the case",
         NOT_FOUND_TEXT "distance / input_norm; expected to fall as n^(-1/2) for every p (De Palma, "
                        "Kiani, Lloyd 2021)",
         BY(SUMMARY, BL_FLOAT64)},
    INTERVAL_ENDS(SUMMARY_RELATIVE, "summary/relative", AXES_QUANTILES),
    [BL_FIELD_SUMMARY_LOOKED] =
        {"summary/looked", AXES_STATISTIC, "1",
         "largest length looked at in the case, beyond which an infinite quantile of distance lies",
         "the largest distance found, or the largest searched_radius of a search that found none; NaN "
         "where there is neither",
         BY(SUMMARY, BL_FLOAT64), .later = true},
    [BL_FIELD_SUMMARY_FAILURES] = {"summary/failures", AXES_STATISTIC, "1",
                                   "number of searches of the case that are done and gave no distance",
                                   "entries of status other than pending and found", BY(SUMMARY, BL_INT64)},
    [BL_FIELD_SUMMARY_PASSES] = {"summary/passes", AXES_STATISTIC, "1",
                                 "mean number of network passes spent on a distance", "mean of passes",
                                 BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_LINEARITY] = {"summary/linearity", AXES_STATISTIC, "1",
                                    "median of distance over first_order",
                                    NOT_FOUND_TEXT
                                    "inputs without a first linear step left out; 1 where the network is "
                                    "linear up to its boundary, as in the limit of large n",
                                    BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_LINEARITY_QUANTILE] =
        {"summary/linearity_quantile", AXES_QUANTILES, "1",
         "quantile of distance over first_order, over the networks and inputs of the case",
         NOT_FOUND_TEXT
         "inputs without a first linear step left out; what the first linear step leaves: 1 where the "
         "network is linear up to its boundary; its median is summary/linearity (Bubeck et al. 2021, "
         "Bartlett et al. 2021: one gradient step suffices)",
         BY(SUMMARY, BL_FLOAT64)},
    INTERVAL_ENDS(SUMMARY_LINEARITY_QUANTILE, "summary/linearity_quantile", AXES_QUANTILES),
    [BL_FIELD_SUMMARY_CERTIFIED_RATIO] =
        {"summary/certified_ratio", AXES_QUANTILES, "1",
         "quantile of distance_certified over distance, over the networks and inputs of the case",
         "1: both ends of the distance are the same; 0 where nothing is proven", BY(SUMMARY, BL_FLOAT64)},
    INTERVAL_ENDS(SUMMARY_CERTIFIED_RATIO, "summary/certified_ratio", AXES_QUANTILES),
    [BL_FIELD_SUMMARY_CERTIFIED_EXACT] = {"summary/certified_exact", AXES_STATISTIC, "1",
                                          "share of distances that are proven exact",
                                          "certify_status exact or no_boundary", BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_CERTIFIED_MEDIAN] = {"summary/certified_median", AXES_STATISTIC, "1",
                                           "median of distance_certified",
                                           "proven for these networks and inputs", BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_CERTIFIED_MEDIAN_LOW] =
        {"summary/certified_median_low", AXES_STATISTIC, "1",
         "lower end of an interval that holds the median of the true distances, whatever the search missed",
         "lower end of the confidence interval of the median of distance_certified", BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_CERTIFIED_MEDIAN_HIGH] = {"summary/certified_median_high", AXES_STATISTIC, "1",
                                                "upper end of the interval of summary/certified_median_low",
                                                "upper end of the confidence interval of the median of "
                                                "distance, which is infinite where none was found",
                                                BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_OUTPUT_VARIANCE] =
        {"summary/output_variance", AXES_KERNEL, "1",
         "variance of the outputs over networks, over its infinite-width value",
         OUTPUT_TEXT "sum (z - mean z)^2 / (S - 1) of S networks; 1 in the limit", BY(SUMMARY, BL_FLOAT64)},
    STANDARD_ERROR(SUMMARY_OUTPUT_VARIANCE, "summary/output_variance", AXES_KERNEL),
    [BL_FIELD_SUMMARY_OUTPUT_SKEWNESS] = {"summary/output_skewness", AXES_KERNEL, "1",
                                          "skewness of the outputs over networks",
                                          OUTPUT_TEXT "sqrt(S (S - 1)) / (S - 2) m3 / m2^(3/2); 0 at every "
                                                      "width, by the symmetry of the last layer's weights",
                                          BY(SUMMARY, BL_FLOAT64)},
    STANDARD_ERROR(SUMMARY_OUTPUT_SKEWNESS, "summary/output_skewness", AXES_KERNEL),
    [BL_FIELD_SUMMARY_OUTPUT_KURTOSIS] = {"summary/output_kurtosis", AXES_KERNEL, "1",
                                          "excess kurtosis of the outputs over networks",
                                          OUTPUT_TEXT
                                          "(S - 1) ((S + 1) (m4/m2^2 - 3) + 6) / ((S - 2)(S - 3)), without "
                                          "bias for Gaussian z; 0 in the limit, of order depth/width",
                                          BY(SUMMARY, BL_FLOAT64)},
    STANDARD_ERROR(SUMMARY_OUTPUT_KURTOSIS, "summary/output_kurtosis", AXES_KERNEL),
    [BL_FIELD_SUMMARY_OUTPUT_KS] =
        {"summary/output_ks", AXES_KERNEL, "1",
         "Kolmogorov-Smirnov distance of the outputs over networks to the normal distribution",
         OUTPUT_TEXT "sup |F(z) - Phi(z)|; of Gaussian outputs about 0.87/sqrt(networks) in the mean, what "
                     "exceeds that is width",
         BY(SUMMARY, BL_FLOAT64)},
    STANDARD_ERROR(SUMMARY_OUTPUT_KS, "summary/output_ks", AXES_KERNEL),
    [BL_FIELD_SUMMARY_GRADIENT_LOG_MEAN] =
        {"summary/gradient_log_mean", AXES_KERNEL, "1",
         "mean of log gradient_norm over the networks and inputs of the case",
         "natural logarithm; gradients that are zero (no ReLU of a layer active) are left out",
         BY(SUMMARY, BL_FLOAT64)},
    STANDARD_ERROR(SUMMARY_GRADIENT_LOG_MEAN, "summary/gradient_log_mean", AXES_KERNEL),
    [BL_FIELD_SUMMARY_GRADIENT_LOG_VARIANCE] =
        {"summary/gradient_log_variance", AXES_KERNEL, "1",
         "variance of log gradient_norm over the networks and inputs of the case",
         "mean square less squared mean, plus the mean's variance by the means of the networks; beyond the "
         "limit about 5 L / (4 N) of ReLU networks (Hanin and Nica 2020)",
         BY(SUMMARY, BL_FLOAT64)},
    STANDARD_ERROR(SUMMARY_GRADIENT_LOG_VARIANCE, "summary/gradient_log_variance", AXES_KERNEL),
    [BL_FIELD_SUMMARY_GRADIENT_LOG_MEAN_LIMIT] = {"summary/gradient_log_mean_limit", AXES_KERNEL, "1",
                                                  "mean of log gradient_norm in the limit of infinite width",
                                                  GRADIENT_TEXT, BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_GRADIENT_LOG_VARIANCE_LIMIT] =
        {"summary/gradient_log_variance_limit", AXES_KERNEL, "1",
         "variance of log gradient_norm in the limit of infinite width", GRADIENT_TEXT,
         BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_FIRST_STEP_CROSSES] = {"summary/first_step_crosses", AXES_STATISTIC, "1",
                                             "share of the networks and inputs of the case whose first "
                                             "linear step alone, stretched by 1.1, crosses",
                                             "mean of first_step_crosses; 1 in the limit of large n",
                                             BY(SUMMARY, BL_FLOAT64)},
    STANDARD_ERROR(SUMMARY_FIRST_STEP_CROSSES, "summary/first_step_crosses", AXES_STATISTIC),
    [BL_FIELD_SUMMARY_SLOPE_AT_ZERO] =
        {"summary/slope_at_zero", AXES_STATISTIC, "1",
         "slope of the distribution of distances at 0, s in P(d <= eps) ~ s eps",
         "of each network, the share of its distances up to the lower quartile of all other networks, over "
         "that quartile; their mean (De Palma, Kiani, Lloyd 2021, figure 4: the distribution is straight up "
         "to there). Without bias where it is straight, however the inputs of a network depend on each "
         "other; in inverse units of distance; NaN where the quartile is 0 or infinite",
         BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_SLOPE_AT_ZERO_LOW] = {"summary/slope_at_zero_low", AXES_STATISTIC, "1",
                                            "lower end of the confidence interval of summary/slope_at_zero",
                                            SLOPE_TEXT, BY(SUMMARY, BL_FLOAT64), .later = true},
    [BL_FIELD_SUMMARY_SLOPE_AT_ZERO_HIGH] = {"summary/slope_at_zero_high", AXES_STATISTIC, "1",
                                             "upper end of the confidence interval of summary/slope_at_zero",
                                             SLOPE_TEXT, BY(SUMMARY, BL_FLOAT64), .later = true},
    [BL_FIELD_SUMMARY_EXPONENT] = {"summary/exponent", AXES_FIT, "1",
                                   "exponent a of the median distance in the input dimension, median ~ C n^a",
                                   "least squares in log-log over the dimensions with a median above 0; NaN "
                                   "where a median is inf; expected for uniform inputs: 1/2, 0, -1/2 at p = "
                                   "1, 2, inf (p = 1: up to a logarithm)",
                                   BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_EXPONENT_ERROR] =
        {"summary/exponent_error", AXES_FIT, "1", "standard error of summary/exponent",
         "of the networks drawn: from the intervals of the medians, which are independent between "
         "dimensions; NaN with fewer than 5 networks (at 90 %) or one dimension, or where an interval "
         "reaches 0 or inf",
         BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_PREFACTOR] = {"summary/prefactor", AXES_FIT, "1",
                                    "prefactor C of the fit median ~ C n^a", "see summary/exponent",
                                    BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_PAPER_SCALE] =
        {"summary/paper_scale", AXES_FIT, "1", "scale c of the published form of the median distance",
         "c (n - n0)^(1/2) at p = 1, the constant c at p = 2, c (n - n0)^(-1/2) at p = inf (De Palma, "
         "Kiani, Lloyd 2021, figure 1); NaN at other p",
         BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_PAPER_OFFSET] = {"summary/paper_offset", AXES_FIT, "1",
                                       "offset n0 of the published form of the median distance",
                                       "see summary/paper_scale", BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_LAW] =
        {"summary/law", AXES_LAW, "1",
         "first-order law: quantile of the distance predicted without free parameter, with the sweep's box",
         LAW_TEXT, BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_LAW_ERROR] = {"summary/law_error", AXES_LAW_MEDIAN, "1",
                                    "standard error of the median of summary/law", "Monte Carlo error",
                                    BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_LAW_UNBOXED] = {"summary/law_unboxed", AXES_LAW, "1",
                                      "first-order law: quantile of the distance predicted without free "
                                      "parameter, without box",
                                      LAW_TEXT, BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_LAW_UNBOXED_ERROR] = {"summary/law_unboxed_error", AXES_LAW_MEDIAN, "1",
                                            "standard error of the median of summary/law_unboxed",
                                            "Monte Carlo error", BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_GUARANTEED] = {"summary/guaranteed", AXES_LAW_MEDIAN, "1",
                                     "guaranteed median: at least half of the distances exceed it, in the "
                                     "infinite-width limit",
                                     "largest eps for which the Sudakov-Fernique and Borell-TIS "
                                     "inequalities keep P(d_p <= eps) <= 1/2, at every n; NaN at p = 0",
                                     BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_GUARANTEED_ERROR] = {"summary/guaranteed_error", AXES_LAW_MEDIAN, "1",
                                           "standard error of summary/guaranteed",
                                           "of the 64 random inputs at which the bound of P(d_p <= eps) is "
                                           "averaged: its deviation over them, over its slope in eps",
                                           BY(SUMMARY, BL_FLOAT64), .later = true},
    [BL_FIELD_SUMMARY_OVER_LAW] = {"summary/over_law", AXES_STATISTIC, "1",
                                   "measured median over the first-order law's median",
                                   "summary/distance over summary/law, at level 0.5; tends to 1 as width "
                                   "and dimension grow; NaN for images: the law is of random inputs",
                                   BY(SUMMARY, BL_FLOAT64)},
    INTERVAL_ENDS(SUMMARY_OVER_LAW, "summary/over_law", AXES_STATISTIC),
    [BL_FIELD_SUMMARY_OVER_GUARANTEED] =
        {"summary/over_guaranteed", AXES_STATISTIC, "1", "measured median over the guaranteed median",
         "summary/distance at level 0.5 over summary/guaranteed; at least 1 in the infinite-width limit; "
         "inf where the median is",
         BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_KERNEL_DEVIATION] =
        {"summary/kernel_deviation", AXES_KERNEL, "1", "relative deviation of gram_empirical from gram_nngp",
         "|gram_empirical - gram_nngp|_F / |gram_nngp|_F (Frobenius norms); noise of order (networks x "
         "width)^(-1/2), bias of order 1/width",
         BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_KERNEL_DEVIATION_OUTPUT] =
        {"summary/kernel_deviation_output", AXES_KERNEL, "1",
         "relative deviation of gram_output from gram_nngp",
         "|gram_output - gram_nngp|_F / |gram_nngp|_F (Frobenius norms); noise of order networks^(-1/2)",
         BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_KURTOSIS] =
        {"summary/kurtosis", AXES_KERNEL, "1", "excess kurtosis of the outputs over the networks of the case",
         "m4 / m2^2 - 3 of f(x_i) over networks, mean over the kernel inputs x_i; 0 for a Gaussian process, "
         "of order 1/width",
         BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_SPECTRUM_EMPIRICAL] = {"summary/spectrum_empirical", AXES_SPECTRUM, "1",
                                             "eigenvalues of gram_empirical", "in ascending order",
                                             BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_SPECTRUM_NNGP] = {"summary/spectrum_nngp", AXES_SPECTRUM, "1",
                                        "eigenvalues of gram_nngp", "in ascending order",
                                        BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_KL_DIVERGENCE] =
        {"summary/kl_divergence", AXES_KERNEL, "1",
         "Kullback-Leibler divergence between the centred Gaussians of the empirical and the analytic kernel",
         "KL(N(0, gram_empirical) | N(0, gram_nngp)) = (tr(K^-1 E) - M + log det K - log det E) / 2 in "
         "nats, E = gram_empirical, K = gram_nngp, M kernel inputs; NaN where a kernel is not positive "
         "definite",
         BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_LOG_DETERMINANT_EMPIRICAL] =
        {"summary/log_determinant_empirical", AXES_KERNEL, "1", "log determinant of gram_empirical",
         "2 sum log L_ii of its Cholesky factor; NaN where it is not positive definite",
         BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_LOG_DETERMINANT_NNGP] =
        {"summary/log_determinant_nngp", AXES_KERNEL, "1", "log determinant of gram_nngp",
         "2 sum log L_ii of its Cholesky factor; NaN where it is not positive definite",
         BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_EFFECTIVE_DIMENSION_EMPIRICAL] =
        {"summary/effective_dimension_empirical", AXES_KERNEL, "1", "effective dimension of gram_empirical",
         "(sum lambda)^2 / sum lambda^2 over its eigenvalues lambda", BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_EFFECTIVE_DIMENSION_NNGP] =
        {"summary/effective_dimension_nngp", AXES_KERNEL, "1", "effective dimension of gram_nngp",
         "(sum lambda)^2 / sum lambda^2 over its eigenvalues lambda", BY(KERNEL, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_KERNEL_FIT_NOISE] =
        {"summary/kernel_fit_noise", AXES_KERNEL_FIT, "1",
         "noise of kernel_deviation over widths: a of a/sqrt(networks width), added in squares",
         "kernel_deviation^2 = a^2/(S N) + b^2/N^2, least squares of its relative error over finite widths "
         "N; NaN with one width",
         BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_KERNEL_FIT_NOISE_ERROR] = {"summary/kernel_fit_noise_error", AXES_KERNEL_FIT, "1",
                                                 "standard error of summary/kernel_fit_noise", FIT_ERROR_TEXT,
                                                 BY(SUMMARY, BL_FLOAT64), .later = true},
    [BL_FIELD_SUMMARY_KERNEL_FIT_BIAS] =
        {"summary/kernel_fit_bias", AXES_KERNEL_FIT, "1",
         "bias of kernel_deviation over widths: b of b/width, added in squares", "as kernel_fit_noise",
         BY(SUMMARY, BL_FLOAT64)},
    [BL_FIELD_SUMMARY_KERNEL_FIT_BIAS_ERROR] = {"summary/kernel_fit_bias_error", AXES_KERNEL_FIT, "1",
                                                "standard error of summary/kernel_fit_bias", FIT_ERROR_TEXT,
                                                BY(SUMMARY, BL_FLOAT64), .later = true},
    [BL_FIELD_KERNEL_STATUS] =
        {"kernel/status", AXES_KERNEL, "1", "whether the case's kernels are in the file",
         "written after all of them; what --resume reads; failed: their numbers leave the range of float64, "
         "and all of them are NaN",
         BY(KERNEL_MARK, BL_INT8), .flags = "pending done failed", .later = true},
    [BL_FIELD_KERNEL_CHECKSUM] =
        {"kernel/checksum", AXES_KERNEL, "1",
         "checksum of the case's kernels, their spectra and the numbers of summary/ made from them",
         "sum modulo 2^64 over rows of the last axis, of each a 64-bit FNV-1a over the variable's name, the "
         "row's number and its values, as 8-byte words, the upper half folded onto the lower; 0 while "
         "pending; --resume computes again what does not match",
         BY(KERNEL_MARK, BL_INT64), .later = true},
    [BL_FIELD_KERNEL_PIVOT_EMPIRICAL] =
        {"kernel/pivot_empirical", AXES_KERNEL, "1",
         "first pivot of gram_empirical's Cholesky factor that is not positive, counted from 1",
         "0: it is positive definite", BY(KERNEL, BL_FLOAT64), .later = true},
    [BL_FIELD_KERNEL_PIVOT_NNGP] =
        {"kernel/pivot_nngp", AXES_KERNEL, "1",
         "first pivot of gram_nngp's Cholesky factor that is not positive, counted from 1",
         "0: it is positive definite", BY(KERNEL, BL_FLOAT64), .later = true},
    [BL_FIELD_UNIT_STATUS] = {"unit/status", AXES_UNIT, "1", "whether the unit's results are in the file",
                              "written after all of the unit's data; what --resume reads",
                              BY(BOOKKEEPING, BL_INT8), .flags = "pending done"},
    [BL_FIELD_UNIT_CASE] = {"unit/case", AXES_UNIT, "1", "number of the unit's case",
                            "(depth index x widths + width index) x dimensions + dimension index",
                            BY(BOOKKEEPING, BL_INT64)},
    [BL_FIELD_UNIT_FIRST_NETWORK] = {"unit/first_network", AXES_UNIT, "1",
                                     "number of the unit's first network within its case", NULL,
                                     BY(BOOKKEEPING, BL_INT64)},
    [BL_FIELD_UNIT_NETWORKS] = {"unit/networks", AXES_UNIT, "1", "number of networks of the unit", NULL,
                                BY(BOOKKEEPING, BL_INT64)},
    [BL_FIELD_UNIT_FIRST_INPUT] = {"unit/first_input", AXES_UNIT, "1",
                                   "number of the first input that the unit takes of each of its networks",
                                   NULL, BY(BOOKKEEPING, BL_INT64)},
    [BL_FIELD_UNIT_INPUTS] = {"unit/inputs", AXES_UNIT, "1",
                              "number of inputs that the unit takes of each of its networks",
                              "searched as one batch", BY(BOOKKEEPING, BL_INT64)},
    [BL_FIELD_UNIT_CHECKSUM] =
        {"unit/checksum", AXES_UNIT, "1", "checksum of the unit's data, in all variables with a network axis",
         "64-bit FNV-1a over the unit's values of each variable in the order of the file, as 8-byte words "
         "(the last one padded with zeros); 0 while pending; --resume computes again what does not match",
         BY(BOOKKEEPING, BL_INT64)},
    [BL_FIELD_UNIT_COST] = {"unit/cost", AXES_UNIT, "1", "cost of the unit as estimated by the schedule",
                            "multiply-adds", BY(BOOKKEEPING, BL_FLOAT64)},
    [BL_FIELD_UNIT_SECONDS] = {"unit/seconds", AXES_UNIT, "s", "time the unit took", NULL,
                               BY(BOOKKEEPING, BL_FLOAT64), .varies = true},
    [BL_FIELD_UNIT_SECONDS_SAMPLING] = {"unit/seconds_sampling", AXES_UNIT, "s",
                                        "of unit/seconds, the time for drawing weights and inputs", NULL,
                                        BY(BOOKKEEPING, BL_FLOAT64), .varies = true},
    [BL_FIELD_UNIT_SECONDS_PASSES] = {"unit/seconds_passes", AXES_UNIT, "s",
                                      "of unit/seconds, the time inside network passes",
                                      "forward, backward and float64 passes, packing of weights included",
                                      BY(BOOKKEEPING, BL_FLOAT64), .varies = true},
    [BL_FIELD_UNIT_BEGIN] = {"unit/begin", AXES_UNIT, "seconds since 1970-01-01 00:00:00 UTC",
                             "time at which the unit was begun", NULL, BY(BOOKKEEPING, BL_FLOAT64),
                             .varies = true},
    [BL_FIELD_UNIT_RANK] = {"unit/rank", AXES_UNIT, "1", "MPI rank that computed the unit", NULL,
                            BY(BOOKKEEPING, BL_INT32), .varies = true, .fill = -1},
    [BL_FIELD_UNIT_LAUNCH] = {"unit/launch", AXES_UNIT, "1",
                              "launch in which the unit was computed, index of provenance/launch", NULL,
                              BY(BOOKKEEPING, BL_INT64), .varies = true, .fill = -1},
#define LAUNCH_NUMBER(name, units, long_name, comment)                                                       \
    {                                                                                                        \
        "provenance/launch/" name, AXES_LAUNCH, units, long_name, comment, BY(BOOKKEEPING, BL_FLOAT64),      \
            .varies = true, .later = true                                                                    \
    }
    [BL_FIELD_LAUNCH_UNITS] = {"provenance/launch/units", AXES_LAUNCH, "1", "units that the launch computed",
                               "-1 where it was killed before it could say", BY(BOOKKEEPING, BL_INT64),
                               .varies = true, .later = true, .fill = -1},
    [BL_FIELD_LAUNCH_SECONDS_BUSY] = LAUNCH_NUMBER(
        "seconds_busy", "s", "time in units, computing and writing them, summed over ranks", NULL),
    [BL_FIELD_LAUNCH_SECONDS_WRITING] =
        LAUNCH_NUMBER("seconds_writing", "s", "of seconds_busy, the time for writing units", NULL),
    [BL_FIELD_LAUNCH_SECONDS_WAITING] = LAUNCH_NUMBER(
        "seconds_waiting", "s", "time in the phase of units outside of any unit, summed over ranks",
        "seconds_units times ranks, less seconds_busy"),
    [BL_FIELD_LAUNCH_SECONDS_WITHOUT_CORE] = LAUNCH_NUMBER(
        "seconds_without_core", "s",
        "of seconds_busy, the time in which a rank that computed a unit had no core, summed over ranks",
        "wall-clock time less processor time of the computations: other processes had the core"),
    [BL_FIELD_LAUNCH_SECONDS_UNITS] =
        LAUNCH_NUMBER("seconds_units", "s", "duration of the phase of units", NULL),
    [BL_FIELD_LAUNCH_SECONDS_KERNELS] =
        LAUNCH_NUMBER("seconds_kernels", "s", "duration of the phase of kernels", NULL),
    [BL_FIELD_LAUNCH_SECONDS_SUMMARY] =
        LAUNCH_NUMBER("seconds_summary", "s", "duration of the summary", NULL),
    [BL_FIELD_LAUNCH_MEMORY_PEAK] =
        LAUNCH_NUMBER("memory_peak", "bytes", "most memory that any rank held", "resident memory"),
#undef LAUNCH_NUMBER
};

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The tables of `show`, for people.
 */
#include "show_format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { CELL = 32 };

/* Four significant digits, '-' for what is not there. */
static const char *cell(char *text, double value) {
    if (isnan(value))
        return "-";
    (void)snprintf(text, CELL, "%.4g", value);
    return text;
}

/* A quantile: "> x" where it is infinite, x the largest length looked at. */
static const char *quantile_cell(char *text, double value, double looked) {
    if (!isinf(value) || !(looked > 0))
        return cell(text, value);
    (void)snprintf(text, CELL, "> %.4g", looked);
    return text;
}

/* A value of an axis: whole numbers without a fraction, inf. */
static const char *axis_cell(char *text, double value) {
    if (isinf(value))
        return "inf";
    (void)snprintf(text, CELL, value == floor(value) ? "%.0f" : "%g", value);
    return text;
}

static void sweep(void *context, const bl_show_sweep *s) {
    const bl_config *config = s->grid->config;
    char kernels[64] = "";
    (void)context;
    if (!s->complete && s->kernels_known)
        (void)snprintf(kernels, sizeof kernels, ", kernels of %zu of %zu cases", s->kernels_done,
                       s->grid->cases);
    (void)printf("%s: %s\n%s: %" PRId64 " of %" PRId64
                 " units done%s; %zu networks per case, %zu inputs %sper network, %g %% intervals\n",
                 s->path, config->name, s->complete ? "complete" : "not complete", s->units_done,
                 s->grid->units, kernels, config->networks, config->inputs,
                 config->training.set == BL_TRAINING_NONE ? "" : "of each kind ", 100 * config->confidence);
}

static void measurement(void *context, const char *path, bool complete) {
    (void)context;
    (void)path;
    (void)complete;
}

static void posterior(void *context, const bl_posterior *p) {
    (void)context;
    (void)printf("%s: %zu training images, %zu test images, %s\n", p->config->base.name, p->train, p->test,
                 p->columns == 1 ? "parity" : "one against the rest");
    (void)printf("test accuracy            %.4f (%zu of %zu)\n", p->accuracy,
                 (size_t)(p->accuracy * (double)p->test + 0.5), p->test);
    (void)printf("training accuracy        %.4f\n", p->accuracy_train);
    (void)printf("log marginal likelihood  %.8g\n", p->log_marginal);
    (void)printf("negative log likelihood  %.4f per test image\n", p->negative_log);
    (void)printf("calibration error        %.4f\n", p->calibration_error);
    if (p->seconds_kernel > 0)
        (void)printf(
            "seconds                  kernel %.3g, factor and weights %.3g, test %.3g, distances %.3g\n",
            p->seconds_kernel, p->seconds_solve, p->seconds_test, p->seconds_distances);
}

/* A cell of the column that only sweeps that train have. */
static void print_kind(const bl_show_text *t, const char *text) {
    if (t->kinds)
        (void)printf(" %6s", text);
}

static bool begin(void *context, bl_show_section section, bool kinds) {
    bl_show_text *t = context;
    t->kinds = kinds;
    switch (section) {
    case BL_SHOW_CASES:
        (void)printf("\n%5s %6s %8s", "depth", "width", "n");
        print_kind(t, "inputs");
        (void)printf(" %5s  %10s %-22s %11s %9s %8s %10s %7s %8s %9s\n", "p", "median", " interval",
                     "over |x0|_p", "law", "over law", "guaranteed", "passes", "failures", "certified");
        return true;
    case BL_SHOW_EXPONENTS:
        (void)printf("\n%5s %6s", "depth", "width");
        print_kind(t, "inputs");
        (void)printf(" %5s  %22s %10s\n", "p", "exponent of n", "1/p - 1/2");
        return true;
    case BL_SHOW_KERNELS:
        (void)printf("\n%5s %6s %8s  %-33s %10s %10s\n%5s %6s %8s  %16s %16s %10s %10s\n", "", "", "",
                     "|K_empirical - K_nngp| / |K_nngp|", "kurtosis", "KL", "depth", "width", "n", "features",
                     "outputs", "(excess)", "(nats)");
        return true;
    case BL_SHOW_NETWORKS:
        (void)printf("%-48s %5s  %10s %10s %9s %6s\n", "network", "p", "median", "passes", "certified",
                     "found");
        return true;
    case BL_SHOW_DISTANCES:
        (void)printf("\n%-9s %6s %14s %14s %10s %8s\n", "inputs", "p", "median", "prior's law", "relative",
                     "found");
        return true;
    case BL_SHOW_LAUNCHES:
        break;
    }
    return false;
}

static void case_row(void *context, const bl_show_case *r) {
    const bl_summary *s = &r->summary;
    char text[11][CELL];
    (void)printf("%5zu %6s %8zu", r->c.depth, axis_cell(text[0], r->c.width), r->c.dimension);
    print_kind(context, r->kind);
    (void)printf(" %5s  %10s [%9s, %9s] %10s %9s %8s %10s %7s %8" PRId64 " %9s\n", axis_cell(text[1], r->p),
                 quantile_cell(text[2], s->distance.estimate[BL_QUANTILE_MEDIAN], s->distance.looked),
                 quantile_cell(text[3], s->distance.low[BL_QUANTILE_MEDIAN], s->distance.looked),
                 quantile_cell(text[4], s->distance.high[BL_QUANTILE_MEDIAN], s->distance.looked),
                 quantile_cell(text[5], s->relative.estimate[BL_QUANTILE_MEDIAN], s->relative.looked),
                 cell(text[6], r->law), quantile_cell(text[7], r->over_law, s->distance.looked / r->law),
                 cell(text[8], r->guaranteed), cell(text[9], s->passes), s->failures,
                 cell(text[10], r->certificates.ratio.estimate[BL_QUANTILE_MEDIAN]));
}

static void exponent_row(void *context, const bl_show_exponent *r) {
    char text[5][CELL];
    (void)printf("%5.0f %6s", r->depth, axis_cell(text[0], r->width));
    print_kind(context, r->kind);
    (void)printf(" %5s  %9s +- %9s %10s\n", axis_cell(text[1], r->p), cell(text[2], r->exponent),
                 cell(text[3], r->error), cell(text[4], r->expected));
}

static void kernel_row(void *context, const bl_show_kernel *r) {
    char text[5][CELL];
    (void)context;
    (void)printf("%5zu %6s %8zu  %16s %16s %10s %10s\n", r->c.depth, axis_cell(text[4], r->c.width),
                 r->c.dimension, cell(text[0], r->deviation), cell(text[1], r->deviation_output),
                 cell(text[2], r->kurtosis), cell(text[3], r->divergence));
}

static void launch_row(void *context, const bl_show_launch *row) {
    (void)context;
    (void)row;
}

static void network_row(void *context, const bl_show_network *r) {
    char text[4][CELL];
    (void)context;
    (void)printf("%-48s %5s  %10s %10s %9s %6zu of %zu%s\n", r->name, axis_cell(text[0], r->p),
                 quantile_cell(text[1], r->median, r->looked), cell(text[2], r->passes),
                 cell(text[3], r->certified), r->found, r->inputs, r->pending > 0 ? " (pending)" : "");
}

static void posterior_row(void *context, const bl_show_posterior_row *r) {
    char text[2][CELL];
    (void)context;
    (void)printf("%-9s %6g %14s %14.5g %10s %4zu/%zu\n", r->kind, r->p,
                 quantile_cell(text[0], r->median, r->looked), r->law,
                 quantile_cell(text[1], r->relative, r->relative_looked), r->found, r->inputs);
}

static void end(void *context, bl_show_section section) {
    (void)context;
    (void)section;
}

const bl_show_format bl_show_text_format = {.sweep = sweep,
                                            .measurement = measurement,
                                            .posterior = posterior,
                                            .begin = begin,
                                            .case_row = case_row,
                                            .exponent_row = exponent_row,
                                            .kernel_row = kernel_row,
                                            .launch_row = launch_row,
                                            .network_row = network_row,
                                            .posterior_row = posterior_row,
                                            .end = end};

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `show --json`, for programs; src/cli/JSON.md describes every key.
 */
#include "json.h"
#include "show_format.h"

#include <stdlib.h>
#include <string.h>

static const char *const section_name[] = {
    [BL_SHOW_CASES] = "cases",       [BL_SHOW_EXPONENTS] = "exponents", [BL_SHOW_KERNELS] = "kernel_cases",
    [BL_SHOW_LAUNCHES] = "launches", [BL_SHOW_NETWORKS] = "networks",   [BL_SHOW_DISTANCES] = "distances"};

static void sweep(void *context, const bl_show_sweep *s) {
    bl_json *j = context;
    const bl_config *config = s->grid->config;
    bl_json_text(j, "kind", "sweep");
    bl_json_text(j, "path", s->path);
    bl_json_text(j, "name", config->name);
    bl_json_bool(j, "complete", s->complete);
    bl_json_object(j, "units");
    bl_json_integer(j, "done", s->units_done);
    bl_json_integer(j, "total", s->grid->units);
    bl_json_end(j);
    if (s->kernels_known) {
        bl_json_object(j, "kernels");
        bl_json_count(j, "done", s->kernels_done);
        bl_json_count(j, "total", s->grid->cases);
        bl_json_end(j);
    }
    bl_json_count(j, "networks", config->networks);
    bl_json_count(j, "inputs", config->inputs);
    bl_json_number(j, "confidence", config->confidence);
}

static void measurement(void *context, const char *path, bool complete) {
    bl_json *j = context;
    bl_json_text(j, "kind", "measurement");
    bl_json_text(j, "path", path);
    bl_json_bool(j, "complete", complete);
}

static void posterior(void *context, const bl_posterior *p) {
    bl_json *j = context;
    bl_json_text(j, "kind", "posterior");
    bl_json_text(j, "name", p->config->base.name);
    bl_json_bool(j, "complete", true);
    bl_json_text(j, "labels", bl_labels_name[p->config->labels]);
    bl_json_count(j, "train", p->train);
    bl_json_count(j, "test", p->test);
    bl_json_number(j, "accuracy", p->accuracy);
    bl_json_number(j, "accuracy_train", p->accuracy_train);
    bl_json_number(j, "log_marginal_likelihood", p->log_marginal);
    bl_json_number(j, "negative_log_likelihood", p->negative_log);
    bl_json_number(j, "calibration_error", p->calibration_error);
    bl_json_object(j, "seconds");
    bl_json_number(j, "kernel", p->seconds_kernel);
    bl_json_number(j, "factor", p->seconds_solve);
    bl_json_number(j, "test", p->seconds_test);
    bl_json_number(j, "distances", p->seconds_distances);
    bl_json_end(j);
}

static bool begin(void *context, bl_show_section section, bool kinds) {
    bl_json *j = context;
    (void)kinds;
    if (!bl_json_wants(j, section_name[section]))
        return false;
    bl_json_array(j, section_name[section]);
    return true;
}

static void end(void *context, bl_show_section section) {
    (void)section;
    bl_json_end(context);
}

static void put_case(bl_json *j, const bl_case *c) {
    bl_json_count(j, "depth", c->depth);
    bl_json_number(j, "width", c->width);
    bl_json_count(j, "dimension", c->dimension);
}

static void case_row(void *context, const bl_show_case *r) {
    bl_json *j = context;
    const bl_summary *s = &r->summary;
    bl_json_object(j, NULL);
    put_case(j, &r->c);
    bl_json_text(j, "image_kind", r->kind);
    bl_json_number(j, "p", r->p);
    bl_json_number(j, "median", s->distance.estimate[BL_QUANTILE_MEDIAN]);
    bl_json_number(j, "median_low", s->distance.low[BL_QUANTILE_MEDIAN]);
    bl_json_number(j, "median_high", s->distance.high[BL_QUANTILE_MEDIAN]);
    bl_json_number(j, "looked", s->distance.looked);
    bl_json_number(j, "relative_median", s->relative.estimate[BL_QUANTILE_MEDIAN]);
    bl_json_number(j, "law_median", r->law);
    bl_json_number(j, "over_law", r->over_law);
    bl_json_number(j, "guaranteed_median", r->guaranteed);
    bl_json_number(j, "passes", s->passes);
    bl_json_number(j, "certified_ratio_median", r->certificates.ratio.estimate[BL_QUANTILE_MEDIAN]);
    bl_json_number(j, "certified_exact", r->certificates.exact);
    bl_json_number(j, "certified_median_low", r->certificates.median_low);
    bl_json_number(j, "certified_median_high", r->certificates.median_high);
    bl_json_integer(j, "failures", s->failures);
    bl_json_integer(j, "pending", s->pending);
    bl_json_end(j);
}

static void exponent_row(void *context, const bl_show_exponent *r) {
    bl_json *j = context;
    bl_json_object(j, NULL);
    bl_json_integer(j, "depth", (int64_t)r->depth);
    bl_json_number(j, "width", r->width);
    bl_json_text(j, "image_kind", r->kind);
    bl_json_number(j, "p", r->p);
    bl_json_number(j, "exponent", r->exponent);
    bl_json_number(j, "exponent_error", r->error);
    bl_json_number(j, "expected", r->expected);
    bl_json_end(j);
}

static void kernel_row(void *context, const bl_show_kernel *r) {
    bl_json *j = context;
    bl_json_object(j, NULL);
    put_case(j, &r->c);
    bl_json_number(j, "kernel_deviation", r->deviation);
    bl_json_number(j, "kernel_deviation_output", r->deviation_output);
    bl_json_number(j, "kurtosis", r->kurtosis);
    bl_json_number(j, "kl_divergence", r->divergence);
    bl_json_end(j);
}

static void launch_row(void *context, const bl_show_launch *r) {
    bl_json *j = context;
    bl_json_object(j, NULL);
    for (size_t i = 0; i < BL_PROVENANCE_KEYS; i++)
        if (strcmp(bl_provenance_keys[i].name, "ranks") == 0)
            bl_json_integer(j, "ranks", strtoll(r->text[i], NULL, 10));
        else
            bl_json_text(j, bl_provenance_keys[i].name, r->text[i]);
    bl_json_integer(j, "units", r->usage.units);
    for (size_t i = 0; i < BL_USAGE_NUMBERS; i++)
        bl_json_number(j, bl_usage_name(i), bl_usage_value(&r->usage, i));
    bl_json_end(j);
}

static void network_row(void *context, const bl_show_network *r) {
    bl_json *j = context;
    bl_json_object(j, NULL);
    bl_json_text(j, "name", r->name);
    bl_json_number(j, "p", r->p);
    bl_json_number(j, "median", r->median);
    bl_json_number(j, "looked", r->looked);
    bl_json_number(j, "passes", r->passes);
    bl_json_number(j, "certified_ratio_median", r->certified);
    bl_json_count(j, "inputs", r->inputs);
    bl_json_count(j, "found", r->found);
    bl_json_count(j, "pending", r->pending);
    bl_json_end(j);
}

static void posterior_row(void *context, const bl_show_posterior_row *r) {
    bl_json *j = context;
    bl_json_object(j, NULL);
    bl_json_text(j, "inputs_kind", r->kind);
    bl_json_number(j, "p", r->p);
    bl_json_number(j, "median", r->median);
    bl_json_number(j, "looked", r->looked);
    bl_json_number(j, "law_median", r->law);
    bl_json_number(j, "relative_median", r->relative);
    bl_json_count(j, "inputs", r->inputs);
    bl_json_count(j, "found", r->found);
    bl_json_end(j);
}

const bl_show_format bl_show_json_format = {.sweep = sweep,
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

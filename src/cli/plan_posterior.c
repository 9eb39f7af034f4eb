/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan_posterior.h"

#include "base/duration.h"
#include "base/mem.h"
#include "experiment/posterior.h"

#include <stdio.h>
#include <string.h>

bool bl_plan_posterior_is(const char *text) {
    return strncmp(text, "data:", 5) == 0 || strstr(text, "\ndata:") != NULL;
}

static void print_seconds(FILE *to, const char *what, double seconds) {
    char text[BL_DURATION_TEXT];
    bl_duration_text(seconds, text);
    (void)fprintf(to, "%-24s %12s %10.3g s\n", what, text, seconds);
}

/* Forecasts for several numbers of ranks: the first is the one that was asked for. */
enum { FORECASTS = 5 };

typedef struct plan {
    const bl_posterior_config *config;
    bl_posterior_forecast work;
    size_t count, ranks[FORECASTS];
    double bytes[FORECASTS]; /* per rank, without the program itself */
} plan;

static double seconds_of(const plan *p) {
    const bl_posterior_forecast *f = &p->work;
    return f->seconds_kernel + f->seconds_factor + f->seconds_test + f->seconds_distances;
}

static double memory_of(const plan *p, size_t i) {
    return p->bytes[i] + (double)bl_mem_resident();
}

static void print_plan(FILE *to, const plan *p) {
    const bl_posterior_forecast *f = &p->work;
    const bl_config *base = &p->config->base;
    (void)fprintf(
        to,
        "%s: %zu training images, %zu test images of %zu numbers, %s; distances of %zu inputs of each "
        "kind, %zu norms\n\n%-24s %12s %12s\n",
        base->name, f->train, f->test, f->numbers,
        p->config->labels == BL_LABELS_PARITY ? "parity" : "one against the rest", base->inputs,
        base->p.count, "work", "one core", "");
    print_seconds(to, "kernel", f->seconds_kernel);
    print_seconds(to, "factor and weights", f->seconds_factor);
    print_seconds(to, "test images", f->seconds_test);
    print_seconds(to, "distances", f->seconds_distances);
    print_seconds(to, "all", seconds_of(p));
    (void)fprintf(
        to,
        "(kernels and factor timed on this machine, now; distances by their effort, within a factor of 2)\n"
        "\n%8s %16s %16s\n",
        "ranks", "GiB per rank", "time at best");
    for (size_t i = 0; i < p->count; i++) {
        char text[BL_DURATION_TEXT];
        bl_duration_text(seconds_of(p) / (double)p->ranks[i], text);
        (void)fprintf(to, "%8zu %16.3g %16s\n", p->ranks[i], memory_of(p, i) / (1024.0 * 1024.0 * 1024.0),
                      text);
    }
}

static void put_plan(bl_json *j, const plan *p) {
    const bl_posterior_forecast *f = &p->work;
    bl_json_text(j, "kind", "posterior");
    bl_json_text(j, "name", p->config->base.name);
    bl_json_count(j, "train", f->train);
    bl_json_count(j, "test", f->test);
    bl_json_count(j, "dimension", f->numbers);
    bl_json_number(j, "seconds_one_core", seconds_of(p));
    bl_json_number(j, "seconds_kernel", f->seconds_kernel);
    bl_json_number(j, "seconds_factor", f->seconds_factor);
    bl_json_number(j, "seconds_test", f->seconds_test);
    bl_json_number(j, "seconds_distances", f->seconds_distances);
    bl_json_number(j, "memory_per_rank", memory_of(p, 0));
    bl_json_array(j, "forecast");
    for (size_t i = 0; i < p->count; i++) {
        bl_json_object(j, NULL);
        bl_json_count(j, "ranks", p->ranks[i]);
        bl_json_number(j, "seconds", seconds_of(p) / (double)p->ranks[i]);
        bl_json_number(j, "memory_per_rank", memory_of(p, i));
        bl_json_end(j);
    }
    bl_json_end(j);
}

bl_err bl_plan_posterior(const bl_comm *comm, const char *path, const char *text, size_t length,
                         const bl_texts *overrides, size_t ranks, bl_json *json) {
    bl_err err = BL_OK;
    bl_posterior_config *config = NULL;
    plan p = {.ranks = {ranks}, .count = 1};
    static const size_t others[FORECASTS - 1] = {2, 16, 128, 1024};
    for (size_t i = 0; i < FORECASTS - 1; i++)
        if (others[i] != ranks)
            p.ranks[p.count++] = others[i];
    err = bl_posterior_config_parse(path, text, length, overrides->text, overrides->count, &config);
    BL_TRY(bl_agree(comm, err));
    p.config = config;
    BL_TRY(bl_posterior_plan(comm, config, p.count, p.ranks, p.bytes, &p.work));
    if (comm->rank == 0 && json)
        put_plan(json, &p);
    if (comm->rank == 0 && (!json || json->keys->count > 0))
        print_plan(json ? stderr : stdout, &p);
cleanup:
    bl_posterior_config_destroy(&config);
    return err;
}

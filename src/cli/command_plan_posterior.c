/* SPDX-License-Identifier: BSD-3-Clause */
#include "command_plan_posterior.h"

#include "base/duration.h"
#include "base/mem.h"
#include "experiment/posterior.h"

#include <stdio.h>
#include <string.h>

bool bl_plan_is_posterior(const char *text) {
    return strncmp(text, "data:", 5) == 0 || strstr(text, "\ndata:") != NULL;
}

static void print_seconds(const char *what, double seconds) {
    char text[32];
    bl_duration_text(seconds, text);
    (void)printf("%-24s %12s %10.3g s\n", what, text, seconds);
}

static void print_forecast(const bl_posterior_config *config, const bl_posterior_forecast *f, size_t count,
                           const size_t *ranks, const double *bytes) {
    const double total = f->seconds_kernel + f->seconds_factor + f->seconds_test + f->seconds_distances;
    (void)printf(
        "%s: %zu training images, %zu test images of %zu numbers, %s; distances of %zu inputs of each "
        "kind, %zu norms\n\n%-24s %12s %12s\n",
        config->base.name, f->train, f->test, f->numbers,
        config->labels == BL_LABELS_PARITY ? "parity" : "one against the rest", config->base.inputs,
        config->base.p.count, "work", "one core", "");
    print_seconds("kernel", f->seconds_kernel);
    print_seconds("factor and weights", f->seconds_factor);
    print_seconds("test images", f->seconds_test);
    print_seconds("distances", f->seconds_distances);
    print_seconds("all", total);
    (void)printf(
        "(kernels and factor timed on this machine, now; distances by their effort, within a factor of 2)\n"
        "\n%8s %16s %16s\n",
        "ranks", "GiB a rank", "time at best");
    for (size_t i = 0; i < count; i++) {
        char text[32];
        bl_duration_text(total / (double)ranks[i], text);
        (void)printf("%8zu %16.3g %16s\n", ranks[i],
                     (bytes[i] + (double)bl_mem_resident()) / (1024.0 * 1024.0 * 1024.0), text);
    }
}

bl_err bl_plan_posterior(const bl_comm *comm, const char *path, const char *text, size_t length,
                         const bl_texts *overrides, size_t ranks) {
    enum { COUNT = 5 };
    bl_err err = BL_OK;
    bl_posterior_config *config = NULL;
    bl_posterior_forecast forecast;
    size_t numbers[COUNT] = {ranks}, count = 1;
    double bytes[COUNT];
    const size_t others[] = {2, 16, 128, 1024};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] != ranks)
            numbers[count++] = others[i];
    BL_TRY(bl_agree(
        comm, bl_posterior_config_parse(path, text, length, overrides->text, overrides->count, &config)));
    BL_TRY(bl_posterior_plan(comm, config, count, numbers, bytes, &forecast));
    if (comm->rank == 0)
        print_forecast(config, &forecast, count, numbers, bytes);
cleanup:
    bl_posterior_config_destroy(&config);
    return err;
}

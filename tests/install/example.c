/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The library without the program: load the first network of a networks file, measure one of its inputs in l^2 and in
 * l^inf, print the distances.
 *
 *     example NETWORKS.h5 INPUT
 */
#include <borderline/measure.h>
#include <borderline/networks_file.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bl_err measure(const char *path, size_t input) {
    bl_err err = BL_OK;
    bl_networks_file *file = NULL;
    bl_network *network = NULL;
    double *x = NULL;
    size_t inputs = 0;
    const double p[2] = {2.0, INFINITY};
    bl_search_result result[2];
    bl_search_options options = {.p = p, .p_count = 2, .effort = BL_EFFORT_STANDARD};

    BL_TRY(bl_networks_file_open(path, &file));
    options.box = bl_networks_file_box(file);
    BL_TRY(bl_networks_file_read(file, 0, &network, &x, &inputs));
    BL_REQUIRE(input < inputs, BL_ERR_INPUT, "the file has inputs 0 to %zu", inputs - 1);

    /* the distances of one input: a batch of one */
    BL_TRY(bl_measure(network, &options, 1, x + input * network->dimension, result, NULL));
    for (size_t i = 0; i < options.p_count; i++) {
        if (result[i].status == BL_STATUS_FOUND)
            printf("l^%g distance %.17g\n", p[i], result[i].distance);
        else
            printf("l^%g distance not found\n", p[i]);
    }
cleanup:
    if (file && bl_networks_file_close(&file) != BL_OK && err == BL_OK)
        err = BL_ERR_IO;
    bl_network_destroy(&network);
    bl_mem_free(x);
    return err;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s NETWORKS.h5 INPUT\n", argv[0]);
        return 1;
    }
    bl_err err = measure(argv[1], strtoul(argv[2], NULL, 10));
    if (err != BL_OK)
        fprintf(stderr, "%s\n", bl_err_message());
    return bl_err_exit_status(err);
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks files: what is written is read back to the bit. With an argument (FILE) it prints what it reads,
 * one line per network, for the Python test that writes files with h5py.
 */
#include <mpi.h>

#include "base/mem.h"
#include "borderline/networks_file.h"
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const sweep[] = {
    "name: a\nnetwork: {activation: leaky_relu, negative_slope: 0.125, biases: {variance: 0.5}, classes: 3}\n"
    "grid: {depth: [2], width: [9], dimension: [7], p: [2]}\n",
    "name: b\nnetwork: {activation: gelu}\ngrid: {depth: [1], width: [30], dimension: [12], p: [2]}\n"};

typedef struct sample {
    bl_config *config;
    bl_grid *grid;
    bl_network *network;
    float *x;
    size_t inputs;
    float numbers[64];
} sample;

static void sample_create(size_t number, sample *s) {
    CHECK_OK(bl_config_parse("test", sweep[number], strlen(sweep[number]), NULL, 0, &s->config));
    CHECK_OK(bl_grid_create(s->config, &s->grid));
    bl_case c = bl_grid_case(s->grid, 0);
    CHECK_OK(bl_network_create(s->config, &c, &s->network));
    bl_network_sample(s->config, &c, 5, s->network);
    s->inputs = 4;
    s->x = s->numbers;
    bl_network_sample_inputs(s->config, 0, 5, BL_PURPOSE_INPUT, s->network->dimension, s->inputs, s->x);
}

static void sample_destroy(sample *s) {
    bl_network_destroy(&s->network);
    bl_grid_destroy(&s->grid);
    bl_config_destroy(&s->config);
}

static bool same_floats(const float *a, const float *b, size_t count) {
    return (a == NULL) == (b == NULL) && (a == NULL || memcmp(a, b, count * sizeof *a) == 0);
}

static void check_same(const bl_network *a, const bl_network *b) {
    CHECK(a->layer_count == b->layer_count && a->dimension == b->dimension && a->classes == b->classes);
    CHECK(a->shape_rank == b->shape_rank &&
          memcmp(a->shape, b->shape, a->shape_rank * sizeof *a->shape) == 0);
    for (size_t l = 0; l < a->layer_count && l < b->layer_count; l++) {
        const bl_layer *p = &a->layer[l], *q = &b->layer[l];
        CHECK(p->kind == q->kind && p->inputs == q->inputs && p->outputs == q->outputs);
        if (p->kind == BL_LAYER_ACTIVATION)
            CHECK(p->activation == q->activation &&
                  (p->activation != BL_LEAKY_RELU || p->negative_slope == q->negative_slope));
        CHECK(p->in.channels == q->in.channels && p->out.channels == q->out.channels &&
              p->out.height == q->out.height && p->out.width == q->out.width);
        CHECK(p->kernel[0] == q->kernel[0] && p->kernel[1] == q->kernel[1] && p->stride == q->stride &&
              p->padding == q->padding && p->begin == q->begin);
        CHECK(same_floats(p->weight, q->weight, bl_layer_weights(p)));
        CHECK(same_floats(p->bias, q->bias, bl_layer_biases(p)));
    }
}

static void check_read(const bl_networks_file *file, size_t index, const sample *s) {
    bl_network *network = NULL;
    double *x = NULL;
    size_t inputs = 0, dimension = 0;
    CHECK_OK(bl_networks_file_sizes(file, index, &dimension, &inputs));
    CHECK(dimension == s->network->dimension && inputs == s->inputs);
    CHECK_OK(bl_networks_file_read(file, index, &network, &x, &inputs));
    if (!network)
        return;
    check_same(network, s->network);
    for (size_t i = 0; i < inputs * dimension; i++)
        CHECK(x[i] == (double)s->x[i]);
    bl_mem_free(x);
    bl_network_destroy(&network);
}

static void test_round_trip(const char *path) {
    bl_networks_file *file = NULL;
    sample s[2] = {{0}, {0}};
    struct stat status;
    sample_create(0, &s[0]);
    sample_create(1, &s[1]);
    CHECK_OK(bl_networks_file_create(path, false, (bl_box){0, 1}, "name: a\n", 0, &file));
    CHECK_OK(bl_networks_file_append(file, "z", s[0].network, s[0].x, s[0].inputs));
    CHECK_OK(bl_networks_file_append(file, "b", s[1].network, s[1].x, s[1].inputs));
    CHECK(bl_networks_file_append(file, "b", s[1].network, s[1].x, s[1].inputs) == BL_ERR_INPUT);
    CHECK(stat(path, &status) != 0); /* not there before it is complete */
    CHECK_OK(bl_networks_file_close(&file));
    CHECK(file == NULL && stat(path, &status) == 0);
    CHECK_OK(bl_networks_file_open(path, &file));
    CHECK(bl_networks_file_count(file) == 2);
    CHECK(strcmp(bl_networks_file_name(file, 0), "b") == 0 &&
          strcmp(bl_networks_file_name(file, 1), "z") == 0);
    CHECK(bl_networks_file_box(file).lo == 0.0 && bl_networks_file_box(file).hi == 1.0);
    check_read(file, 0, &s[1]);
    check_read(file, 1, &s[0]);
    CHECK_OK(bl_networks_file_close(&file));
    /* an unbounded box is not written; a file given up leaves nothing and spares the old one */
    CHECK(bl_networks_file_create(path, false, (bl_box){0, 1}, "", 0, &file) == BL_ERR_INPUT);
    CHECK(strstr(bl_err_message(), "--force") != NULL && strstr(bl_err_message(), "--resume") == NULL);
    CHECK_OK(bl_networks_file_create(path, true, (bl_box){-INFINITY, INFINITY}, "", 0, &file));
    CHECK_OK(bl_networks_file_append(file, "c", s[0].network, s[0].x, s[0].inputs));
    bl_networks_file_discard(&file);
    CHECK_OK(bl_networks_file_open(path, &file));
    CHECK(bl_networks_file_count(file) == 2);
    CHECK_OK(bl_networks_file_close(&file));
    CHECK_OK(bl_networks_file_create(path, true, (bl_box){-INFINITY, INFINITY}, "", 0, &file));
    CHECK_OK(bl_networks_file_append(file, "c", s[0].network, s[0].x, s[0].inputs));
    CHECK_OK(bl_networks_file_close(&file));
    CHECK_OK(bl_networks_file_open(path, &file));
    CHECK(!bl_box_is_bounded(bl_networks_file_box(file)));
    CHECK_OK(bl_networks_file_close(&file));
    sample_destroy(&s[0]);
    sample_destroy(&s[1]);
}

/* Every kind of layer on images, and what belongs to it. */
static void test_images(const char *path) {
    enum { COUNT = 10, INPUTS = 3, N = 3 * 7 * 6 };
    bl_layer layer[COUNT] = {
        {.kind = BL_LAYER_CONV2D,
         .out = {.channels = 4},
         .kernel = {3, 2},
         .stride = 1,
         .padding = BL_PADDING_VALID},
        {.kind = BL_LAYER_RESIDUAL_BEGIN},
        {.kind = BL_LAYER_RESIDUAL_BEGIN},
        {.kind = BL_LAYER_ACTIVATION, .activation = BL_TANH},
        {.kind = BL_LAYER_RESIDUAL_END},
        {.kind = BL_LAYER_CONV2D, .out = {.channels = 5}, .kernel = {3, 3}, .stride = 2},
        {.kind = BL_LAYER_RESIDUAL_END, .out = {.channels = 5}, .kernel = {1, 1}, .stride = 2},
        {.kind = BL_LAYER_AVGPOOL2D, .kernel = {2, 2}},
        {.kind = BL_LAYER_FLATTEN},
        {.kind = BL_LAYER_DENSE, .outputs = 2}};
    bl_network network = {.layer_count = COUNT,
                          .layer = layer,
                          .dimension = N,
                          .classes = 2,
                          .shape_rank = 3,
                          .shape = {3, 7, 6}};
    sample s = {.network = &network, .inputs = INPUTS};
    static float x[INPUTS * N];
    bl_networks_file *file = NULL;
    for (size_t l = 0; l < COUNT; l++) {
        CHECK_OK(bl_network_fit_layer(&network, l));
        const size_t weights = bl_layer_weights(&layer[l]), biases = bl_layer_biases(&layer[l]);
        const bl_stream stream = bl_rng_stream(3, 0, 0, BL_PURPOSE_TEST, (uint32_t)l);
        if (weights == 0)
            continue;
        layer[l].weight = bl_mem_alloc(weights, sizeof(float));
        layer[l].bias = l == 0 ? NULL : bl_mem_alloc(biases, sizeof(float));
        bl_rng_normal(stream, 1.0F, weights, layer[l].weight);
        if (layer[l].bias)
            bl_rng_normal(stream, 2.0F, biases, layer[l].bias);
    }
    s.x = x;
    bl_rng_normal(bl_rng_stream(3, 0, 0, BL_PURPOSE_TEST, COUNT), 1.0F, (size_t)INPUTS * N, x);
    CHECK_OK(bl_networks_file_create(path, true, (bl_box){0, 1}, "", 0, &file));
    CHECK_OK(bl_networks_file_append(file, "images", &network, x, INPUTS));
    CHECK_OK(bl_networks_file_close(&file));
    CHECK_OK(bl_networks_file_open(path, &file));
    check_read(file, 0, &s);
    CHECK_OK(bl_networks_file_close(&file));
    for (size_t l = 0; l < COUNT; l++) {
        bl_mem_free(layer[l].weight);
        bl_mem_free(layer[l].bias);
    }
}

/* --- for the Python test --- */

static double sum(const float *x, size_t count) {
    double total = 0.0;
    for (size_t i = 0; x && i < count; i++)
        total += (double)x[i] * (double)(1 + i % 7);
    return total;
}

static bl_err print_network(const bl_networks_file *file, size_t index) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    double *x = NULL, total = 0.0;
    size_t inputs = 0, dimension = 0;
    bl_err shapes = bl_networks_file_sizes(file, index, &dimension, &inputs);
    BL_TRY(bl_networks_file_read(file, index, &network, &x, &inputs));
    CHECK_OK(shapes);
    for (size_t i = 0; i < inputs * network->dimension; i++)
        total += x[i] * (double)(1 + i % 7);
    (void)printf("%s inputs %zu %zu %.17g shape", bl_networks_file_name(file, index), inputs,
                 network->dimension, total);
    for (size_t i = 0; i < network->shape_rank; i++)
        (void)printf(" %zu", network->shape[i]);
    for (size_t l = 0; l < network->layer_count; l++) {
        const bl_layer *layer = &network->layer[l];
        if (layer->kind == BL_LAYER_DENSE)
            (void)printf(" | dense %zu %.17g %.17g", layer->outputs,
                         sum(layer->weight, layer->outputs * layer->inputs),
                         sum(layer->bias, layer->outputs));
        else if (layer->kind == BL_LAYER_FLATTEN)
            (void)printf(" | flatten");
        else
            (void)printf(" | %s %.17g", bl_activation_name[layer->activation], layer->negative_slope);
    }
    (void)printf("\n");
cleanup:
    if (shapes != BL_OK || err != BL_OK)
        (void)printf("shapes %s\n", shapes == BL_OK ? "accepted" : "refused");
    bl_mem_free(x);
    bl_network_destroy(&network);
    return err;
}

static int print_file(const char *path) {
    bl_networks_file *file = NULL;
    bl_err err = BL_OK;
    BL_TRY(bl_networks_file_open(path, &file));
    (void)printf("box %.17g %.17g\n", bl_networks_file_box(file).lo, bl_networks_file_box(file).hi);
    for (size_t i = 0; i < bl_networks_file_count(file); i++)
        BL_TRY(print_network(file, i));
cleanup:
    if (err != BL_OK)
        (void)printf("error %d %s\n", bl_err_exit_status(err), bl_err_message());
    bl_networks_file_discard(&file);
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 1)
        return print_file(argv[1]);
    MPI_Init(&argc, &argv);
    char directory[256], path[300], command[300];
    (void)snprintf(directory, sizeof directory, "%s/borderline-networks-XXXXXX",
                   getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    CHECK(mkdtemp(directory) != NULL);
    (void)snprintf(path, sizeof path, "%s/n.h5", directory);
    test_round_trip(path);
    test_images(path);
    (void)snprintf(command, sizeof command, "rm -r '%s'", directory);
    CHECK(system(command) == 0);
    int result = check_result();
    MPI_Finalize();
    return result;
}

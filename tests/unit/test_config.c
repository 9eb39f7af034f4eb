/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The sweep file: defaults, values, the resolved echo, and every complaint by its message.
 */
#include "base/mem.h"
#include "borderline/config.h"
#include "borderline/network.h"
#include "check.h"
#include "sweep/cost.h"

#include <math.h>
#include <string.h>

static const char good[] = "name: a \"quoted\" name\n"
                           "seed: 20210717\n"
                           "network:\n"
                           "  activation: tanh\n"
                           "  weights: {distribution: truncated_normal, variance: 0.1}\n"
                           "grid:\n"
                           "  depth: [2]\n"
                           "  width: [100, 1000]\n"
                           "  dimension: [192, 768, 3072]\n"
                           "  p: [1, 1.5, .inf, 0]\n"
                           "image: {channels: 3}\n"
                           "samples: {networks: 7, inputs: 4, block: 3}\n"
                           "inputs: {box: none}\n";

static bl_err parse(const char *text, const char *override, bl_config **out) {
    return bl_config_parse("my.yaml", text, strlen(text), &override, override ? 1 : 0, out);
}

static void test_values(void) {
    bl_config *config = NULL;
    CHECK_OK(parse(good, NULL, &config));
    if (!config)
        return;
    CHECK(strcmp(config->name, "a \"quoted\" name") == 0);
    CHECK(config->seed == 20210717);
    CHECK(config->activation == BL_TANH && config->weights == BL_WEIGHTS_TRUNCATED_NORMAL);
    CHECK_CLOSE(config->weight_variance, 0.1, 0);
    CHECK_CLOSE(config->bias_variance, 0, 0);
    CHECK(config->classes == 2 && config->kernel_inputs == 64 && config->effort == BL_EFFORT_STANDARD);
    CHECK(config->p.count == 4 && isinf(config->p.value[2]) && config->p.value[1] == 1.5);
    CHECK(!bl_box_is_bounded(config->box));

    char *text = NULL;
    bl_config *again = NULL;
    CHECK_OK(bl_config_resolve(config, &text));
    CHECK_OK(parse(text, NULL, &again));
    CHECK(again && !bl_config_difference(config, again));
    bl_config_destroy(&again);
    CHECK_OK(parse(text, "network.weights.variance=0.10000000000000001", &again));
    CHECK(again && !bl_config_difference(config, again));
    bl_config_destroy(&again);
    CHECK_OK(parse(text, "grid.width=[100, 1001]", &again));
    CHECK(again && strcmp(bl_config_difference(config, again), "grid.width") == 0);
    bl_config_destroy(&again);
    bl_mem_free(text);
    bl_config_destroy(&config);
}

/* Every network of every case stands in exactly one unit, and units of a case are consecutive. */
static void test_grid(void) {
    bl_config *config = NULL;
    bl_grid *grid = NULL;
    CHECK_OK(parse(good, NULL, &config));
    CHECK_OK(bl_grid_create(config, &grid));
    CHECK(grid->cases == 6);
    CHECK(grid->units == 18);
    size_t networks = 0;
    for (int64_t i = 0; i < grid->units; i++) {
        bl_unit u = bl_grid_unit(grid, i);
        CHECK(u.c.number == (size_t)i / 3);
        CHECK(u.first == (size_t)(i % 3) * 3 && u.count == (i % 3 == 2 ? 1 : 3));
        CHECK(bl_grid_cost(grid, i) > 0);
        networks += u.count;
    }
    CHECK(networks == 6 * 7);
    bl_case c = bl_grid_case(grid, 4);
    CHECK(c.depth == 2 && c.width == 1000 && c.dimension == 768);
    bl_grid_destroy(&grid);
    bl_config_destroy(&config);
}

/* Every (network, input) of a case is in exactly one unit; how many inputs a unit takes depends on the cost of a network. */
static void test_inputs_of_units(void) {
    const struct {
        const char *text;
        size_t block, inputs; /* expected */
    } sweeps[] = {
        {"grid: {depth: [2], width: [100], dimension: [768], p: [1, 2]}\nsamples: {networks: 7, inputs: 10, "
         "block: 3, input_block: 4}\n",
         3, 4},
        {"grid: {depth: [2], width: [100], dimension: [768]}\nsamples: {networks: 7, inputs: 10, "
         "input_block: 99}\n",
         7, 10},
        /* dense: its weights are used once a column, so its batches stay whole */
        {"grid: {depth: [2], width: [4096], dimension: [9408]}\nsamples: {networks: 7, inputs: 10}\n", 1, 10},
        {"network: {family: resnet}\nimage: {channels: 3}\ngrid: {depth: [20], width: [32], dimension: "
         "[10800], p: [1, 2, inf, 0]}\n"
         "samples: {networks: 7, inputs: 10}\n",
         1, 5},
        {"network: {family: resnet}\nimage: {channels: 3}\ngrid: {depth: [8], width: [4], dimension: [192]}\n"
         "samples: {networks: 7, inputs: 10}\n",
         7, 10},
    };
    for (size_t i = 0; i < sizeof sweeps / sizeof *sweeps; i++) {
        bl_config *config = NULL;
        bl_grid *grid = NULL;
        int seen[7][10] = {{0}};
        double cost = 0;
        CHECK_OK(parse(sweeps[i].text, NULL, &config));
        CHECK_OK(bl_grid_create(config, &grid));
        CHECK(grid && grid->block[0] == sweeps[i].block && grid->input_block[0] == sweeps[i].inputs);
        for (int64_t k = 0; grid && k < grid->units; k++) {
            bl_unit u = bl_grid_unit(grid, k);
            CHECK(u.count >= 1 && u.inputs >= 1 && u.first + u.count <= 7 && u.first_input + u.inputs <= 10);
            for (size_t n = u.first; n < u.first + u.count; n++)
                for (size_t x = u.first_input; x < u.first_input + u.inputs; x++)
                    seen[n][x]++;
            cost += bl_grid_cost(grid, k);
        }
        int wrong = 0;
        for (size_t n = 0; n < 70; n++)
            wrong += seen[n / 10][n % 10] != 1;
        CHECK(wrong == 0);
        /* parts cost what the whole does, but for the sampling that each repeats */
        bl_case c = bl_grid_case(grid, 0);
        double whole = 7 * bl_cost_network(config, &c);
        CHECK(cost >= whole * (1 - 1e-12) && cost < 1.1 * whole);
        bl_grid_destroy(&grid);
        bl_config_destroy(&config);
    }
}

static void refused(const char *text, const char *override, const char *message) {
    bl_config *config = NULL;
    bl_grid *grid = NULL;
    bl_err err = parse(text, override, &config);
    if (err == BL_OK)
        err = bl_grid_create(config, &grid);
    CHECK(err == BL_ERR_INPUT);
    CHECK(strchr(bl_err_message(), '\n') == NULL);
    bool expected = strcmp(bl_err_message(), message) == 0;
    CHECK(expected);
    if (!expected)
        (void)fprintf(stderr, "    got      %s\n    expected %s\n", bl_err_message(), message);
    bl_grid_destroy(&grid);
    bl_config_destroy(&config);
}

#define GRID "grid:\n  depth: [2]\n  width: [100]\n  dimension: [192]\n"

/* Refused with a message that begins so. */
static void refused_with(const char *text, const char *override, const char *part) {
    bl_config *config = NULL;
    CHECK(parse(text, override, &config) == BL_ERR_INPUT);
    CHECK(strstr(bl_err_message(), part));
    bl_config_destroy(&config);
}

static const char *const unresolved[] = {
    "inputs.box=[1e8, 100000001]", "inputs.box=[-1e-40, 1e-40]",    "inputs.box=[0, 1e-300]",
    "inputs.box=[1e5, 100001]",    "inputs.box=[-100000001, -1e8]", "inputs.box=[9e29, 9.0000001e29]",
};
static const char *const resolved[] = {
    "inputs.box=[0, 1]",         "inputs.box=[1000.3, 1001.3]", "inputs.box=[-1001.3, -1000.3]",
    "inputs.box=[-1e30, 1e30]",  "inputs.box=[0, 1e-30]",       "inputs.box=[0.1, 0.3]",
    "inputs.box=[0.1, 0.10007]", "inputs.box=[1e8, 200000000]",
};

/* Every input lies in the box as given, whose ends float32 may not have, and comes near both ends. */
static void check_inputs_in_box(const char *override) {
    enum { NUMBERS = 3000, INPUTS = 160 };
    bl_config *config = NULL;
    static float x[NUMBERS];
    CHECK_OK(parse(GRID, override, &config));
    size_t outside = 0;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; config && i < INPUTS; i++) {
        bl_network_sample_inputs(config, 0, i, BL_PURPOSE_INPUT, NUMBERS, 1, x);
        for (size_t k = 0; k < NUMBERS; k++) {
            outside += (double)x[k] < config->box.lo || (double)x[k] > config->box.hi;
            low = fmin(low, (double)x[k]);
            high = fmax(high, (double)x[k]);
        }
    }
    CHECK(outside == 0);
    const double width = config ? config->box.hi - config->box.lo : 0.0;
    CHECK(config && low - config->box.lo < 1e-3 * width && config->box.hi - high < 1e-3 * width);
    bl_config_destroy(&config);
}

static void test_complaints(void) {
    refused("", NULL, "my.yaml:1: sweep: is empty");
    refused("- 1\n", NULL, "my.yaml:1: sweep: a sweep file holds 'key: value' lines");
    refused("grid: [1\nname: x\n", NULL,
            "my.yaml:2: sweep: not YAML: did not find expected ',' or ']' while parsing a flow sequence");
    refused("name: x\n", NULL, "my.yaml: grid.depth: must be given");
    refused(GRID "naem: x\n", NULL, "my.yaml:5: naem: unknown key; did you mean 'name'?");
    refused("grid:\n  detph: [2]\n", NULL, "my.yaml:2: grid.detph: unknown key; did you mean 'grid.depth'?");
    refused("grid:\n  networks: 2\n", NULL,
            "my.yaml:2: grid.networks: unknown key; did you mean 'samples.networks'?");
    refused(GRID "qwertyuiop: 1\n", NULL,
            "my.yaml:5: qwertyuiop: unknown key (borderline run --help lists all keys)");
    refused(GRID "network: relu\n", NULL, "my.yaml:5: network: is a section, not a value");
    refused(GRID "seed: 1\nseed: 2\n", NULL, "my.yaml:6: seed: given twice; the first is on line 5");
    refused(GRID "seed: -1\n", NULL,
            "my.yaml:5: seed: '-1' is not a whole number from 0 to 18446744073709551615");
    refused("grid:\n  width: [0]\n", NULL,
            "my.yaml:2: grid.width: 0 is out of bounds: 1 to inf units per layer");
    refused("grid:\n  width: [1.5]\n", NULL, "my.yaml:2: grid.width: '1.5' is not a whole number");
    refused("grid:\n  width: [wide]\n", NULL, "my.yaml:2: grid.width: 'wide' is not a number");
    refused("grid:\n  width: [nan]\n", NULL, "my.yaml:2: grid.width: 'nan' is not a number");
    refused("grid:\n  width: []\n", NULL,
            "my.yaml:2: grid.width: the list is empty: an axis needs at least one value");
    refused("grid:\n  width: [10, 20, 10]\n", NULL, "my.yaml:2: grid.width: 10 is in the list twice");
    refused("grid:\n  width: {a: 1}\n", NULL, "my.yaml:2: grid.width: a list or section is not a number");
    refused("grid:\n  p: [0.5]\n", NULL,
            "my.yaml:2: grid.p: 0.5 is no norm: p must be at least 1, inf, or 0");
    refused("network:\n  weights: {variance: -1}\n", NULL,
            "my.yaml:2: network.weights.variance: -1 is out of bounds: 1e-12 to 1e+12 1/fan_in");
    refused("network: {activation: rely}\n", NULL,
            "my.yaml:1: network.activation: unknown value 'rely'; did you mean 'relu'? (one of: relu, "
            "leaky_relu, tanh, "
            "erf, gelu)");
    refused(GRID "inputs: {box: [1, 0]}\n", NULL,
            "my.yaml:5: inputs.box: the box is upside down: low 1 is not under high 0");
    refused(GRID "inputs: {box: [1]}\n", NULL, "my.yaml:5: inputs.box: [low, high] or none is expected");
    for (size_t i = 0; i < sizeof unresolved / sizeof *unresolved; i++)
        refused_with(GRID, unresolved[i],
                     "float32, in which networks are evaluated, does not resolve the box");
    for (size_t i = 0; i < sizeof resolved / sizeof *resolved; i++)
        check_inputs_in_box(resolved[i]);
    refused(GRID "---\nname: x\n", NULL,
            "my.yaml:6: sweep: a second YAML document begins here, but only one can be read");
    refused(GRID "...\nname: x\n", NULL, "my.yaml:6: sweep: not YAML: text follows the end of the value");
    refused(GRID, "grid.p=[1,2], inf", "--set: grid.p: not YAML: text follows the end of the value");
    refused(GRID, "grid.p=[2]]", "--set: grid.p: not YAML: text follows the end of the value");
    refused(GRID, "seed=1\n--- 2",
            "--set: seed: a second YAML document begins here, but only one can be read");
    refused(GRID "name: \"a\\0b\"\n", NULL, "my.yaml:5: sweep: a text has a NUL character");
    refused(GRID "\"na\\0me\": x\n", NULL, "my.yaml:5: sweep: a text has a NUL character");
    refused(GRID "inputs: {distribution: normal}\n", NULL,
            "my.yaml:5: inputs.distribution: normal inputs would leave the box: give inputs.box: none");
    refused(GRID "image: {channels: 5}\n", NULL,
            "my.yaml:4: grid.dimension: 192 does not fit: with image.channels 5 a dimension is 5 x side^2, "
            "such as 180");
    refused(GRID, "grid.width", "--set grid.width: KEY=VALUE is expected, such as grid.width=[100,1000]");
    refused(GRID, "grid.widht=[1]", "--set: grid.widht: unknown key; did you mean 'grid.width'?");
    refused(
        GRID "network: {family: cnn}\nimage: {channels: 3}\n", "grid.width=[inf]",
        "grid.width: inf (the Gaussian process itself) is possible for network.family dense only; give cnn "
        "finite widths");
}

int main(void) {
    test_values();
    test_grid();
    test_inputs_of_units();
    test_complaints();
    return check_result();
}

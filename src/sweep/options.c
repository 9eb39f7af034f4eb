/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The option table itself, and what is printed from it: the resolved echo, differences, help.
 */
#include "options.h"

#include "borderline/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The last entry of each list is NULL, so that a list can be walked without its length. */
const char *const bl_activation_name[BL_ACTIVATION_COUNT + 1] = {"relu", "leaky_relu", "tanh",
                                                                 "erf",  "gelu",       NULL};
const char *const bl_family_name[] = {"dense", "cnn", "lenet", "resnet", NULL};
const char *const bl_effort_name[] = {"fast", "standard", "thorough", NULL};
static const char *const weights_name[] = {"normal", "truncated_normal", NULL};
static const char *const input_name[] = {"uniform", "normal", NULL};

#define AT(member) offsetof(bl_config, member)

const bl_option bl_options[] = {
    {"name", BL_OPTION_TEXT, AT(name), "sweep", 1, 200, NULL, "", "title of the result file"},
    {"seed", BL_OPTION_SEED, AT(seed), "0", 0, 18446744073709551615.0, NULL, "",
     "every random number follows from it"},
    {"network.family", BL_OPTION_WORD, AT(family), "dense", 0, 0, bl_family_name, "",
     "kind of network; all but dense take images: image.channels must be given"},
    {"network.activation", BL_OPTION_WORD, AT(activation), "relu", 0, 0, bl_activation_name, "",
     "nonlinearity after every hidden layer"},
    {"network.negative_slope", BL_OPTION_REAL, AT(negative_slope), "0.01", -1, 1, NULL, "",
     "leaky_relu's slope for negative arguments"},
    {"network.weights.distribution", BL_OPTION_WORD, AT(weights), "normal", 0, 0, weights_name, "",
     "law of the weights; truncated: cut at two of its own deviations, variance as stated after the cut"},
    {"network.weights.variance", BL_OPTION_REAL, AT(weight_variance), "2.0", 1e-12, 1e12, NULL, "1/fan_in",
     "sigma_w^2: a weight's variance is this over the layer's fan-in"},
    {"network.biases.variance", BL_OPTION_REAL, AT(bias_variance), "0.0", 0, 1e12, NULL, "",
     "sigma_b^2 of the normal biases; 0: no biases"},
    {"network.classes", BL_OPTION_COUNT, AT(classes), "2", 2, 1000, NULL, "classes",
     "outputs of the last layer"},
    {"grid.depth", BL_OPTION_INTEGERS, AT(depth), NULL, 1, 10000, NULL, "hidden layers",
     "axis of the grid; cnn: convolutions; lenet: stages of two convolutions and a pooling; resnet: 6k + 2"},
    {"grid.width", BL_OPTION_INTEGERS, AT(width), NULL, 1, INFINITY, NULL, "units a layer",
     "axis of the grid; cnn, lenet: channels; resnet: channels of the first stage; inf is the Gaussian "
     "process"},
    {"grid.dimension", BL_OPTION_INTEGERS, AT(dimension), NULL, 1, 1e9, NULL, "numbers an input",
     "axis of the grid: n"},
    {"grid.p", BL_OPTION_NORMS, AT(p), "[1, 2, inf]", 0, INFINITY, NULL, "",
     "norms: any real p >= 1, inf, or 0 (number of changed coordinates)"},
    {"image.channels", BL_OPTION_COUNT, AT(channels), "0", 0, 10000, NULL, "channels",
     "every dimension must be channels x side^2; 0: inputs are no images"},
    {"samples.networks", BL_OPTION_COUNT, AT(networks), "300", 1, 4294967295.0, NULL, "networks",
     "random networks a case"},
    {"samples.inputs", BL_OPTION_COUNT, AT(inputs), "10", 1, 16777215, NULL, "inputs",
     "random inputs a network"},
    {"samples.block", BL_OPTION_COUNT, AT(block), "0", 0, 4294967295.0, NULL, "networks",
     "networks a unit of work; 0: chosen by cost"},
    {"inputs.distribution", BL_OPTION_WORD, AT(input_kind), "uniform", 0, 0, input_name, "",
     "law of an input's numbers: uniform on the box (on [0, 1] without one), or standard normal (box: none)"},
    {"inputs.box", BL_OPTION_BOX, AT(box), "[0, 1]", -1e30, 1e30, NULL, "",
     "[low, high]: boundary points stay inside; none: anywhere"},
    {"boundary.effort", BL_OPTION_WORD, AT(effort), "standard", 0, 0, bl_effort_name, "",
     "how long the search for the closest boundary point goes on"},
    {"kernel.inputs", BL_OPTION_COUNT, AT(kernel_inputs), "64", 0, 1024, NULL, "inputs",
     "size of the kernels that are compared; 0: none"},
    {"summary.bootstrap", BL_OPTION_COUNT, AT(bootstrap), "1000", 1, 1000000, NULL, "resamples",
     "resamples of networks behind every interval"},
    {"summary.confidence", BL_OPTION_REAL, AT(confidence), "0.9", 0.01, 0.9999, NULL, "",
     "share of resamples that an interval holds"},
};
const size_t bl_option_count = sizeof bl_options / sizeof *bl_options;

static void print_real(FILE *stream, double value) {
    if (isinf(value))
        (void)fputs(value > 0 ? ".inf" : "-.inf", stream);
    else
        (void)fprintf(stream, "%.17g", value);
}

static void print_text(FILE *stream, const char *text) {
    (void)fputc('"', stream);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            (void)fputc('\\', stream);
        if ((unsigned char)*text < 0x20)
            (void)fprintf(stream, "\\x%02x", (unsigned)*text);
        else
            (void)fputc(*text, stream);
    }
    (void)fputc('"', stream);
}

static void print_axis(FILE *stream, const bl_axis *axis) {
    for (size_t i = 0; i < axis->count; i++) {
        (void)fputs(i ? ", " : "[", stream);
        print_real(stream, axis->value[i]);
    }
    (void)fputc(']', stream);
}

static void print_box(FILE *stream, bl_box box) {
    if (bl_box_is_bounded(box))
        print_axis(stream, &(bl_axis){2, (double[]){box.lo, box.hi}});
    else
        (void)fputs("none", stream);
}

void bl_option_print(FILE *stream, const bl_option *option, const bl_config *config) {
    const void *value = (const char *)config + option->offset;
    switch (option->type) {
    case BL_OPTION_TEXT:
        print_text(stream, *(char *const *)value);
        break;
    case BL_OPTION_SEED:
        (void)fprintf(stream, "%" PRIu64, *(const uint64_t *)value);
        break;
    case BL_OPTION_COUNT:
        (void)fprintf(stream, "%zu", *(const size_t *)value);
        break;
    case BL_OPTION_REAL:
        print_real(stream, *(const double *)value);
        break;
    case BL_OPTION_WORD:
        (void)fputs(option->word[*(const unsigned *)value], stream);
        break;
    case BL_OPTION_INTEGERS:
    case BL_OPTION_NORMS:
        print_axis(stream, value);
        break;
    case BL_OPTION_BOX:
        print_box(stream, *(const bl_box *)value);
        break;
    }
}

/* Length of the common leading sections ("network.weights.") of two keys. */
static size_t common_sections(const char *a, const char *b) {
    size_t common = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '.')
            common = i + 1;
    return common;
}

/* "network:\n  weights:\n    variance: 2\n", opening only the sections that the option before had not. */
static void print_line(FILE *stream, const char *previous, const bl_option *option, const bl_config *config) {
    const char *name = option->key + common_sections(previous, option->key);
    int indent = 0;
    for (const char *c = option->key; c < name; c++)
        indent += *c == '.' ? 2 : 0;
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(name, '.')) {
        (void)fprintf(stream, "%*s%.*s:\n", indent, "", (int)(dot - name), name);
        name = dot + 1;
        indent += 2;
    }
    (void)fprintf(stream, "%*s%s: ", indent, "", name);
    bl_option_print(stream, option, config);
    (void)fputc('\n', stream);
}

bl_err bl_config_resolve(const bl_config *config, char **out) {
    bl_err err = BL_OK;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    BL_REQUIRE(stream, BL_ERR_MEMORY, "out of memory while writing the configuration");
    for (size_t i = 0; i < bl_option_count; i++)
        print_line(stream, i ? bl_options[i - 1].key : "", &bl_options[i], config);
    BL_REQUIRE(fclose(stream) == 0, BL_ERR_MEMORY, "out of memory while writing the configuration");
    BL_ALLOC(*out, length + 1);
    memcpy(*out, text, length);
cleanup:
    free(text);
    return err;
}

/* The value as text, freed by the caller with free; NULL without memory. */
static char *value_text(const bl_option *option, const bl_config *config) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        return NULL;
    bl_option_print(stream, option, config);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

const char *bl_config_difference(const bl_config *a, const bl_config *b) {
    for (size_t i = 0; i < bl_option_count; i++) {
        char *text_a = value_text(&bl_options[i], a);
        char *text_b = value_text(&bl_options[i], b);
        bool same = text_a && text_b && strcmp(text_a, text_b) == 0;
        free(text_a);
        free(text_b);
        if (!same)
            return bl_options[i].key;
    }
    return NULL;
}

void bl_config_help(void) {
    static const char *const type_name[] = {"text",   "integer", "integer",         "number",
                                            "one of", "list",    "list of numbers", "[low, high] or none"};
    for (size_t i = 0; i < bl_option_count; i++) {
        const bl_option *option = &bl_options[i];
        (void)printf("  %-30s %s", option->key, option->help);
        if (*option->unit)
            (void)printf(" [%s]", option->unit);
        (void)printf("\n  %-30s   %s", "", type_name[option->type]);
        for (const char *const *word = option->word; word && *word; word++)
            (void)printf("%s%s", word == option->word ? " " : " | ", *word);
        if (option->type != BL_OPTION_TEXT && option->type != BL_OPTION_WORD && option->type != BL_OPTION_BOX)
            (void)printf(", %g to %g", option->low, option->high);
        (void)printf("; %s%s\n", option->by_default ? "default " : "must be given",
                     option->by_default ? option->by_default : "");
    }
}

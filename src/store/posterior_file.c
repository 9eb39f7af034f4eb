/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The result file of `posterior`: a table of variables, each with its axes and where its numbers come from, and the record of
 * the distances.
 */
#include "posterior_file.h"

#include "base/mem.h"
#include "h5.h"
#include "record_group.h"
#include "root.h"
#include "variable.h"
#include <string.h>

#define FORMAT "borderline-posterior-1"

enum { TRAIN, TEST, COLUMN, KIND, INPUT, P, QUANTILE, BIN, AXES, RANK_MAX = 3 };
static const char *const axis_name[AXES] = {"train", "test", "column",   "kind",
                                            "input", "p",    "quantile", "bin"};
static const char *const axis_meaning[AXES] = {"number of the training image in its part of the data set",
                                               "number of the test image in its part of the data set",
                                               "output of the regression",
                                               "inputs: 0 training images, 1 test images, 2 uniform random",
                                               "number of the input within its kind",
                                               "norm exponent p of l^p",
                                               "probability level",
                                               "tenth of confidence"};

/* A variable of the file. With `distances` it is there only where distances were measured. */
typedef struct variable {
    const char *name;
    bl_type type;
    bool distances;
    size_t rank, axis[RANK_MAX];
    size_t offset; /* in bl_posterior */
    bool pointed;  /* at the offset there is a pointer to the numbers */
    const char *long_name, *comment;
} variable;

#define HERE(member)  offsetof(bl_posterior, member), false
#define THERE(member) offsetof(bl_posterior, member), true

static const variable variables[] = {
    {"accuracy", BL_FLOAT64, false, 0, {0}, HERE(accuracy), "share of test images classified rightly", NULL},
    {"accuracy_train",
     BL_FLOAT64,
     false,
     0,
     {0},
     HERE(accuracy_train),
     "share of training images classified rightly",
     NULL},
    {"log_marginal_likelihood",
     BL_FLOAT64,
     false,
     0,
     {0},
     HERE(log_marginal),
     "log density of all targets under the prior",
     "sum over columns of -y^T alpha/2 - log det(K + noise I)/2 - M/2 log(2 pi)"},
    {"log_determinant", BL_FLOAT64, false, 0, {0}, HERE(log_determinant), "log det(K + noise I)", NULL},
    {"negative_log_likelihood",
     BL_FLOAT64,
     false,
     0,
     {0},
     HERE(negative_log),
     "mean of -log probability of a test image's class",
     "probability that the class's column is the largest of independent normals N(mean, variance + "
     "noise)"},
    {"calibration_error",
     BL_FLOAT64,
     false,
     0,
     {0},
     HERE(calibration_error),
     "expected calibration error over tenths of confidence",
     "sum over bins of the share of images times |accuracy - mean confidence|"},
    {"bin_count",
     BL_INT64,
     false,
     1,
     {BIN},
     HERE(bin_count),
     "test images whose confidence is in the bin",
     NULL},
    {"bin_confidence", BL_FLOAT64, false, 1, {BIN}, HERE(bin_confidence), "mean confidence of the bin", NULL},
    {"bin_accuracy",
     BL_FLOAT64,
     false,
     1,
     {BIN},
     HERE(bin_accuracy),
     "share classified rightly in the bin",
     NULL},
    {"label",
     BL_INT32,
     false,
     1,
     {TEST},
     THERE(label_test),
     "label of a test image: class, or its parity",
     NULL},
    {"predicted", BL_INT32, false, 1, {TEST}, THERE(predicted), "predicted label of a test image", NULL},
    {"confidence",
     BL_FLOAT64,
     false,
     1,
     {TEST},
     THERE(confidence),
     "probability of the predicted label",
     NULL},
    {"mean",
     BL_FLOAT64,
     false,
     2,
     {TEST, COLUMN},
     THERE(mean),
     "posterior mean at a test image",
     "k(x)^T (K + noise I)^-1 y (Rasmussen and Williams 2006, section 2.2)"},
    {"variance",
     BL_FLOAT64,
     false,
     1,
     {TEST},
     THERE(variance),
     "posterior variance of the latent function at a test image",
     "k(x, x) - k(x)^T (K + noise I)^-1 k(x); the same for every column"},
    {"alpha",
     BL_FLOAT64,
     false,
     2,
     {COLUMN, TRAIN},
     THERE(alpha),
     "weights of the training images",
     "(K + noise I)^-1 y"},
    {"prior_law",
     BL_FLOAT64,
     true,
     3,
     {KIND, P, QUANTILE},
     THERE(law),
     "first-order law of the prior at the same inputs: quantiles of the distance",
     "d_p ~ |f(x0)| / |grad f(x0)|_q, 1/p + 1/q = 1 (De Palma, Kiani, Lloyd 2021), f(x0) and grad f(x0) "
     "drawn from the Gaussian process of the prior: random networks of infinite width before they see data"},
    {"prior_law_error",
     BL_FLOAT64,
     true,
     2,
     {KIND, P},
     THERE(law_error),
     "standard error of the law's median",
     NULL},
};

static bl_err create_axes(hid_t file, const bl_posterior *p, const size_t *length) {
    bl_err err = BL_OK;
    for (size_t a = 0; a < AXES; a++) {
        const double *values = a == P ? p->config->base.p.value : a == QUANTILE ? bl_quantile_level : NULL;
        if (length[a] > 0)
            BL_TRY(bl_h5_create_axis(file, axis_name[a], values ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64,
                                     length[a], values, axis_meaning[a]));
    }
cleanup:
    return err;
}

static bl_err write_variable(const char *path, hid_t file, const bl_posterior *from, const size_t *length,
                             const variable *v) {
    bl_err err = BL_OK;
    size_t shape[RANK_MAX] = {0};
    hid_t dataset = H5I_INVALID_HID, type = bl_variable_type(v->type);
    for (size_t i = 0; i < v->rank; i++)
        shape[i] = length[v->axis[i]];
    BL_TRY(bl_h5_create_dataset(file, v->name, type, v->rank, shape, NULL, &dataset));
    BL_TRY(bl_h5_attribute_text(dataset, "units", "1"));
    BL_TRY(bl_h5_attribute_text(dataset, "long_name", v->long_name));
    if (v->comment)
        BL_TRY(bl_h5_attribute_text(dataset, "comment", v->comment));
    for (size_t i = 0; i < v->rank; i++)
        BL_TRY(bl_h5_attach_axis(dataset, i, file, axis_name[v->axis[i]]));
    const char *data = (const char *)from + v->offset;
    if (v->pointed)
        data = *(const char *const *)data;
    BL_TRY(bl_h5_write(path, v->name, dataset, type, H5S_ALL, H5S_ALL, data));
cleanup:
    bl_h5_close(&dataset);
    return err;
}

static bl_err write_variables(const char *path, hid_t file, const bl_posterior *from, const size_t *length) {
    bl_err err = BL_OK;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (!variables[i].distances || from->inputs > 0)
            BL_TRY(write_variable(path, file, from, length, &variables[i]));
cleanup:
    return err;
}

/* Distances by kind, input and p. */
static bl_err write_record(const char *path, hid_t file, const bl_posterior *p) {
    bl_err err = BL_OK;
    const bl_record_axes axes = {.count = 3,
                                 .name = {axis_name[KIND], axis_name[INPUT], axis_name[P]},
                                 .length = {BL_POSTERIOR_KINDS, p->inputs, p->p_count},
                                 .where = {file, file, file}};
    BL_TRY(bl_record_group_create(file, &axes, false));
    BL_TRY(bl_record_group_write(path, file, &p->record));
cleanup:
    return err;
}

bl_err bl_posterior_file_check(const char *path, bool force) {
    bl_h5_creation creation = BL_H5_NO_CREATION;
    bl_err err = bl_h5_creation_begin(path, "", 0, force, &creation);
    bl_h5_creation_end(&creation);
    return err;
}

bl_err bl_posterior_file_write(const char *path, const bl_posterior *p, const char *config_text,
                               const bl_provenance *provenance, bool force) {
    bl_err err = BL_OK;
    bl_h5_creation creation = BL_H5_NO_CREATION;
    hid_t group = H5I_INVALID_HID;
    char *resolved = NULL;
    const bool distances = p->inputs > 0;
    const size_t length[AXES] = {p->train,
                                 p->test,
                                 p->columns,
                                 distances ? BL_POSTERIOR_KINDS : 0,
                                 distances ? p->inputs : 0,
                                 distances ? p->p_count : 0,
                                 distances ? BL_QUANTILES : 0,
                                 BL_CALIBRATION_BINS};
    double bytes = 1e6 + 8.0 * (double)(p->columns * (p->train + p->test) + 4 * p->test);
    BL_TRY(bl_posterior_config_resolve(p->config, &resolved));
    BL_TRY(bl_h5_creation_begin(path, "", bytes, force, &creation));
    BL_TRY(create_axes(creation.file, p, length));
    BL_TRY(bl_root_create(creation.file, FORMAT, p->config->base.name));
    BL_TRY(bl_root_create_provenance(creation.file, 1, provenance, &group));
    BL_TRY(bl_h5_create_text(group, "config", config_text, "the posterior file as given (YAML)"));
    BL_TRY(bl_h5_create_text(group, "config_resolved", resolved,
                             "the same with every default and --set written out (YAML)"));
    bl_h5_close(&group);
    BL_TRY(write_variables(path, creation.file, p, length));
    if (distances)
        BL_TRY(write_record(path, creation.file, p));
    BL_TRY(bl_h5_write_whole(path, creation.file, "complete", H5T_NATIVE_INT8, 1, &(int8_t){1}));
    BL_TRY(bl_h5_creation_commit(&creation));
cleanup:
    bl_h5_close(&group);
    bl_h5_creation_end(&creation);
    bl_mem_free(resolved);
    if (err == BL_ERR_IO)
        bl_err_prefix("%s: ", path);
    return err;
}

/* --- reading --- */

bool bl_posterior_file_is(const char *path) {
    hid_t file = H5I_INVALID_HID;
    char *format = NULL;
    bool is = bl_h5_open_read(path, &file) == BL_OK &&
              bl_h5_read_attribute_text(file, "format", &format) == BL_OK && strcmp(format, FORMAT) == 0;
    bl_mem_free(format);
    bl_h5_close(&file);
    return is;
}

static bl_err read_variable(const char *path, hid_t file, const variable *v, const size_t *length,
                            bl_posterior *to) {
    bl_err err = BL_OK;
    size_t elements = 1;
    for (size_t i = 0; i < v->rank; i++)
        elements *= length[v->axis[i]];
    void *data = (char *)to + v->offset;
    if (v->pointed) {
        void **pointer = data;
        *pointer = bl_mem_alloc(elements, bl_type_size(v->type));
        BL_REQUIRE(*pointer, BL_ERR_MEMORY, "out of memory for %s of %s", v->name, path);
        data = *pointer;
    }
    BL_TRY(bl_h5_read_whole(path, file, v->name, bl_variable_type(v->type), elements, data));
cleanup:
    return err;
}

static bl_err read_config(const char *path, hid_t file, bl_posterior_config **config) {
    bl_err err = BL_OK;
    char *text = NULL;
    if ((err = bl_h5_read_text(file, "provenance/config_resolved", &text)) != BL_OK)
        bl_err_prefix("%s: ", path);
    BL_TRY(err);
    BL_TRY(bl_posterior_config_parse(path, text, strlen(text), NULL, 0, config));
cleanup:
    bl_mem_free(text);
    return err;
}

/* The numbers without axes; distances and the prior's law where the file has them. */
static bl_err read_variables(const char *path, hid_t file, const size_t *length, bl_posterior *p) {
    bl_err err = BL_OK;
    const bl_record_shape shape = {.rows = BL_POSTERIOR_KINDS * p->inputs, .norms = p->p_count};
    BL_REQUIRE(length[INPUT] == 0 ||
                   (length[KIND] == BL_POSTERIOR_KINDS && length[QUANTILE] == BL_QUANTILES &&
                    length[P] == p->config->base.p.count),
               BL_ERR_INPUT, "%s is damaged: its axes are not what its configuration says", path);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (variables[i].distances ? length[INPUT] > 0 : variables[i].rank == 0)
            BL_TRY(read_variable(path, file, &variables[i], length, p));
    if (length[INPUT] > 0)
        BL_TRY(bl_record_group_read(path, file, &shape, &p->record));
cleanup:
    return err;
}

bl_err bl_posterior_file_read(const char *path, bl_posterior_config **config, bl_posterior **out) {
    bl_err err = BL_OK;
    hid_t file = H5I_INVALID_HID;
    size_t length[AXES];
    bl_posterior *p = bl_mem_alloc(1, sizeof *p);
    *out = NULL;
    BL_REQUIRE(p, BL_ERR_MEMORY, "out of memory");
    BL_TRY(bl_h5_open_read(path, &file));
    BL_TRY(bl_h5_check_format(file, path, FORMAT, "a file of posterior"));
    BL_TRY(read_config(path, file, config));
    for (size_t a = 0; a < AXES; a++)
        BL_TRY(bl_h5_elements(file, axis_name[a], &length[a]));
    *p = (bl_posterior){.config = *config,
                        .train = length[TRAIN],
                        .test = length[TEST],
                        .columns = length[COLUMN],
                        .inputs = length[INPUT],
                        .p_count = length[P]};
    BL_TRY(read_variables(path, file, length, p));
    *out = p;
    p = NULL;
cleanup:
    bl_h5_close(&file);
    bl_posterior_destroy(&p);
    return err;
}

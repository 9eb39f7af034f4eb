/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What every result file has at its root: attributes, the mark of completeness, provenance.
 */
#include "root.h"

#include "base/mem.h"
#include "experiment/fields.h"
#include "variable.h"
#include <stdio.h>
#include <string.h>

/* One text per launch; with `text` the only row is filled at once. */
static bl_err create_launch_texts(hid_t group, const bl_provenance_key *key, const char *axis,
                                  size_t launches, const char *text) {
    bl_err err = BL_OK;
    const size_t shape[2] = {launches, key->width};
    const char zero = '\0';
    char *row = NULL;
    hid_t dataset = H5I_INVALID_HID, type = bl_h5_string_type(1);
    BL_H5(type, "provenance");
    BL_TRY(bl_h5_create_dataset(group, key->name, type, 2, shape, &zero, &dataset));
    BL_TRY(bl_h5_attribute_text(dataset, "long_name", key->long_name));
    BL_TRY(bl_h5_attach_axis(dataset, 0, group, bl_axis_name[BL_AXIS_LAUNCH]));
    BL_TRY(bl_h5_attach_axis(dataset, 1, group, axis));
    if (text) {
        BL_ASSERT(launches == 1 && strlen(text) <= key->width);
        BL_ALLOC(row, key->width);
        memcpy(row, text, strlen(text));
        BL_H5(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, row), "provenance");
    }
cleanup:
    bl_mem_free(row);
    bl_h5_close(&dataset);
    bl_h5_close(&type);
    return err;
}

static bl_err create_launches(hid_t provenance, size_t launches, const bl_provenance *launch) {
    bl_err err = BL_OK;
    hid_t group = H5I_INVALID_HID;
    char axis[32];
    BL_TRY(bl_h5_create_group(provenance, "launch", &group));
    BL_TRY(bl_h5_create_axis(group, bl_axis_name[BL_AXIS_LAUNCH], H5T_NATIVE_INT64, launches, NULL,
                             bl_axis_long_name[BL_AXIS_LAUNCH]));
    for (size_t i = 0; i < BL_PROVENANCE_KEYS; i++) {
        const bl_provenance_key *key = &bl_provenance_keys[i];
        (void)snprintf(axis, sizeof axis, "text_%zu", key->width);
        if (H5Lexists(group, axis, H5P_DEFAULT) <= 0)
            BL_TRY(bl_h5_create_dimension(group, axis, key->width));
        BL_TRY(create_launch_texts(group, key, axis, launches, launch ? launch->value[i] : NULL));
    }
    BL_TRY(bl_h5_attribute_text(group, "comment",
                                "one row each time the program was started on this file; texts are arrays of "
                                "characters, padded with zero bytes; rows not used are empty"));
cleanup:
    bl_h5_close(&group);
    return err;
}

static bl_err create_complete(hid_t file) {
    bl_err err = BL_OK;
    static const int8_t value[] = {0, 1};
    hid_t dataset = H5I_INVALID_HID;
    BL_TRY(bl_h5_create_dataset(file, "complete", H5T_NATIVE_INT8, 0, NULL, value, &dataset));
    BL_TRY(bl_h5_attribute_text(dataset, "units", "1"));
    BL_TRY(
        bl_h5_attribute_text(dataset, "long_name", "whether all results are in the file, summary included"));
    BL_TRY(bl_h5_attribute(dataset, "flag_values", H5T_NATIVE_INT8, sizeof value, value));
    BL_TRY(bl_h5_attribute_text(dataset, "flag_meanings", "incomplete complete"));
cleanup:
    bl_h5_close(&dataset);
    return err;
}

bl_err bl_root_source(char **out) {
    enum { SIZE = 256 };
    bl_err err = BL_OK;
    BL_ALLOC(*out, SIZE);
    (void)snprintf(*out, SIZE, "%s (%s)", bl_provenance_program(), bl_provenance_git_describe());
cleanup:
    return err;
}

static bl_err create_root_attributes(hid_t file, const char *format, const char *title) {
    bl_err err = BL_OK;
    char *source = NULL;
    BL_TRY(bl_root_source(&source));
    const char *const attribute[][2] = {
        {"Conventions", "CF-1.11"},
        {"title", title},
        {"summary",
         "Distances of inputs to the classification boundary of deep networks, min |h|_p such that "
         "x0 + h is classified otherwise than x0"},
        {"source", source},
        {"history", "Times, hosts and commands of every launch: group provenance/launch"},
        {"references",
         "G. De Palma, B. T. Kiani, S. Lloyd, Adversarial Robustness Guarantees for Random Deep "
         "Neural Networks, ICML 2021, arXiv:2004.05923; Borderline, the program that made this "
         "file"},
        {"format", format},
    };
    for (size_t i = 0; i < sizeof attribute / sizeof attribute[0]; i++)
        BL_TRY(bl_h5_attribute_text(file, attribute[i][0], attribute[i][1]));
cleanup:
    bl_mem_free(source);
    return err;
}

bl_err bl_root_create(hid_t file, const char *format, const char *title) {
    bl_err err = BL_OK;
    BL_TRY(create_root_attributes(file, format, title));
    BL_TRY(create_complete(file));
cleanup:
    return err;
}

bl_err bl_root_create_provenance(hid_t file, size_t launches, const bl_provenance *launch,
                                 hid_t *provenance) {
    bl_err err = BL_OK;
    BL_TRY(bl_h5_create_group(file, "provenance", provenance));
    BL_TRY(create_launches(*provenance, launches, launch));
cleanup:
    return err;
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `show`: progress and summary of a result file, also while a run is writing it.
 */
#include "command.h"
#include "json.h"
#include "show.h"
#include "show_posterior.h"
#include "store/posterior_file.h"

typedef struct options {
    bool json;
    bl_texts keys;
} options;

static const bl_flag flags[] = {
    {"--json", BL_FLAG_SWITCH, offsetof(options, json), NULL, "print JSON, with the keys of src/cli/JSON.md",
     false},
    {"--key", BL_FLAG_LIST, offsetof(options, keys), "KEY",
     "print only this value of --json, as units.done or cases.0.median (may be repeated)", false},
};

static bl_err show(const char *path, const bl_show_format *format, void *context) {
    bl_err err = BL_OK;
    bl_posterior_config *config = NULL;
    bl_posterior *posterior = NULL;
    if (!bl_posterior_file_is(path))
        return bl_show_file(path, format, context);
    BL_TRY(bl_posterior_file_read(path, &config, &posterior));
    BL_TRY(bl_show_posterior(posterior, format, context));
cleanup:
    bl_posterior_destroy(&posterior);
    bl_posterior_config_destroy(&config);
    return err;
}

static bl_err run(const bl_invocation *invocation, const void *given) {
    bl_err err = BL_OK;
    const options *o = given;
    const char *path = invocation->place;
    bl_show_text text = {0};
    bl_json json;
    if (invocation->comm->rank > 0)
        return BL_OK;
    if (!o->json && o->keys.count == 0)
        return show(path, &bl_show_text_format, &text);
    err = bl_json_begin(&o->keys, &json);
    if (err == BL_OK)
        err = show(path, &bl_show_json_format, &json);
    return bl_json_finish(&json, err, true);
}

const bl_command bl_command_show = {
    .name = "show",
    .summary = "Print progress and the summary table of a result file of run or measure, also while it is "
               "being written, or the table of one of posterior.",
    .arguments = {sizeof flags / sizeof *flags, flags, "the result file",
                  "show OUT.h5 [--json | --key KEY...]"},
    .options_size = sizeof(options),
    .run = run,
};

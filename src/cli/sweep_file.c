/* SPDX-License-Identifier: BSD-3-Clause */
#include "sweep_file.h"

#include "base/mem.h"

bl_err bl_sweep_file_read(const bl_comm *comm, const char *path, const bl_texts *overrides,
                          bl_sweep_file *sweep) {
    bl_err err = BL_OK;
    char *text = NULL;
    size_t length = 0;
    *sweep = (bl_sweep_file){0};
    BL_TRY(bl_command_read_text(comm, path, &text, &length));
    BL_TRY(bl_sweep_file_parse(comm, path, text, length, overrides, sweep));
cleanup:
    return err;
}

bl_err bl_sweep_file_parse(const bl_comm *comm, const char *path, char *text, size_t length,
                           const bl_texts *overrides, bl_sweep_file *sweep) {
    bl_err err = BL_OK;
    *sweep = (bl_sweep_file){.text = text};
    err = bl_config_parse(path, sweep->text, length, overrides->text, overrides->count, &sweep->config);
    if (err == BL_OK)
        err = bl_grid_create(sweep->config, &sweep->grid);
    BL_TRY(bl_agree(comm, err));
cleanup:
    return err;
}

void bl_sweep_file_clear(bl_sweep_file *sweep) {
    bl_grid_destroy(&sweep->grid);
    bl_config_destroy(&sweep->config);
    bl_mem_free(sweep->text);
    sweep->text = NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "sample.h"

#include "base/mem.h"
#include "experiment/unit.h"
#include "sample_network.h"
#include "sample_trained.h"

#include <math.h>

static bl_err sample_case(const bl_config *config, const bl_case *c, size_t count, const char *path,
                          bl_networks_file *file) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    float *x = NULL;
    BL_REQUIRE(
        isfinite(c->width), BL_ERR_INPUT,
        "an infinitely wide network cannot be written; give finite widths, as in --set grid.width=[1000]");
    BL_TRY(bl_network_create(config, c, &network));
    BL_ALLOC(x, config->inputs * c->dimension);
    for (size_t i = 0; i < count; i++) {
        char name[128];
        BL_TRY(bl_sample_network_begin(path));
        bl_sample_network_name(c, i, name, sizeof name);
        bl_unit_sample(config, c, i, network, x);
        BL_TRY(bl_networks_file_append(file, name, network, x, config->inputs));
    }
cleanup:
    bl_mem_free(x);
    bl_network_destroy(&network);
    return err;
}

static bl_err create(const bl_sweep *sweep, const char *path, bool force, bl_networks_file **file) {
    bl_err err = BL_OK;
    char *resolved = NULL;
    BL_TRY(bl_config_resolve(sweep->config, &resolved));
    BL_TRY(bl_networks_file_create(path, force, sweep->config->box, resolved, 0, file));
cleanup:
    bl_mem_free(resolved);
    return err;
}

/* Random networks are drawn by rank 0 alone, trained ones by all ranks. */
bl_err bl_sample_all(const bl_comm *comm, const bl_sweep *sweep, const char *path, size_t count, bool force) {
    bl_err err = BL_OK;
    bl_networks_file *file = NULL;
    BL_TRY(bl_agree(comm, comm->rank == 0 ? create(sweep, path, force, &file) : BL_OK));
    for (size_t i = 0; i < sweep->grid->cases; i++) {
        bl_case c = bl_grid_case(sweep->grid, i);
        if (sweep->config->training.set != BL_TRAINING_NONE)
            BL_TRY(bl_sample_trained(comm, sweep->config, &c, count, path, file));
        else
            BL_TRY(
                bl_agree(comm, comm->rank == 0 ? sample_case(sweep->config, &c, count, path, file) : BL_OK));
    }
    if (comm->rank == 0)
        err = bl_networks_file_close(&file);
cleanup:
    bl_networks_file_discard(&file);
    return bl_agree(comm, err);
}

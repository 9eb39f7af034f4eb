/* SPDX-License-Identifier: BSD-3-Clause */
#include "sample_run.h"

#include "base/mem.h"
#include "borderline/grid.h"
#include "experiment/unit.h"
#include "sample_network.h"
#include "sample_trained.h"

#include <math.h>

static bl_err sample_case(const bl_config *config, const bl_case *c, size_t count, const char *path,
                          bl_interrupt *interrupt, bl_networks_file *file) {
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
        BL_TRY(bl_sample_network_begin(interrupt, path));
        bl_sample_network_name(c, i, name, sizeof name);
        bl_unit_sample(config, c, i, network, x);
        BL_TRY(bl_networks_file_append(file, name, network, x, config->inputs));
    }
cleanup:
    bl_mem_free(x);
    bl_network_destroy(&network);
    return err;
}

static bl_err create(const bl_config *config, const char *path, bool force, bl_networks_file **file) {
    bl_err err = BL_OK;
    char *resolved = NULL;
    BL_TRY(bl_config_resolve(config, &resolved));
    BL_TRY(bl_networks_file_create(path, force, config->box, resolved, 0, file));
cleanup:
    bl_mem_free(resolved);
    return err;
}

bl_err bl_sample_run(const bl_comm *comm, const bl_config *config, const char *path,
                     const bl_sample_run_options *options, const bl_hooks *hooks) {
    bl_err err = BL_OK;
    bl_grid *grid = NULL;
    bl_networks_file *file = NULL;
    bl_interrupt interrupt;
    const size_t all = config->networks,
                 count = options->networks > 0 && options->networks < all ? options->networks : all;
    bl_interrupt_start(hooks, 0, 0, &interrupt);
    BL_TRY(bl_agree(comm, bl_grid_create(config, &grid)));
    BL_TRY(bl_agree(comm, comm->rank == 0 ? create(config, path, options->force, &file) : BL_OK));
    for (size_t i = 0; i < grid->cases; i++) {
        const bl_case c = bl_grid_case(grid, i);
        if (config->training.set != BL_TRAINING_NONE) {
            BL_TRY(bl_sample_trained(comm, config, &c, count, path, &interrupt, file));
            continue;
        }
        err = comm->rank == 0 ? sample_case(config, &c, count, path, &interrupt, file) : BL_OK;
        BL_TRY(bl_agree(comm, err));
    }
    err = bl_agree(comm, comm->rank == 0 ? bl_networks_file_close(&file) : BL_OK);
cleanup:
    bl_networks_file_discard(&file);
    bl_grid_destroy(&grid);
    return err;
}

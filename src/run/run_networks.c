/* SPDX-License-Identifier: BSD-3-Clause */
#include "run_networks.h"

#include "base/mem.h"
#include "borderline/log.h"
#include "sample_network.h"

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

enum { NAME = 128 };

/* Reserve room for the networks of a case, and add their bytes; with file == NULL nothing is reserved, only the bytes are added up. */
static bl_err reserve_case(const bl_config *config, const bl_case *c, bl_networks_file *file, double *bytes) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    const size_t inputs = bl_config_inputs(config);
    BL_REQUIRE(isfinite(c->width), BL_ERR_INPUT,
               "--save-networks: an infinitely wide network cannot be written; give finite widths");
    BL_TRY(file ? bl_network_create(config, c, &network) : bl_network_create_shape(config, c, &network));
    *bytes += (double)config->networks * sizeof(float) *
              ((double)bl_network_parameters(network) + (double)inputs * (double)c->dimension);
    for (size_t i = 0; file && i < config->networks; i++) {
        char name[NAME];
        bl_sample_network_name(c, i, name, sizeof name);
        BL_TRY(bl_networks_file_reserve(file, name, network, inputs));
    }
cleanup:
    bl_network_destroy(&network);
    return err;
}

static bl_err reserve_cases(const bl_run *run, bl_networks_file *file, double *bytes) {
    bl_err err = BL_OK;
    *bytes = 0;
    for (size_t i = 0; i < run->grid->cases; i++) {
        const bl_case c = bl_grid_case(run->grid, i);
        BL_TRY(reserve_case(run->config, &c, file, bytes));
    }
cleanup:
    return err;
}

bl_err bl_run_networks_prepare(const bl_run *run, bool resume, bool force) {
    bl_err err = BL_OK;
    const bl_config *config = run->config;
    bl_networks_file *file = NULL;
    char *resolved = NULL;
    double bytes = 0;
    BL_TRY(bl_config_resolve(config, &resolved));
    if (resume && access(run->options.save_networks, F_OK) == 0) {
        BL_TRY(bl_networks_file_open(run->options.save_networks, &file));
        BL_TRY(bl_networks_file_check_config(file, resolved));
        goto cleanup;
    }
    BL_TRY(reserve_cases(run, NULL, &bytes));
    BL_TRY(bl_networks_file_create(run->options.save_networks, force, config->box, resolved, bytes, &file));
    BL_TRY(reserve_cases(run, file, &bytes));
    BL_TRY(bl_networks_file_close(&file));
cleanup:
    bl_networks_file_discard(&file);
    bl_mem_free(resolved);
    return err;
}

static bl_err verify_unit(const bl_networks_file *file, const bl_unit *unit, bool *saved) {
    bl_err err = BL_OK;
    *saved = true;
    for (size_t i = 0; i < unit->count && *saved && unit->first_input == 0; i++) {
        char name[NAME];
        bl_sample_network_name(&unit->c, unit->first + i, name, sizeof name);
        BL_TRY(bl_networks_file_is_filled(file, name, saved));
    }
cleanup:
    return err;
}

bl_err bl_run_networks_verify(const bl_run *run, bool *done, int64_t *missing) {
    bl_err err = BL_OK;
    bl_networks_file *file = NULL;
    *missing = 0;
    BL_TRY(bl_networks_file_open(run->options.save_networks, &file));
    for (int64_t u = 0; u < run->grid->units; u++) {
        const bl_unit unit = bl_grid_unit(run->grid, u);
        bool saved = true;
        if (!done[u])
            continue;
        BL_TRY(verify_unit(file, &unit, &saved));
        done[u] = saved;
        *missing += !saved;
    }
    if (*missing > 0)
        bl_log(BL_LOG_WARNING, "%" PRId64 " units are done again: their networks are not in %s", *missing,
               run->options.save_networks);
cleanup:
    bl_networks_file_discard(&file);
    return err;
}

bl_err bl_run_networks_save(bl_run *run, const bl_case *c, size_t number, const bl_network *network,
                            const float *x) {
    char name[NAME];
    bl_sample_network_name(c, number, name, sizeof name);
    return bl_networks_file_fill(run->networks, name, network, x, bl_config_inputs(run->config));
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `sample`: the networks and inputs that `run` would use, as a networks file; of a sweep with `training`, trained networks
 * with training, test and random images.
 */
#include "borderline/log.h"
#include "borderline/mem.h"
#include "borderline/networks_file.h"
#include "borderline/train.h"
#include "borderline/unit.h"
#include "commands.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const char *output;
static bool force;
static size_t networks;
static bl_texts overrides;

static const bl_flag flags[] = {
    {"-o", BL_FLAG_TEXT, &output, "NETWORKS.h5", "the networks file (must be given)"},
    {"--networks", BL_FLAG_COUNT, &networks, "K", "only the first K networks of each case"},
    {"--force", BL_FLAG_SWITCH, &force, NULL, "overwrite NETWORKS.h5"},
    {"--set", BL_FLAG_LIST, &overrides, "KEY=VALUE",
     "a value in place of the sweep file's (may be repeated)"},
};

static size_t flags_of(const bl_flag **flag) {
    *flag = flags;
    return sizeof flags / sizeof *flags;
}

static bl_err sample_command(const bl_invocation *invocation);

const bl_command bl_command_sample = {
    .name = "sample",
    .synopsis = "sample SWEEP.yaml -o NETWORKS.h5 [--networks K] [--set KEY=VALUE]... [--force]",
    .summary = "Write the networks and inputs that `run` would use, for other programs and for `measure`; or "
               "train them.",
    .flags = flags_of,
    .run = sample_command,
    .keys_help = bl_config_help,
    .keys_of = "a sweep file",
};

/* The name of a network in the file. */
static void name_network(const bl_case *c, size_t number, char *name, size_t size) {
    (void)snprintf(name, size, "depth_%zu_width_%.0f_dimension_%zu_network_%06zu", c->depth, c->width,
                   c->dimension, number);
}

static bl_err sample_case(const bl_config *config, const bl_case *c, size_t count, bl_networks_file *file) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    float *x = NULL;
    BL_TRY(bl_network_create(config, c, &network));
    BL_ALLOC(x, config->inputs * c->dimension);
    for (size_t i = 0; i < count; i++) {
        char name[128];
        name_network(c, i, name, sizeof name);
        bl_unit_sample(config, c, i, network, x);
        BL_TRY(bl_networks_file_append(file, name, network, x, config->inputs));
    }
cleanup:
    bl_mem_free(x);
    bl_network_destroy(&network);
    return err;
}

/* Both parts of the data set of a sweep that trains. */
typedef struct images {
    bl_dataset *part[2]; /* BL_DATASET_TRAIN, BL_DATASET_TEST */
} images;

static bl_err read_images(const bl_config *config, images *set) {
    bl_err err = BL_OK;
    bl_dataset_source source = {.folder = config->training.path, .part = BL_DATASET_TEST, .classes = 10};
    BL_TRY(bl_dataset_read(&source, &set->part[BL_DATASET_TEST]));
    if (config->training.images < set->part[BL_DATASET_TEST]->count) {
        source.limit = config->training.images;
        bl_dataset_destroy(&set->part[BL_DATASET_TEST]);
        BL_TRY(bl_dataset_read(&source, &set->part[BL_DATASET_TEST]));
    }
    source.part = BL_DATASET_TRAIN;
    source.limit = config->training.images;
    BL_TRY(bl_dataset_read(&source, &set->part[BL_DATASET_TRAIN]));
cleanup:
    return err;
}

/* Inputs of a network: so many training images, test images, random ones, x[3][inputs][n]. */
static bl_err choose_inputs(const bl_config *config, const bl_case *c, size_t number, const images *set,
                            float *x) {
    bl_err err = BL_OK;
    const size_t inputs = config->inputs;
    uint32_t *word = NULL;
    size_t *index = NULL;
    BL_ALLOC(word, inputs);
    BL_ALLOC(index, inputs);
    for (uint32_t part = 0; part < 2; part++) {
        bl_rng_words(bl_rng_stream(config->seed, (uint32_t)c->number, (uint32_t)number,
                                   BL_PURPOSE_TRAINING_IMAGE, part),
                     0, inputs, word);
        for (size_t i = 0; i < inputs; i++)
            index[i] = (size_t)((uint64_t)word[i] * set->part[part]->count >> 32);
        bl_dataset_inputs(set->part[part], inputs, index, x + part * inputs * c->dimension);
    }
    bl_network_sample_inputs(config, c->number, number, BL_PURPOSE_INPUT, c->dimension, inputs,
                             x + 2 * inputs * c->dimension);
cleanup:
    bl_mem_free(word);
    bl_mem_free(index);
    return err;
}

/* One network to the end of its training; a line of the log. */
static bl_err train_network(const bl_config *config, bl_trainer *trainer, const bl_case *c, size_t number,
                            const images *set, bl_network *network) {
    bl_err err = BL_OK;
    bl_training_progress progress = {0};
    const bl_dataset *test = set->part[BL_DATASET_TEST];
    double accuracy = 0.0;
    bl_trainer_begin(trainer, c, number, network);
    while (progress.epochs < (int64_t)config->training.epochs)
        BL_TRY(bl_trainer_epoch(trainer, NULL, NULL, &progress));
    BL_TRY(bl_trainer_accuracy(trainer, test, test->count, &accuracy));
    bl_log(BL_LOG_INFO,
           "network %zu: %" PRId64 " restarts, %" PRId64
           " epochs, loss %.4f, accuracy %.4f, of test images %.4f",
           number, progress.restarts, progress.epochs, progress.loss, progress.accuracy, accuracy);
cleanup:
    return err;
}

static bl_err train_case(const bl_config *config, const bl_case *c, size_t count, bl_networks_file *file) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    bl_trainer *trainer = NULL;
    images set = {{NULL, NULL}};
    float *x = NULL;
    BL_TRY(read_images(config, &set));
    BL_TRY(bl_network_create(config, c, &network));
    BL_TRY(bl_trainer_create(config, &config->training, set.part[BL_DATASET_TRAIN], network, &trainer));
    BL_ALLOC(x, 3 * config->inputs * c->dimension);
    for (size_t i = 0; i < count; i++) {
        char name[128];
        name_network(c, i, name, sizeof name);
        BL_TRY(train_network(config, trainer, c, i, &set, network));
        BL_TRY(choose_inputs(config, c, i, &set, x));
        BL_TRY(bl_networks_file_append(file, name, network, x, 3 * config->inputs));
    }
cleanup:
    bl_mem_free(x);
    bl_trainer_destroy(&trainer);
    bl_network_destroy(&network);
    bl_dataset_destroy(&set.part[BL_DATASET_TRAIN]);
    bl_dataset_destroy(&set.part[BL_DATASET_TEST]);
    return err;
}

static bl_err sample_all(const bl_sweep *sweep) {
    bl_err err = BL_OK;
    bl_networks_file *file = NULL;
    char *resolved = NULL;
    size_t count = networks && networks < sweep->config->networks ? networks : sweep->config->networks;
    BL_TRY(bl_config_resolve(sweep->config, &resolved));
    BL_TRY(bl_networks_file_create(output, force, sweep->config->box, resolved, &file));
    for (size_t i = 0; i < sweep->grid->cases; i++) {
        bl_case c = bl_grid_case(sweep->grid, i);
        BL_TRY((sweep->config->training.set == BL_TRAINING_NONE ? sample_case : train_case)(sweep->config, &c,
                                                                                            count, file));
    }
    BL_TRY(bl_networks_file_close(&file));
    (void)printf("%s: %zu networks of each of %zu cases\n", output, count, sweep->grid->cases);
cleanup:
    bl_networks_file_discard(&file);
    bl_mem_free(resolved);
    return err;
}

static bl_err sample_command(const bl_invocation *invocation) {
    bl_err err = BL_OK;
    const char *place = NULL;
    bl_sweep sweep = {0};
    BL_TRY(bl_command_arguments(invocation, &bl_command_sample, "the sweep file", &place));
    BL_REQUIRE(output, BL_ERR_INPUT, "-o is missing: borderline %s", bl_command_sample.synopsis);
    BL_TRY(bl_sweep_read(invocation->comm, place, &overrides, &sweep));
    BL_TRY(bl_agree(invocation->comm, invocation->comm->rank == 0 ? sample_all(&sweep) : BL_OK));
cleanup:
    bl_sweep_clear(&sweep);
    return err;
}

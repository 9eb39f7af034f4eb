/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A regression before any number is computed: images, labels, the prior, the options of its search.
 */
#include "base/mem.h"
#include "dataset_share.h"
#include "posterior_internal.h"
#include "unit.h"

enum { ONE_BLOCK = 1024 }; /* up to this size the matrix is one block: the same bits on any number of ranks */

const char *const bl_posterior_kind_name[BL_POSTERIOR_KINDS] = {"training", "test", "random"};

size_t bl_posterior_block(const bl_posterior *p) {
    return p->train <= ONE_BLOCK ? ONE_BLOCK : p->config->block;
}

/* The network's configuration, with what follows from the data. */
bl_config bl_posterior_base(const bl_posterior *p) {
    bl_config base = p->config->base;
    base.channels = p->image.channels;
    return base;
}

bl_search_options bl_posterior_search_options(const bl_posterior_config *config) {
    static const size_t queries[] = {
        [BL_EFFORT_FAST] = 6, [BL_EFFORT_STANDARD] = 12, [BL_EFFORT_THOROUGH] = 40};
    bl_search_options options = bl_unit_search_options(&config->base);
    options.queries = config->base.family == BL_FAMILY_DENSE ? 0 : queries[options.effort];
    return options;
}

static int32_t label_of(const bl_posterior *p, const bl_dataset *data, size_t i) {
    return (int32_t)(p->config->labels == BL_LABELS_PARITY ? bl_dataset_parity(data, i)
                                                           : bl_dataset_class(data, i));
}

/* One part of the data set as inputs and labels; the bytes are not kept. */
static bl_err read_part(const bl_comm *comm, bl_posterior *p, bl_dataset_part part, size_t limit, float **x,
                        int32_t **label, size_t *count) {
    bl_err err = BL_OK;
    bl_dataset *data = NULL;
    bl_dataset_source source = {p->config->folder, part, p->config->data_classes, limit};
    BL_TRY(bl_dataset_share(comm, &source, &data));
    if (part == BL_DATASET_TEST)
        BL_REQUIRE(data->numbers == p->n, BL_ERR_INPUT,
                   "%s: test images have %zu numbers, training images %zu", p->config->folder, data->numbers,
                   p->n);
    p->image = data->image;
    p->n = data->numbers;
    *count = data->count;
    *x = bl_mem_alloc(data->count * data->numbers, sizeof **x);
    *label = bl_mem_alloc(data->count, sizeof **label);
    BL_TRY(bl_agree(comm, *x && *label ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(*x && *label);
    bl_dataset_inputs(data, data->count, NULL, *x);
    for (size_t i = 0; i < data->count; i++)
        (*label)[i] = label_of(p, data, i);
cleanup:
    bl_dataset_destroy(&data);
    return err;
}

bl_err bl_posterior_read(const bl_comm *comm, const bl_posterior_config *config, bl_posterior **out,
                         bl_gp_law *limit) {
    bl_err err = BL_OK;
    bl_posterior *p = bl_mem_alloc(1, sizeof *p);
    BL_TRY(bl_agree(comm, p ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(p != NULL);
    *p = (bl_posterior){.config = config,
                        .columns = config->labels == BL_LABELS_PARITY ? 1 : config->data_classes,
                        .inputs = config->base.inputs,
                        .p_count = config->base.p.count};
    BL_TRY(read_part(comm, p, BL_DATASET_TRAIN, config->train, &p->x, &p->label, &p->train));
    BL_TRY(read_part(comm, p, BL_DATASET_TEST, config->test, &p->x_test, &p->label_test, &p->test));
    BL_REQUIRE(p->inputs <= p->train && p->inputs <= p->test, BL_ERR_INPUT,
               "boundary.inputs: %zu inputs are asked for, but there are %zu training and %zu test images",
               p->inputs, p->train, p->test);
    bl_config base = bl_posterior_base(p);
    BL_TRY(bl_agree(comm, bl_gp_law_create(&base, config->depth, p->n, limit)));
    *out = p;
    p = NULL;
cleanup:
    bl_posterior_destroy(&p);
    return err;
}

void bl_posterior_destroy(bl_posterior **posterior) {
    bl_posterior *p = *posterior;
    if (!p)
        return;
    void *const owned[] = {p->x,          p->x_test, p->label,    p->label_test, p->target,
                           p->alpha,      p->mean,   p->variance, p->start,      p->predicted,
                           p->confidence, p->law,    p->law_error};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        bl_mem_free(owned[i]);
    bl_record_clear(&p->record);
    bl_mem_free(p);
    *posterior = NULL;
}

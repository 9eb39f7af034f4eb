/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The law of a configuration's networks in the limit: of dense ones a model, of others the list of layers of the family, whose
 * widths do not matter.
 */
#include "borderline/gp.h"

#include "base/mem.h"
#include "borderline/network.h"
#include <math.h>
#include <string.h>

enum { ANY_WIDTH = 2 };

/* Glorot's variance 2/(fan_in + fan_out) tends to 2/fan_in. */
static const double glorot_variance = 2.0;

bl_gp_model bl_gp_model_of(const bl_config *config, size_t depth) {
    return (bl_gp_model){.activation = config->activation,
                         .negative_slope = config->negative_slope,
                         .weight_variance = config->weight_variance,
                         .bias_variance = config->bias_variance,
                         .depth = depth};
}

bl_gp_model bl_gp_model_balanced(const bl_config *config, size_t depth, double *factor) {
    bl_gp_model model = bl_gp_model_of(config, depth);
    const double a = config->activation == BL_LEAKY_RELU ? config->negative_slope : 0.0;
    const double balanced = 2.0 / (1.0 + a * a);
    const bool homogeneous = config->activation == BL_RELU || config->activation == BL_LEAKY_RELU;
    if (factor)
        *factor = 1.0;
    if (!homogeneous || config->bias_variance > 0.0)
        return model;
    if (factor)
        *factor = pow(config->weight_variance / balanced, 0.5 * ((double)depth + 1.0));
    model.weight_variance = balanced;
    return model;
}

static bl_gp_layer limit_of(const bl_config *config, const bl_layer *layer) {
    static const bl_gp_layer_kind kind[] = {[BL_LAYER_DENSE] = BL_GP_DENSE,
                                            [BL_LAYER_ACTIVATION] = BL_GP_ACTIVATION,
                                            [BL_LAYER_FLATTEN] = BL_GP_FLATTEN,
                                            [BL_LAYER_CONV2D] = BL_GP_CONV2D,
                                            [BL_LAYER_AVGPOOL2D] = BL_GP_AVGPOOL2D,
                                            [BL_LAYER_RESIDUAL_BEGIN] = BL_GP_RESIDUAL_BEGIN,
                                            [BL_LAYER_RESIDUAL_END] = BL_GP_RESIDUAL_END};
    BL_ASSERT(layer->kernel[0] == layer->kernel[1]);
    return (bl_gp_layer){.kind = kind[layer->kind],
                         .size = layer->kernel[0],
                         .stride = layer->stride,
                         .same = layer->padding == BL_PADDING_SAME,
                         .weight_variance = layer->uniform ? glorot_variance : layer->weight_variance,
                         .bias_variance = config->bias_variance,
                         .activation = layer->activation,
                         .negative_slope = layer->negative_slope};
}

bl_err bl_gp_network_family(const char *family, const bl_config *config, size_t depth, size_t dimension,
                            bl_gp_network **out) {
    bl_err err = BL_OK;
    const bl_case c = {.depth = depth, .dimension = dimension, .width = ANY_WIDTH};
    bl_network *network = NULL;
    bl_gp_layer *layer = NULL;
    BL_TRY(bl_network_create_family(family, config, &c, false, &network));
    BL_ALLOC(layer, network->layer_count);
    for (size_t l = 0; l < network->layer_count; l++)
        layer[l] = limit_of(config, network->layer + l);
    const bool image = network->shape_rank == 3;
    err = bl_gp_network_create(network->shape[0], image ? network->shape[1] : 1,
                               image ? network->shape[2] : 1, network->layer_count, layer, out);
cleanup:
    bl_mem_free(layer);
    bl_network_destroy(&network);
    return err;
}

bl_err bl_gp_network_of(const bl_config *config, size_t depth, size_t dimension, bl_gp_network **out) {
    *out = NULL;
    if (config->family == BL_FAMILY_DENSE)
        return BL_OK;
    return bl_gp_network_family(bl_family_name[config->family], config, depth, dimension, out);
}

bl_err bl_gp_law_create(const bl_config *config, size_t depth, size_t dimension, bl_gp_law *law) {
    *law = (bl_gp_law){.model = bl_gp_model_of(config, depth), .n = dimension};
    return bl_gp_network_of(config, depth, dimension, &law->network);
}

void bl_gp_law_clear(bl_gp_law *law) {
    bl_gp_network_destroy(&law->network);
}

bl_err bl_gp_law_kernel(const bl_gp_law *law, size_t rows, const float *x, size_t columns, const float *y,
                        double *kernel) {
    if (law->network)
        return bl_gp_kernel(law->network, rows, x, columns, y, kernel);
    return bl_nngp_kernel(&law->model, law->n, rows, x, columns, y, kernel);
}

/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The costs of src/sweep know families by formulas (cost_family.c) to leading order, because they decide how a sweep is cut into units, which files keep.
 * Here these formulas are held against the lists of layers that networks are made of, for every family.
 */
#include "borderline/network.h"
#include "borderline/pass.h"
#include "check.h"
#include "sweep/cost.h"

#include <string.h>

typedef struct sizes {
    double weights, pass; /* numbers of all weights; multiply-adds of a pass */
} sizes;

/* What the costs take a network for: the cost of a network at k kernel inputs is a multiple of its weights, and k passes. */
static sizes of_costs(bl_config config, const bl_case *c) {
    static const double weight_cost = 30;
    config.kernel_inputs = 0;
    const double weights = bl_cost_kernel_network(&config, c);
    config.kernel_inputs = 1;
    return (sizes){weights / weight_cost, bl_cost_kernel_network(&config, c) - weights};
}

/* What the layers are, without biases. */
static sizes of_layers(const bl_config *config, const bl_case *c) {
    bl_network *network = NULL;
    sizes s = {0, 0};
    CHECK_OK(bl_network_create_shape(config, c, &network));
    if (network)
        s = (sizes){(double)bl_network_parameters(network), bl_pass_multiply_adds(network)};
    bl_network_destroy(&network);
    return s;
}

/* Costs over layers - 1, of weights and passes, within the bounds. */
static void expect(bl_family family, size_t depth, double width, size_t dimension, size_t classes, double low,
                   double high) {
    const bl_config config = {.family = family,
                              .activation = BL_RELU,
                              .weight_variance = 2.0,
                              .classes = classes,
                              .channels = 3,
                              .networks = 1,
                              .inputs = 1};
    const bl_case c = {.depth = depth, .width = width, .dimension = dimension};
    const sizes cost = of_costs(config, &c), layers = of_layers(&config, &c);
    const double weights = cost.weights / layers.weights - 1, pass = cost.pass / layers.pass - 1;
    (void)printf("%-7s depth %2zu, width %4.0f, n %5zu: weights %+.4f, multiply-adds %+.4f\n",
                 bl_family_name[family], depth, width, dimension, weights, pass);
    CHECK(weights >= low && weights <= high);
    CHECK(pass >= low && pass <= high);
}

int main(void) {
    const double exact = 1e-12;
    for (size_t classes = 2; classes <= 10; classes += 8) {
        for (size_t depth = 1; depth <= 5; depth += 2)
            expect(BL_FAMILY_DENSE, depth, 100, 768, classes, -exact, exact);
        for (size_t depth = 1; depth <= 4; depth++)
            expect(BL_FAMILY_CNN, depth, 64, 1728, classes, -exact, exact);
        /* without the last layer, 4 width to the classes */
        for (size_t depth = 1; depth <= 3; depth++)
            expect(BL_FAMILY_LENET, depth, 128, 3072, classes, -0.01, 0);
        /* the first convolutions of the second and third stage as those after them, no shortcuts, no last layer */
        for (size_t depth = 8; depth <= 44; depth += 12)
            expect(BL_FAMILY_RESNET, depth, 32, 3072, classes, -0.05, 0.21);
    }
    return check_result();
}

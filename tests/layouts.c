/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How the compiler laid out the structs that Python tests pass and read, and the values of enumerators: part of the shared
 * library of the tests, so that both always come from the same headers. borderline_core.py makes ctypes classes of it. A struct
 * is listed with all its members in their order; a member that is renamed does not compile here, one that is missing is refused
 * by borderline_core.py.
 */
#include "base/stats.h"
#include "borderline/boundary.h"
#include "borderline/certify.h"
#include "borderline/gp.h"
#include "borderline/network.h"
#include "certify/ball.h"
#include "gp/gp_pair.h"
#include "network/dataset.h"

#include <stdio.h>

/** Write the tables below as text, a line each: "struct NAME BYTES", "member STRUCT NAME TYPE OFFSET BYTES COUNT COUNT_2"
 * (TYPE of one element; COUNT 0: not an array) and "value GROUP NAME NUMBER".
 * Collective: no.
 * @return the length of the text, also where it does not fit into text[room].
 */
BL_API size_t bl_test_layouts(char *text, size_t room);

typedef struct row {
    const char *structure, *name, *type;
    size_t offset, bytes, count[2];
} row;

/* The type of an expression; enumerators have the integer type that the compiler chose for them. */
#define TYPE(x)                                                                                              \
    _Generic((x), _Bool : "bool", signed char : "byte", unsigned char : "ubyte", int : "int",                \
             unsigned int : "uint", long : "long", unsigned long : "ulong", float : "float",                 \
             double : "double", bl_image : "bl_image", bl_box : "bl_box", bl_gp_model : "bl_gp_model",       \
             const char * : "char_p",                                                                        \
             default : __builtin_classify_type(x) == POINTER_CLASS ? "void_p" : "unknown")
enum { POINTER_CLASS = 5 }; /* of gcc's and clang's __builtin_classify_type */

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)
#define OF(member) (((STRUCT *)0)->member)
#define WHOLE                                                                                                \
    {                                                                                                        \
        TEXT(STRUCT), NULL, NULL, 0, sizeof(STRUCT), {                                                       \
            0, 0                                                                                             \
        }                                                                                                    \
    }
#define ONE(member)                                                                                          \
    {                                                                                                        \
        TEXT(STRUCT), #member, TYPE(OF(member)), offsetof(STRUCT, member), sizeof OF(member), {              \
            0, 0                                                                                             \
        }                                                                                                    \
    }
#define ARRAY(member)                                                                                        \
    {                                                                                                        \
        TEXT(STRUCT), #member, TYPE(OF(member)[0]), offsetof(STRUCT, member), sizeof OF(member)[0], {        \
            sizeof OF(member) / sizeof OF(member)[0], 0                                                      \
        }                                                                                                    \
    }
#define MATRIX(member)                                                                                       \
    {                                                                                                        \
        TEXT(STRUCT), #member, TYPE(OF(member)[0][0]), offsetof(STRUCT, member), sizeof OF(member)[0][0], {  \
            sizeof OF(member) / sizeof OF(member)[0], sizeof OF(member)[0] / sizeof OF(member)[0][0]         \
        }                                                                                                    \
    }

/* A struct a paragraph. */
/* clang-format off */
static const row rows[] = {
#define STRUCT bl_stream
    ARRAY(key), ARRAY(counter), WHOLE,
#undef STRUCT
#define STRUCT bl_box
    ONE(lo), ONE(hi), WHOLE,
#undef STRUCT
#define STRUCT bl_case
    ONE(number), ONE(depth_index), ONE(width_index), ONE(dimension_index), ONE(depth), ONE(dimension), ONE(width), WHOLE,
#undef STRUCT
#define STRUCT bl_image
    ONE(channels), ONE(height), ONE(width), WHOLE,
#undef STRUCT
#define STRUCT bl_layer
    ONE(kind), ONE(activation), ONE(inputs), ONE(outputs), ONE(negative_slope), ONE(weight), ONE(bias), ONE(in), ONE(out),
    ONE(side), ONE(begin), ARRAY(kernel), ONE(stride), ONE(padding), ONE(weight_variance), ONE(uniform), WHOLE,
#undef STRUCT
#define STRUCT bl_network
    ONE(layer_count), ONE(layer), ONE(dimension), ONE(classes), ONE(shape_rank), ARRAY(shape), ONE(rounding), WHOLE,
#undef STRUCT
#define STRUCT bl_dataset_source
    ONE(folder), ONE(part), ONE(classes), ONE(limit), WHOLE,
#undef STRUCT
#define STRUCT bl_dataset
    ONE(count), ONE(image), ONE(classes), ONE(numbers), ONE(pixel), ONE(label), WHOLE,
#undef STRUCT
#define STRUCT bl_oracle
    ONE(dimension), ONE(classes), ONE(batch), ONE(context), ONE(forward), ONE(gradient), ONE(forward64), WHOLE,
#undef STRUCT
#define STRUCT bl_search_options
    ONE(p), ONE(p_count), ONE(box), ONE(effort), ONE(queries), ONE(stop), ONE(stop_context), WHOLE,
#undef STRUCT
#define STRUCT bl_certificate
    ONE(radius), ONE(nodes), ONE(status), ONE(nearer), WHOLE,
#undef STRUCT
#define STRUCT bl_ball
    ONE(n), ONE(p), ONE(radius), ONE(x0), ONE(boxed), ONE(lo), ONE(hi), ONE(work), WHOLE,
#undef STRUCT
#define STRUCT bl_search_result
    ONE(distance), ONE(inside), ONE(first_order), ONE(gradient_norm), ONE(passes), ONE(restarts_won), ONE(confidence), ONE(searched_radius), ONE(first_step_crosses),
    ONE(status), WHOLE,
#undef STRUCT
#define STRUCT bl_gp_model
    ONE(activation), ONE(negative_slope), ONE(weight_variance), ONE(bias_variance), ONE(depth), WHOLE,
#undef STRUCT
#define STRUCT bl_gp_local
    ONE(value), ONE(value_radial), ONE(radial), ONE(across), WHOLE,
#undef STRUCT
#define STRUCT bl_gp_layer
    ONE(kind), ONE(size), ONE(stride), ONE(same), ONE(weight_variance), ONE(bias_variance), ONE(activation), ONE(negative_slope),
    WHOLE,
#undef STRUCT
#define STRUCT bl_gp_law
    ONE(model), ONE(n), ONE(network), WHOLE,
#undef STRUCT
#define STRUCT bl_gp_geometry
    ONE(x2), ONE(y2), ONE(xd), ONE(d2), ONE(determinant), WHOLE,
#undef STRUCT
#define STRUCT bl_gp_pair
    ARRAY(along), ONE(value), ARRAY(x), ARRAY(y), ONE(across), MATRIX(mixed), WHOLE,
#undef STRUCT
#define STRUCT bl_fit
    ONE(slope), ONE(intercept), ONE(slope_error), ONE(intercept_error), ONE(points), WHOLE,
#undef STRUCT
#define STRUCT bl_slope
    ONE(value), ONE(low), ONE(high), WHOLE,
#undef STRUCT
#define STRUCT bl_paper_fit
    ONE(scale), ONE(offset), ONE(residual), ONE(points), WHOLE,
#undef STRUCT
};

typedef struct value {
    const char *group, *name;
    int number;
} value;

#define VALUE(group, prefix, name)                                                                           \
    { #group, #name, prefix##name }
static const value values[] = {
    VALUE(activation, BL_, RELU), VALUE(activation, BL_, LEAKY_RELU), VALUE(activation, BL_, TANH),
    VALUE(activation, BL_, ERF), VALUE(activation, BL_, GELU),
    VALUE(effort, BL_EFFORT_, FAST), VALUE(effort, BL_EFFORT_, STANDARD), VALUE(effort, BL_EFFORT_, THOROUGH),
#define STATUS(name, number, word) {"status", #name, number},
    BL_STATUS_LIST(STATUS)
#undef STATUS
#define CERTIFICATE(name, number, word) {"certificate", #name, number},
    BL_CERTIFICATE_LIST(CERTIFICATE)
#undef CERTIFICATE
    VALUE(certify, BL_CERTIFY_, NONE), VALUE(certify, BL_CERTIFY_, FAST), VALUE(certify, BL_CERTIFY_, STANDARD),
    VALUE(certify, BL_CERTIFY_, THOROUGH),
    VALUE(purpose, BL_PURPOSE_, WEIGHT), VALUE(purpose, BL_PURPOSE_, BIAS), VALUE(purpose, BL_PURPOSE_, INPUT),
    VALUE(purpose, BL_PURPOSE_, KERNEL_INPUT), VALUE(purpose, BL_PURPOSE_, SEARCH), VALUE(purpose, BL_PURPOSE_, BOOTSTRAP),
    VALUE(purpose, BL_PURPOSE_, PREDICTION), VALUE(purpose, BL_PURPOSE_, TEST),
    VALUE(layer, BL_LAYER_, DENSE), VALUE(layer, BL_LAYER_, ACTIVATION), VALUE(layer, BL_LAYER_, FLATTEN), VALUE(layer, BL_LAYER_, CONV2D),
    VALUE(gp_layer, BL_GP_, DENSE), VALUE(gp_layer, BL_GP_, CONV2D), VALUE(gp_layer, BL_GP_, ACTIVATION),
    VALUE(gp_layer, BL_GP_, AVGPOOL2D), VALUE(gp_layer, BL_GP_, FLATTEN), VALUE(gp_layer, BL_GP_, RESIDUAL_BEGIN),
    VALUE(gp_layer, BL_GP_, RESIDUAL_END),
    VALUE(dataset_part, BL_DATASET_, TRAIN), VALUE(dataset_part, BL_DATASET_, TEST),
};
/* clang-format on */

/* Append a printed line; counts on where the room is used up. */
#define PRINT(...)                                                                                           \
    (length +=                                                                                               \
     (size_t)snprintf(length < room ? text + length : NULL, length < room ? room - length : 0, __VA_ARGS__))

size_t bl_test_layouts(char *text, size_t room) {
    size_t length = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const row *r = &rows[i];
        if (r->name)
            PRINT("member %s %s %s %zu %zu %zu %zu\n", r->structure, r->name, r->type, r->offset, r->bytes,
                  r->count[0], r->count[1]);
        else
            PRINT("struct %s %zu\n", r->structure, r->bytes);
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        PRINT("value %s %s %d\n", values[i].group, values[i].name, values[i].number);
    return length;
}

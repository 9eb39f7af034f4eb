/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Proven lower bounds of distances to the classification boundary: the other end of what the search gives
 * (src/certify/README.md).
 */
#ifndef BORDERLINE_CERTIFY_H
#define BORDERLINE_CERTIFY_H

#include "borderline/network.h"

/* status of a certificate; the numbers and words are the file's flag_values and flag_meanings */
#define BL_CERTIFICATE_LIST(X)                                                                               \
    X(NONE, 0, "none")                                                                                       \
    X(BOUND, 1, "bound")                                                                                     \
    X(EXACT, 2, "exact")                                                                                     \
    X(NO_BOUNDARY, 3, "no_boundary")
enum {
#define BL_CERTIFICATE_ENUM(name, value, word) BL_CERTIFICATE_##name = value,
    BL_CERTIFICATE_LIST(BL_CERTIFICATE_ENUM)
#undef BL_CERTIFICATE_ENUM
};

/* What is proven of one (input, p). */
typedef struct bl_certificate {
    /* no point within this radius changes the class; p = 0: no point with this many numbers changed; 0
     * where nothing is proven; at most the distance found */
    double radius;
    int32_t nodes; /* of branch and bound, 1 for its root; 0 where there was none */
    /* none; bound; exact: the radius is within 1e-3 of the distance; no_boundary: the whole box has one
     * class */
    int8_t status;
    /* a point was met that changes the class and is nearer than the distance: see bl_certifier_run */
    bool nearer;
} bl_certificate;

typedef struct bl_certifier bl_certifier;

/** A certifier of one network.
 *
 * Collective:  no.
 * Ownership:   the network is borrowed; *out is the caller's.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_certifier_create(const bl_network *network, bl_box box, bl_certify level,
                                  bl_certifier **out) BL_NODISCARD;
BL_API void bl_certifier_destroy(bl_certifier **certifier);

/** The largest radius that is proven to hold no point of another class, at most the distance found.
 *
 * Math:        src/certify/README.md: linear relaxation; for chains of relu and leaky_relu the quadratic Lagrangian (p > 1) and the
 *              vertex bound (p = 1), and at level thorough branch and bound on top. All rounding is charged for.
 * Shapes:      x0[n]; logits[classes] float64 at x0; point[n]: a point of another class at `distance`, or NULL with
 *              distance NaN where none is known; nearer[n] or NULL: written where the certificate says so, a point that should
 *              change the class by the certifier's own float64 pass; the caller confirms it.
 * Collective:  no. The result is a function of the arguments alone.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_certifier_run(bl_certifier *certifier, double p, const double *x0, const double *logits,
                               double distance, const double *point, double *nearer,
                               bl_certificate *certificate) BL_NODISCARD;

#endif

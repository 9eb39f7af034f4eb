/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Error codes, one message, and the macros every fallible function is written with.
 *
 * A fallible function returns bl_err, declares `bl_err err = BL_OK;`, and ends in one `cleanup:` label:
 *
 *     bl_err bl_thing_create(size_t n, bl_thing **out) {
 *         bl_err err = BL_OK;
 *         bl_thing *thing = NULL;
 *         BL_REQUIRE(n > 0, BL_ERR_INPUT, "a thing needs at least one element");
 *         BL_ALLOC(thing, 1);
 *         BL_TRY(bl_part_create(n, &thing->part));
 *         *out = thing;
 *         thing = NULL;
 *     cleanup:
 *         bl_thing_destroy(&thing);
 *         return err;
 *     }
 */
#ifndef BORDERLINE_ERR_H
#define BORDERLINE_ERR_H

#include <stdbool.h>

/* Everything not marked BL_API stays inside its library (hidden visibility). */
#define BL_API                 __attribute__((visibility("default")))
#define BL_NODISCARD           __attribute__((warn_unused_result))
#define BL_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* code, exit status of the program, what it means */
#define BL_ERR_LIST(X)                                                                                       \
    X(BL_OK, 0, "done")                                                                                      \
    X(BL_ERR_INPUT, 1, "wrong use or bad input")                                                             \
    X(BL_ERR_MEMORY, 2, "out of memory")                                                                     \
    X(BL_ERR_IO, 2, "a file could not be read or written")                                                   \
    X(BL_ERR_LIBRARY, 2, "a library refused a call")                                                         \
    X(BL_ERR_NUMERIC, 2, "a computation failed numerically")                                                 \
    X(BL_ERR_PEER, 2, "another rank failed")                                                                 \
    X(BL_ERR_STOPPED, 75, "stopped early, resumable")

typedef enum bl_err {
#define BL_ERR_ENUM(code, exit_status, meaning) code,
    BL_ERR_LIST(BL_ERR_ENUM)
#undef BL_ERR_ENUM
} bl_err;

/** Record the message of an error and hand the code back.
 *
 * Math:        none.
 * Collective:  no. Each thread keeps one message; a later one replaces it.
 * Ownership:   the text is copied (at most 1,023 characters).
 * @param[in] code   the code to return
 * @param[in] format printf format of one line without a newline
 * @return code.
 */
BL_API bl_err bl_err_set(bl_err code, const char *format, ...) BL_PRINTF(2, 3);

/** Put words before the recorded message ("while reading x.h5: " + message), keeping the code. Collective: no. */
BL_API void bl_err_prefix(const char *format, ...) BL_PRINTF(1, 2);

/** The message recorded last in this thread; empty when none. Borrowed until the next bl_err_set. Collective: no. */
BL_API const char *bl_err_message(void);

/** What a code means, and the status the program exits with for it. Collective: no. */
BL_API const char *bl_err_meaning(bl_err code);
BL_API int bl_err_exit_status(bl_err code);

/** Report a bug of this program and abort; active in every build type. Collective: no. */
BL_API _Noreturn void bl_err_bug(const char *file, int line, const char *condition);

#define BL_ASSERT(condition)                                                                                 \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            bl_err_bug(__FILE__, __LINE__, #condition);                                                      \
    } while (0)

#define BL_TRY(call)                                                                                         \
    do {                                                                                                     \
        err = (call);                                                                                        \
        if (err != BL_OK)                                                                                    \
            goto cleanup;                                                                                    \
    } while (0)

#define BL_FAIL(code, ...)                                                                                   \
    do {                                                                                                     \
        err = bl_err_set((code), __VA_ARGS__);                                                               \
        goto cleanup;                                                                                        \
    } while (0)

#define BL_REQUIRE(condition, code, ...)                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            BL_FAIL(code, __VA_ARGS__);                                                                      \
    } while (0)

#endif

// What the checks of operations share: the two tables that are compared, arrays that end where
// readable memory ends, repeatable numbers, and the verdict.
#ifndef KERNEL_CHECK_H
#define KERNEL_CHECK_H

#include "CKernels.h"

#include <math.h>
#include <string.h>

// A table of operations and the context they run in.
typedef struct {
    const char *name;
    const struct ck_operations *op;
    ck_context ctx;
} backend;

// The reference first, then the table that is checked against it.
extern backend side[2];

#define EACH_SIDE(i) for (int i = 0; i < 2; i++)

// Whether a side multiplies bfloat16 natively, and so rounds the other operand to it.
bool multiplies_bfloat16(int i);

// Operations are called by name: RUN(i, gelu_forward, out[i], inp, n) runs it on side i.
#define RUN(i, operation, ...) side[i].op->operation(&side[i].ctx, __VA_ARGS__)

// An array that ends where readable memory ends, so that a kernel that goes one element too far
// stops the program. It lives until release_arrays().
void *make_array(size_t bytes);
void release_arrays(void);

// n floats between low and high, always the same ones.
float *uniform(size_t n, float low, float high);
// n floats that are NaN, as an output is before it is overwritten.
float *garbage(size_t n);
float *copy_of(const float *x, size_t n);
// n ids below `limit`.
int32_t *ids(size_t n, size_t limit);

// An array of those floats.
ck_array float_array(const float *x);
// n floats as an array of `type`, as the reference rounds them.
ck_array as_array(ck_element_type type, const float *x, size_t n);
// The same numbers as floats.
ck_array widened(ck_array a, size_t n);

// Counts a failure, and prints it, unless each of n floats is within `tolerance` of the largest
// magnitude in `expected`, or of 1 if that is larger.
void compare(const char *what, const float *actual, const float *expected, size_t n,
             double tolerance);
void compare_bytes(const char *what, const void *actual, const void *expected, size_t bytes);
// The same, unless `actual` has the bits of n floats rounded to its type.
void compare_rounded(const char *what, ck_array actual, const float *floats, size_t n);
void expect(const char *what, bool condition);

// Tables that multiply bfloat16 like AMX, with tiles in plain C; NULL where this processor lacks
// the vectors they need.
const struct ck_microkernels *plain_tile_microkernels(void);
const struct ck_microkernels *wide_plain_tile_microkernels(void);

// Checks every operation, at sizes that fit no vector and no tile.
void check_layers(void);
void check_arrays(void);
void check_products(void);
void check_operands(void);
void check_stored_weights(void);
void check_attention(void);
void check_training(void);

#endif

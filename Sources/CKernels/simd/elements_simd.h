// Blocks of 32 stored elements as vectors of floats, whatever their type. Functions that take a
// type are inlined with a constant one, so nothing is decided at run time.
#ifndef SIMD_ELEMENTS_H
#define SIMD_ELEMENTS_H

#include "../elements.h"
#include "vector_simd.h"

#define BLOCK_VECTORS (CK_BLOCK / LANES)

// As many small numbers as a vector has floats, at any address that is a multiple of their size.
typedef int8_t vi8 __attribute__((vector_size(LANES), aligned(1), may_alias));
typedef uint8_t vu8 __attribute__((vector_size(LANES), aligned(1), may_alias));
typedef uint32_t vu __attribute__((vector_size(4 * LANES)));
typedef uint16_t vu16 __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef _Float16 vh __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

ALWAYS_INLINE vf v_load_bfloat16(const uint16_t *p) {
    return (vf)(__builtin_convertvector(*(const vu16 *)p, vi) << 16);
}

ALWAYS_INLINE vf v_from_float16(vu16 bits) { return __builtin_convertvector((vh)bits, vf); }

ALWAYS_INLINE vf v_load_float16(const uint16_t *p) { return v_from_float16(*(const vu16 *)p); }

#ifndef HAVE_LOAD_FLOAT16_PARTIAL
ALWAYS_INLINE vf v_load_float16_partial(const uint16_t *p, size_t n) {
    uint16_t some[LANES] = {0};
    for (size_t i = 0; i < n; i++)
        some[i] = p[i];
    return v_load_float16(some);
}
#endif

// `count` pairs of a scale and a minimum, at most LANES of them, from block `block` of a row of
// q4_1 on; zero after them.
ALWAYS_INLINE vu load_scale_pairs(const void *row, size_t block, size_t count) {
    const float *pairs = (const float *)row + block;
    return (vu)(count == LANES ? v_load(pairs) : v_load_partial(pairs, count));
}

ALWAYS_INLINE vf minimums_of(vu pairs) {
    return v_from_float16(__builtin_convertvector(pairs >> 16, vu16));
}

// `count` scales, at most LANES of them, from block `block` of a row on; zero after them.
ALWAYS_INLINE vf load_scales(const ck_element_type type, const void *row, size_t block,
                             size_t count) {
    if (type == CK_Q8_F32) {
        const float *scales = (const float *)row + block;
        return count == LANES ? v_load(scales) : v_load_partial(scales, count);
    }
    if (type == CK_Q4_1) {
        const vu pairs = load_scale_pairs(row, block, count);
        return v_from_float16(__builtin_convertvector(pairs, vu16));
    }
    const uint16_t *scales = (const uint16_t *)row + block;
    return count == LANES ? v_load_float16(scales) : v_load_float16_partial(scales, count);
}

// Vector `v` of block `block` of the row whose values start at `row`, before its scale and minimum
// are applied.
ALWAYS_INLINE vf load_vector_of_block(const ck_element_type type, const void *row, size_t block,
                                      size_t v) {
    const size_t first = block * CK_BLOCK;
    const size_t at = first + v * LANES;
    if (type == CK_FLOAT32)
        return v_load((const float *)row + at);
    if (type == CK_BFLOAT16)
        return v_load_bfloat16((const uint16_t *)row + at);
    if (type == CK_FLOAT16)
        return v_load_float16((const uint16_t *)row + at);
    if (has_nibbles(type)) {
        const bool high = v >= BLOCK_VECTORS / 2;
        const size_t byte = v % (BLOCK_VECTORS / 2) * LANES;
        const vu8 bytes = *(const vu8 *)((const uint8_t *)row + first / 2 + byte);
        const vi8 nibbles = (vi8)(high ? bytes >> 4 : bytes & 15);
        return __builtin_convertvector(type == CK_Q4_0 ? nibbles - 8 : nibbles, vf);
    }
    return __builtin_convertvector(*(const vi8 *)((const int8_t *)row + at), vf);
}

// All vectors of a block, likewise.
ALWAYS_INLINE void load_block(vf *w, const ck_element_type type, const void *row, size_t block) {
    for (size_t v = 0; v < BLOCK_VECTORS; v++)
        w[v] = load_vector_of_block(type, row, block, v);
}

// `lanes` numbers of 16 bits, zero after them.
ALWAYS_INLINE vu16 load_16_bits(const uint16_t *p, size_t lanes) {
    if (lanes == LANES)
        return *(const vu16 *)p;
    vu16 some = {0};
    __builtin_memcpy(&some, p, lanes * sizeof *p);
    return some;
}

// `lanes` numbers from number `at` on, of a type without scales.
ALWAYS_INLINE vf load_floats(const ck_element_type type, const void *numbers, size_t at,
                             size_t lanes) {
    if (type == CK_FLOAT32)
        return LOAD((const float *)numbers + at);
    const vu16 upper = load_16_bits((const uint16_t *)numbers + at, lanes);
    if (type == CK_FLOAT16)
        return v_from_float16(upper);
    return (vf)(__builtin_convertvector(upper, vu) << 16);
}

// x rounded to bfloat16, to nearest, ties to even; NaN stays NaN.
#ifdef HAVE_ROUND_TO_BFLOAT16
ALWAYS_INLINE vu16 v_to_bfloat16(vf x) { return (vu16)v_round_to_bfloat16(x); }
#else
ALWAYS_INLINE vu16 v_to_bfloat16(vf x) {
    const vi bits = (vi)x;
    const vi rounded = bits + 0x7fff + (bits >> 16 & 1);
    const vi is_nan = x != x;
    const vi upper = (is_nan & (bits | 0x400000)) | (~is_nan & rounded);
    return __builtin_convertvector((vu)upper >> 16, vu16);
}
#endif

// x as numbers `at`, at + 1, ... of an array of a type without blocks: `lanes` of them.
ALWAYS_INLINE void store_floats(const ck_element_type type, void *numbers, size_t at, vf x,
                                size_t lanes) {
    if (type == CK_FLOAT32) {
        STORE((float *)numbers + at, x);
        return;
    }
    const vu16 some = v_to_bfloat16(x);
    if (lanes == LANES)
        *(vu16 *)((uint16_t *)numbers + at) = some;
    else
        __builtin_memcpy((uint16_t *)numbers + at, &some, lanes * sizeof(uint16_t));
}

// Runs what follows with `constant` as the type of an array, so that the compiler knows it.
#define WITH_ARRAY_TYPE(constant, type, ...)                                                       \
    do {                                                                                           \
        if ((type) == CK_BFLOAT16) {                                                               \
            const ck_element_type constant = CK_BFLOAT16;                                          \
            __VA_ARGS__                                                                            \
        } else {                                                                                   \
            const ck_element_type constant = CK_FLOAT32;                                           \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    } while (0)

// The same for two arrays.
#define WITH_ARRAY_TYPES(constant1, type1, constant2, type2, ...)                                  \
    WITH_ARRAY_TYPE(constant1, type1, WITH_ARRAY_TYPE(constant2, type2, __VA_ARGS__);)

// The first `count` weights of a block with their scale applied. Those after them are zero.
ALWAYS_INLINE void load_weights(vf *w, const ck_element_type type, const ck_matrix *weight,
                                size_t row, size_t block, size_t count) {
    const char *values = (const char *)weight->values + row * bytes_of_row(type, weight->cols);
    if (has_scales(type)) {
        load_block(w, type, values, block);
        const vf scale = v_splat(block_scale(type, weight, row, block));
        for (int v = 0; v < BLOCK_VECTORS; v++)
            w[v] *= scale;
        if (type != CK_Q4_1)
            return;
        const vf minimum = v_splat(block_minimum(weight, row, block));
        for (size_t v = 0; v < BLOCK_VECTORS; v++) {
            w[v] += minimum;
            // In other types the padding of a block already means zero.
            if (count < (v + 1) * LANES)
                w[v] = v_keep_first(w[v], count > v * LANES ? count - v * LANES : 0);
        }
    } else if (count == CK_BLOCK) {
        load_block(w, type, values, block);
    } else {
        // Nothing after the last weight may be read.
        char bytes[CK_BLOCK * sizeof(float)] = {0};
        const size_t size = bytes_of_row(type, 1);
        __builtin_memcpy(bytes, values + block * CK_BLOCK * size, count * size);
        load_block(w, type, bytes, 0);
    }
}

// `lanes` weights of a row of a type with scales, from number `first`, a multiple of LANES, on: a
// vector of a block. Zero after them.
ALWAYS_INLINE vf load_weight_vector(const ck_element_type type, const ck_matrix *weight, size_t row,
                                    size_t first, size_t lanes) {
    const char *values = (const char *)weight->values + row * bytes_of_row(type, weight->cols);
    const size_t block = first / CK_BLOCK;
    const vf steps = load_vector_of_block(type, values, block, first % CK_BLOCK / LANES);
    vf w = steps * v_splat(block_scale(type, weight, row, block));
    if (type == CK_Q4_1)
        w += v_splat(block_minimum(weight, row, block));
    return lanes == LANES ? w : v_keep_first(w, lanes);
}

// Copies the weights of one row, columns first ..< first + count, to out; `first` starts a block.
ALWAYS_INLINE void copy_weights(float *out, const ck_element_type type, const ck_matrix *weight,
                                size_t row, size_t first, size_t count) {
    for (size_t i = 0; i < count; i += CK_BLOCK) {
        const size_t left = count - i < CK_BLOCK ? count - i : CK_BLOCK;
        vf w[BLOCK_VECTORS];
        load_weights(w, type, weight, row, (first + i) / CK_BLOCK, left);
        for (size_t v = 0; v * LANES < left; v++) {
            const size_t at = v * LANES;
            if (left - at >= LANES)
                v_store(out + i + at, w[v]);
            else
                v_store_partial(out + i + at, w[v], left - at);
        }
    }
}

// Runs `call` with the type of a matrix as a constant.
#define WITH_CONSTANT_TYPE(type, call)                                                             \
    switch (type) {                                                                                \
    case CK_FLOAT32: call(CK_FLOAT32); break;                                                      \
    case CK_BFLOAT16: call(CK_BFLOAT16); break;                                                    \
    case CK_FLOAT16: call(CK_FLOAT16); break;                                                      \
    case CK_Q8_0: call(CK_Q8_0); break;                                                            \
    case CK_Q8_F32: call(CK_Q8_F32); break;                                                        \
    case CK_Q4_0: call(CK_Q4_0); break;                                                            \
    case CK_Q4_1: call(CK_Q4_1); break;                                                            \
    }

static void round_row(uint16_t *out, const float *x, size_t n) {
    FOR_EACH_VECTOR(i, n, store_floats(CK_BFLOAT16, out, i, LOAD(x + i), lanes););
}

static void weight_row(float *out, const ck_matrix *weight, size_t row) {
#define COPY_ROW(type) copy_weights(out, type, weight, row, 0, weight->cols)
    WITH_CONSTANT_TYPE(weight->type, COPY_ROW)
#undef COPY_ROW
}

#endif

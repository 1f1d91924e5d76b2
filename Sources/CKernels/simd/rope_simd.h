// Rotary positions of one row: pairs of neighbors are complex numbers, and so are the rotations
// that multiply them.
#ifndef SIMD_ROPE_H
#define SIMD_ROPE_H

#include "elements_simd.h"

// A pair of neighboring floats per lane: the real part in the lower half.
typedef uint64_t vp __attribute__((vector_size(sizeof(vf))));

// Pairs times rotations or, in the backward pass, times their conjugates.
ALWAYS_INLINE vf turn_pairs(vf pairs, vf rotations, const bool back) {
    const vp low = (vp){0} + 0xffffffffu;
    const vp sign = (vp){0} + (back ? (uint64_t)0x80000000u << 32 : 0x80000000u);
    const vp pair = (vp)pairs;
    const vp turn = (vp)rotations;
    const vf swapped = (vf)(pair << 32 | pair >> 32);
    const vf cosines = (vf)(turn << 32 | (turn & low));
    const vf sines = (vf)((turn >> 32 | (turn & ~low)) ^ sign); // -sin, sin; backward sin, -sin
    return v_fma(swapped, sines, pairs * cosines);
}

static void rope_row(ck_array x, const float *rotations, size_t NH, size_t HS) {
    WITH_ARRAY_TYPE(type, x.type, {
        for (size_t h = 0; h < NH; h++) {
            FOR_EACH_VECTOR(i, HS, {
                const vf pairs = load_floats(type, x.data, h * HS + i, lanes);
                const vf turned = turn_pairs(pairs, LOAD(rotations + i), false);
                store_floats(type, x.data, h * HS + i, turned, lanes);
            });
        }
    });
}

static void rope_backward_row(float *dx, const float *rotations, size_t NH, size_t HS) {
    for (size_t h = 0; h < NH; h++) {
        float *head = dx + h * HS;
        FOR_EACH_VECTOR(
            i, HS, { STORE(head + i, turn_pairs(LOAD(head + i), LOAD(rotations + i), true)); });
    }
}

#endif

// Rotary positions of one row: pairs of neighbours are complex numbers, and so are the rotations
// they are multiplied with.
#ifndef SIMD_ROPE_H
#define SIMD_ROPE_H

#include "vector_simd.h"

// A pair of neighbouring floats a lane: the real part in the lower half.
typedef uint64_t vp __attribute__((vector_size(sizeof(vf))));

static void rope_row(float *x, const float *rotations, size_t NH, size_t HS) {
    const vp low = (vp){0} + 0xffffffffu;
    const vp sign = (vp){0} + 0x80000000u;
    for (size_t h = 0; h < NH; h++) {
        float *head = x + h * HS;
        FOR_EACH_VECTOR(i, HS, {
            const vp pair = (vp)LOAD(head + i);
            const vp turn = (vp)LOAD(rotations + i);
            const vf swapped = (vf)(pair << 32 | pair >> 32);
            const vf cosines = (vf)(turn << 32 | (turn & low));
            const vf sines = (vf)((turn >> 32 | (turn & ~low)) ^ sign); // -sin, sin, -sin, ...
            STORE(head + i, v_fma(swapped, sines, (vf)pair * cosines));
        });
    }
}

#endif

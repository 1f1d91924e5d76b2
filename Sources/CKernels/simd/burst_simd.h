// The most arithmetic a core can do: what matrix products are measured against.
#ifndef SIMD_BURST_H
#define SIMD_BURST_H

#include "gemm_simd.h"

// As many sums as hide the latency of an FMA on every port, and as fit in the registers.
#define BURST_SUMS (TILE_ROWS * TILE_VECTORS)

// `iterations` rounds of independent multiply-adds on registers alone, of floats or, when `pairs`
// is set, of pairs of bfloat16. Returns the floating-point operations done; `sink` keeps the
// compiler from leaving them out.
ALWAYS_INLINE double burst_of(size_t iterations, float *sink, const bool pairs) {
    vf sums[BURST_SUMS];
    for (int i = 0; i < BURST_SUMS; i++)
        sums[i] = v_splat((float)i);
    // The factors come from memory, or the compiler would work the loop out.
    const volatile float factor = 0.999f, addend = 0.001f;
    const vf a = v_splat(factor);
    const vf b = v_splat(addend);
    for (size_t round = 0; round < iterations; round++)
        for (int i = 0; i < BURST_SUMS; i++)
            sums[i] = pairs ? v_dot_pairs(a, b, sums[i]) : v_fma(sums[i], a, b);
    for (int i = 1; i < BURST_SUMS; i++)
        sums[0] += sums[i];
    *sink = v_sum_lanes(sums[0]);
    return (pairs ? 4.0 : 2.0) * LANES * BURST_SUMS * (double)iterations;
}

static double fma_burst(size_t iterations, float *sink) {
    return burst_of(iterations, sink, false);
}

#ifdef HAVE_DOT_PAIRS
static double pair_burst(size_t iterations, float *sink) {
    return burst_of(iterations, sink, true);
}
#endif

#endif

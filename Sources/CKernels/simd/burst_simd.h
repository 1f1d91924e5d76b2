// The most that a core can do: the arithmetic that matrix products are measured against, and the
// reading that limits everything bound by memory.
#ifndef SIMD_BURST_H
#define SIMD_BURST_H

#include "elements_simd.h"
#include "gemm_simd.h"

// As many sums as hide the latency of an FMA on every port and still fit in the registers.
#define BURST_SUMS (TILE_ROWS * TILE_VECTORS)

// What multiplies pairs in matrix products, and how many operations that is per lane.
#ifdef HAVE_BLOCK_PRODUCT
#define ADD_PAIRS_BURST(sum, a, b) v_block_product(sum, a, b)
#define PAIRS_BURST_OPERATIONS 8.0
#else
#define ADD_PAIRS_BURST(sum, a, b) v_dot_pairs(a, b, sum)
#define PAIRS_BURST_OPERATIONS 4.0
#endif

// `iterations` rounds of independent multiply-adds in registers only, of floats or, when `pairs` is
// set, of pairs of bfloat16. Returns the number of floating-point operations; `sink` keeps the
// compiler from dropping them.
ALWAYS_INLINE double burst_of(size_t iterations, float *sink, const bool pairs) {
    vf sums[BURST_SUMS];
    for (int i = 0; i < BURST_SUMS; i++)
        sums[i] = v_splat((float)i);
    // The factors come from memory, or the compiler would compute the loop's result in advance.
    const volatile float factor = 0.999f, addend = 0.001f;
    const vf a = v_splat(factor);
    const vf b = v_splat(addend);
    for (size_t round = 0; round < iterations; round++)
        for (int i = 0; i < BURST_SUMS; i++)
            sums[i] = pairs ? ADD_PAIRS_BURST(sums[i], a, b) : v_fma(sums[i], a, b);
    for (int i = 1; i < BURST_SUMS; i++)
        sums[0] += sums[i];
    *sink = v_sum_lanes(sums[0]);
    return (pairs ? PAIRS_BURST_OPERATIONS : 2.0) * LANES * BURST_SUMS * (double)iterations;
}

static double fma_burst(size_t iterations, float *sink) {
    return burst_of(iterations, sink, false);
}

#ifdef HAVE_PAIRS
static double pair_burst(size_t iterations, float *sink) {
    return burst_of(iterations, sink, true);
}
#endif

// Integer sums do not depend on the order, so there may be as many as it takes.
typedef uint32_t vu_unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

// Vectors read from each stream in turn: 256 bytes. Each has a sum of its own, enough to hide the
// latency of an addition.
#define READ_RUN (64 / LANES)

// The streams lie side by side and are read together. `streams` is a constant at every call.
ALWAYS_INLINE uint32_t sum_streams(const uint32_t *x, size_t n, const size_t streams) {
    vu sums[READ_RUN] = {0};
    const size_t step = READ_RUN * LANES;
    const size_t length = n / streams / step * step;
    for (size_t i = 0; i < length; i += step)
        for (size_t stream = 0; stream < streams; stream++)
            for (size_t j = 0; j < READ_RUN; j++)
                sums[j] += *(const vu_unaligned *)(x + stream * length + i + j * LANES);
    uint32_t total = 0;
    for (size_t i = streams * length; i < n; i++)
        total += x[i];
    for (size_t j = 0; j < READ_RUN; j++)
        for (size_t lane = 0; lane < LANES; lane++)
            total += sums[j][lane];
    return total;
}

static uint32_t read_burst(const uint32_t *x, size_t n, size_t streams) {
    switch (streams) {
    case 1: return sum_streams(x, n, 1);
    case 2: return sum_streams(x, n, 2);
    case 4: return sum_streams(x, n, 4);
    default: return sum_streams(x, n, 8);
    }
}

#endif

// What every micro-kernel uses: loads, stores, reductions and selection on vectors of LANES floats.
#ifndef SIMD_VECTOR_H
#define SIMD_VECTOR_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

// The same vectors at any address: arrays of floats are aligned to 4 bytes only.
typedef float vf_unaligned __attribute__((vector_size(sizeof(vf)), aligned(4), may_alias));

ALWAYS_INLINE vf v_load(const float *p) { return (vf) * (const vf_unaligned *)p; }
ALWAYS_INLINE void v_store(float *p, vf x) { *(vf_unaligned *)p = (vf_unaligned)x; }

// Stores past the caches; p is aligned to a vector. publish_bypassed() orders such stores before
// later ones.
ALWAYS_INLINE void v_store_bypass(float *p, vf x) { __builtin_nontemporal_store(x, (vf *)p); }

ALWAYS_INLINE void publish_bypassed(void) {
#ifdef __x86_64__
    __builtin_ia32_sfence();
#endif
}

ALWAYS_INLINE vf v_splat(float x) {
    vf v;
    for (int i = 0; i < LANES; i++)
        v[i] = x;
    return v;
}

ALWAYS_INLINE vf v_zero(void) { return (vf){0}; }
ALWAYS_INLINE vf v_fma(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }
// When a lane of one operand is NaN the other operand's is returned.
ALWAYS_INLINE vf v_max(vf a, vf b) { return __builtin_elementwise_max(a, b); }
// mask has all bits of a lane set, or none: a where set, else b.
ALWAYS_INLINE vf v_select(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }

// 0, 1, 2 ... LANES - 1
ALWAYS_INLINE vi v_lane_index(void) {
    vi v;
    for (int i = 0; i < LANES; i++)
        v[i] = i;
    return v;
}

// x in the first n lanes, zero in the others.
ALWAYS_INLINE vf v_keep_first(vf x, size_t n) {
    const vi limit = (vi)v_zero() + (int32_t)n;
    return v_select(v_lane_index() < limit, x, v_zero());
}

ALWAYS_INLINE float v_sum_lanes(vf x) {
    float lanes[LANES];
    v_store(lanes, x);
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            lanes[i] += lanes[i + width];
    return lanes[0];
}

ALWAYS_INLINE float v_max_lanes(vf x) {
    float lanes[LANES];
    v_store(lanes, x);
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            lanes[i] = fmaxf(lanes[i], lanes[i + width]);
    return lanes[0];
}

// A vector of doubles with as many lanes as one of floats. As an argument it would not fit in one
// register.
typedef double vd __attribute__((vector_size(2 * sizeof(vf))));

ALWAYS_INLINE double v_sum_doubles(const vd *x) {
    double sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += (*x)[i];
    return sum;
}

// Makes the compiler have `x` in a register at this point, not earlier or never.
#if defined(__x86_64__)
#define KEEP_IN_REGISTER(x) __asm__ volatile("" : "+x"(x))
#else
#define KEEP_IN_REGISTER(x) __asm__ volatile("" : "+w"(x))
#endif

// Runs `body` for every vector of a row of n floats: `i` is the first element, LOAD and STORE move
// a whole vector, or what is left at the end of the row.
#define FOR_EACH_VECTOR(i, n, body)                                                                \
    do {                                                                                           \
        size_t i = 0;                                                                              \
        for (; i + LANES <= (n); i += LANES) {                                                     \
            const size_t lanes = LANES;                                                            \
            (void)lanes;                                                                           \
            body                                                                                   \
        }                                                                                          \
        if (i < (n)) {                                                                             \
            const size_t lanes = (n) - i;                                                          \
            body                                                                                   \
        }                                                                                          \
    } while (0)

// For use inside FOR_EACH_VECTOR; `lanes` is a constant in the loop, so the test costs nothing.
#define LOAD(p) (lanes == LANES ? v_load(p) : v_load_partial(p, lanes))
#define STORE(p, x) (lanes == LANES ? v_store(p, x) : v_store_partial(p, x, lanes))

#endif

// Decides what dropout keeps: each element's number comes from a key, a row and a column, so no
// generator state is carried along. The backward pass drops what the forward pass dropped, whatever
// the number of threads and the instruction set. Portable C; the vector form is
// simd/dropout_simd.h. Both must give the same numbers forever, because runs resume from
// checkpoints.
#ifndef DROPOUT_H
#define DROPOUT_H

#include <stdint.h>

// What a row's elements are mixed with.
typedef struct {
    uint32_t low, high;
} dropout_seed;

// The mixing of SplitMix64 (Steele et al. 2014).
static inline uint64_t dropout_mix(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static inline dropout_seed dropout_seed_of(uint64_t key, uint64_t row) {
    const uint64_t seed =
        dropout_mix(dropout_mix(key + 0x9e3779b97f4a7c15u) + row * 0x9e3779b97f4a7c15u);
    return (dropout_seed){.low = (uint32_t)seed, .high = (uint32_t)(seed >> 32)};
}

#define DROPOUT_FACTOR0 0x9e3779b1u
#define DROPOUT_FACTOR1 0x7feb352du
#define DROPOUT_FACTOR2 0x846ca68bu

// The number of an element: one of 2^32, all equally likely. Two rounds of shifts and products, as
// in the finalizers of hash functions; `high` enters between them, so rows with the same `low`
// differ.
static inline uint32_t dropout_number(dropout_seed seed, uint32_t column) {
    uint32_t x = column * DROPOUT_FACTOR0 + seed.low;
    x = (x ^ x >> 16) * DROPOUT_FACTOR1;
    x = ((x ^ x >> 15) + seed.high) * DROPOUT_FACTOR2;
    return x ^ x >> 16;
}

// Elements whose number is below this are dropped; `rate` is at least 0 and less than 1.
static inline uint32_t dropout_threshold(float rate) { return (uint32_t)(rate * 0x1p32f); }

// What the kept elements are multiplied by, so that sums stay the same on average.
static inline float dropout_scale(float rate) { return 1.0f / (1.0f - rate); }

#endif

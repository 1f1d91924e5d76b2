// Converts between GGUF's blocks as files interleave them, each with its scale before its values,
// and the planes used in memory. Plain C, because moving bytes is limited by memory speed.
#include "elements.h"

// Bytes of scales, and of values, of a block.
static size_t block_scale_bytes(ck_element_type type) { return scale_bytes_of_row(type, CK_BLOCK); }
static size_t block_value_bytes(ck_element_type type) { return bytes_of_row(type, CK_BLOCK); }

// With sizes known at compile time, each copy is a few instructions.
static inline void split(char *values, char *scales, const char *blocks, size_t count,
                         size_t value_bytes, size_t scale_bytes) {
    for (size_t i = 0; i < count; i++) {
        memcpy(scales + i * scale_bytes, blocks, scale_bytes);
        memcpy(values + i * value_bytes, blocks + scale_bytes, value_bytes);
        blocks += scale_bytes + value_bytes;
    }
}

static inline void join(char *blocks, const char *values, const char *scales, size_t count,
                        size_t value_bytes, size_t scale_bytes) {
    for (size_t i = 0; i < count; i++) {
        memcpy(blocks, scales + i * scale_bytes, scale_bytes);
        memcpy(blocks + scale_bytes, values + i * value_bytes, value_bytes);
        blocks += scale_bytes + value_bytes;
    }
}

#define WITH_BLOCK_SIZES(type, call)                                                               \
    switch (type) {                                                                                \
    case CK_Q8_0: call(32, 2); break;                                                              \
    case CK_Q4_0: call(16, 2); break;                                                              \
    case CK_Q4_1: call(16, 4); break;                                                              \
    default: break;                                                                                \
    }

size_t ck_block_bytes(ck_element_type type) {
    return block_scale_bytes(type) + block_value_bytes(type);
}

void ck_split_blocks(ck_element_type type, void *values, void *scales, const void *blocks,
                     size_t count) {
#define SPLIT(value_bytes, scale_bytes)                                                            \
    split(values, scales, blocks, count, value_bytes, scale_bytes)
    WITH_BLOCK_SIZES(type, SPLIT)
#undef SPLIT
}

void ck_join_blocks(ck_element_type type, void *blocks, const void *values, const void *scales,
                    size_t count) {
#define JOIN(value_bytes, scale_bytes) join(blocks, values, scales, count, value_bytes, scale_bytes)
    WITH_BLOCK_SIZES(type, JOIN)
#undef JOIN
}

static float half_at(const uint8_t *bytes) {
    uint16_t half;
    memcpy(&half, bytes, sizeof half);
    return float16_to_float(half);
}

void ck_floats_of_blocks(ck_element_type type, float *out, const void *blocks, size_t count) {
    const uint8_t *block = blocks;
    for (size_t i = 0; i < count; i++, block += ck_block_bytes(type), out += CK_BLOCK) {
        const float scale = half_at(block);
        const uint8_t *values = block + block_scale_bytes(type);
        if (type == CK_Q8_0) {
            for (size_t j = 0; j < CK_BLOCK; j++)
                out[j] = (float)(int8_t)values[j] * scale;
            continue;
        }
        // q4_0 adds nothing: adding even 0 would turn -0 into 0.
        const float minimum = type == CK_Q4_1 ? half_at(block + sizeof(uint16_t)) : 0;
        for (size_t j = 0; j < CK_BLOCK; j++) {
            const uint8_t byte = values[j % (CK_BLOCK / 2)];
            const int nibble = j < CK_BLOCK / 2 ? byte & 15 : byte >> 4;
            out[j] =
                type == CK_Q4_1 ? (float)nibble * scale + minimum : (float)(nibble - 8) * scale;
        }
    }
}

// The 256 elements of a block of q6_K: six bits minus 32, four of them in `low` and two in `high`,
// times one of 16 scales, times the block's scale.
static void floats_of_q6_k(float *out, const uint8_t *block) {
    const uint8_t *low = block, *high = block + 128;
    const int8_t *scales = (const int8_t *)block + 192;
    const float whole = half_at(block + 208);
    for (size_t half = 0; half < 2; half++, out += 128, low += 64, high += 32, scales += 8)
        for (size_t quarter = 0; quarter < 4; quarter++)
            for (size_t i = 0; i < 32; i++) {
                const int nibble = low[i + quarter % 2 * 32] >> quarter / 2 * 4 & 15;
                const int value = (nibble | (high[i] >> 2 * quarter & 3) << 4) - 32;
                out[quarter * 32 + i] =
                    (float)value * (whole * (float)scales[i / 16 + 2 * quarter]);
            }
}

void ck_floats_of_q6_k(float *out, const void *blocks, size_t count) {
    for (size_t i = 0; i < count; i++)
        floats_of_q6_k(out + i * CK_Q6_K_BLOCK, (const uint8_t *)blocks + i * CK_Q6_K_BLOCK_BYTES);
}

void ck_q8_0_of_q6_k(void *values, void *scales, const void *blocks, size_t count) {
    const size_t parts = CK_Q6_K_BLOCK / CK_BLOCK;
    for (size_t i = 0; i < count; i++) {
        float floats[CK_Q6_K_BLOCK];
        floats_of_q6_k(floats, (const uint8_t *)blocks + i * CK_Q6_K_BLOCK_BYTES);
        quantize_row(CK_Q8_0, (char *)values + i * CK_Q6_K_BLOCK,
                     (char *)scales + i * parts * sizeof(uint16_t), floats, CK_Q6_K_BLOCK);
    }
}

// How numbers are stored: in arrays, in matrices of weights, and in the blocks of files.
#ifndef CK_ELEMENTS_H
#define CK_ELEMENTS_H

#include <stddef.h>
#include <stdint.h>

// ---- Elements and matrices ----------------------------------------------------------------------

// Columns that share a scale in a block format.
#define CK_BLOCK 32

// How the elements of an array are stored. The block formats are GGUF's, but as separate planes
// instead of interleaved blocks: the values of all blocks in one, the scales in another, one for
// every 32 columns of a row. The last block of a row is padded with zeros or, in CK_Q4_1, where
// zero may not exist, with nibbles of 0 that are never used.
typedef enum {
    CK_FLOAT32 = 0,
    CK_BFLOAT16 = 1, // the upper half of a float32
    CK_FLOAT16 = 2,  // IEEE 754's half, for weights only
    CK_Q8_0 = 3,     // int8 times a float16 scale: 34 bytes a block
    CK_Q8_F32 = 4,   // int8 times a float32 scale: 36 bytes a block
    CK_Q4_0 = 5, // (nibble - 8) times a float16 scale, 18 bytes a block: byte j of a block holds
                 // element j in its low nibble and element j + 16 in its high one
    CK_Q4_1 = 6, // nibble times a scale, plus a minimum, 20 bytes a block: nibbles as in q4_0; in
                 // the place of a scale a pair of float16, the scale and the minimum
} ck_element_type;

// Elements in float32 or bfloat16, dense. Stored as bfloat16, a float is rounded to nearest, ties
// to even, and NaN stays NaN.
typedef struct {
    void *data;
    ck_element_type type;
} ck_array;

// A matrix of `rows` times `cols` elements. Planes are aligned to their element's size.
typedef struct {
    ck_element_type type;
    size_t rows, cols;
    const void *values; // row-major, each row ck_row_bytes(type, cols) long
    const void *scales; // (rows, blocks of a row); NULL for formats without
} ck_matrix;

// Bytes of a row in the plane of values, and in the plane of scales: 0 for formats without.
size_t ck_row_bytes(ck_element_type type, size_t cols);
size_t ck_row_scale_bytes(ck_element_type type, size_t cols);

// The nearest float16, ties to even, above 65519 infinity; NaN stays NaN. The conversion back is
// exact.
uint16_t ck_float16_from_float(float x);
float ck_float_from_float16(uint16_t bits);

// ---- Blocks in files ----------------------------------------------------------------------------

// GGUF's files hold the blocks of CK_Q8_0, CK_Q4_0 and CK_Q4_1 one after the other, each with its
// scale (and minimum) before its values, at any address. These functions move them into planes and
// back.

// Bytes of a block.
size_t ck_block_bytes(ck_element_type type);

// values and scales, the planes of `count` blocks, overwritten with them; and the reverse.
void ck_split_blocks(ck_element_type type, void *values, void *scales, const void *blocks,
                     size_t count);
void ck_join_blocks(ck_element_type type, void *blocks, const void *values, const void *scales,
                    size_t count);

// out (count * CK_BLOCK) overwritten with the values of blocks in a file, exact except that q4_1's
// sum is rounded once.
void ck_floats_of_blocks(ck_element_type type, float *out, const void *blocks, size_t count);

// ggml's q6_K, which is only read: 256 elements in 210 bytes.
#define CK_Q6_K_BLOCK 256
#define CK_Q6_K_BLOCK_BYTES 210

// out (count * CK_Q6_K_BLOCK) overwritten with the values of the blocks, rounded as ggml does.
void ck_floats_of_q6_k(float *out, const void *blocks, size_t count);

// The same as CK_Q8_0, in planes.
void ck_q8_0_of_q6_k(void *values, void *scales, const void *blocks, size_t count);

#endif

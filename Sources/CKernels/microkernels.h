// One table of micro-kernels: what is worth writing for each instruction set, and nothing more.
// Most are declared in microkernel_list.h. A micro-kernel works on a tile or a row, on one thread.
// Blocking, packing and threads are portable and live in parallel/; the vector code lives once in
// simd/ and is compiled for each instruction set by the files in avx2/, avx512/, neon/ and so on.
#ifndef MICROKERNELS_H
#define MICROKERNELS_H

#include "CKernels.h"
#include "dropout.h"

// Upper bounds over all instruction sets, for buffers with constant sizes.
#define CK_MAX_PANEL_COLS 48
#define CK_MAX_BLOCK_ROWS 1008 // a multiple of 6, 8 and 16, the rows of tiles
#define CK_MAX_BLOCK_K 768     // a panel of B takes a seventh of a 1 MiB cache
#define CK_MAX_BLOCK_FLOATS ((size_t)CK_MAX_BLOCK_ROWS * CK_MAX_BLOCK_K) // of A, packed

// C (rows, cols) = A (rows, k) * B (k, cols), for one panel of at most panel_cols columns.
//   A[i][p] = a[(i / tile_rows) * a_tile + (i % tile_rows) * a_row + p * a_k]
//   B[p][j] = b[p * ldb + j]
// A product with a k_unit takes A as pack_a leaves it, tiles a_tile apart. Every row of C starts
// from `init` (cols) if that is not NULL, else from C itself if accumulate is set, else from zero.
// Nothing outside the stated elements is read or written.
typedef struct {
    size_t rows, cols, k;
    const float *a;
    size_t a_tile, a_row, a_k;
    const float *b;
    size_t ldb;
    float *c;
    size_t ldc;
    const float *init;
    bool accumulate;
    bool bypass; // writes C past the caches, since it is not read soon; never with accumulate

    // Rows of some bytes that the caller will read next. Where it helps, they are prefetched.
    const char *next;
    size_t next_ld, next_rows, next_bytes;
} ck_gemm_panel;

// The most rows of input that are multiplied at once. The integers are padded to whole groups of
// rows; a padding row has scales of 0.
#define CK_INPUT_GROUP 8

// The input of a linear layer as floats and, for weights in integer formats, as int16: x = words *
// scale, within scale / 2. A block that holds NaN or infinity has a scale of NaN. Only
// quantize_input and weight_product know the order of words in a block.
typedef struct {
    const float *floats;  // (N, C)
    const int16_t *words; // (N, C; ld_words); padded to blocks with zeros
    const uint8_t *bytes; // the same, as simd/linear_nibbles_simd.h wants them, or undefined
    // The layout of simd/linear_strips_simd.h, for several rows, or undefined: the blocks of each
    // group of rows, taking one row after the other.
    const int16_t *pairs;
    const float *scales;  // (N, blocks; ld_blocks), ld_blocks a multiple of every `lanes`
    const float *offsets; // the same: -8 times the sum of a block's words
    size_t ld_words, ld_blocks;
} ck_linear_input;

// An operand of a product: a matrix as it is stored.
typedef struct {
    ck_matrix matrix;
    // Whether the sum runs along its rows, so that it is (m, k) or (n, k); otherwise it is (k, m)
    // or (k, n).
    bool along_k;
} ck_operand;

// One way to multiply: how operands are packed, and what then multiplies them. Packed operands are
// floats, or pairs of bfloat16 in place of floats: two neighbors along k.
typedef struct {
    const char *name;  // for display
    size_t depth;      // elements along k in a packed float: 1 or 2
    size_t k_unit;     // k is padded with zeros to a multiple of this many packed floats
    size_t tile_rows;  // rows of C computed at once: A is packed in tiles of this many
    size_t panel_cols; // columns of C computed at once: B is packed in panels of this width

    // Block sizes that suit the caches: A is packed in blocks of at most block_rows by block_k
    // packed floats, B in panels of at most panel_k along k. Multiples of tile_rows and k_unit.
    size_t block_rows, block_k, panel_k;

    // Each thread calls these before its first panel and after its last, unless they are NULL.
    // `float32` has none.
    void (*begin)(void);
    void (*end)(void);

    void (*panel)(const ck_gemm_panel *panel);
    // Packs rows `row` ..< row + rows of A, in tiles of tile_rows rows, one tile after the other.
    // Packed float q of a row holds its columns from p + q * depth on. A row has k / depth of them,
    // padded with zeros to a multiple of k_unit; rows after the last are zero. Within a tile,
    // packed float q of row i is at
    //   q * tile_rows + i                                     where k_unit is 1, and else at
    //   (q / k_unit * tile_rows + i) * k_unit + q % k_unit    as squares of tile_rows by k_unit.
    // p is a multiple of CK_BLOCK.
    void (*pack_a)(float *dst, const ck_operand *a, size_t row, size_t rows, size_t p, size_t k);
    // dst[q * panel_cols + j] = packed float q of column `col` + j of B, likewise; j < cols <=
    // panel_cols. The rest of the last vector is padded with zeros or not written.
    void (*pack_b)(float *dst, const ck_operand *b, size_t col, size_t cols, size_t p, size_t k);

    // What `panel` multiplies with, in registers only: see simd/burst_simd.h.
    double (*burst)(size_t iterations, float *sink);
} ck_product;

// Dropout for a tile of attention scores: `low` and `high` (queries) seed the queries' rows of
// numbers (dropout.h), as the bits of integers.
typedef struct {
    const float *low, *high;
    uint32_t threshold;
    float scale;
} ck_attention_dropout;

// A transposed tile of attention scores: rows are keys, lanes are queries. Key j is visible to
// query i when j <= i + diagonal and, where there are starts, key + j >= starts[i]. Each `step`
// queries, in whole vectors, are computed down to the last key that one of them sees, rounded up to
// whole `unit`s.
typedef struct {
    size_t queries, keys, step, unit;
    ptrdiff_t diagonal;
    size_t key;                   // the position of the tile's first key
    const float *starts;          // (queries), as the bits of integers, or NULL
    ck_attention_dropout dropout; // low is NULL where nothing is dropped
} ck_attention_tile;

// How many keys are computed for the step that a query belongs to.
static inline size_t ck_keys_of_step(const ck_attention_tile *tile, size_t query) {
    const ptrdiff_t end =
        (ptrdiff_t)(query / tile->step * tile->step + tile->step) + tile->diagonal;
    if (end <= 0)
        return 0;
    const size_t keys = ((size_t)end + tile->unit - 1) / tile->unit * tile->unit;
    return keys < tile->keys ? keys : tile->keys;
}

struct ck_microkernels {
    ck_isa isa;
    size_t lanes;            // floats in a vector
    const char *int_product; // how integer weights are multiplied with few rows, for display

    ck_product float32;  // of two float32 operands
    ck_product bfloat16; // of operands that are not both float32

#define MICROKERNEL(result, name, ...) result (*name)(__VA_ARGS__);
#include "microkernel_list.h"
#undef MICROKERNEL
};

const struct ck_microkernels *ck_avx2_microkernels(void);
const struct ck_microkernels *ck_avx512_microkernels(void);
// Whether bfloat16 is multiplied by the instruction for pairs, or operands are widened to floats.
const struct ck_microkernels *ck_avx512_bf16_microkernels(bool multiplies_pairs);
const struct ck_microkernels *ck_amx_microkernels(void);
const struct ck_microkernels *ck_neon_microkernels(void);
const struct ck_microkernels *ck_neon_bf16_microkernels(void);

#endif

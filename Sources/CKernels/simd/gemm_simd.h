// The matrix product of one panel: TILE_ROWS x (TILE_VECTORS * LANES) accumulators in registers,
// one column of A times one row of B at a time. This is where most of training's time is spent.
#ifndef SIMD_GEMM_H
#define SIMD_GEMM_H

#include "vector_simd.h"

#if !defined(HAVE_PAIRS) || defined(HAVE_BLOCK_PRODUCT)
// Never called, but the branch of add_products for pairs has to compile everywhere.
ALWAYS_INLINE vf v_dot_pairs(vf a, vf b, vf c) {
    (void)a, (void)b;
    return c;
}
#endif

// acc += rows of A, `a_k` apart along k, times a panel of B that is `vectors` wide. See gemm_tile.
ALWAYS_INLINE void add_products(vf acc[TILE_ROWS][TILE_VECTORS], const ck_gemm_panel *g,
                                const float *const *a, const int vectors, const bool has_tail,
                                size_t tail, const bool pairs) {
    const float *b = g->b;
    size_t offset = 0;
    for (size_t p = 0; p < g->k; p++) {
        vf bv[TILE_VECTORS];
        for (int j = 0; j < vectors; j++)
            bv[j] = has_tail && j == vectors - 1 ? v_load_partial(b + j * LANES, tail)
                                                 : v_load(b + j * LANES);
        for (int i = 0; i < TILE_ROWS; i++) {
            vf av = v_splat(a[i][offset]);
            // Keeps the broadcast here: if it were hoisted, AVX2's sixteen registers would not
            // suffice.
            KEEP_IN_REGISTER(av);
            for (int j = 0; j < vectors; j++)
                acc[i][j] = pairs ? v_dot_pairs(av, bv[j], acc[i][j]) : v_fma(av, bv[j], acc[i][j]);
        }
        b += g->ldb;
        offset += g->a_k;
    }
}

#ifdef HAVE_BLOCK_PRODUCT
// Two rows of a tile, or columns of B, in each vector: packed pairs p and p + 1 of each; an odd
// last one stands alone.
ALWAYS_INLINE void load_blocks(vf *blocks, const float *p, size_t ld, const bool alone) {
    const vf x = v_load(p);
    const vf y = alone ? v_zero() : v_load(p + ld);
    blocks[0] = INTERLEAVE_LOW(x, y);
    blocks[1] = INTERLEAVE_HIGH(x, y);
    // Here and below: loads, interleaving and products stay in this order, because all registers
    // are in use.
    KEEP_IN_REGISTER(blocks[0]);
    KEEP_IN_REGISTER(blocks[1]);
}

ALWAYS_INLINE void add_blocks(vf sums[TILE_ROWS / 2][2 * TILE_VECTORS], const float *a,
                              const float *b, size_t ldb, const int vectors, const bool alone) {
    vf rows[TILE_ROWS / 2];
    for (int i = 0; i < TILE_ROWS; i += LANES)
        load_blocks(rows + i / 2, a + i, TILE_ROWS, alone);
    for (int j = 0; j < vectors; j++) {
        vf columns[2];
        load_blocks(columns, b + j * LANES, ldb, alone);
        for (int i = 0; i < TILE_ROWS / 2; i++)
            for (int half = 0; half < 2; half++)
                sums[i][2 * j + half] =
                    v_block_product(sums[i][2 * j + half], rows[i], columns[half]);
        for (int i = 0; i < TILE_ROWS / 2; i++)
            for (int half = 0; half < 2; half++)
                KEEP_IN_REGISTER(sums[i][2 * j + half]);
    }
}

// acc = the same for packed pairs, where an instruction multiplies two rows with two columns along
// two pairs. A is a packed tile; whatever B holds after the last column only affects columns that
// are dropped.
ALWAYS_INLINE void multiply_blocks(vf acc[TILE_ROWS][TILE_VECTORS], const ck_gemm_panel *g,
                                   const float *a, const int vectors) {
    vf sums[TILE_ROWS / 2][2 * TILE_VECTORS];
    for (int i = 0; i < TILE_ROWS / 2; i++)
        for (int j = 0; j < 2 * vectors; j++)
            sums[i][j] = v_zero();
    const float *b = g->b;
    const size_t ldb = g->ldb;
    for (size_t left = g->k / 2; left > 0; left--) {
        add_blocks(sums, a, b, ldb, vectors, false);
        a += 2 * TILE_ROWS;
        b += 2 * ldb;
    }
    if (g->k % 2 != 0)
        add_blocks(sums, a, b, ldb, vectors, true);
    for (int i = 0; i < TILE_ROWS / 2; i++) {
        for (int j = 0; j < vectors; j++) {
            const vf left = sums[i][2 * j], right = sums[i][2 * j + 1];
            acc[2 * i][j] = __builtin_shufflevector(left, right, 0, 1, 4, 5);
            acc[2 * i + 1][j] = __builtin_shufflevector(left, right, 2, 3, 6, 7);
        }
    }
}
#endif

// One tile: rows row ..< row + rows of the panel, `vectors` vectors wide, the last of which has
// only `tail` columns when tail is not 0. `vectors` and `has_tail` are constants at every call.
// So is `pairs`: whether each float is a pair of bfloat16.
ALWAYS_INLINE void gemm_tile(const ck_gemm_panel *g, size_t row, size_t rows, const int vectors,
                             const bool has_tail, size_t tail, const bool pairs) {
    // Rows past the end reread the last row; their results are dropped.
    const float *a[TILE_ROWS];
    float *c[TILE_ROWS];
    const float *a_tile = g->a + row / TILE_ROWS * g->a_tile;
    for (size_t i = 0; i < TILE_ROWS; i++) {
        const size_t valid = i < rows ? i : rows - 1;
        a[i] = a_tile + valid * g->a_row;
        c[i] = g->c + (row + valid) * g->ldc;
    }
    for (size_t i = 0; i < TILE_ROWS && !g->bypass; i++)
        for (int j = 0; j < vectors; j++)
            __builtin_prefetch(c[i] + j * LANES, 1);
    vf acc[TILE_ROWS][TILE_VECTORS];
    for (int i = 0; i < TILE_ROWS; i++)
        for (int j = 0; j < vectors; j++)
            acc[i][j] = v_zero();
#ifdef HAVE_BLOCK_PRODUCT
    if (pairs)
        multiply_blocks(acc, g, a_tile, vectors);
    else
#endif
        add_products(acc, g, a, vectors, has_tail, tail, pairs);

    if (g->bypass && !has_tail) {
        for (size_t i = 0; i < TILE_ROWS && i < rows; i++)
            for (int j = 0; j < vectors; j++)
                v_store_bypass(c[i] + j * LANES, acc[i][j]);
        return;
    }
    for (int j = 0; j < vectors; j++) {
        const bool partial = has_tail && j == vectors - 1;
        const size_t at = (size_t)j * LANES;
        vf start = v_zero();
        if (g->init)
            start = partial ? v_load_partial(g->init + at, tail) : v_load(g->init + at);
        for (size_t i = 0; i < TILE_ROWS; i++) {
            if (i >= rows)
                break;
            if (!g->init && g->accumulate)
                start = partial ? v_load_partial(c[i] + at, tail) : v_load(c[i] + at);
            if (partial)
                v_store_partial(c[i] + at, acc[i][j] + start, tail);
            else
                v_store(c[i] + at, acc[i][j] + start);
        }
    }
}

// Fetches a share of the rows the caller will read next; a cache line holds 64 bytes.
ALWAYS_INLINE void prefetch_next(const ck_gemm_panel *g, size_t tile, size_t tiles) {
    const size_t end = g->next_rows * (tile + 1) / tiles;
    for (size_t row = g->next_rows * tile / tiles; row < end; row++)
        for (size_t byte = 0; byte < g->next_bytes; byte += 64)
            __builtin_prefetch(g->next + row * g->next_ld + byte, 0, 2);
}

ALWAYS_INLINE void gemm_columns(const ck_gemm_panel *g, const int vectors, const bool has_tail,
                                const bool pairs) {
    const size_t tail = g->cols % LANES;
    const size_t tiles = (g->rows + TILE_ROWS - 1) / TILE_ROWS;
    for (size_t row = 0; row < g->rows; row += TILE_ROWS) {
        const size_t left = g->rows - row;
        prefetch_next(g, row / TILE_ROWS, tiles);
        gemm_tile(g, row, left < TILE_ROWS ? left : TILE_ROWS, vectors, has_tail, tail, pairs);
    }
}

ALWAYS_INLINE void gemm_panel_of(const ck_gemm_panel *g, const bool pairs) {
    switch (g->cols / LANES * 2 + (g->cols % LANES != 0)) {
    case 1: gemm_columns(g, 1, true, pairs); break;
    case 2: gemm_columns(g, 1, false, pairs); break;
    case 3: gemm_columns(g, 2, true, pairs); break;
    case 4: gemm_columns(g, 2, false, pairs); break;
#if TILE_VECTORS > 2
    case 5: gemm_columns(g, 3, true, pairs); break;
    case 6: gemm_columns(g, 3, false, pairs); break;
#endif
    }
    if (g->bypass)
        publish_bypassed();
}

static void gemm_panel(const ck_gemm_panel *g) { gemm_panel_of(g, false); }

#ifdef HAVE_PAIRS
static void gemm_panel_pairs(const ck_gemm_panel *g) { gemm_panel_of(g, true); }
#endif

#endif

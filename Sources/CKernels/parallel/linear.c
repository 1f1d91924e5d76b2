// Linear layers over stored weights, for inference. With few rows of input, reading the weights
// from memory is the bottleneck: threads divide the rows of weights, and each reads its share front
// to back. With many rows it is a matrix product that unpacks weights into its panels.
#include "../elements.h"
#include "gemm.h"
#include "parallel_operations.h"
#include "scratch.h"

// Up to this many rows, weights are used in place; beyond it, unpacking them for all rows pays off.
// Measured on the layers of GPT-2 124M.
#define FEW_ROWS 16

// Bytes of weights that justify another thread: a small model's come from a near cache, twice as
// fast as the numbers that FLOATS_PER_THREAD is about.
#define BYTES_PER_THREAD (2 * FLOATS_PER_THREAD * sizeof(float))

size_t ck_linear_few_rows(void) { return FEW_ROWS; }

// Where scratch memory holds the input of few rows once it is turned into integers.
typedef struct {
    int16_t *words;
    uint8_t *bytes;
    int16_t *pairs;
    float *scales, *offsets;
    size_t ld_words, ld_blocks;
} int_input;

// Rows of input that are kept as integers.
static size_t int_input_rows(size_t N) {
    return (N + CK_INPUT_GROUP - 1) / CK_INPUT_GROUP * CK_INPUT_GROUP;
}

// Blocks of a row: a multiple of every `lanes`.
static size_t int_input_blocks(size_t C) { return (row_blocks(C) + 15) / 16 * 16; }

// The floats that the words of N rows take up, and those that all of it does.
static size_t word_floats(size_t N, size_t C) {
    return int_input_rows(N) * int_input_blocks(C) * CK_BLOCK * sizeof(int16_t) / sizeof(float);
}

static size_t int_input_floats(size_t N, size_t C) {
    return 3 * word_floats(N, C) + 2 * int_input_rows(N) * int_input_blocks(C);
}

static int_input int_input_at(float *scratch, size_t N, size_t C) {
    const size_t blocks = int_input_blocks(C);
    return (int_input){
        .words = (int16_t *)(void *)scratch,
        .bytes = (uint8_t *)(scratch + word_floats(N, C)),
        .pairs = (int16_t *)(void *)(scratch + 2 * word_floats(N, C)),
        .scales = scratch + 3 * word_floats(N, C),
        .offsets = scratch + 3 * word_floats(N, C) + int_input_rows(N) * blocks,
        .ld_words = blocks * CK_BLOCK,
        .ld_blocks = blocks,
    };
}

// Row n of the pairs: the blocks of a group's rows alternate.
static int16_t *row_of_pairs(const int_input *ints, size_t n) {
    const size_t place = n % CK_INPUT_GROUP;
    return ints->pairs + (n - place) * ints->ld_words + place * CK_BLOCK;
}

// What remains to be done to a finished row of sums.
static void finish_row(const struct ck_microkernels *micro, const ck_linear *layer, size_t n,
                       size_t begin, size_t end) {
    float *out = layer->out + n * layer->weight->rows;
    const size_t count = end - begin;
    if (layer->bias)
        micro->add(out + begin, out + begin, layer->bias + begin, count);
    if (layer->residual)
        micro->add(out + begin, out + begin, layer->residual + n * layer->weight->rows + begin,
                   count);
    if (layer->gelu)
        micro->gelu_forward(array_of_floats(out + begin), array_of_floats(out + begin), count);
}

static size_t weight_bytes(const ck_matrix *w) {
    return w->rows * (bytes_of_row(w->type, w->cols) + scale_bytes_of_row(w->type, w->cols));
}

// A thread's share of the weight rows of each layer.
static void multiply_share(const struct ck_microkernels *micro, const ck_linear *layers,
                           size_t count, const ck_linear_input *input, size_t N) {
    for (size_t i = 0; i < count; i++) {
        const ck_linear *layer = &layers[i];
        const size_t OC = layer->weight->rows;
        size_t begin, end;
        team_share(OC, 16, &begin, &end);
        if (begin == end)
            continue;
        micro->weight_product(layer->out + begin, OC, layer->weight, begin, end - begin, input, N);
        for (size_t n = 0; n < N; n++)
            finish_row(micro, layer, n, begin, end);
    }
}

static void run_few_rows(const ck_context *ctx, const ck_linear *layers, size_t count,
                         bool any_ints, const float *inp, size_t N, size_t C) {
    const struct ck_microkernels *micro = ctx->micro;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += weight_bytes(layers[i].weight);
    const int_input ints = int_input_at(ctx->scratch, N, C);
    for (size_t n = 0; n < N && any_ints; n++)
        micro->quantize_input(
            ints.words + n * ints.ld_words, ints.bytes + n * ints.ld_words * sizeof(int16_t),
            N > 1 ? row_of_pairs(&ints, n) : NULL, ints.scales + n * ints.ld_blocks,
            ints.offsets + n * ints.ld_blocks, inp + n * C, C);
    for (size_t i = N * ints.ld_blocks; i < int_input_rows(N) * ints.ld_blocks && any_ints; i++)
        ints.scales[i] = 0;
    const ck_linear_input input = {
        .floats = inp,
        .words = ints.words,
        .bytes = ints.bytes,
        .pairs = ints.pairs,
        .scales = ints.scales,
        .offsets = ints.offsets,
        .ld_words = ints.ld_words,
        .ld_blocks = ints.ld_blocks,
    };
    RUN_IN_TEAM(team_size(ctx, (double)bytes / BYTES_PER_THREAD),
                multiply_share(micro, layers, count, &input, N));
}

void ck_parallel_linear_forward(const ck_context *ctx, const ck_linear *layers, size_t count,
                                const float *inp, size_t N, size_t C) {
    bool any_ints = false;
    for (size_t i = 0; i < count; i++)
        any_ints = any_ints || has_scales(layers[i].weight->type);
    // The integers of a few very long rows might not fit into scratch memory.
    const bool fits = !any_ints || int_input_floats(N, C) <= 2 * CK_MAX_BLOCK_FLOATS;
    if (N <= FEW_ROWS && fits) {
        run_few_rows(ctx, layers, count, any_ints, inp, N, C);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const ck_linear *layer = &layers[i];
        ck_gemm_run(ctx, &(ck_gemm){
                             .m = N,
                             .n = layer->weight->rows,
                             .k = C,
                             .a = operand(array_of_floats(inp), C, true),
                             .b = {.matrix = *layer->weight, .along_k = true},
                             .c = array_of_floats(layer->out),
                             .bias = layer->bias,
                             .residual = layer->residual,
                             .gelu_out = array_of_floats(layer->gelu ? layer->out : NULL),
                         });
    }
}

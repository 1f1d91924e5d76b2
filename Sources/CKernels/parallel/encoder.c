// Token and position embeddings.
#include "../elements.h"
#include "parallel_operations.h"
#include "team.h"

static size_t position_of(const int32_t *positions, size_t i, size_t T) {
    return positions ? (size_t)positions[i] : i % T;
}

void ck_parallel_encoder_forward(const ck_context *ctx, float *out, const int32_t *tokens,
                                 const int32_t *positions, ck_array wte, ck_array wpe, size_t B,
                                 size_t T, size_t C) {
#pragma omp parallel num_threads(team_size(ctx, (double)B * T * C / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(B * T, 1, &begin, &end);
        for (size_t i = begin; i < end; i++) {
            const ck_array token = array_from(wte, (size_t)tokens[i] * C);
            if (wpe.data)
                ctx->micro->encoder_forward_row(
                    out + i * C, token, array_from(wpe, position_of(positions, i, T) * C), C);
            else
                ctx->micro->load_rows(out + i * C, token, C, 1, C);
        }
    }
}

void ck_parallel_encoder_backward(const ck_context *ctx, float *dwte, float *dwpe,
                                  const float *dout, const int32_t *tokens,
                                  const int32_t *positions, size_t B, size_t T, size_t C) {
    // Tokens and positions repeat, so threads divide the channels rather than the rows: no two
    // threads write the same element, and each element is summed in the order of the rows.
#pragma omp parallel num_threads(team_size(ctx, (double)B * T * C / FLOATS_PER_THREAD))
    {
        size_t begin, end;
        team_share(C, 16, &begin, &end);
        for (size_t i = 0; i < B * T; i++) {
            const float *d = dout + i * C + begin;
            float *token_row = dwte + (size_t)tokens[i] * C + begin;
            ctx->micro->add(token_row, token_row, d, end - begin);
            if (dwpe) {
                float *position_row = dwpe + position_of(positions, i, T) * C + begin;
                ctx->micro->add(position_row, position_row, d, end - begin);
            }
        }
    }
}

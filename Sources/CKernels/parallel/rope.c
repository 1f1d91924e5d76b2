// Rotary positions: the rotations of some positions, which all layers share, and turning rows by
// them.
#include "../elements.h"
#include "parallel_operations.h"
#include "team.h"

#include <math.h>

// Pairs of sine and cosine in double that justify another thread.
#define ROTATIONS_PER_THREAD 1024.0

// One version for every instruction set: it is needed once per pass, and in double.
void ck_parallel_rope_rotations(const ck_context *ctx, float *rotations, const int32_t *positions,
                                const double *frequencies, size_t N, size_t HS) {
    const size_t pairs = HS / 2;
#pragma omp parallel num_threads(team_size(ctx, (double)N *pairs / ROTATIONS_PER_THREAD))
    {
        size_t begin, end;
        team_share(N, 1, &begin, &end);
        for (size_t i = 0; i < pairs && begin < end; i++) {
            for (size_t row = begin; row < end; row++) {
                const double angle = positions[row] * frequencies[i];
                rotations[row * HS + 2 * i] = (float)cos(angle);
                rotations[row * HS + 2 * i + 1] = (float)sin(angle);
            }
        }
    }
}

static void rotate_share(const struct ck_microkernels *micro, ck_array x, size_t ld,
                         const float *rotations, size_t N, size_t NH, size_t HS) {
    size_t begin, end;
    team_share(N, 1, &begin, &end);
    for (size_t i = begin; i < end; i++)
        micro->rope_row(array_from(x, i * ld), rotations + i * HS, NH, HS);
}

void ck_parallel_rope_forward(const ck_context *ctx, ck_array x, size_t ld, const float *rotations,
                              size_t N, size_t NH, size_t HS) {
    RUN_IN_TEAM(team_size(ctx, (double)N * NH * HS / FLOATS_PER_THREAD),
                rotate_share(ctx->micro, x, ld, rotations, N, NH, HS));
}

static void rotate_back_share(const struct ck_microkernels *micro, float *dx, size_t ld,
                              const float *rotations, size_t N, size_t NH, size_t HS) {
    size_t begin, end;
    team_share(N, 1, &begin, &end);
    for (size_t i = begin; i < end; i++)
        micro->rope_backward_row(dx + i * ld, rotations + i * HS, NH, HS);
}

void ck_parallel_rope_backward(const ck_context *ctx, float *dx, size_t ld, const float *rotations,
                               size_t N, size_t NH, size_t HS) {
    RUN_IN_TEAM(team_size(ctx, (double)N * NH * HS / FLOATS_PER_THREAD),
                rotate_back_share(ctx->micro, dx, ld, rotations, N, NH, HS));
}

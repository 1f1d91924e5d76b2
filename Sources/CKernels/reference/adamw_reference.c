#include "../elements.h"
#include "reference_operations.h"

#include <math.h>

void ck_reference_adamw(const ck_context *ctx, float *params, const float *grads, float *m,
                        float *v, uint16_t *working, size_t n, ck_adamw_config config) {
#pragma omp parallel for num_threads(ctx->threads)
    for (size_t i = 0; i < n; i++) {
        const float g = grads[i] * config.grad_scale;
        m[i] = config.beta1 * m[i] + (1.0f - config.beta1) * g;
        v[i] = config.beta2 * v[i] + (1.0f - config.beta2) * g * g;
        const float m_hat = m[i] / config.bias_correction1;
        const float v_hat = v[i] / config.bias_correction2;
        params[i] -= config.learning_rate *
                     (m_hat / (sqrtf(v_hat) + config.epsilon) + config.weight_decay * params[i]);
        if (working)
            working[i] = bfloat16_from_float(params[i]);
    }
}

double ck_reference_sum_of_squares(const ck_context *ctx, const float *x, size_t n) {
    (void)ctx; // one thread: the order of the sum must not depend on their number
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sum;
}

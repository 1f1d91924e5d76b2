// AdamW on a run of parameters: one pass over params, grads, m and v, limited by memory speed.
#ifndef SIMD_ADAMW_H
#define SIMD_ADAMW_H

#include "elements_simd.h"

// `has_working` is a constant at both calls.
ALWAYS_INLINE void adamw_of(float *params, const float *grads, float *m, float *v,
                            uint16_t *working, const bool has_working, size_t n,
                            const ck_adamw_config *config) {
    const vf beta1 = v_splat(config->beta1);
    const vf beta2 = v_splat(config->beta2);
    const vf rest1 = v_splat(1.0f - config->beta1);
    const vf rest2 = v_splat(1.0f - config->beta2);
    const vf scale = v_splat(config->grad_scale);
    const vf correct1 = v_splat(1.0f / config->bias_correction1);
    const vf correct2 = v_splat(1.0f / config->bias_correction2);
    const vf epsilon = v_splat(config->epsilon);
    const vf rate = v_splat(-config->learning_rate);
    const vf decay = v_splat(config->weight_decay);
    FOR_EACH_VECTOR(i, n, {
        const vf g = LOAD(grads + i) * scale;
        const vf p = LOAD(params + i);
        const vf m_new = v_fma(beta1, LOAD(m + i), rest1 * g);
        const vf v_new = v_fma(beta2, LOAD(v + i), rest2 * g * g);
        STORE(m + i, m_new);
        STORE(v + i, v_new);
        const vf direction = m_new * correct1 / (v_sqrt(v_new * correct2) + epsilon);
        const vf p_new = v_fma(rate, v_fma(decay, p, direction), p);
        STORE(params + i, p_new);
        if (has_working)
            store_floats(CK_BFLOAT16, working, i, p_new, lanes);
    });
}

static void adamw(float *params, const float *grads, float *m, float *v, uint16_t *working,
                  size_t n, const ck_adamw_config *config) {
    if (working)
        adamw_of(params, grads, m, v, working, true, n, config);
    else
        adamw_of(params, grads, m, v, NULL, false, n, config);
}

#endif

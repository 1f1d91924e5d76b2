// Softmax and loss, the optimizer, norms, and the limits that benchmarks quote.
#include "kernel_check.h"

static void check_loss(size_t N, size_t V, size_t Vp) {
    const float *logits = uniform(N * Vp, -8, 8);
    const int32_t *targets = ids(N, V);
    float *probs[2], *losses[2], *grads[2], *again[2];
    EACH_SIDE(i) {
        probs[i] = garbage(N * Vp);
        losses[i] = garbage(N);
        again[i] = garbage(N);
        grads[i] = copy_of(logits, N * Vp);
        RUN(i, softmax_forward, probs[i], logits, N, V, Vp);
        RUN(i, crossentropy_forward, losses[i], logits, targets, N, V, Vp);
        RUN(i, crossentropy_forward_backward, again[i], grads[i], targets, 0.25f, N, V, Vp);
    }
    compare("softmax_forward", probs[1], probs[0], N * Vp, 1e-6);
    compare("crossentropy_forward", losses[1], losses[0], N, 1e-6);
    compare("crossentropy_forward_backward losses", again[1], again[0], N, 1e-6);
    compare("crossentropy_forward_backward dlogits", grads[1], grads[0], N * Vp, 1e-6);
}

static void check_adamw(size_t n) {
    const ck_adamw_config config = {.learning_rate = 1e-2f,
                                    .beta1 = 0.9f,
                                    .beta2 = 0.95f,
                                    .epsilon = 1e-8f,
                                    .weight_decay = 0.1f,
                                    .bias_correction1 = 0.1f,
                                    .bias_correction2 = 0.05f,
                                    .grad_scale = 0.5f};
    const float *params = uniform(n, -1, 1), *grads = uniform(n, -1, 1);
    const float *first = uniform(n, -1, 1), *second = uniform(n, 0, 1);
    float *p[2], *m[2], *v[2];
    double squares[2];
    EACH_SIDE(i) {
        p[i] = copy_of(params, n);
        m[i] = copy_of(first, n);
        v[i] = copy_of(second, n);
        RUN(i, adamw, p[i], grads, m[i], v[i], NULL, n, config);
        squares[i] = RUN(i, sum_of_squares, grads, n);
    }
    compare("adamw params", p[1], p[0], n, 1e-6);
    compare("adamw m", m[1], m[0], n, 1e-6);
    compare("adamw v", v[1], v[0], n, 1e-6);
    expect("sum_of_squares", fabs(squares[1] - squares[0]) <= 1e-12 * squares[0]);
}

static void check_bursts(void) {
    const size_t n = 1000;
    float *a[2], *b[2], *c[2];
    const float *start = uniform(n, -1, 1), *d = uniform(n, -1, 1);
    EACH_SIDE(i) {
        a[i] = copy_of(start, n);
        b[i] = copy_of(start, n);
        c[i] = copy_of(start, n);
        RUN(i, stream_burst, a[i], b[i], c[i], d, n);
    }
    compare("stream_burst a", a[1], a[0], n, 0);
    compare("stream_burst b", b[1], b[0], n, 0);
    compare("stream_burst c", c[1], c[0], n, 0);
    const float *words = uniform(4096 + 80, -1, 1);
    for (int streams = 1; streams <= 8; streams *= 2)
        for (size_t floats = 16; floats <= 4096 + 80; floats += 1360)
            expect("read_burst", RUN(1, read_burst, words, 4 * floats, streams) ==
                                     RUN(0, read_burst, words, 4 * floats, streams));
    expect("fma_burst", RUN(1, fma_burst, 100) > 0 && RUN(0, fma_burst, 100) == 0);
    expect("bfloat16_burst", RUN(1, bfloat16_burst, 100) > 0 && RUN(0, bfloat16_burst, 100) == 0);
}

void check_training(void) {
    static const size_t losses[][3] = {{1, 1, 1}, {3, 5, 8}, {7, 65, 128}, {37, 1003, 1024}};
    for (size_t s = 0; s < sizeof losses / sizeof losses[0]; s++) {
        check_loss(losses[s][0], losses[s][1], losses[s][2]);
        release_arrays();
    }
    static const size_t sizes[] = {1, 3, 8, 17, 255, 1000, 50001};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        check_adamw(sizes[s]);
        release_arrays();
    }
    check_bursts();
}

// exp, GELU and SiLU on vectors. Error bounds are stated here and tested.
#ifndef SIMD_MATH_H
#define SIMD_MATH_H

#include "vector_simd.h"

#ifndef HAVE_SCALE_BY_POWER_OF_TWO
// x * 2^n for whole n in -150 ... 130. Two factors: 2^n alone may not be a float.
ALWAYS_INLINE vf v_scale_by_power_of_two(vf x, vf n) {
    const vi whole = __builtin_convertvector(n, vi);
    const vi half = whole >> 1;
    return x * (vf)((half + 127) << 23) * (vf)((whole - half + 127) << 23);
}
#endif

// e^x within 1.02 ulp where the result is a normal float. Above 88.72 infinity, below -87.33 (where
// the result would be subnormal) 0, NaN for NaN.
// x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial of degree 6 for e^r, its coefficients from
// Cephes (Moshier 1992).
ALWAYS_INLINE vf v_exp(vf x) {
    // Adding 1.5 * 2^23 rounds to a whole number, which subtracting it again leaves.
    const vf rounder = v_splat(12582912.0f);
    const vf n = v_fma(x, v_splat(1.44269504f), rounder) - rounder;
    // ln 2 in two parts: n times the first is exact.
    vf r = v_fma(n, v_splat(-0.693359375f), x);
    r = v_fma(n, v_splat(2.12194440e-4f), r);
    vf p = v_splat(1.9875691500e-4f);
    p = v_fma(p, r, v_splat(1.3981999507e-3f));
    p = v_fma(p, r, v_splat(8.3334519073e-3f));
    p = v_fma(p, r, v_splat(4.1665795894e-2f));
    p = v_fma(p, r, v_splat(1.6666665459e-1f));
    p = v_fma(p, r, v_splat(5.0000001201e-1f));
    p = v_fma(p, r * r, r) + v_splat(1.0f);
    vf e = v_scale_by_power_of_two(p, n);
    e = v_select(x > v_splat(88.7228317f), v_splat(INFINITY), e);
    return v_select(x < v_splat(-87.3365402f), v_zero(), e);
}

// The tanh form of GELU: gelu(x) = x * gate with gate = sigmoid(2 u) = 1 / (1 + e^-2u) and u =
// sqrt(2 / pi) (x + 0.044715 x^3), since (1 + tanh u) / 2 = sigmoid(2 u). Unlike 1 + tanh u, this
// keeps its relative precision near zero. Returns e^-2u.
ALWAYS_INLINE vf v_gelu_power(vf x) {
    return v_exp(x * v_fma(x * x, v_splat(-0.0713548163f), v_splat(-1.59576912f)));
}

// Within 2.5 ulp for x from -1 on. Below that, the rounding of 2 u matters: 32 ulp down to -5, 212
// down to -10.
ALWAYS_INLINE vf v_gelu(vf x) { return x / (v_splat(1.0f) + v_gelu_power(x)); }

// d/dx of x * gate(x), where gate' = gate (1 - gate) 2 u', within 3.5 * 2^-24. NaN where x^2 is not
// a float, above 1.8e19.
ALWAYS_INLINE vf v_gelu_derivative(vf x) {
    const vf power = v_gelu_power(x);
    const vf gate = v_splat(1.0f) / (v_splat(1.0f) + power);
    // 1 - gate is also power * gate. Where x is positive the difference would cancel; where it is
    // negative the power may be infinite.
    const vf rest = v_select(x > v_zero(), power * gate, v_splat(1.0f) - gate);
    const vf two_du = v_fma(x * x, v_splat(0.214064449f), v_splat(1.59576912f));
    return v_fma(x * gate * rest, two_du, gate);
}

// The exact form of GELU, x (1 + erf(x / sqrt(2))) / 2, within 4 * 2^-24 of abs(x).
// erfc(z) = t e^(-z^2 + p(t)) with t = 1 / (1 + z / 2), for z from 0 on, p by Chebyshev fitting:
// erfcc in Press et al. 1992, "Numerical Recipes".
ALWAYS_INLINE vf v_exact_gelu(vf x) {
    const vf z = v_select(x > v_zero(), x, -x) * v_splat(0.707106781f);
    const vf t = v_splat(1.0f) / v_fma(z, v_splat(0.5f), v_splat(1.0f));
    vf p = v_splat(0.17087277f);
    p = v_fma(p, t, v_splat(-0.82215223f));
    p = v_fma(p, t, v_splat(1.48851587f));
    p = v_fma(p, t, v_splat(-1.13520398f));
    p = v_fma(p, t, v_splat(0.27886807f));
    p = v_fma(p, t, v_splat(-0.18628806f));
    p = v_fma(p, t, v_splat(0.09678418f));
    p = v_fma(p, t, v_splat(0.37409196f));
    p = v_fma(p, t, v_splat(1.00002368f));
    p = v_fma(p, t, v_splat(-1.26551223f));
    // The tail beyond abs(x) on one side.
    const vf tail = v_splat(0.5f) * t * v_exp(v_fma(x * x, v_splat(-0.5f), p));
    return x * v_select(x > v_zero(), v_splat(1.0f) - tail, tail);
}

// x * sigmoid(x) within 2.5 ulp where e^-x is a float, from -88.7 on. Zero below that.
ALWAYS_INLINE vf v_silu(vf x) { return x / (v_splat(1.0f) + v_exp(-x)); }

// Its derivative, gate (1 + x (1 - gate)) with gate = sigmoid(x), within 3 * 2^-24.
ALWAYS_INLINE vf v_silu_derivative(vf x) {
    const vf power = v_exp(-x);
    const vf gate = v_splat(1.0f) / (v_splat(1.0f) + power);
    // As in v_gelu_derivative.
    const vf rest = v_select(x > v_zero(), power * gate, v_splat(1.0f) - gate);
    return v_fma(x * gate, rest, gate);
}

#endif

// The operations as textbook formulas, in double, on small arrays: what the reference kernels are
// compared with. Gradients come from finite differences; only the derivatives of GELU and SiLU are
// written out, because their precision is measured to more digits than differences have.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

enum Formulas {
    /// The angle by which rotary positions turn each pair from one position to the next.
    static func frequencies(theta: Double, HS: Int) -> [Double] {
        (0..<HS / 2).map { pow(theta, -Double(2 * $0) / Double(HS)) }
    }

    static func encoder(
        tokens: [Int],
        positions: [Int],
        wte: [Double],
        wpe: [Double],
        C: Int
    ) -> [Double] {
        zip(tokens, positions).flatMap { token, position in
            (0..<C).map { wte[token * C + $0] + wpe[position * C + $0] }
        }
    }

    static func layernorm(inp: [Double], weight: [Double], bias: [Double]) -> [Double] {
        let C = weight.count
        return stride(from: 0, to: inp.count, by: C).flatMap { start -> [Double] in
            let row = inp[start..<start + C]
            let mean = row.reduce(0, +) / Double(C)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(C)
            return row.enumerated().map { c, x in
                (x - mean) / (variance + 1e-5).squareRoot() * weight[c] + bias[c]
            }
        }
    }

    /// inp (N, C) times weight (OC, C) transposed, plus bias (OC).
    static func matmul(inp: [Double], weight: [Double], bias: [Double], C: Int) -> [Double] {
        let OC = bias.count
        return (0..<inp.count / C * OC).map { at in
            let (i, o) = (at / OC, at % OC)
            return (0..<C).reduce(bias[o]) { $0 + inp[i * C + $1] * weight[o * C + $1] }
        }
    }

    /// x * (1 + tanh u) / 2, written with e^-2u: 1 + tanh u cancels where x is negative.
    static func gelu(_ x: Double) -> Double {
        x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    }

    static func exactGelu(_ x: Double) -> Double { x * erfc(-x / 2.squareRoot()) / 2 }

    static func geluDerivative(_ x: Double) -> Double {
        let twoU = 2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
        let twoDu = 2 * (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * x * x)
        let gate = 1 / (1 + exp(-twoU))
        return gate + x * gate / (1 + exp(twoU)) * twoDu
    }

    static func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }

    static func siluDerivative(_ x: Double) -> Double {
        let gate = 1 / (1 + exp(-x))
        return gate * (1 + x / (1 + exp(x)))
    }

    static func rmsnorm(inp: [Double], weight: [Double], epsilon: Double) -> [Double] {
        let C = weight.count
        return stride(from: 0, to: inp.count, by: C).flatMap { start -> [Double] in
            let row = inp[start..<start + C]
            let meanSquare = row.reduce(0) { $0 + $1 * $1 } / Double(C)
            return zip(row, weight).map { $0 * $1 / (meanSquare + epsilon).squareRoot() }
        }
    }

    /// Pairs of x (N, NH * HS) as complex numbers, times those of rotations (N, HS).
    static func rope(x: [Double], rotations: [Double], NH: Int, HS: Int) -> [Double] {
        stride(from: 0, to: x.count, by: 2).flatMap { i -> [Double] in
            let at = i / (NH * HS) * HS + i % HS
            let (a, b, c, s) = (x[i], x[i + 1], rotations[at], rotations[at + 1])
            return [a * c - b * s, a * s + b * c]
        }
    }

    static func softmax(_ logits: ArraySlice<Double>) -> [Double] {
        let powers = logits.map { exp($0) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    /// One sequence: qkv (T, 3C) to out (T, C).
    static func attention(qkv: [Double], C: Int, NH: Int) -> [Double] {
        attention(rows: qkv, NKH: NH, shared: 1, HS: C / NH, starts: nil) { _, _, _ in 1 }
    }

    /// One sequence: rows of q, k and v to out (T, NH * HS); `kept` is what the probability of
    /// position s for the query of head h at t is multiplied by.
    static func attention(
        rows: [Double],
        NKH: Int,
        shared: Int,
        HS: Int,
        starts: [Int]?,
        kept: (_ h: Int, _ t: Int, _ s: Int) -> Double
    ) -> [Double] {
        let C = NKH * shared * HS
        let width = C + 2 * NKH * HS
        let T = rows.count / width
        var out = [Double](repeating: 0, count: T * C)
        for h in 0..<NKH * shared {
            let key = C + h / shared * HS
            for t in 0..<T {
                let start = starts?[t] ?? 0
                let scores = (start...t).map { j in
                    (0..<HS).reduce(0) {
                        $0 + rows[t * width + h * HS + $1] * rows[j * width + key + $1]
                    } / Double(HS).squareRoot()
                }
                for (j, p) in zip(start...t, softmax(scores[...])) {
                    for d in 0..<HS {
                        out[t * C + h * HS + d] +=
                            p * kept(h, t, j) * rows[j * width + key + NKH * HS + d]
                    }
                }
            }
        }
        return out
    }

    /// The cross-entropy of each row of logits (N, Vp) over its first V columns.
    static func crossEntropy(logits: [Double], targets: [Int], V: Int, Vp: Int) -> [Double] {
        targets.enumerated().map { i, target in
            -log(softmax(logits[i * Vp..<i * Vp + V])[target])
        }
    }

    /// The gradient at `x` of `weights` times `function`, by central differences.
    ///
    /// With a step of 2^-14 both the terms left out and the rounding are near 1e-9 for functions
    /// whose values and derivatives are near 1.
    static func gradient(
        at x: [Double],
        weights: [Double],
        of function: ([Double]) -> [Double]
    ) -> [Double] {
        func weighted(_ x: [Double]) -> Double {
            zip(weights, function(x)).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let step = 0x1p-14
        return x.indices.map { i in
            var (above, below) = (x, x)
            above[i] += step
            below[i] -= step
            return (weighted(above) - weighted(below)) / (2 * step)
        }
    }
}

// Kernels that GPT-2's training does not have: linear layers over weights of each type, with one
// token at a time and with many rows; and what a Llama's training has instead of layernorm, GELU
// and position embeddings, in the backward pass, which is the more expensive one.

import Tensors

extension KernelBenchmark {
    /// Types of weights and what they are called here.
    static let weightTypes: [(name: String, type: ElementType)] = [
        ("f32", .float32), ("bf16", .bfloat16), ("f16", .float16), ("q8_0", .q8_0),
        ("q4_0", .q4_0), ("q4_1", .q4_1),
    ]

    /// Every linear layer of GPT-2 124M once, with one row of input: its 12 blocks, then the
    /// classifier.
    ///
    /// All of them together exceed most caches, at least in the wider types.
    func decoding(
        _ name: String,
        _ type: ElementType,
        _ report: (KernelResult) throws -> Void
    ) throws {
        guard "linear_\(name)".hasPrefix(prefix) else { return }
        let block = Self.linearShapes.dropLast()
        let shapes = Array(repeating: block, count: 12).joined() + Self.linearShapes.suffix(1)
        let layers = try shapes.map { C, OC in
            LinearLayer(out: try ops.tensor([1, OC]), weight: try weights(type, C, OC))
        }
        let inputs = try layers.map { try random([1, $0.weight.columns]) }
        let bytes = layers.reduce(0) { $0 + $1.weight.byteCount }
        let (reader, memory) = (try MachineLimits.fastest(ops), try MachineLimits.readBlock(ops))
        var (time, bandwidth) = (Double.infinity, 0.0)
        // Alternating, because what the machine delivers changes within seconds.
        for _ in 0...runs {
            bandwidth = max(bandwidth, MachineLimits.readBandwidth(reader, memory))
            time = min(
                time,
                seconds {
                    for (layer, inp) in zip(layers, inputs) {
                        ops.linear(out: layer.out, inp: inp, weight: layer.weight)
                    }
                }
            )
        }
        let speed = Double(bytes) / time
        try report(
            KernelResult(
                name: "linear_\(name)",
                shape: "1 row, 124M",
                flops: nil,
                bytesPerSecond: speed,
                fractionOfPeak: Self.staysInCache(bytes) ? nil : speed / bandwidth
            )
        )
    }

    /// The layers of GPT-2 124M with many rows of input.
    func storedMatmuls(_ N: Int, _ report: (KernelResult) throws -> Void) throws {
        for (name, type) in Self.weightTypes.dropFirst() {
            for (C, OC) in Self.linearShapes where "matmul_\(name)".hasPrefix(prefix) {
                let weight = try weights(type, C, OC)
                let (inp, out) = (try random([N, C]), try ops.tensor([N, OC]))
                try arithmetic(
                    "matmul_\(name)",
                    "\(N)x\(C)x\(OC)",
                    2 * Double(N) * Double(C) * Double(OC),
                    peak: { try MachineLimits.peak($0, of: type) },
                    report
                ) {
                    ops.linear(out: out, inp: inp, weight: weight)
                }
            }
        }
    }

    /// Random weights, made piece by piece: the float32 of a large matrix is not needed at once.
    private func weights(_ type: ElementType, _ C: Int, _ OC: Int) throws -> Tensor {
        let piece = try random([64, C])
        let matrix = try ops.tensor([OC, C], elementType: type)
        for first in stride(from: 0, to: OC, by: 64) {
            ops.store(piece[0..<min(64, OC - first)], in: matrix, firstRow: first)
        }
        return matrix
    }
}

extension KernelBenchmark {
    /// RMS norm, SwiGLU and rotary positions of N rows of 768 channels, and 2048 in the gates.
    func llama(_ report: (KernelResult) throws -> Void) throws {
        let (N, C, HS, hidden) = (4096, 768, 64, 2048)
        try rmsnormBackward(N, C, report)
        try ropeBackward(N, C, HS, report)
        try swigluBackward(N, hidden, report)
    }

    private func rmsnormBackward(
        _ N: Int,
        _ C: Int,
        _ report: (KernelResult) throws -> Void
    ) throws {
        let (inp, dout, dinp) = (try random([N, C]), try random([N, C]), try random([N, C]))
        let (weight, dweight, rstd) = (try random([C]), try random([C]), try random([N]))
        let all = N * C
        // dinp is read and written.
        try memory("rmsnorm_backward", "\(N)x\(C)", floats: 3 * all, moved: 4 * all, report) {
            ops.rmsnormBackward(
                dinp: dinp,
                dweight: dweight,
                dout: dout,
                inp: inp,
                weight: weight,
                rstd: rstd
            )
        }
    }

    private func ropeBackward(
        _ N: Int,
        _ C: Int,
        _ HS: Int,
        _ report: (KernelResult) throws -> Void
    ) throws {
        let dx = TensorColumns(try random([N, C]))
        let rotations = try ops.tensor([N, HS])
        ops.ropeRotations(
            rotations,
            positions: try Tensor((0..<Int32(N)).map { $0 }, shape: [N]),
            frequencies: (0..<HS / 2).map { 1 / Double($0 + 1) }
        )
        let all = N * C
        try memory("rope_backward", "\(N)x\(C) HS\(HS)", floats: all, moved: 2 * all, report) {
            ops.ropeBackward(dx, rotations: rotations)
        }
    }

    private func swigluBackward(
        _ N: Int,
        _ hidden: Int,
        _ report: (KernelResult) throws -> Void
    ) throws {
        let shape = [N, hidden]
        let (gate, up, dout) = (try random(shape), try random(shape), try random(shape))
        let (dgate, dup) = (try ops.tensor(shape), try ops.tensor(shape))
        let all = N * hidden
        try memory("swiglu_backward", "\(N)x\(hidden)", floats: 5 * all, moved: 5 * all, report) {
            ops.swigluBackward(dgate: dgate, dup: dup, gate: gate, up: up, dout: dout)
        }
    }
}

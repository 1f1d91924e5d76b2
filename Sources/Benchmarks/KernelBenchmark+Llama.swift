// What a Llama's training has in the place of layernorm, GELU and position embeddings: the way
// back, which is the more expensive one.

import Tensors

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

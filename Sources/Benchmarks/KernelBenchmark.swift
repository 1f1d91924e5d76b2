// The kernels, most on the shapes of GPT-2 124M, as a fraction of what the machine can do.

import RandomNumbers
import Tensors

/// The result for one kernel.
package struct KernelResult: Sendable {
    /// The operation's name, as in CKernels.h without the prefix.
    package let name: String
    /// The sizes, in the operation's own terms.
    package let shape: String
    /// Floating-point operations per second; nil for kernels bound by memory.
    package let flops: Double?
    /// Bytes moved per second; nil for kernels bound by arithmetic.
    package let bytesPerSecond: Double?
    /// The fraction of the limit reached: of the arithmetic peak (for bfloat16 if that is
    /// multiplied), or of the bandwidth of a plain loop; 0 if there is no such limit, and nil if
    /// the data stays in a cache, whose speed is not measured.
    package let fractionOfPeak: Double?
}

/// Runs the kernels one after the other.
package struct KernelBenchmark {
    let ops: Ops
    let runs: Int
    let prefix: String

    /// GPT-2 124M's linear layers, as inputs and outputs.
    static let linearShapes = [
        (768, 2304), (768, 768), (768, 3072), (3072, 768), (768, 50304),
    ]

    /// The layers whose output is stored as bfloat16 in training at bfloat16: qkv and fc.
    private static let roundedShapes = [(768, 2304), (768, 3072)]

    /// Prepares a benchmark.
    /// - Parameters:
    ///   - ops: What runs the kernels.
    ///   - runs: Runs of each kernel, of which the fastest counts.
    ///   - prefix: Only kernels whose names have this prefix.
    package init(ops: Ops, runs: Int = 10, prefix: String = "") {
        self.ops = ops
        self.runs = runs
        self.prefix = prefix
    }

    /// Measures the kernels one after the other.
    /// - Parameters:
    ///   - rows: B * T for the linear layers.
    ///   - report: Called with each result as it comes.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package func run(rows: [Int] = [256], report: (KernelResult) throws -> Void) throws {
        for N in rows {
            for (C, OC) in Self.linearShapes { try matmul(N, C, OC, .float32, report) }
            for (C, OC) in Self.linearShapes { try matmul(N, C, OC, .bfloat16, report) }
            try storedMatmuls(N, report)
        }
        for (name, type) in Self.weightTypes { try decoding(name, type, report) }
        try attention(B: 4, T: 64, report)
        try attention(B: 4, T: 1024, report)
        // Nine heads that share three of keys and values, as in SmolLM2 135M.
        try attention(B: 4, T: 256, C: 576, NH: 9, NKH: 3, report)
        try layernorm(N: 4096, C: 768, report)
        try gelu(count: 4096 * 3072, report)
        try llama(report)
        try adamW(count: 1 << 25, report)
    }

    /// The three products of a linear layer, as training at `precision` has them.
    private func matmul(
        _ N: Int,
        _ C: Int,
        _ OC: Int,
        _ precision: ElementType,
        _ report: (KernelResult) throws -> Void
    ) throws {
        let suffix = precision == .bfloat16 ? "_bf16" : ""
        let names = ["matmul_forward", "matmul_backward_input", "matmul_backward_weight"]
            .map { $0 + suffix }
        guard names.contains(where: { $0.hasPrefix(prefix) }) else { return }
        let inp = try ops.convert(random([N, C]), to: precision)
        let weight = try ops.convert(random([OC, C]), to: precision)
        // The inputs of attention and GELU are stored in the precision; sums and logits are
        // float32.
        let keepsPrecision = Self.roundedShapes.contains { $0 == (C, OC) }
        let out = try ops.tensor([N, OC], elementType: keepsPrecision ? precision : .float32)
        let dout = try random([N, OC])
        let dinp = try ops.tensor([N, C])
        let dweight = try random([OC, C])
        let bias = try random([OC])
        let operations = 2 * Double(N) * Double(C) * Double(OC)
        let shape = "\(N)x\(C)x\(OC)"
        let limit = { try MachineLimits.peak($0, of: precision) }
        try arithmetic(names[0], shape, operations, peak: limit, report) {
            ops.matmulForward(out: out, inp: inp, weight: weight, bias: bias)
        }
        try arithmetic(names[1], shape, operations, peak: limit, report) {
            ops.matmulBackwardInput(dinp: dinp, dout: dout, weight: weight)
        }
        try arithmetic(names[2], shape, operations, peak: limit, report) {
            ops.matmulBackwardWeight(dweight: dweight, dout: dout, inp: inp, accumulate: true)
        }
    }

    private func attention(
        B: Int,
        T: Int,
        C: Int = 768,
        NH: Int = 12,
        NKH: Int = 12,
        _ report: (KernelResult) throws -> Void
    ) throws {
        let shared = C / NH * NKH
        let columns = [0..<C, C..<C + shared, C + shared..<C + 2 * shared]
        let all = try random([B * T, C + 2 * shared])
        let gradients = try ops.tensor([B * T, C + 2 * shared])
        let inputs = columns.map { TensorColumns(all, $0) }
        let outputs = columns.map { TensorColumns(gradients, $0) }
        let out = try ops.tensor([B, T, C])
        let lse = try ops.tensor([B, NH, T])
        let shape = "B\(B) T\(T) C\(C) NH\(NH)" + (NKH == NH ? "" : " NKH\(NKH)")
        // Two products over the half of T x T that causality leaves, and five in the backward pass.
        let pairs = Double(B * T) * Double(T) / 2 * Double(C) * 2
        try arithmetic("attention_forward", shape, 2 * pairs, report) {
            ops.attentionForward(
                out: out,
                lse: lse,
                q: inputs[0],
                k: inputs[1],
                v: inputs[2],
                headCount: NH
            )
        }
        try arithmetic("attention_backward", shape, 5 * pairs, report) {
            ops.attentionBackward(
                dq: outputs[0],
                dk: outputs[1],
                dv: outputs[2],
                dout: out,
                out: out,
                lse: lse,
                q: inputs[0],
                k: inputs[1],
                v: inputs[2],
                headCount: NH
            )
        }
    }

    private func layernorm(
        N: Int,
        C: Int,
        _ report: (KernelResult) throws -> Void
    ) throws {
        let inp = try random([N, C])
        let out = try ops.tensor([N, C])
        let weight = try random([C])
        let (mean, rstd) = (try ops.tensor([N]), try ops.tensor([N]))
        let floats = 2 * N * C
        try memory("layernorm_forward", "\(N)x\(C)", floats: floats, moved: floats, report) {
            ops.layernormForward(
                out: out,
                mean: mean,
                rstd: rstd,
                inp: inp,
                weight: weight,
                bias: weight
            )
        }
    }

    private func gelu(count: Int, _ report: (KernelResult) throws -> Void) throws {
        let inp = try random([count])
        let out = try ops.tensor([count])
        try memory("gelu_forward", "\(count)", floats: 2 * count, moved: 2 * count, report) {
            ops.geluForward(out: out, inp: inp)
        }
    }

    private func adamW(count: Int, _ report: (KernelResult) throws -> Void) throws {
        let grads = try random([count])
        let (params, m) = (try random([count]), try random([count]))
        let v = try ops.tensor([count])
        let step = AdamWStep(
            learningRate: 1e-4,
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-8,
            weightDecay: 0.1,
            step: 1,
            gradientScale: 1
        )
        // params, m and v are read and written, grads only read.
        try memory("adamw", "\(count)", floats: 4 * count, moved: 7 * count, report) {
            ops.adamW(params: params, grads: grads, m: m, v: v, step: step)
        }
    }

    /// A kernel bound by arithmetic, next to the FMA peak of the same moment.
    func arithmetic(
        _ name: String,
        _ shape: String,
        _ operations: Double,
        peak: (Ops) throws -> Double = MachineLimits.fmaPeak,
        _ report: (KernelResult) throws -> Void,
        _ body: () -> Void
    ) throws {
        guard name.hasPrefix(prefix) else { return }
        let flops = operations / fastest(of: runs, body)
        let limit = try peak(ops)
        try report(
            KernelResult(
                name: name,
                shape: shape,
                flops: flops,
                bytesPerSecond: nil,
                fractionOfPeak: limit > 0 ? flops / limit : 0
            )
        )
    }

    /// A kernel bound by memory, next to a plain loop of reads and writes at the same moment.
    ///
    /// It works on `floats` numbers, and moves `moved` of them in all, counting reads and writes.
    func memory(
        _ name: String,
        _ shape: String,
        floats: Int,
        moved: Int,
        _ report: (KernelResult) throws -> Void,
        _ body: () -> Void
    ) throws {
        guard name.hasPrefix(prefix) else { return }
        let width = ElementType.float32.byteWidth
        let isCached = Self.staysInCache(floats * width)
        let blocks = try (0..<(isCached ? 0 : 4)).map { _ in try random([Self.streamFloats]) }
        var (time, streamTime) = (Double.infinity, Double.infinity)
        body()
        for _ in 0..<runs {
            time = min(time, seconds(body))
            guard !isCached else { continue }
            // Alternating: what the memory delivers changes from one second to the next.
            let stream = seconds {
                ops.streamBurst(a: blocks[0], b: blocks[1], c: blocks[2], d: blocks[3])
            }
            streamTime = min(streamTime, stream)
        }
        let speed = Double(moved * width) / time
        let streamSpeed = Double(7 * Self.streamFloats * width) / streamTime
        try report(
            KernelResult(
                name: name,
                shape: shape,
                flops: nil,
                bytesPerSecond: speed,
                fractionOfPeak: isCached ? nil : speed / streamSpeed
            )
        )
    }

    /// Whether this many bytes, used again and again, stay in a cache.
    static func staysInCache(_ byteCount: Int) -> Bool {
        byteCount <= Machine.cacheBytes
    }

    /// Floats of each of the four blocks that the plain loop reads and, except for one, writes.
    private static let streamFloats = 1 << 25

    /// The same random floats again and again: no kernel's time depends on their values, and
    /// drawing all of them would take longer than measuring.
    func random(_ shape: [Int]) throws -> Tensor {
        let tensor = try ops.tensor(shape)
        var generator = MersenneTwister(seed: 1)
        tensor.withUnsafeMutableElements(as: Float.self) { elements in
            let count = min(elements.count, 1 << 16)
            let first = UnsafeMutableBufferPointer(rebasing: elements[..<count])
            var span = first.mutableSpan
            generator.fillUniform(&span, from: -1, to: 1)
            for start in stride(from: count, to: elements.count, by: count) {
                let rest = UnsafeMutableBufferPointer(rebasing: elements[start...])
                _ = rest.update(fromContentsOf: first.prefix(rest.count))
            }
        }
        return tensor
    }
}

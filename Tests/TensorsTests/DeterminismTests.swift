// The same inputs give the same bits: twice in a row, and for any number of threads except when a
// sum over rows is divided among them (the parameters' gradients of layernorm and RMS norm).

import Tensors
import Testing

extension KernelTests {
    @Suite(.serialized) struct DeterminismTests {
        /// The sets with vectors: the reference is one thread's order by construction.
        static let sets = InstructionSet.available.filter { $0 != .reference }

        var make = TensorMaker()

        /// Expects the bits `body` gives with one thread, each time it is run with one to three,
        /// and with many more than there are processors or work for.
        private func expectSameBitsForAnyThreads(
            _ set: InstructionSet,
            sourceLocation: SourceLocation = #_sourceLocation,
            _ body: (Ops) throws -> [Tensor]
        ) throws {
            let first = try body(Backend(instructionSet: set, threadCount: 1).ops())
            for threads in [1, 2, 2, 3, 3, 40] {
                let backend = Backend(instructionSet: set, threadCount: threads)
                let again = try body(backend.ops())
                for (a, b) in zip(again, first) {
                    expectSameBits(a, b, "\(backend)", sourceLocation: sourceLocation)
                }
            }
        }

        /// The same for attention with its options, in float32 and in bfloat16.
        private mutating func expectSameBitsForAnyThreads(
            _ set: InstructionSet,
            _ pass: AttentionPass,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let inputs = try make.uniform([pass.B * pass.T, pass.width])
            let narrow = try TensorMaker.bfloat16(rounding: inputs)
            let dout = try make.uniform([pass.B, pass.T, pass.C])
            try expectSameBitsForAnyThreads(set, sourceLocation: sourceLocation) { ops in
                try pass.run(ops, inputs: inputs, dout: dout)
                    + pass.run(ops, inputs: narrow, dout: dout)
            }
        }

        @Test(arguments: sets)
        mutating func matmulDoesNotDependOnThreads(set: InstructionSet) throws {
            // Two blocks of rows and of depth in one of the products each.
            for (N, C, OC) in [(1027, 61, 70), (61, 70, 1027), (70, 1027, 61)] {
                let (inp, weight) = (try make.uniform([N, C]), try make.uniform([OC, C]))
                let (bias, residual) = (try make.uniform([OC]), try make.uniform([N, OC]))
                let dout = try make.uniform([N, OC])
                try expectSameBitsForAnyThreads(set) { ops in
                    let (out, geluOut) = try ops.matmul(
                        inp,
                        weight: weight,
                        bias: bias,
                        residual: residual
                    )
                    let dinp = try TensorMaker.garbage([N, C])
                    ops.matmulBackwardInput(dinp: dinp, dout: dout, weight: weight, geluInp: inp)
                    let (dweight, dbias) = (
                        try TensorMaker.copy(weight), try TensorMaker.copy(bias)
                    )
                    ops.matmulBackwardWeight(
                        dweight: dweight,
                        dbias: dbias,
                        dout: dout,
                        inp: inp,
                        accumulate: true
                    )
                    return [out, geluOut, dinp, dweight, dbias]
                }
            }
        }

        @Test(arguments: sets)
        mutating func attentionDoesNotDependOnThreads(set: InstructionSet) throws {
            let (B, T, NH, HS) = (2, 161, 3, 10)
            let C = NH * HS
            let (qkv, dout) = (try make.uniform([B, T, 3 * C]), try make.uniform([B, T, C]))
            let narrowQkv = try TensorMaker.bfloat16(rounding: qkv)
            try expectSameBitsForAnyThreads(set) { ops in
                try [qkv, narrowQkv].flatMap { qkv in
                    let (out, lse, dqkv) = try ops.attention(qkv, dout: dout, NH: NH)
                    return [out, lse, dqkv]
                }
            }
        }

        @Test(arguments: sets)
        mutating func attentionWithLimitsDoesNotDependOnThreads(set: InstructionSet) throws {
            var pass = AttentionPass(B: 2, T: 161, NKH: 2, shared: 2, HS: 10)
            try pass.separate(lengths: [60, 1, 90])
            pass.dropout = Dropout(rate: 0.2, key: 1)
            try expectSameBitsForAnyThreads(set, pass)
        }

        @Test(arguments: sets)
        mutating func attentionWithFewerHeadsThanThreadsDoesNotDependOnThem(
            set: InstructionSet
        ) throws {
            // Six tiles of keys, which threads divide in the backward pass. With the shorter
            // documents, some queries see none of a thread's keys.
            for lengths in [[700], [40, 1, 310, 128]] {
                var pass = AttentionPass(B: 1, T: 700, NKH: 1, shared: 2, HS: 36)
                try pass.separate(lengths: lengths)
                pass.dropout = Dropout(rate: 0.1, key: 5)
                try expectSameBitsForAnyThreads(set, pass)
            }
        }

        @Test(arguments: sets)
        mutating func attentionPatternsDoNotDependOnThreads(set: InstructionSet) throws {
            let (NH, HS, past, count) = (6, 40, 50, 90)
            let q = try make.uniform([count, NH * HS])
            let keys = try make.uniform([NH / 2, past + count, HS])
            try expectSameBitsForAnyThreads(set) { ops in
                let pattern = try TensorMaker.garbage([NH, count, past + count])
                ops.attentionPattern(
                    out: pattern,
                    q: TensorColumns(q),
                    part: CachePart(keys: keys, values: keys, past: past, rows: 0..<count),
                    headCount: NH
                )
                return [pattern]
            }
        }

        @Test(arguments: sets)
        mutating func lossSoftmaxGeluAndAdamWDoNotDependOnThreads(set: InstructionSet) throws {
            let (N, V, Vp) = (31, 1801, 1856)
            let logits = try make.uniform([N, Vp], -5...5)
            let targets = try make.tokens([N], below: V)
            let (m, v) = (try make.uniform([N, Vp], 0...1), try make.uniform([N, Vp], 0...1))
            try expectSameBitsForAnyThreads(set) { ops in
                let (losses, dlogits) = (
                    try TensorMaker.garbage([N]), try TensorMaker.copy(logits)
                )
                ops.crossEntropyForwardBackward(
                    losses: losses,
                    logits: dlogits,
                    targets: targets,
                    dloss: 0.1,
                    vocabularySize: V
                )
                let probs = try TensorMaker.garbage([N, Vp])
                ops.softmaxForward(probs: probs, logits: logits, vocabularySize: V)
                let gelu = try TensorMaker.garbage([N, Vp])
                ops.geluForward(out: gelu, inp: logits)
                let exactGelu = try TensorMaker.garbage([N, Vp])
                ops.exactGeluForward(out: exactGelu, inp: logits)
                let (params, m, v) = (
                    try TensorMaker.copy(logits), try TensorMaker.copy(m), try TensorMaker.copy(v)
                )
                ops.adamW(
                    params: params,
                    grads: dlogits,
                    m: m,
                    v: v,
                    step: AdamWStep(
                        learningRate: 1e-3,
                        beta1: 0.9,
                        beta2: 0.95,
                        epsilon: 1e-8,
                        weightDecay: 0.1,
                        step: 3,
                        gradientScale: 1
                    )
                )
                return [losses, dlogits, probs, gelu, exactGelu, params, m, v]
            }
        }

        @Test(arguments: sets)
        mutating func theOperationsOfLlamaDoNotDependOnThreads(set: InstructionSet) throws {
            let (N, NH, HS) = (193, 4, 66)
            let inp = try make.uniform([N, NH * HS], -3...3)
            let weight = try make.uniform([NH * HS])
            let positions = try make.tokens([N], below: 4096)
            let frequencies = Formulas.frequencies(theta: 10_000, HS: HS)
            try expectSameBitsForAnyThreads(set) { ops in
                let (normalized, gated) = (
                    try TensorMaker.garbage(inp.shape), try TensorMaker.garbage(inp.shape)
                )
                let (rotations, turned) = (
                    try TensorMaker.garbage([N, HS]), try TensorMaker.copy(inp)
                )
                ops.rmsnormForward(out: normalized, inp: inp, weight: weight, epsilon: 1e-5)
                ops.swigluForward(out: gated, gate: inp, up: normalized)
                ops.ropeRotations(rotations, positions: positions, frequencies: frequencies)
                ops.ropeForward(TensorColumns(turned), rotations: rotations)
                let rstd = try TensorMaker.filled([N], with: 0.5)
                let (dgate, dup) = (
                    try TensorMaker.garbage(inp.shape), try TensorMaker.garbage(inp.shape)
                )
                let dinp = try TensorMaker.copy(inp)
                ops.swigluBackward(dgate: dgate, dup: dup, gate: inp, up: normalized, dout: gated)
                ops.ropeBackward(TensorColumns(dup), rotations: rotations)
                ops.rmsnormBackward(
                    dinp: dinp,
                    dweight: nil,
                    dout: gated,
                    inp: inp,
                    weight: weight,
                    rstd: rstd
                )
                return [normalized, gated, rotations, turned, dgate, dup, dinp]
            }
        }

        @Test(arguments: sets)
        mutating func sumOfSquaresDoesNotDependOnThreads(set: InstructionSet) throws {
            let x = try make.uniform([70_003])
            let sums = try [1, 1, 2, 2, 3, 3].map {
                try Backend(instructionSet: set, threadCount: $0).ops().sumOfSquares(x).bitPattern
            }
            #expect(Set(sums).count == 1)
        }

        @Test(arguments: sets)
        mutating func rmsnormRepeatsItselfForEachNumberOfThreads(set: InstructionSet) throws {
            let (N, C) = (193, 257)
            let (inp, dout) = (try make.uniform([N, C]), try make.uniform([N, C]))
            let (weight, rstd) = (try make.uniform([C]), try make.uniform([N], 0.5...1))
            for threads in 1...3 {
                let runs = try (0..<2).map { _ in
                    let dweight = try TensorMaker.copy(weight)
                    try Backend(instructionSet: set, threadCount: threads).ops().rmsnormBackward(
                        dinp: TensorMaker.copy(inp),
                        dweight: dweight,
                        dout: dout,
                        inp: inp,
                        weight: weight,
                        rstd: rstd
                    )
                    return dweight
                }
                expectSameBits(runs[1], runs[0], "\(threads) threads, again")
            }
        }

        @Test(arguments: sets)
        mutating func layernormRepeatsItselfForEachNumberOfThreads(set: InstructionSet) throws {
            let (N, C) = (193, 257)
            let (inp, dout) = (try make.uniform([N, C]), try make.uniform([N, C]))
            let (weight, bias) = (try make.uniform([C]), try make.uniform([C]))
            func run(_ threads: Int) throws -> (rows: [Tensor], parameters: [Tensor]) {
                let ops = try Backend(instructionSet: set, threadCount: threads).ops()
                let (out, mean, rstd) = try ops.layernorm(inp, weight: weight, bias: bias)
                let dinp = try TensorMaker.copy(inp)
                let (dweight, dbias) = (try TensorMaker.copy(weight), try TensorMaker.copy(bias))
                ops.layernormBackward(
                    dinp: dinp,
                    dweight: dweight,
                    dbias: dbias,
                    dout: dout,
                    inp: inp,
                    weight: weight,
                    mean: mean,
                    rstd: rstd
                )
                return ([out, mean, rstd, dinp], [dweight, dbias])
            }
            let alone = try run(1)
            for threads in 1...3 {
                let (first, second) = (try run(threads), try run(threads))
                for (a, b) in zip(second.rows + second.parameters, first.rows + first.parameters) {
                    expectSameBits(a, b, "\(threads) threads, again")
                }
                for (a, b) in zip(first.rows, alone.rows) {
                    expectSameBits(a, b, "\(threads) threads")
                }
            }
        }
    }
}

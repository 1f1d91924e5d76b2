// What each head looks at: the weights with which it sums the values of the tokens so far.

import Inference
import Tensors

/// The attention patterns of a sequence.
public struct AttentionPatterns: Sendable, Equatable {
    /// The T tokens.
    public let tokens: [Int32]
    /// The layers that were kept, ascending.
    public let layers: [Int]
    /// NH: heads of each layer.
    public let headCount: Int
    /// `(layers, NH, T, T)`: row t says how much token t takes from each token s; each row sums to
    /// 1, and is 0 for s > t.
    public let values: [Float]

    /// Names the patterns.
    package init(tokens: [Int32], layers: [Int], headCount: Int, values: [Float]) {
        precondition(
            values.count == layers.count * headCount * tokens.count * tokens.count,
            "\(values.count) values of \(layers.count) layers of \(headCount) heads, "
                + "\(tokens.count) tokens"
        )
        self.tokens = tokens
        self.layers = layers
        self.headCount = headCount
        self.values = values
    }

    /// The `(T, T)` pattern of a head.
    /// - Precondition: The layer was kept.
    public subscript(layer layer: Int, head head: Int) -> ArraySlice<Float> {
        guard let index = layers.firstIndex(of: layer) else {
            preconditionFailure("layer \(layer) of \(layers)")
        }
        precondition(0..<headCount ~= head, "head \(head) of \(headCount)")
        let size = tokens.count * tokens.count
        let start = (index * headCount + head) * size
        return values[start..<start + size]
    }
}

extension InspectableModel {
    /// What each head looks at from each token of a sequence (TransformerLens's
    /// `blocks.l.attn.hook_pattern`).
    ///
    /// The result takes `4 * layers * NH * T * T` bytes: 604 MB for all of GPT-2 124M's 1,024
    /// tokens, 38 MB for 256.
    /// - Parameters:
    ///   - tokens: 1 to ``LanguageModel/contextLength`` tokens.
    ///   - layers: The layers to keep; nil keeps all. Layers above them are not computed.
    /// - Returns: The patterns.
    /// - Throws: ``InterpretabilityError`` for tokens or layers that the model does not have, or
    ///   weights that are not finite; ``TensorError/outOfMemory(byteCount:)`` if the machine is too
    ///   small for the result; what the model's pass throws.
    package func attentionPatterns(
        of tokens: [Int32],
        layers: [Int]? = nil
    ) throws -> AttentionPatterns {
        try check(tokens)
        let layers = try checkedLayers(layers)
        let T = tokens.count
        // In floating point it cannot overflow.
        let bytes = 4 * Double(layers.count * headCount) * Double(T) * Double(T)
        guard bytes <= Double(Machine.memoryByteCount) else {
            throw TensorError.outOfMemory(byteCount: Int(min(bytes, 0x1p62)))
        }
        var values = [Float](repeating: 0, count: layers.count * headCount * T * T)
        let session = try makeHookedSession(sequenceCount: 1, tokenCapacity: T)
        try visitPatterns(of: tokens, layers: layers, in: session) { layer, past, pattern in
            let index = layers.firstIndex(of: layer) ?? 0
            for head in 0..<headCount {
                for row in 0..<pattern.shape[1] {
                    let start = ((index * headCount + head) * T + past + row) * T
                    var span = values.mutableSpan
                    ops.read(pattern[head][row], into: &span, at: start)
                    // One NaN in a row makes all of the row NaN.
                    guard values[start].isFinite else {
                        throw InterpretabilityError.notFinite("attention patterns")
                    }
                }
            }
        }
        return AttentionPatterns(
            tokens: tokens,
            layers: layers,
            headCount: headCount,
            values: values
        )
    }

    /// Calls `body` with the patterns of some layers, in the order of the pass.
    ///
    /// A long sequence is computed in pieces: its patterns come `(NH, n, past + n)` at a time, for
    /// the n tokens after `past` ones.
    /// - Parameters:
    ///   - tokens: Appended to the first, empty sequence of `session`.
    ///   - layers: At least one.
    ///   - session: Holds the tokens afterwards.
    ///   - body: What to call; the tensor belongs to the pass.
    /// - Throws: What the pass throws, or `body`.
    func visitPatterns(
        of tokens: [Int32],
        layers: [Int],
        in session: any HookedSession,
        _ body: (_ layer: Int, _ past: Int, _ pattern: Tensor) throws -> Void
    ) throws {
        // The hooks do not outlive this call.
        try withoutActuallyEscaping(body) { body in
            let hooks = PassHooks(
                Set(layers.map { .pattern(layer: $0) }),
                lastLayer: layers.max()
            ) { value in
                try body(value.point.layer, value.parts[0].past, value.tensor)
            }
            try session.append([SequencePart(sequence: 0, tokens: tokens)], hooks: hooks)
        }
    }
}

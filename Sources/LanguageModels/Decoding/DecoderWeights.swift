// The weights of a model as generation uses them: matrices in any type, everything else in float32.

import Tensors

/// The weights of a model that continues sequences.
struct DecoderWeights {
    /// A tensor for each weight.
    let tensors: TensorSource
    /// Bytes of the matrices that every token is multiplied by.
    let bytesPerToken: Int
    /// The files that weights are in.
    let files: [any Storage]

    /// Takes weights from their source, and converts matrices that are not in `precision`.
    /// - Parameters:
    ///   - weights: The source.
    ///   - precision: How matrices are stored; nil keeps each as it is. At ``ElementType/q8_0``,
    ///     the integers of llama2.c's version 2 are kept in matrices whose columns and groups are
    ///     multiples of 32, and rounded again in others. The embedding of a model with a classifier
    ///     of its own stays as in the file; but a float32 copy that is not the file's own pages is
    ///     rounded to bfloat16 at all types except ``ElementType/float32``.
    ///   - ops: What converts.
    /// - Throws: What reading `weights` throws, or ``TensorError/outOfMemory(byteCount:)``.
    init(_ weights: some ModelWeights, precision: ElementType?, ops: Ops) throws {
        let sizes = weights.configuration
        let factors = sizes.factorNames
        let arena = WeightArena()
        let keepsFloats = [nil, .float32].contains(precision)
        func take(_ weight: ModelWeight) throws -> Tensor {
            let stored = try weights.tensor(weight)
            switch weight.role {
            case .bias, .norm:
                return try ops.copy(stored, as: .float32)
            case .positions:
                // One row is read per token, so storing it in fewer bits gains nothing. But a view
                // of a model's weights would keep all of them in memory, where the others are
                // converted.
                return try keepsFloats
                    ? ops.convert(stored, to: .float32) : ops.copy(stored, as: .float32)
            case .embedding where !factors.contains(weight.name):
                // Here too one row is read per token. A float32 copy in memory should be small, but
                // not so small that the same weights give other logits from another kind of file.
                let staysAsItIs = stored.isMapped || stored.elementType != .float32
                return try staysAsItIs || keepsFloats
                    ? stored : ops.convert(stored, to: .bfloat16)
            case .embedding, .matrix:
                // Integers with their original scales are q8_0 except for the scales' width;
                // rounding them again would only lose precision.
                if stored.elementType == .q8_f32, precision == .q8_0 { return stored }
                return try precision.map { try ops.convert(stored, to: $0, in: arena) } ?? stored
            }
        }
        var taken: [ModelWeight: Tensor] = [:]
        // Layer by layer, as a pass reads them; a tied embedding comes first.
        let ordered = sizes.weightsLayerByLayer
        for weight in ordered { taken[weight] = try take(weight) }
        tensors = TensorSource(taken)
        bytesPerToken = taken.reduce(0) {
            $0 + (factors.contains($1.key.name) ? $1.value.byteCount : 0)
        }
        files = Tensor.files(of: ordered.compactMap { taken[$0] })
    }
}

// The weights of a Llama 2 as generation uses them: matrices in one type, norms in float32.

import Tensors

/// The weights of a Llama 2 that continues sequences.
struct Llama2DecoderWeights {
    /// The weights of one block.
    struct Layer {
        let attentionNorm: Tensor  // (C)
        let wq: Tensor  // (NH * HS, C)
        let wk: Tensor  // (NKV * HS, C)
        let wv: Tensor  // (NKV * HS, C)
        let wo: Tensor  // (C, NH * HS)
        let feedForwardNorm: Tensor  // (C)
        let w1: Tensor  // (H, C)
        let w2: Tensor  // (C, H)
        let w3: Tensor  // (H, C)

        var matrices: [Tensor] { [wq, wk, wv, wo, w1, w2, w3] }
    }

    let tokenEmbedding: Tensor  // (V, C)
    let layers: [Layer]
    let finalNorm: Tensor  // (C)
    let classifier: Tensor  // (V, C)

    /// Bytes of the matrices that every token is multiplied by.
    var bytesPerToken: Int {
        layers.reduce(classifier.byteCount) { $0 + $1.matrices.reduce(0) { $0 + $1.byteCount } }
    }

    /// The files that matrices are in.
    var files: [any Storage] {
        Tensor.files(of: [tokenEmbedding, classifier] + layers.flatMap(\.matrices))
    }

    /// Takes weights from their source, and converts those that are not in `precision`, if one is
    /// given.
    /// - Throws: What `source` throws, or `TensorError` when memory is short.
    init(
        _ source: some ModelWeights<Llama2Configuration>,
        precision: ElementType?,
        ops: Ops
    ) throws {
        let configuration = source.configuration
        // Allocated in the order in which they are read.
        let arena = WeightArena()
        func matrix(_ kind: Llama2Weight, _ layer: Int = 0) throws -> Tensor {
            let stored = try source.tensor(configuration.weight(kind, layer: layer))
            // Integers with their original scales are q8_0 except for the scales' width; rounding
            // them again would only lose precision.
            if stored.elementType == .q8_f32, precision == .q8_0 { return stored }
            return try precision.map { try ops.convert(stored, to: $0, in: arena) } ?? stored
        }
        func norm(_ kind: Llama2Weight, _ layer: Int = 0) throws -> Tensor {
            try ops.copy(source.tensor(configuration.weight(kind, layer: layer)), as: .float32)
        }
        layers = try (0..<configuration.layerCount).map { layer in
            Layer(
                attentionNorm: try norm(.attentionNorm, layer),
                wq: try matrix(.wq, layer),
                wk: try matrix(.wk, layer),
                wv: try matrix(.wv, layer),
                wo: try matrix(.wo, layer),
                feedForwardNorm: try norm(.feedForwardNorm, layer),
                w1: try matrix(.w1, layer),
                w2: try matrix(.w2, layer),
                w3: try matrix(.w3, layer)
            )
        }
        finalNorm = try norm(.finalNorm)
        if configuration.hasSeparateClassifier {
            classifier = try matrix(.classifier)
            // One row is read per token, so storing it in fewer bits than the file gains nothing. A
            // float32 copy in memory should be small, but not so small that the same weights give
            // other logits from another kind of file.
            let stored = try source.tensor(configuration.weight(.tokenEmbedding))
            let staysAsItIs = stored.isMapped || stored.elementType != .float32
            tokenEmbedding =
                staysAsItIs || [nil, .float32].contains(precision)
                ? stored : try ops.convert(stored, to: .bfloat16)
        } else {
            classifier = try matrix(.tokenEmbedding)
            tokenEmbedding = classifier
        }
    }
}

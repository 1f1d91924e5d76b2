// The weights of a GPT-2 as generation uses them: one tensor per layer, matrices in any type,
// everything else in float32.

import Tensors

/// The weights of a GPT-2 that continues sequences.
struct GPT2DecoderWeights {
    /// The weights of one block.
    struct Layer {
        let ln1w: Tensor  // (C)
        let ln1b: Tensor  // (C)
        let qkvw: Tensor  // (3C, C)
        let qkvb: Tensor  // (3C)
        let attprojw: Tensor  // (C, C)
        let attprojb: Tensor  // (C)
        let ln2w: Tensor  // (C)
        let ln2b: Tensor  // (C)
        let fcw: Tensor  // (4C, C)
        let fcb: Tensor  // (4C)
        let fcprojw: Tensor  // (C, 4C)
        let fcprojb: Tensor  // (C)

        var matrices: [Tensor] { [qkvw, attprojw, fcw, fcprojw] }
    }

    let wte: Tensor  // (V, C)
    let wpe: Tensor  // (maxT, C), float32
    let layers: [Layer]
    let lnfw: Tensor  // (C)
    let lnfb: Tensor  // (C)

    /// Bytes of the matrices that every token is multiplied by.
    var bytesPerToken: Int {
        layers.reduce(wte.byteCount) { $0 + $1.matrices.reduce(0) { $0 + $1.byteCount } }
    }

    /// The files that matrices are in.
    var files: [any Storage] {
        Tensor.files(of: [wte, wpe] + layers.flatMap(\.matrices))
    }

    /// Takes weights from their source, and converts those that are not in `precision`.
    /// - Parameters:
    ///   - weights: The source.
    ///   - precision: How matrices are stored; nil keeps each as it is.
    ///   - ops: What converts.
    /// - Throws: What reading `weights` throws, or ``TensorError/outOfMemory(byteCount:)``.
    init(
        _ weights: some ModelWeights<GPT2Configuration>,
        precision: ElementType?,
        ops: Ops
    ) throws {
        let configuration = weights.configuration
        // Matrices are allocated in the order in which they are read.
        let arena = WeightArena()
        func matrix(_ kind: GPT2Weight, _ layer: Int = 0) throws -> Tensor {
            let stored = try weights.tensor(configuration.weight(kind, layer: layer))
            return try precision.map { try ops.convert(stored, to: $0, in: arena) } ?? stored
        }
        func vector(_ kind: GPT2Weight, _ layer: Int = 0) throws -> Tensor {
            try ops.copy(weights.tensor(configuration.weight(kind, layer: layer)), as: .float32)
        }
        // One row is read per token, so storing it in fewer bits gains nothing. But a view of a
        // model's weights would keep all of them in memory, where the others are converted.
        let positions = try weights.tensor(configuration.weight(.wpe))
        wpe =
            try [nil, .float32].contains(precision)
            ? ops.convert(positions, to: .float32) : ops.copy(positions, as: .float32)
        layers = try (0..<configuration.layerCount).map { layer in
            Layer(
                ln1w: try vector(.ln1w, layer),
                ln1b: try vector(.ln1b, layer),
                qkvw: try matrix(.qkvw, layer),
                qkvb: try vector(.qkvb, layer),
                attprojw: try matrix(.attprojw, layer),
                attprojb: try vector(.attprojb, layer),
                ln2w: try vector(.ln2w, layer),
                ln2b: try vector(.ln2b, layer),
                fcw: try matrix(.fcw, layer),
                fcb: try vector(.fcb, layer),
                fcprojw: try matrix(.fcprojw, layer),
                fcprojb: try vector(.fcprojb, layer)
            )
        }
        lnfw = try vector(.lnfw)
        lnfb = try vector(.lnfb)
        wte = try matrix(.wte)
    }
}

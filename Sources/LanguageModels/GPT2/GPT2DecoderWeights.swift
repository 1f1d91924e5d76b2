// The weights of a GPT-2 as generation uses them: each layer's on their own, matrices in any type,
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

    /// Bytes of the matrices that every token is multiplied with.
    var bytesPerToken: Int {
        layers.reduce(wte.byteCount) { $0 + $1.matrices.reduce(0) { $0 + $1.byteCount } }
    }

    /// The files that matrices lie in.
    var files: [any Storage] {
        Tensor.files(of: [wte, wpe] + layers.flatMap(\.matrices))
    }

    /// Takes weights from where they are, and converts those that are not in `precision`.
    /// - Parameters:
    ///   - configuration: The model's sizes.
    ///   - precision: How matrices are stored.
    ///   - ops: What converts.
    ///   - stored: The tensor of a name, with all layers.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    init(
        _ configuration: GPT2Configuration,
        precision: ElementType,
        ops: Ops,
        stored: (_ name: String) -> Tensor
    ) throws {
        // Matrices are made in the order in which they are read.
        let arena = WeightArena()
        // A row is read a token: nothing is gained by storing it in fewer bits. But a view of a
        // model's weights would keep all of them in memory, where the others are converted.
        wpe =
            try precision == .float32
            ? ops.convert(stored("wpe"), to: .float32) : ops.copy(stored("wpe"), as: .float32)
        layers = try (0..<configuration.layerCount).map { layer in
            func matrix(_ name: String) throws -> Tensor {
                try ops.convert(stored(name)[layer], to: precision, in: arena)
            }
            func vector(_ name: String) throws -> Tensor {
                try ops.copy(stored(name)[layer], as: .float32)
            }
            return Layer(
                ln1w: try vector("ln1w"),
                ln1b: try vector("ln1b"),
                qkvw: try matrix("qkvw"),
                qkvb: try vector("qkvb"),
                attprojw: try matrix("attprojw"),
                attprojb: try vector("attprojb"),
                ln2w: try vector("ln2w"),
                ln2b: try vector("ln2b"),
                fcw: try matrix("fcw"),
                fcb: try vector("fcb"),
                fcprojw: try matrix("fcprojw"),
                fcprojb: try vector("fcprojb")
            )
        }
        lnfw = try ops.copy(stored("lnfw"), as: .float32)
        lnfb = try ops.copy(stored("lnfb"), as: .float32)
        let usedRows = 0..<configuration.vocabularySize
        wte = try ops.convert(stored("wte")[usedRows], to: precision, in: arena)
    }
}

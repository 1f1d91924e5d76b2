// The weights of a GPT-2 as generation uses them: each layer's on their own, matrices in any stored
// format, everything else in float32.

import Tensors

/// The weights of a GPT-2 that continues sequences.
struct GPT2DecoderWeights {
    /// The weights of one block.
    struct Layer {
        let ln1w: Tensor  // (C)
        let ln1b: Tensor  // (C)
        let qkvw: WeightMatrix  // (3C, C)
        let qkvb: Tensor  // (3C)
        let attprojw: WeightMatrix  // (C, C)
        let attprojb: Tensor  // (C)
        let ln2w: Tensor  // (C)
        let ln2b: Tensor  // (C)
        let fcw: WeightMatrix  // (4C, C)
        let fcb: Tensor  // (4C)
        let fcprojw: WeightMatrix  // (C, 4C)
        let fcprojb: Tensor  // (C)

        var matrices: [WeightMatrix] { [qkvw, attprojw, fcw, fcprojw] }
    }

    let wte: WeightMatrix  // (V, C)
    let wpe: WeightMatrix  // (maxT, C), float32
    let layers: [Layer]
    let lnfw: Tensor  // (C)
    let lnfb: Tensor  // (C)

    /// Bytes of the matrices that every token is multiplied with.
    var bytesPerToken: Int {
        layers.reduce(wte.byteCount) { $0 + $1.matrices.reduce(0) { $0 + $1.byteCount } }
    }

    /// The files that matrices lie in.
    var files: [any WeightStorage] {
        WeightMatrix.files(of: [wte, wpe] + layers.flatMap(\.matrices))
    }

    /// Takes weights from where they are, and converts those that are not in `format`.
    /// - Parameters:
    ///   - configuration: The model's sizes.
    ///   - format: How matrices are stored.
    ///   - ops: What converts.
    ///   - stored: The tensor of a name as a matrix whose columns are its last axis.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    init(
        _ configuration: GPT2Configuration,
        format: WeightFormat,
        ops: Ops,
        stored: (_ name: String) -> WeightMatrix
    ) throws {
        let (V, L) = (configuration.vocabularySize, configuration.layerCount)
        func rows(_ name: String, of layer: Int) -> WeightMatrix {
            let all = stored(name)
            let count = all.rows / L
            return all[layer * count..<(layer + 1) * count]
        }
        func row(_ matrix: WeightMatrix) throws -> Tensor {
            try ops.floats(matrix).reshaped([matrix.rows * matrix.columns])
        }
        // Matrices are made in the order in which they are read.
        let arena = WeightArena()
        // A row is read a token: nothing is gained by storing it in fewer bits. But a view of a
        // model's weights would keep all of them in memory, where the others are converted.
        wpe =
            try format == .float32
            ? ops.convert(stored("wpe"), to: .float32) : WeightMatrix(ops.floats(stored("wpe")))
        layers = try (0..<L).map { layer in
            func matrix(_ name: String) throws -> WeightMatrix {
                try ops.convert(rows(name, of: layer), to: format, in: arena)
            }
            func vector(_ name: String) throws -> Tensor { try row(rows(name, of: layer)) }
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
        lnfw = try row(stored("lnfw"))
        lnfb = try row(stored("lnfb"))
        wte = try ops.convert(stored("wte")[0..<V], to: format, in: arena)
    }
}

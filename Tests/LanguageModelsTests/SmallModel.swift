// A small model and damaged files, for the tests of this target.

import FileIO
import LanguageModels
import RandomNumbers
import Tensors

/// Sizes with a padded vocabulary and a head size that is not a vector: L2 NH3 C12 maxT16 V10.
func smallConfiguration() throws -> GPT2Configuration {
    try GPT2Configuration(
        contextLength: 16,
        vocabularySize: 10,
        layerCount: 2,
        headCount: 3,
        channels: 12
    )
}

/// A model of these sizes, or those of ``smallConfiguration()``, with random weights.
func smallModel(_ configuration: GPT2Configuration? = nil, seed: UInt64 = 5) throws -> GPT2 {
    var generator = MersenneTwister(seed: seed)
    return try GPT2(
        randomWeights: configuration ?? smallConfiguration(),
        using: &generator,
        ops: Ops(threadCount: 1)
    )
}

extension GPT2 {
    /// Memory for B sequences of T tokens.
    func workspace(
        _ B: Int,
        _ T: Int,
        threads: Int = 1,
        training: Recomputation? = Recomputation.none
    ) throws -> TrainingWorkspace {
        try TrainingWorkspace(
            self,
            batchSize: B,
            sequenceLength: T,
            training: training,
            ops: Ops(threadCount: threads)
        )
    }
}

/// Random tokens below `vocabularySize`.
func randomTokens(_ count: Int, vocabularySize: Int = 10, seed: UInt64 = 9) -> [Int32] {
    var generator = MersenneTwister(seed: seed)
    return (0..<count).map { _ in Int32(generator.next32() % UInt32(vocabularySize)) }
}

/// Sequences of random tokens for ``smallModel(_:seed:)``, and the model's results for them.
struct SmallBatch {
    let batchSize: Int
    let sequenceLength: Int
    let inputs: [Int32]
    let targets: [Int32]

    init(_ B: Int, _ T: Int) {
        batchSize = B
        sequenceLength = T
        inputs = randomTokens(B * T)
        targets = randomTokens(B * T, seed: 10)
    }

    /// Memory for the batch.
    func workspace(
        _ model: GPT2,
        threads: Int = 1,
        training: Recomputation? = Recomputation.none
    ) throws -> TrainingWorkspace {
        try model.workspace(batchSize, sequenceLength, threads: threads, training: training)
    }

    /// The result of `lossAndGradients` when its memory held other numbers before.
    func pass(
        _ model: GPT2,
        _ workspace: TrainingWorkspace,
        isCounted: [Bool]? = nil,
        dropout: Dropout? = nil,
        scale: Float = 1,
        accumulate: Bool = false
    ) throws -> (loss: Float, gradients: [Float]) {
        let gradients = try model.makeParameterSet()
        gradients.flat.withUnsafeMutableElements(as: Float.self) {
            $0.update(repeating: accumulate ? 0x1p-6 : .nan)
        }
        let loss = try model.lossAndGradients(
            inputs: inputs,
            targets: targets,
            isCounted: isCounted,
            dropout: dropout,
            workspace: workspace,
            gradients: gradients,
            scale: scale,
            accumulate: accumulate
        )
        return (loss, gradients.flat.floats())
    }
}

/// Writes a header of 256 int32, zero from where `fields` ends, and `bodyCount` zeros after it.
func writeFile(_ path: FilePath, fields: [Int32], bodyCount: Int = 0) throws {
    let file = try AtomicFile(path)
    try file.write(integers: fields + [Int32](repeating: 0, count: 256 - fields.count))
    try file.write([UInt8](repeating: 0, count: bodyCount))
    try file.commit()
}

/// Writes raw bytes.
func writeFile(_ path: FilePath, bytes: [UInt8]) throws {
    let file = try AtomicFile(path)
    try file.write(bytes)
    try file.commit()
}

/// A file of float32 tensors, filled with numbers that count up from 0 in each.
func safetensors(_ tensors: [(name: String, shape: [Int])]) -> [UInt8] {
    var (entries, data): ([String], [UInt8]) = ([], [])
    for (name, shape) in tensors {
        let start = data.count
        for i in 0..<shape.reduce(1, *) {
            data += withUnsafeBytes(of: Float(i).bitPattern.littleEndian) { Array($0) }
        }
        let offsets = "[\(start), \(data.count)]"
        entries.append(
            "\"\(name)\": {\"dtype\": \"F32\", \"shape\": \(shape), "
                + "\"data_offsets\": \(offsets)}"
        )
    }
    var header = "{\(entries.joined(separator: ", "))}"
    // Aligned, as by the format's own writer.
    while header.utf8.count % 8 != 0 { header += " " }
    return withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        + Array(header.utf8) + data
}

// What scripts/export_llama_training_fixtures.py and export_lora_training_fixtures.py record about
// training small models, and how tests read it. Fixtures/README.md explains the keys.

import FileIO
import TensorFiles

/// What `Training/training.json` holds, as far as the tests need it.
struct TrainingFixture: Decodable {
    struct Step: Decodable {
        let loss: Float
        let gradNorm: Float
    }

    /// Rows of T + 1 tokens of several documents each.
    struct Documents: Decodable {
        let tokens: [[Int32]]
        /// The tokens again, with -100 for those that do not count.
        let labels: [[Int32]]
        /// Where in the row a token's document begins.
        let starts: [[Int32]]
        let loss: Float

        /// The inputs, row after row.
        var inputs: [Int32] { tokens.flatMap { $0.dropLast() } }
        /// The targets.
        var targets: [Int32] { tokens.flatMap { $0.dropFirst() } }
        /// Which of the targets count.
        var isCounted: [Bool] { labels.flatMap { $0.dropFirst().map { $0 >= 0 } } }
        /// Where the documents of the inputs begin.
        var inputStarts: [Int32] { starts.flatMap { $0.dropLast() } }
    }

    /// The steps of training a model or an adapter.
    struct Run: Decodable {
        /// The model's path among the fixtures.
        let model: String
        let batchSize: Int
        let sequenceLength: Int
        let microBatchesPerStep: Int
        let optimizer: RecordedOptimizer
        let steps: [Step]
        /// The loss of the first micro-batch, for models.
        let loss: Float?
        /// For models.
        let documents: Documents?
    }

    struct Muon: Decodable {
        let learningRate: Float
        let weightDecay: Float
        let momentum: Float
        let nesterov: Bool
        let iterations: Int
        let epsilon: Float
        let steps: Int
    }

    let models: [String: Run]
    let adapters: [String: Run]
    let muon: [String: Muon]

    /// Reads the record.
    static func read() throws -> TrainingFixture {
        try recorded(at: path("training.json"))
    }

    /// A file or a directory next to the record.
    static func path(_ name: String) -> FilePath {
        fixture("Training/\(name)")
    }

    /// All tensors of a file next to the record, by name.
    static func tensors(_ name: String) throws -> [String: [Float]] {
        let archive = try TensorArchive(contentsOf: path(name))
        return try Dictionary(
            uniqueKeysWithValues: archive.tensors.map { ($0.name, try $0.floats().floats()) }
        )
    }

    /// The values that `NAME_final.safetensors` has for a tensor.
    static func samples(of values: [Float]) -> [Float] {
        stride(from: 0, to: values.count, by: max(1, values.count / 64)).map { values[$0] }
    }
}

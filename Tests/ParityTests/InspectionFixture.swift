// What scripts/export_inspection_fixtures.py records about the inside of a model, and the model
// itself. Fixtures/README.md explains the keys.

import Inference
import LanguageModels
import Tensors
import TestSupport

/// What `Inspection/NAME.json` holds.
struct InspectionFixture: Decodable {
    struct Likely: Decodable {
        let token: Int32
        let probability: Float
    }

    struct Position: Decodable {
        let top: [Likely]
        let entropy: Float
        let kl: Float
    }

    struct Ablation: Decodable {
        let loss: Double
        let heads: [[Double]]
        let mlps: [Double]
    }

    struct HeadScores: Decodable {
        let previousToken: [[Float]]
        let firstToken: [[Float]]
        let distance: [[Float]]
        let entropy: [[Float]]
    }

    struct Place: Decodable {
        let activation: Float
        let sequence: Int
        let position: Int
    }

    struct Excitations: Decodable {
        let layer: Int
        let neuron: Int
        let top: [Place]
    }

    struct LongText: Decodable {
        let tokens: [Int32]
        let losses: [Float]
        let headScores: HeadScores
    }

    let tokens: [Int32]
    let patterns: [[[[Float]]]]
    let residuals: [[Float]]
    let lens: [[Position]]
    let losses: [Float]
    let next: [Likely]
    let sequences: [[Int32]]
    let ablation: Ablation
    let headScores: HeadScores
    let excitations: [Excitations]
    let longText: LongText?

    /// The models, by the names of their fixtures; the last needs real data.
    static let names = ["odd", "gpt2", "grouped", "tied", "linear"]
    static let trained = "tiny-gpt2"

    /// Reads the record of a model.
    static func read(_ name: String) throws -> InspectionFixture {
        try recorded(at: fixture("Inspection/\(name).json"))
    }

    /// Opens the model of a record.
    static func model(
        _ name: String,
        precision: ElementType = .float32,
        ops: Ops
    ) throws -> any InspectableModel {
        let path =
            switch name {
            case "odd": fixture("odd_model.bin")
            case "gpt2": fixture("GPT2/plain")
            case trained: try TestData.path("tiny-gpt2")
            default: fixture("Llama/\(name)")
            }
        return try openWeights(at: path).makeModel(precision: precision, ops: ops)
    }
}

// What other programs computed, as the files of the Fixtures folder record it, and how far from it
// our results are. Fixtures/README.md explains the files.

import FileIO
import Foundation
import Inference
import Testing
import Training

/// Files in this target's Fixtures folder.
func fixture(_ name: String) -> FilePath {
    FilePath(Bundle.module.resourcePath ?? ".").appending("Fixtures").appending(name)
}

/// Reads a record in JSON, whose names have underscores.
func recorded<Record: Decodable>(_ json: some Collection<UInt8>) throws -> Record {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Record.self, from: Data(json))
}

/// Reads the record in a file.
func recorded<Record: Decodable>(at path: FilePath) throws -> Record {
    try recorded(MappedFile(path).contents())
}

/// The largest absolute difference, and the difference's norm relative to the expected norm.
func compare(_ found: [Float], _ expected: [Float]) -> (largest: Float, relative: Double) {
    precondition(found.count == expected.count)
    var largest: Float = 0
    var difference = 0.0
    var norm = 0.0
    for (a, b) in zip(found, expected) {
        let d = a - b
        // Infinite if one is NaN, which later comparisons would ignore.
        if !(abs(d) <= largest) { largest = d.isNaN ? .infinity : abs(d) }
        difference += Double(d) * Double(d)
        norm += Double(b) * Double(b)
    }
    return (largest, difference.squareRoot() / max(norm.squareRoot(), 1e-30))
}

/// The logits of a model after each token of a text.
struct RecordedLogits: Decodable {
    let tokens: [Int32]
    let logits: [[Float]]
    /// The base model, for an adapter: its path among the fixtures.
    let model: String?

    /// Reads what the file called `file` has for `name`.
    static func read(_ file: String, _ name: String) throws -> RecordedLogits {
        let all: [String: RecordedLogits] = try recorded(at: fixture(file))
        return try #require(all[name])
    }

    /// The largest difference from the logits of a model that is fed the tokens one by one.
    func largestDifference(_ model: some LanguageModel) throws -> Float {
        let session = try model.makeSession()
        return try zip(tokens, logits).reduce(0) { worst, position in
            let found = try session.logits(appending: [position.0])
            try #require(found.count == position.1.count)
            return max(worst, compare(found, position.1).largest)
        }
    }
}

/// The settings of AdamW.
struct RecordedOptimizer: Decodable {
    /// Unless the record has one for each step.
    let learningRate: Float?
    let beta1: Float
    let beta2: Float
    let epsilon: Float
    let weightDecay: Float
    let gradClip: Float

    /// The same settings for a trainer.
    func apply(to settings: inout OptimizerSettings) {
        settings.beta1 = beta1
        settings.beta2 = beta2
        settings.epsilon = epsilon
        settings.weightDecay = weightDecay
        settings.gradientClip = gradClip
    }
}

/// Makes as many steps as were recorded, and prints and returns the largest differences of their
/// losses and gradient norms.
func makeSteps(
    _ trainer: Trainer,
    losses: [Float],
    norms: [Float],
    _ name: String
) throws -> (steps: [TrainingStep], losses: Float, norms: Float) {
    let steps = try losses.map { _ in try trainer.step() }
    let losses = compare(steps.map(\.loss), losses).largest
    let norms = compare(steps.map(\.gradientNorm), norms).largest
    print(
        "\(name), \(steps.count) steps: largest difference of the losses \(losses), of the norms",
        norms
    )
    return (steps, losses, norms)
}

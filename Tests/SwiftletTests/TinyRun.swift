import Foundation
import Swiftlet

/// A run on a few lines of text that follow one pattern, small enough to be made in a moment.
func tinyRun(
    in directory: FilePath,
    steps: Int = 4
) async throws -> TextTraining {
    let text = directory.appending("lines.txt")
    let names = ["Ada", "Ben", "Cleo"]
    let lines = (0..<300).map { "One day \(names[$0 % 3]) met a swiftlet.\n" }
    try Data(lines.joined().utf8).write(to: URL(filePath: text.string))
    let tokenizer = try await TextTokenizer.train(on: [text], vocabularySize: 270)
    try tokenizer.save(in: directory.appending("tokenizer"))
    return TextTraining(
        of: .size("layers=2,heads=2,channels=32,context=32"),
        on: .text(text),
        tokenizer: directory.appending("tokenizer"),
        settings: TrainingSettings(steps: steps, sequenceLength: 16, learningRate: 1e-2),
        in: directory.appending("run")
    )
}

/// The losses of a run's steps, in order.
func losses(of training: TextTraining) async throws -> [Float] {
    var losses: [Float] = []
    for try await event in training.events() {
        if case .step(let step) = event { losses.append(step.loss) }
    }
    return losses
}

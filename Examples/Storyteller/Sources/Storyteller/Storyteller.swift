// Trains a tiny model on a text, or on a few lines of its own, and tells a story with it.
// Usage: Storyteller [TEXT [STEPS]]

import Foundation
import Swiftlet

@main struct Storyteller {
    static func main() async {
        do {
            try await trainAndTell()
        } catch {
            // Every error of the library is one sentence for whoever runs the program.
            FileHandle.standardError.write(Data("Storyteller: \(error)\n".utf8))
            exit(1)
        }
    }

    static func trainAndTell() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "storyteller-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }

        let text = try arguments.first.map { FilePath($0) } ?? writeLines(in: folder)
        let steps = arguments.dropFirst().first.flatMap { Int($0) } ?? 200
        let model = try await train(on: text, steps: steps, in: folder)
        try await tellStory(with: model)
    }

    /// A few lines that follow one pattern, which a tiny model learns in no time.
    static func writeLines(in folder: URL) throws -> FilePath {
        let names = ["Ada", "Ben", "Cleo", "Dan"]
        let animals = ["a swiftlet", "an old fox", "a small frog"]
        let lines = (0..<400).map { index in
            "One day \(names[index % 4]) met \(animals[index % 3]), and they became friends.\n"
        }
        let url = folder.appending(path: "lines.txt")
        try Data(lines.joined().utf8).write(to: url)
        return FilePath(url.path(percentEncoded: false))
    }

    /// Learns tokens and a model from a text, and opens what the run left.
    static func train(on text: FilePath, steps: Int, in folder: URL) async throws -> TextModel {
        func path(_ name: String) -> FilePath {
            FilePath(folder.appending(path: name).path(percentEncoded: false))
        }

        let tokenizer = try await TextTokenizer.train(on: [text], vocabularySize: 300)
        try tokenizer.save(in: path("tokenizer"))

        let training = TextTraining(
            of: .size("layers=2,heads=2,channels=64,context=64"),
            on: .text(text),
            tokenizer: path("tokenizer"),
            settings: TrainingSettings(steps: steps, sequenceLength: 64, learningRate: 3e-3),
            in: path("run")
        )
        for try await event in training.events() {
            switch event {
            case .step(let step) where step.step % 20 == 0:
                print("step \(step.step): loss \(step.loss)")
            case .checkpoint(let step, _):
                print("checkpoint of step \(step)")
            default:
                break
            }
        }
        return try await TextModel(path("run"))
    }

    /// Streams a text, piece by piece, as it is generated.
    static func tellStory(with model: TextModel) async throws {
        print("a \(model.sizes.family) of \(model.sizes.parameterCount) parameters says:")
        let options = TextGenerationOptions(maxTokens: 60, stopStrings: ["\n"])
        for try await piece in model.stream(prompt: "One day", options: options, seed: 1) {
            print(piece, terminator: "")
        }
        print()
    }
}

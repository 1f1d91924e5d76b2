// Randomly damaged model files: an error or weights, but never a crash, a hang or a lot of memory.

import FileIO
import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

@Suite struct ModelMutationTests {
    /// Opens damaged copies of a model's file, which `write` creates, and reads all weights.
    private static func run(count: Int = 1000, _ write: (FilePath, Ops) throws -> Void) throws {
        let ops = try Ops(instructionSet: .reference, threadCount: 1)
        try withTemporaryDirectory { directory in
            let original = directory.appending("original")
            try write(original, ops)
            let bytes = try MappedFile(original).contents()
            // Most of a file is weights; the damage should reach the counts and sizes.
            for part in [bytes.count, min(bytes.count, 2048)] {
                let path = directory.appending("model")
                let (head, rest) = (Array(bytes[..<part]), bytes[part...])
                try Mutations.run(head, tail: Array(rest), count: count, at: path) {
                    guard let weights = try? openWeights(at: path) else { return }
                    read(weights)
                }
            }
        }
    }

    private static func read(_ weights: some ModelWeights) {
        for weight in weights.configuration.weights { _ = try? weights.tensor(weight) }
    }

    @Test(.timeLimit(.minutes(1))) func llmcFilesAreReadOrRefused() async {
        await #expect(processExitsWith: .success) {
            for type in [ElementType.float32, .bfloat16] {
                try Self.run { path, _ in
                    try smallModel().writeLLMCCheckpoint(to: path, elementType: type)
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func llama2CFilesAreReadOrRefused() async {
        await #expect(processExitsWith: .success) {
            for version in [Llama2CFile.Version.legacy, .float32, .int8] {
                try Self.run(count: 700) { path, ops in
                    try randomLlama(smallLlama()).writeLlama2C(to: path, version: version, ops: ops)
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func ggufFilesAreReadOrRefused() async {
        await #expect(processExitsWith: .success) {
            try Self.run { path, ops in
                try smallModel()
                    .writeGGUF(to: AtomicFile(path), storing: .q8_0, name: "small", ops: ops)
            }
            try Self.run { path, ops in
                try randomLlama(smallLlama())
                    .writeGGUF(to: AtomicFile(path), storing: .q4_1, name: "small", ops: ops)
            }
        }
    }
}

// How programs that use the library see its errors.

import Foundation
import Swiftlet
import Testing

@Suite struct LocalizedErrorTests {
    private static let errors: [any Error & CustomStringConvertible] = [
        FileIOError.missing(path: "a"),
        InferenceError.nothingToDraw,
        InterpretabilityError.noDirection(token: 1),
        ModelError.sequenceTooLong(length: 2, maximum: 1),
        PreparationError.repeatedStandardInput,
        TensorError.invalidThreadCount(found: 0),
        TensorFileError.missingTensor(path: "a", name: "b"),
        TextGenerationError.emptyStopString,
        TokenDataError.empty(path: "a"),
        TextTokenizerError.vocabularyTooSmall(requested: 1),
        TrainingError.invalidJSON(path: "a", reason: "b"),
        UnexpectedFileError(path: "a", expected: [.text], found: .directory),
    ]

    @Test func aLocalizedDescriptionIsTheSentence() {
        for error in Self.errors { #expect(error.localizedDescription == error.description) }
    }

    @Test func everyPublicErrorHasOne() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources")
        let list = try String(
            contentsOf: sources.appendingPathComponent("Swiftlet/LocalizedErrors.swift"),
            encoding: .utf8
        )
        let declaration = /public (?:enum|struct|final class) (\w+)[^\n{]*: [^\n{]*\bError\b/
        var found = 0
        let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
        for case let file as URL in try #require(files) where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: declaration) {
                found += 1
                let name = String(match.1)
                #expect(list.contains("extension \(name): LocalizedError"), "\(name)")
            }
        }
        #expect(found >= 13)
    }
}

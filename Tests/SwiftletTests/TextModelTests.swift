import Foundation
import Swiftlet
import TestSupport
import Testing

/// Gives a model that a tiny run left.
private func withTinyModel(
    _ body: (_ model: TextModel, _ path: FilePath, _ directory: FilePath) async throws -> Void
) async throws {
    try await withTemporaryDirectory { directory in
        let training = try await tinyRun(in: directory)
        try await training.run()
        let path = training.directory
        try await body(TextModel(path), path, directory)
    }
}

private let options = TextGenerationOptions(maxTokens: 12, sampling: .greedy)

@Suite struct TextModelTests {
    @Test func aStreamIsTheWholeTextPieceByPiece() async throws {
        try await withTinyModel { model, _, _ in
            let whole = try await model.text(prompt: "One", options: options)
            let pieces = model.stream(prompt: "One", options: options)
            #expect(try await pieces.reduce("", +) == whole.text)
            #expect(whole.tokens.count == 12)
            #expect(whole.stopReason == .length)
        }
    }

    @Test func aModelTakesNoMorePromptThanItsContext() async throws {
        try await withTinyModel { model, _, _ in
            let prompt = String(repeating: "One day ", count: 30)
            await #expect(throws: InferenceError.self) {
                try await model.text(prompt: prompt, options: options)
            }
        }
    }

    @Test func aConversationKeepsWhatWasSaid() async throws {
        try await withTinyModel { model, _, _ in
            let options = TextGenerationOptions(maxTokens: 4, sampling: .greedy)
            let chat = try await model.chat(options: options)
            let reply = try await chat.respond(to: "Hi")
            #expect(reply.tokens.count <= 4)
            let messages = try await chat.messages
            #expect(messages.map(\.role) == [.user, .assistant])
            #expect(messages.last?.content == reply.content)

            try await chat.restart(with: [])
            let pieces = try await chat.streamResponse(to: "Hi")
            #expect(try await pieces.reduce("", +) == reply.content)
            #expect(try await pieces.response.tokens == reply.tokens)
        }
    }

    @Test func hooksThatWriteChangeThePassAndHooksThatReadDoNot() async throws {
        try await withTinyModel { model, _, _ in
            let tokens = try model.tokenizer.promptTokens(of: "One day Ada")
            let plain = try await model.losses(of: tokens)
            #expect(plain.count == tokens.count - 1)
            let read = try await model.losses(of: tokens, at: [.mlpPost(layer: 0)]) { value in
                #expect(value.shape.last == 128)
                value.write(value.floats())
            }
            #expect(read == plain)
            let changed = try await model.losses(of: tokens, at: [.mlpPost(layer: 0)]) { value in
                value.write(value.floats().map { _ in 1 })
            }
            #expect(changed != plain)
        }
    }

    @Test func attentionAddsUpToOne() async throws {
        try await withTinyModel { model, _, _ in
            let tokens = try model.tokenizer.promptTokens(of: "One day")
            let patterns = try await model.attentionPatterns(of: tokens)
            let last = patterns[layer: 1, head: 1].suffix(tokens.count)
            #expect(abs(last.reduce(0, +) - 1) < 1e-5)
        }
    }

    @Test func aConvertedModelGeneratesTheSameText() async throws {
        try await withTinyModel { model, path, directory in
            let output = directory.appending("converted")
            try await TextModel.convert(path, to: .safetensors, at: output)
            let converted = try await TextModel(output)
            #expect(converted.sizes == model.sizes)
            let text = try await model.text(prompt: "One", options: options)
            #expect(try await converted.text(prompt: "One", options: options) == text)
        }
    }

    @Test func theLossOfATextIsThatOfItsTokens() async throws {
        try await withTinyModel { model, _, directory in
            let path = directory.appending("held-out.txt")
            let text = "One day Ada met"
            try Data(text.utf8).write(to: URL(filePath: path.string))
            let measured = try await model.loss(ofText: path, sequenceLength: 32)
            let start = try #require(model.tokenizer.startOfText)
            let losses = try await model.losses(
                of: [start] + model.tokenizer.encode(text)
            )
            #expect(measured.tokenCount == losses.count)
            #expect(abs(measured.totalLoss - Double(losses.reduce(0, +))) < 1e-3)
        }
    }

    @Test func filesThatAreNotModelsAreNamedForWhatTheyAre() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending("empty")
            try Data().write(to: URL(filePath: path.string))
            let error = await #expect(throws: UnexpectedFileError.self) {
                try await TextModel(path)
            }
            #expect(error?.found == .empty)
        }
    }

    @Test func aModelOfAnUnknownChatFormTalksInTheFormItIsGiven() async throws {
        try await withTinyModel { _, path, directory in
            let output = directory.appending("chat")
            try await TextModel.convert(path, to: .safetensors, at: output)
            try Data("{{ another form }}".utf8)
                .write(to: URL(filePath: output.appending("chat_template.jinja").string))
            let model = try await TextModel(output)
            #expect(model.chatForm == nil)
            await #expect(throws: OpeningError.unknownChatTemplate(model: output)) {
                try await model.chat()
            }
            let chat = try await model.chat(form: .plain, options: options)
            _ = try await chat.respond(to: "Hi")
            #expect(try await chat.messages.map(\.role) == [.user, .assistant])
        }
    }

    @Test func precisionsOfNoWeightAreRefused() async throws {
        try await withTinyModel { _, path, directory in
            await #expect(throws: InferenceError.self) {
                try await TextModel(path, precision: .int32)
            }
            await #expect(throws: InferenceError.self) {
                try await TextModel(path, cachePrecision: .q8_0)
            }
            await #expect(throws: InferenceError.self) {
                try await TextModel.convert(
                    path,
                    to: .gguf,
                    at: directory.appending("model.gguf"),
                    precision: .int32
                )
            }
        }
    }

    @Test func hooksOfLayersThatDoNotExistAreRefused() async throws {
        try await withTinyModel { model, _, _ in
            await #expect(throws: InterpretabilityError.layerOutOfRange(layer: 2, count: 2)) {
                try await model.losses(of: [1, 2, 3], at: [.mlpPost(layer: 2)])
            }
        }
    }
}

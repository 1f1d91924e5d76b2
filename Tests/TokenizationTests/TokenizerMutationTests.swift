// Files of tokenizers with chance damage: an error or a tokenizer, and never a crash, a hang or a
// lot of memory.

import FileIO
import TestSupport
import Testing

@testable import Tokenization

@Suite struct TokenizerMutationTests {
    /// Opens damaged copies of one file of a directory, and uses what was opened.
    private static func run(
        _ name: String,
        count: Int = 1500,
        _ write: (_ directory: FilePath) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            try write(directory)
            let path = directory.appending(name)
            try Mutations.run(MappedFile(path).contents(), count: count, at: path) {
                guard let tokenizer = try? loadTokenizer(at: path) else { return }
                let ids = try? tokenizer.encode("the other theory: 1 123 hello\u{E9}<|endoftext|>")
                _ = try? tokenizer.decode(ids ?? [0, 1, 2])
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func llmcFilesAreReadOrRefused() async {
        await #expect(processExitsWith: .success) {
            try Self.run("tokenizer.bin") {
                try SmallTokenizer.standard.writeLLMCFile(to: $0.appending("tokenizer.bin"))
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func vocabulariesAndMergesAreReadOrRefused() async {
        await #expect(processExitsWith: .success) {
            for name in ["vocab.json", "merges.txt"] {
                try Self.run(name, count: 600) {
                    try SmallTokenizer.standard.write(
                        vocabularyFile: $0.appending("vocab.json"),
                        mergesFile: $0.appending("merges.txt")
                    )
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func sentencePiecesAreReadOrRefused() async {
        await #expect(processExitsWith: .success) {
            try Self.run("tokenizer.model") {
                try writeQuickly(
                    SmallSentencePieces.modelFile(),
                    to: $0.appending("tokenizer.model")
                )
            }
            try Self.run("tokenizer.bin") {
                try writeQuickly(
                    SmallSentencePieces.llama2CFile(),
                    to: $0.appending("tokenizer.bin")
                )
            }
        }
    }

    /// A tokenizer.json with every part that one can have.
    private static let json = """
        {"version": "1.0", "added_tokens": [{"id": 8, "content": "<|endoftext|>", "special": true,
        "single_word": false, "lstrip": true, "rstrip": false, "normalized": false}],
        "normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": true}, {"type": "ByteLevel",
        "add_prefix_space": false, "use_regex": true}]}, "post_processor": {"type": "ByteLevel"},
        "decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "byte_fallback": false,
        "ignore_merges": true, "vocab": {"t": 0, "h": 1, "e": 2, "th": 3, "the": 4, "o": 5,
        "r": 6, "\u{120}": 7}, "merges": ["t h", ["th", "e"]]}}
        """

    @Test func theJSONThatIsDamagedIsATokenizer() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("tokenizer.json")
            try writeQuickly(Array(Self.json.utf8), to: path)
            #expect(try loadTokenizer(at: path).encode("the other") == [4, 7, 5, 4, 6])
        }
    }

    @Test(.timeLimit(.minutes(1))) func tokenizerJSONIsReadOrRefused() async {
        await #expect(processExitsWith: .success) {
            try Self.run("tokenizer.json", count: 1200) {
                try writeQuickly(Array(Self.json.utf8), to: $0.appending("tokenizer.json"))
            }
        }
    }
}

import FileIO
import TestSupport
import Testing
import Tokenization
import Training

@Suite struct RunTokenizerTests {
    /// A tokenizer of SentencePiece's kind, with the markers, the bytes and one more piece.
    private func pieces(_ last: String, merging: Bool = true) throws -> any Tokenizer {
        let bytes = (0..<256).map { byte in
            "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
        }
        let names = ["<unk>", "<s>", "</s>"] + bytes + ["\u{2581}", "a", "b", last]
        var description = TokenizerDescription(
            .sentencePiece,
            tokens: TokenTexts(names.map { Array($0.utf8) }),
            splitting: .none
        )
        description.types = names.indices.map { id in
            switch id {
            case 0: .unknown
            case 1, 2: .control
            case 3..<259: .byte
            default: .normal
            }
        }
        description.merges = [TokenMerge(left: 260, right: 261, merged: 262)]
        description.startOfText = 1
        description.endsOfText = [2]
        description.unknown = 0
        description.spacePrefix = .always
        return try description.makeTokenizer(from: "pieces")
    }

    private func names(in run: RunDirectory) throws -> [String] {
        try FileSystem.names(in: run.path).map(\.string)
    }

    @Test func anyKindIsKeptAndFoundAgain() throws {
        try withTemporaryDirectory { path in
            let run = RunDirectory(path)
            #expect(run.savedTokenizer == nil)
            let tokenizer = try pieces("ab")
            try run.replaceTokenizer(with: tokenizer)
            #expect(try names(in: run) == ["tokenizer.json", "tokenizer_config.json"])
            let copy = try #require(run.savedTokenizer)
            #expect(try loadTokenizer(at: copy).encode("ab a") == tokenizer.encode("ab a"))
            try run.requireSameTokenizer(tokenizer)

            // llama2.c's file of the same, which has the same name as llm.c's.
            try withTemporaryDirectory { elsewhere in
                let file = elsewhere.appending("llama")
                try tokenizer.nativeFile(at: file, overwrite: true).commit()
                let opened = try loadTokenizer(at: file)
                try run.requireSameTokenizer(opened)
                try run.replaceTokenizer(with: opened, from: file)
                #expect(try names(in: run) == ["tokenizer.bin"])
                #expect(
                    try MappedFile(run.tokenizerPath).contents() == MappedFile(file).contents()
                )
            }
            try run.requireSameTokenizer(tokenizer)
            try run.replaceTokenizer(with: nil)
            #expect(try names(in: run).isEmpty)
        }
    }

    @Test func anotherTokenizerIsADifference() throws {
        try withTemporaryDirectory { path in
            let run = RunDirectory(path)
            let tokenizer = try pieces("ab")
            try run.replaceTokenizer(with: tokenizer)
            var trainer = try BytePairTrainer(vocabularySize: 263)
            trainer.add("the cat and the dog and the end of the cat")
            let bytes = try trainer.train()
            let sentence = "the tokenizer holds different tokens now"
            #expect(
                throws: TrainingError.runDiffers(path: path, differences: [sentence])
            ) { try run.requireSameTokenizer(bytes) }
        }
    }

    @Test func theChatTemplateIsKeptNextToIt() throws {
        try withTemporaryDirectory { path in
            let run = RunDirectory(path)
            var trainer = try BytePairTrainer(vocabularySize: 260)
            trainer.add("the cat and the dog and the end of the cat")
            let tokenizer = try trainer.train()
            try run.replaceTokenizer(with: tokenizer, chatTemplate: "{{ messages }}")
            #expect(try names(in: run) == ["chat_template.jinja", "tokenizer.bin"])
            try run.replaceTokenizer(with: tokenizer)
            #expect(try names(in: run) == ["tokenizer.bin"])
        }
    }
}

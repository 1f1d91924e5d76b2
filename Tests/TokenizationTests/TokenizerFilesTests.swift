import FileIO
import TestSupport
import Testing

@testable import Tokenization

@Suite struct TokenizerFilesTests {
    private func write(_ text: String, _ name: String, in directory: FilePath) throws {
        let file = try AtomicFile(directory.appending(name))
        try file.write(Array(text.utf8))
        try file.commit()
    }

    /// The sentence of the error that opening `name` gives, in a directory holding `files`.
    private func error(
        opening name: String,
        of files: [String: String]
    ) throws -> String {
        try withTemporaryDirectory { directory in
            for (name, text) in files { try write(text, name, in: directory) }
            do {
                _ = try BytePairTokenizer(contentsOf: directory.appending(name))
                return "no error"
            } catch {
                return "\(error)"
            }
        }
    }

    @Test(arguments: ["", "encoder.json", "vocab.bpe"])
    func pairOfFilesIsFoundByEitherOrTheirDirectory(name: String) throws {
        try withTemporaryDirectory { directory in
            let tokenizer = SmallTokenizer.standard
            try tokenizer.write(
                vocabularyFile: directory.appending("encoder.json"),
                mergesFile: directory.appending("vocab.bpe")
            )
            let path = name.isEmpty ? directory : directory.appending(name)
            let read = try BytePairTokenizer(contentsOf: path)
            #expect(read.vocabulary == tokenizer.vocabulary)
            #expect(read.merges == tokenizer.merges)
        }
    }

    @Test func savedTokenizerIsOpenedFromItsDirectory() throws {
        try withTemporaryDirectory { directory in
            let tokenizer = SmallTokenizer.standard
            try tokenizer.save(in: directory)
            try #expect(FileSystem.names(in: directory) == ["tokenizer.bin"])
            for path in [directory, directory.appending("tokenizer.bin")] {
                let read = try BytePairTokenizer(contentsOf: path)
                #expect(read.vocabulary == tokenizer.vocabulary)
                #expect(read.merges == tokenizer.merges)
            }
            #expect(throws: FileIOError.self) {
                try tokenizer.save(in: directory, overwrite: false)
            }
        }
    }

    @Test func mergesOutOfTheOrderOfTheirIdsAreNotWrittenForLLMC() throws {
        try withTemporaryDirectory { directory in
            // The same tokens, but "he" (257) merges before "th" (256).
            let tokens = ByteAlphabet.order.map { [$0] } + [Array("th".utf8), Array("he".utf8)]
            let vocabulary = Vocabulary(
                tokens: tokens + [Array("<|endoftext|>".utf8)],
                endOfText: 258
            )
            var table = MergeTable(byteTokens: SmallTokenizer.standard.merges.byteTokens)
            let (t, h, e) = (TokenID(0x74 - 0x21), TokenID(0x68 - 0x21), TokenID(0x65 - 0x21))
            _ = table.append(.init(left: h, right: e, merged: 257))
            _ = table.append(.init(left: t, right: h, merged: 256))
            let tokenizer = BytePairTokenizer(vocabulary: vocabulary, merges: table)
            let path = directory.appending("tokenizer.bin")
            let error = #expect(throws: TextTokenizerError.self) {
                try tokenizer.writeLLMCFile(to: path)
            }
            #expect(error?.description.contains("not in the order of their token ids") == true)
            #expect(!FileSystem.exists(path))
            // A run's directory then holds the pair, and encodes as before.
            try tokenizer.save(in: directory)
            try #expect(FileSystem.names(in: directory) == ["merges.txt", "vocab.json"])
            let read = try BytePairTokenizer(contentsOf: directory)
            try #expect(read.encode("the") == [t, 257])
        }
    }

    @Test func vocabularyMayBeEscapedInEveryWayJSONAllows() throws {
        try withTemporaryDirectory { directory in
            var entries = ByteAlphabet.order.enumerated().map { id, byte in
                // All characters as \uXXXX, which is how OpenAI's file writes most of them.
                let hex = String(ByteAlphabet.scalars[Int(byte)], radix: 16)
                return "\"\\u\(String(repeating: "0", count: 4 - hex.count))\(hex)\" : \(id)"
            }
            entries += ["\"\\\"\\\\\\/\":256", "\"\\ud83d\\ude00 \\t\":257"]
            entries.append("\"<|endoftext|>\":258")
            // Half of a pair, as Python writes a text that was cut within a character.
            entries.append("\"<\\ud83d>\":259")
            let json = "\u{FEFF}\r\n{\n" + entries.joined(separator: " ,\t") + "} \n"
            try write(json, "v", in: directory)
            try write("#version: 0.2\r\nĠ t\r\n", "m", in: directory)
            // The merge's result is missing, which the vocabulary's own reader does not mind.
            let vocabulary = try VocabularyJSON.read(MappedFile(directory.appending("v")))
            #expect(vocabulary.bytes(of: 0) == [0x21])
            #expect(vocabulary.bytes(of: 256) == Array("\"\\/".utf8))
            #expect(vocabulary.bytes(of: 257) == Array("😀 \t".utf8))
            #expect(vocabulary.bytes(of: 259) == Array("<\u{FFFD}>".utf8))
            #expect(vocabulary.endOfText == 258)
        }
    }

    @Test(arguments: [
        ("", "should be '{', but is the end of the file"),
        ("[1]", "the content at byte 0 should be '{', but is '['"),
        ("{\"a\": 0", "should be '}', but is the end of the file"),
        ("{\"a\": 0} x", "should be the end of the file, but is 'x'"),
        ("{\"a\": 0,}", "should be '\"', but is '}'"),
        ("{\"a\" 0}", "should be ':'"),
        ("{\"a\": \"0\"}", "should be a token id, as in vocab.json, but is '\"'"),
        ("{\"a\": -1}", "should be a token id, as in vocab.json, but is '-'"),
        ("{\"a\": 1.5}", "should be '}', but is '.'"),
        ("{\"a\": 99999999999999999999}", "a token id of 32 bits"),
        ("{\"\": 0}", "a token of one character or more"),
        ("{\"a", "should be '\"', but is the end of the file"),
        ("{\"a\n\": 0}", "should be text in UTF-8, but is byte 10"),
        ("{\"\\x\": 0}", "should be an escape such as \\n or \\u0041, but is 'x'"),
        ("{\"\\u12g4\": 0}", "four hexadecimal digits"),
        ("{\"\\ud83d\\u00\": 0}", "four hexadecimal digits"),
        ("{\"a\": 0, \"b\": 0}", "the id of token 2 of 2 should be unique and below 2"),
        ("{\"a\": 0, \"b\": 2}", "the id of token 2 of 2"),
        ("{}", "the token that ends a text should be <|endoftext|>"),
        ("{\"a\": 0}", "the token that ends a text should be <|endoftext|>"),
    ])
    func damagedVocabularyIsRefusedSayingWhere(json: String, message: String) throws {
        let sentence = try error(opening: "merges.txt", of: ["vocab.json": json, "merges.txt": ""])
        #expect(sentence.contains(message))
        #expect(sentence.contains("vocab.json'"))
    }

    /// Writes `vocab.json` with all bytes and these words, the last of which ends a text.
    private func writeVocabulary(_ words: [String], in directory: FilePath) throws {
        let vocabulary = Vocabulary(
            tokens: ByteAlphabet.order.map { [$0] } + words.map { Array($0.utf8) },
            endOfText: TokenID(255 + words.count)
        )
        let file = try AtomicFile(directory.appending("vocab.json"))
        try VocabularyJSON.write(vocabulary, to: file)
        try file.commit()
    }

    @Test(arguments: [
        ("#version: 0.2\nt h\nt h\n", "line 3 should be two tokens"),
        ("t h\nh e\nt q\n", "line 3"),
        ("t h \n", "line 1"),
        ("th\n", "line 1"),
        ("t h\n\nh e\n", "line 2"),
        ("t  h", "line 1"),
        ("t \u{80}", "line 1"),
        ("t 日", "line 1"),
        ("<|endoftext| >", "line 1"),
    ])
    func damagedMergesAreRefusedNamingTheLine(merges: String, message: String) throws {
        try withTemporaryDirectory { directory in
            // The third of these and ">" would merge into the end of text.
            try writeVocabulary(["th", "he", "<|endoftext|", "<|endoftext|>"], in: directory)
            try write(merges, "merges.txt", in: directory)
            let error = #expect(throws: TextTokenizerError.self) {
                try BytePairTokenizer(contentsOf: directory.appending("merges.txt"))
            }
            #expect(error?.description.contains(message) == true)
        }
    }

    @Test func mergesThatBeginAsJSONDoesAreMerges() throws {
        try withTemporaryDirectory { directory in
            try writeVocabulary(["{\"", "<|endoftext|>"], in: directory)
            try write("{ \"\n", "merges.txt", in: directory)
            for name in ["merges.txt", "vocab.json"] {
                let tokenizer = try BytePairTokenizer(contentsOf: directory.appending(name))
                try #expect(tokenizer.encode("{\"") == [256])
            }
        }
    }

    @Test func pairIsFoundNextToALlamasTokenizer() throws {
        try withTemporaryDirectory { directory in
            let tokenizer = SmallTokenizer.standard
            try tokenizer.write(
                vocabularyFile: directory.appending("vocab.json"),
                mergesFile: directory.appending("merges.txt")
            )
            try SmallSentencePieces.write(
                SmallSentencePieces.llama2CFile(),
                to: directory.appending("tokenizer.bin")
            )
            let read = try BytePairTokenizer(contentsOf: directory)
            #expect(read.vocabulary == tokenizer.vocabulary)
        }
    }

    @Test func otherFilesAreNotTakenForTokenizers() throws {
        try #expect(
            error(opening: "a", of: ["a": "Hello, world"])
                .contains("it begins with the text 'Hello, w'")
        )
        try #expect(
            error(opening: "a", of: ["a": "\u{7F}ELF"]).contains("the bytes 7f 45 4c 46")
        )
        try #expect(error(opening: "a", of: ["a": ""]).contains("nothing (it is empty)"))
        try #expect(error(opening: "", of: [:]).contains("holds no tokenizer: looked for"))
        try #expect(error(opening: "none", of: [:]).contains("does not exist"))
        try #expect(
            error(opening: "vocab.json", of: ["vocab.json": "{}"])
                .contains("half of a tokenizer: put merges.txt next to it")
        )
        try #expect(
            error(opening: "a", of: ["a": "#version: 0.2\n"])
                .contains("put encoder.json or vocab.json next to it")
        )
    }

    @Test func vocabularyThatCannotEncodeAllBytesSaysSo() throws {
        let json = "{\"a\": 0, \"<|endoftext|>\": 1}"
        try #expect(
            error(opening: "vocab.json", of: ["vocab.json": json, "merges.txt": ""])
                .contains("no token is the single byte 0")
        )
        let twice = "{\"a\": 0, \"\\u0061\": 1, \"<|endoftext|>\": 2}"
        try #expect(
            error(opening: "vocab.json", of: ["vocab.json": twice, "merges.txt": ""])
                .contains("tokens 0 and 1 have the same bytes")
        )
        try withTemporaryDirectory { directory in
            let path = directory.appending("tokenizer.bin")
            try Vocabulary(tokens: [[0x61], [0x62]], endOfText: 1).writeLLMCFile(to: path)
            let error = #expect(throws: TextTokenizerError.self) {
                try BytePairTokenizer(contentsOf: path)
            }
            #expect(error?.description.contains("no token is the single byte 0") == true)
        }
    }

    @Test func endOfTextOfAnotherNameIsNotWrittenAsJSON() throws {
        try withTemporaryDirectory { directory in
            let standard = SmallTokenizer.make(merges: [])
            let tokens = ByteAlphabet.order.map { [$0] } + [Array("</s>".utf8)]
            let tokenizer = BytePairTokenizer(
                vocabulary: Vocabulary(tokens: tokens, endOfText: 256),
                merges: standard.merges
            )
            let error = #expect(throws: TextTokenizerError.self) {
                try tokenizer.write(
                    vocabularyFile: directory.appending("vocab.json"),
                    mergesFile: directory.appending("merges.txt")
                )
            }
            #expect(error?.description.contains("its end-of-text token is '</s>'") == true)
            try #expect(FileSystem.names(in: directory).isEmpty)
        }
    }
}

// tokenizer.json: the ids are those of Hugging Face's library, and what is unknown is refused.

import FileIO
import TestSupport
import Testing

@testable import Tokenization

@Suite struct TokenizerJSONTests {
    private typealias Fixture = TokenizerJSONFixture

    @Test(arguments: Fixture.kinds)
    func idsMatchHuggingFace(kind: String) throws {
        let tokenizer = try Fixture.tokenizer(kind)
        let encodings = try Fixture.encodings()
        let ids = try #require(encodings.ids[kind])
        for (index, text) in encodings.texts.enumerated() {
            let place = Comment(rawValue: "\(kind): \(text.debugDescription)")
            #expect(try tokenizer.encode(text, specialTokens: .token) == ids.token[index], place)
            #expect(try tokenizer.encode(text) == ids.text[index], place)
        }
    }

    @Test(arguments: Fixture.kinds)
    func whatIsWrittenIsReadAgain(kind: String) throws {
        let tokenizer = try Fixture.tokenizer(kind)
        try withTemporaryDirectory { directory in
            var description = tokenizer.description
            description.chatTemplate = "{{ '\"\\' }}\n\u{1}"
            try description.writeJSON(in: directory)
            let read = try loadTokenizer(at: directory)
            #expect(read.description.chatTemplate == description.chatTemplate)
            #expect(read.startOfText == tokenizer.startOfText)
            #expect(read.endsOfText == tokenizer.endsOfText)
            for text in try Fixture.encodings().texts {
                try #expect(read.promptTokens(of: text) == tokenizer.promptTokens(of: text))
            }
        }
    }

    @Test(arguments: Fixture.kinds)
    func aDescriptionMakesTheSameTokenizer(kind: String) throws {
        let tokenizer = try Fixture.tokenizer(kind)
        let made = try tokenizer.description.makeTokenizer(from: "here")
        #expect(made.description == tokenizer.description)
        for text in try Fixture.encodings().texts {
            try #expect(made.encode(text) == tokenizer.encode(text))
        }
    }

    @Test(arguments: Fixture.kinds)
    func plainTextHoldsNoSpecialToken(kind: String) throws {
        let tokenizer = try Fixture.tokenizer(kind)
        let special = Set(tokenizer.description.addedTokens.filter(\.isSpecial).map(\.id))
        let unknown = tokenizer.description.unknown
        for text in try Fixture.encodings().texts {
            let ids = try tokenizer.encode(text, specialTokens: .plain)
            #expect(!ids.contains { special.contains($0) && $0 != unknown })
        }
    }

    @Test(arguments: Fixture.byteLevel)
    func streamsAndThreadsGiveTheIDsOfTheWhole(kind: String) throws {
        let tokenizer = try BytePairTokenizer(contentsOf: Fixture.directory(of: kind))
        let text = Array(try Fixture.encodings().texts.joined().utf8)
        for special in [SpecialTokens.text, .token] {
            let expected = try tokenizer.encode(text, specialTokens: special)
            for size in [1, 7, 100] {
                var encoder = StreamingEncoder(tokenizer, specialTokens: special)
                var ids: [TokenID] = []
                for start in stride(from: 0, to: text.count, by: size) {
                    try encoder.append(Array(text[start..<min(start + size, text.count)]), to: &ids)
                }
                try encoder.finish(to: &ids)
                #expect(ids == expected, "chunks of \(size) bytes")
            }
            let ids = try text.withUnsafeBytes {
                try tokenizer.encode($0, specialTokens: special, threads: 2, bytesPerPart: 100)
            }
            #expect(ids == expected)
        }
    }

    /// SmallTokenizer's, with one more token that is found by its name.
    private func tokenizer(
        finding name: String,
        _ change: (inout AddedToken) -> Void
    ) throws -> BytePairTokenizer {
        var description = SmallTokenizer.standard.description
        var token = AddedToken(id: TokenID(description.tokens.count), isSpecial: false)
        change(&token)
        description.tokens.append(name.utf8)
        description.types.append(.userDefined)
        description.addedTokens.append(token)
        return try #require(description.makeTokenizer(from: "here") as? BytePairTokenizer)
    }

    @Test func aWordStaysWholeHoweverTheTextArrives() throws {
        let tokenizer = try tokenizer(finding: "end") { $0.isWholeWord = true }
        let text = Array("5end 5 end!end 3endend 7 end".utf8)
        let expected = try tokenizer.encode(text)
        #expect(expected.filter { Int($0) == tokenizer.vocabularySize - 1 }.count == 3)
        for size in 1...5 {
            var encoder = StreamingEncoder(tokenizer)
            var ids: [TokenID] = []
            for start in stride(from: 0, to: text.count, by: size) {
                try encoder.append(Array(text[start..<min(start + size, text.count)]), to: &ids)
            }
            try encoder.finish(to: &ids)
            #expect(ids == expected, "chunks of \(size) bytes")
        }
    }

    @Test func aNameOfBlanksThatTakesBlanksAlongIsFoundAgainInThem() throws {
        let tokenizer = try tokenizer(finding: " ") { $0.takesSpaceAfter = true }
        let blank = TokenID(tokenizer.vocabularySize - 1)
        let (a, b) = (try tokenizer.encode("a"), try tokenizer.encode("b"))
        try #expect(tokenizer.encode("a   \tb") == a + [blank, blank, blank] + b)
        // A search that started over at every blank would not end.
        let blanks = String(repeating: " ", count: 1 << 20)
        #expect(try tokenizer.encode(blanks + "b").count == 1 << 20 + 1)
    }

    @Test func aPromptBeginsAsItsTemplateSays() throws {
        #expect(try Fixture.tokenizer("llama3").promptTokens(of: "").count == 1)
        let llama = try Fixture.tokenizer("llama3")
        try #expect(llama.promptTokens(of: "the") == [0] + llama.encode("the"))
        let gpt2 = try Fixture.tokenizer("gpt2")
        try #expect(gpt2.promptTokens(of: "the") == gpt2.encode("the"))
        #expect(gpt2.specialToken("<|endoftext|>") == 0)
        #expect(gpt2.specialToken("the") == nil)
    }

    @Test func tokensBetweenTextsStandForThemselves() throws {
        let tokenizer = try Fixture.tokenizer("first")
        let mark = try #require(tokenizer.specialToken("<x>"))
        let ids = try tokenizer.encode([.token(1), .text("the"), .token(mark), .text("<x>")])
        // No space is put before a text that is not the first.
        try #expect(tokenizer.encode([.text("the")]) != Array(ids[1..<ids.count - 1]))
        #expect(ids.filter { $0 == mark }.count == 1)
    }

    @Test func filesBesideItGiveTheTokensThatEndATextAndTheChatTemplate() throws {
        try Fixture.changing("smollm", "\"version\"", to: "\"version\"") { directory in
            func write(_ text: String, _ name: String) throws {
                try Fixture.write(text, to: directory.appending(name))
            }
            try write(
                #"{"eos_token":{"content":"<|im_start|>"},"bos_token":"<|endoftext|>","#
                    + #""add_bos_token":true,"chat_template":"a"}"#,
                "tokenizer_config.json"
            )
            try write(#"{"eos_token_id":[1,0]}"#, "generation_config.json")
            try write(#"{"<|extra|>":400}"#, "added_tokens.json")
            let tokenizer = try loadTokenizer(at: directory)
            #expect(tokenizer.startOfText == 0)
            #expect(tokenizer.endsOfText == [1, 0])
            #expect(tokenizer.description.chatTemplate == "a")
            try #expect(tokenizer.promptTokens(of: "<|extra|>") == [0, 400])
            try write("b", "chat_template.jinja")
            #expect(try loadTokenizer(at: directory).description.chatTemplate == "b")
            try write("{", "generation_config.json")
            #expect(throws: TextTokenizerError.self) { try loadTokenizer(at: directory) }
        }
    }

    @Test(arguments: [
        ("gpt2", #""type":"BPE""#, #""type":"Unigram""#, "Unigram"),
        ("llama3", #"\\p{N}{1,3}"#, #"\\p{N}{1,4}"#, "{1,4}"),
        ("llama3", #""Isolated""#, #""MergedWithNext""#, "MergedWithNext"),
        ("smollm", #""individual_digits":true"#, #""individual_digits":false"#, "Digits"),
        ("smollm", #""type":"Digits""#, #""type":"Whitespace""#, "Whitespace"),
        ("qwen2", #""type":"NFC""#, #""type":"NFKC""#, "NFKC"),
        ("llama2", #""type":"Prepend""#, #""type":"Lowercase""#, "Lowercase"),
        ("llama2", #""type":"TemplateProcessing""#, #""type":"BertProcessing""#, "BertProcessing"),
        ("first", #""replacement":"▁""#, #""replacement":"_""#, "Metaspace"),
        ("gpt2", #""dropout":null"#, #""dropout":0.1"#, "dropout"),
        ("gpt2", #""end_of_word_suffix":null"#, #""end_of_word_suffix":"</w>""#, "</w>"),
    ])
    func unknownSettingsAreRefusedByName(
        kind: String,
        text: String,
        other: String,
        name: String
    ) throws {
        try Fixture.changing(kind, text, to: other) { directory in
            let error = #expect(throws: TextTokenizerError.self) {
                try loadTokenizer(at: directory)
            }
            let sentence = error.map { "\($0 as any Error)" } ?? ""
            #expect(sentence.contains("not supported") && sentence.contains(name), "\(sentence)")
        }
    }

    @Test(arguments: [
        "{}", "{\"model\":{}}", "{\"model\":{\"vocab\":{\"a\":0,\"a\":1},\"merges\":[\"a\"]}}",
        "{\"model\":{\"vocab\":{\"a\":4000000000000}}}",
        "{\"model\":{\"vocab\":{\"a\":2147483646}}}",
        "{\"model\":{\"vocab\":{\"a\":0,\"b\":0}}}", "{\"model\":{},\"model\":{}}", "{\"x\":[",
        String(repeating: "{\"a\":", count: 100_000), "{\"a\":\"\u{1}\"}",
        "{\((0...2000).map { "\"\($0)\":0," }.joined())\"model\":{\"vocab\":{\"a\":0}}}",
        "{\"added_tokens\":[{\"id\":-1,\"content\":\"a\"}],\"model\":{\"vocab\":{\"a\":0}}}",
    ])
    func nonsenseIsRefused(json: String) throws {
        try Fixture.inDirectory(holding: json) { directory in
            #expect(throws: TextTokenizerError.self) { try loadTokenizer(at: directory) }
        }
    }

    @Test(arguments: ["gpt2", "llama2"])
    func damagedFilesNeverCrash(kind: String) throws {
        let path = try Fixture.directory(of: kind).appending("tokenizer.json")
        var mutations = Mutations(of: try MappedFile(path).contents(), seed: 11)
        try withTemporaryDirectory { directory in
            let copy = directory.appending("tokenizer.json")
            for _ in 0..<300 {
                try writeQuickly(mutations.next(), to: copy)
                // Whatever it still is, it encodes or says why not.
                _ = try? loadTokenizer(at: copy).encode(
                    "the cat, 12 <s> é\u{4}",
                    specialTokens: .token
                )
            }
        }
    }
}

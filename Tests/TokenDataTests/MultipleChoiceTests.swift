// Questions read from both of their files, and what is said about files without any.

import FileIO
import TestSupport
import Testing
import TokenData
import Tokenization

/// A tokenizer in which every byte is a token.
private func byteTokenizer(in directory: FilePath) throws -> BytePairTokenizer {
    let path = directory.appending("tokenizer.bin")
    try Vocabulary(
        tokens: (0...255).map { [UInt8($0)] } + [Array("<|endoftext|>".utf8)],
        endOfText: 256
    )
    .writeLLMCFile(to: path)
    return try BytePairTokenizer(contentsOf: path)
}

/// One example of an evaluation shard, as uint16s: a context of three tokens, two endings.
private let example: [UInt16] = [65535, 26, 0, 1, 2, 3, 10, 11, 12, 1, 20, 2, 30]
private let wholeExample: [UInt16] = [65535, 28, 0, 1, 2, 3, 10, 11, 12, 1, 20, 2, 30, 31]

/// Writes an evaluation shard.
private func writeShard(
    _ header: [Int32],
    _ body: [UInt16],
    in directory: FilePath
) throws -> FilePath {
    let path = directory.appending("evaluation.bin")
    let file = try AtomicFile(path)
    try file.write(integers: header + [Int32](repeating: 0, count: 256 - header.count))
    try file.write(integers: body)
    try file.commit()
    return path
}

/// Reads these bytes as JSON Lines.
private func read(rows: [UInt8], limit: Int? = nil) throws -> [MultipleChoiceExample] {
    try withTemporaryDirectory { directory in
        let path = directory.appending("rows.jsonl")
        let file = try AtomicFile(path)
        try file.write(rows)
        try file.commit()
        return try MultipleChoiceExample.examples(
            jsonLines: path,
            tokenizer: byteTokenizer(in: directory),
            limit: limit
        )
    }
}

@Suite struct MultipleChoiceTests {
    private let goodHeader: [Int32] = [20_240_522, 1, 1, 28]

    @Test func shardGivesItsExamplesAsTheyWereWritten() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(
                [20_240_522, 1, 2, 28],
                wholeExample + wholeExample,
                in: directory
            )
            let expected = MultipleChoiceExample(
                context: [10, 11, 12],
                endings: [[20], [30, 31]],
                label: 1
            )
            #expect(
                try MultipleChoiceExample.examples(shard: path, vocabularySize: 32)
                    == [expected, expected]
            )
            #expect(
                try MultipleChoiceExample.examples(shard: path, vocabularySize: 32, limit: 1)
                    == [expected]
            )
        }
    }

    @Test(
        arguments: [
            ([20_240_520, 1, 1, 28], wholeExample, "starts with 20240522"),
            ([20_240_522, 2, 1, 28], wholeExample, "version is 2"),
            ([20_240_522, 1, 0, 28], [], "0 examples"),
            ([20_240_522, 1, -1, 28], wholeExample, "-1 examples"),
            ([20_240_522, 1, 1, -28], wholeExample, "of at most -28 bytes"),
            ([20_240_522, 1, 1, 26], wholeExample, "for the longest"),
            ([20_240_522, 1, 1, 28], wholeExample + [7], "2 bytes follow"),
            ([20_240_522, 1, 1, 28], [1] + wholeExample.dropFirst(), "does not start with 65535"),
            ([20_240_522, 1, 1, 28], example + [31], "claims 26 bytes"),
            (
                [20_240_522, 1, 1, 28], [65535, 28, 0, 2] + wholeExample.dropFirst(4),
                "the label is 2"
            ),
            ([20_240_522, 1, 1, 28], [65535, 20, 0, 0, 1, 3, 1, 2, 3, 0], "2 endings or more"),
            ([20_240_522, 1, 1, 28], [65535, 20, 0, 0, 2, 2, 1, 2, 0, 0], "an ending is empty"),
            ([20_240_522, 1, 1, 28], [65535, 20, 0, 0, 2, 0, 1, 2, 1, 2], "the context is empty"),
            (
                [20_240_522, 1, 1, 28], Array(wholeExample.dropLast()) + [32],
                "token 32 is outside the model's vocabulary of 32"
            ),
        ] as [([Int32], [UInt16], String)]
    )
    func damagedShardIsReported(header: [Int32], body: [UInt16], fragment: String) throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(header, body, in: directory)
            let error = try #require(throws: TokenDataError.self) {
                try MultipleChoiceExample.examples(shard: path, vocabularySize: 32)
            }
            #expect(error.description.contains(fragment), "\(error)")
            #expect(error.description.contains(path.string))
        }
    }

    @Test func shardThatEndsAnywhereIsRefused() throws {
        try withTemporaryDirectory { directory in
            let whole = try MappedFile(writeShard(goodHeader, wholeExample, in: directory))
                .contents()
            let path = directory.appending("part.bin")
            for count in [0, 3, 4, 1000, 1023] + Array(1024..<whole.count) {
                let file = try AtomicFile(path)
                try file.write(Array(whole.prefix(count)))
                try file.commit()
                #expect(throws: (any Error).self, "\(count) bytes") {
                    try MultipleChoiceExample.examples(shard: path, vocabularySize: 32)
                }
            }
        }
    }

    @Test func hugeCountsReserveNothing() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard([20_240_522, 1, .max, .max], wholeExample, in: directory)
            #expect(throws: FileIOError.self) {
                try MultipleChoiceExample.examples(shard: path, vocabularySize: 32)
            }
        }
    }

    @Test func rowGivesItsContextAndItsEndingsWithASpaceBefore() throws {
        let row = #"{"ind":3,"ctx":"A b","endings":["c","d e"],"label":1,"more":null}"#
        let examples = try read(rows: Array("\n\(row)\r\n  \n\(row)".utf8))
        let expected = MultipleChoiceExample(
            context: [65, 32, 98],
            endings: [[32, 99], [32, 100, 32, 101]],
            label: 1
        )
        #expect(examples == [expected, expected])
        #expect(try read(rows: Array("\(row)\nnonsense".utf8), limit: 1) == [expected])
    }

    /// The second is how Hugging Face's data set has it.
    @Test(arguments: ["1", #""1""#, "1.0", #""1.0""#])
    func theLabelMayBeANumberOrItsDigits(label: String) throws {
        let row = #"{"ctx":"a","endings":["b","c"],"label":\#(label)}"#
        #expect(try read(rows: Array(row.utf8)).map(\.label) == [1])
    }

    @Test func rowsMayBePythonsJSON() throws {
        let row =
            "\u{FEFF}"
            + #"{"ctx":"a\ud83d","endings":["b","\ud83d\ude00"],"label":0,"x":[NaN,-Infinity]}"#
        let examples = try read(rows: Array(row.utf8))
        let bytes = { (text: String) in text.utf8.map { TokenID($0) } }
        #expect(examples.first?.context == bytes("a\u{FFFD}"))
        #expect(examples.first?.endings == [bytes(" b"), bytes(" 😀")])
    }

    @Test(arguments: [
        (#"{"endings":["a","b"],"label":0}"#, "no field 'ctx'"),
        (#"{"ctx":"a","label":0}"#, "no field 'endings'"),
        (#"{"ctx":"a","endings":["a","b"]}"#, "no field 'label'"),
        (#"{"ctx":1,"endings":["a","b"],"label":0}"#, "'ctx' is not text"),
        (#"{"ctx":"a","endings":["a",null],"label":0}"#, "'endings' is not a list of texts"),
        (#"{"ctx":"a","endings":["a","b"],"label":"b"}"#, "'label' is not a whole number"),
        (#"{"ctx":"a","endings":["a","b"],"label":""}"#, "'label' is not a whole number"),
        (#"{"ctx":"a","endings":["a","b"],"label":null}"#, "'label' is not a whole number"),
        (#"{"ctx":"a","endings":["a","b"],"label":NaN}"#, "'label' is not a whole number"),
        (#"{"ctx":"a","endings":["a","b"],"label":0.5}"#, "'label'"),
        (#"{"ctx":"a","endings":["a","b"],"label":2}"#, "the label is 2"),
        (#"{"ctx":"a","endings":["a","b"],"label":-1}"#, "the label is -1"),
        (#"{"ctx":"a","endings":["a"],"label":0}"#, "2 endings or more"),
        (#"{"ctx":"","endings":["a","b"],"label":0}"#, "the context is empty"),
        (#"{"ctx":"a","endings":["a","b"],"label":0"#, "not one JSON object"),
        ("[1]", "not one JSON object"),
        ("\u{1}\u{2}", "not one JSON object"),
        ("", "no example"),
        (" \n\n", "no example"),
    ])
    func badRowIsReportedInOneSentenceWithItsLine(row: String, fragment: String) throws {
        let error = try #require(throws: TokenDataError.self) {
            try read(rows: Array(row.utf8))
        }
        #expect(error.description.contains(fragment), "\(error)")
        if fragment != "no example" { #expect(error.description.contains("line 1")) }
    }
}

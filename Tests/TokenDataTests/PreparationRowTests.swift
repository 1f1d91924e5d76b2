import Testing

@testable import TokenData

/// The texts of the rows of a file that arrives in chunks of `size` bytes.
private func texts(
    _ bytes: [UInt8],
    field: String = "text",
    size: Int = 1 << 20,
    longestRow: Int = JSONRows.longestRow
) throws -> [[UInt8]] {
    var rows = JSONRows(path: "rows.jsonl", field: field, longestRow: longestRow)
    var result: [[UInt8]] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
        try bytes[start..<min(start + size, bytes.count)].withUnsafeBytes {
            try rows.append($0) { result.append(Array($0)) }
        }
    }
    try rows.finish { result.append(Array($0)) }
    return result
}

/// The text of one row.
private func text(_ row: String) throws -> String? {
    try texts(Array(row.utf8)).first.map { String(decoding: $0, as: UTF8.self) }
}

@Suite struct PreparationRowTests {
    @Test func rowsInChunksOfAnySizeGiveTheirTexts() throws {
        let bytes = Array(
            "\u{FEFF}{\"text\":\"one\"}\n\n{\"id\":1,\"text\":\"\"}\r\n  \n{\"text\":\"é\\n\"}".utf8
        )
        let expected = ["one", "", "é\n"].map { Array($0.utf8) }
        for size in 1...bytes.count { #expect(try texts(bytes, size: size) == expected) }
        #expect(try texts(bytes + [0x0A]) == expected)
    }

    @Test(
        arguments: [
            (#"{"text":"a\"\\\/\b\f\n\r\tz"}"#, "a\"\\/\u{8}\u{C}\n\r\tz"),
            (#"{"text":"\u0041\u00e9\u20AC\uD83D\uDE00\u0000"}"#, "Aé€😀\0"),
            (#" { "a" : [ 1 , -0.5e+3 , 0 , 2E9 , [ ] , { } ] , "text" : "t" } "#, "t"),
            (#"{"text":"t","b":{"text":"inner","c":null},"d":true,"e":false}"#, "t"),
            (#"{"te\u0078t":"t"}"#, "t"),
            // What Python writes and reads besides.
            (#"{"text":"t","a":NaN,"b":[Infinity,-Infinity],"c":1234567890123456789012}"#, "t"),
            (#"{"text":"a","text":"b"}"#, "b"),
            (#"{"text":1,"text":"b"}"#, "b"),
            // Halves of surrogate pairs, as tiktoken takes them.
            (#"{"text":"\ud800"}"#, "\u{FFFD}"),
            (#"{"text":"a\uDBFFb\udc00"}"#, "a\u{FFFD}b\u{FFFD}"),
            (#"{"text":"\ud800\u0041"}"#, "\u{FFFD}A"),
            (#"{"text":"\ud83d\ud83d\ude00"}"#, "\u{FFFD}😀"),
            (#"{"text":"\udc00\ud800\n"}"#, "\u{FFFD}\u{FFFD}\n"),
        ]
    )
    func theTextOfARowIsDecodedFromJSON(row: String, expected: String) throws {
        #expect(try text(row) == expected)
    }

    @Test func anyFieldMayHoldTheText() throws {
        #expect(try texts(Array(#"{"text":1,"body":"b"}"#.utf8), field: "body") == [[0x62]])
    }

    @Test func bytesThatAreNotUTF8AreKept() throws {
        let row = Array(#"{"text":""#.utf8) + [0xFF, 0xC3] + Array(#""}"#.utf8)
        #expect(try texts(row) == [[0xFF, 0xC3]])
    }

    @Test(
        arguments: [
            ("once upon a time", "begins with '{' at column 1, found 'o'"),
            (#"["text"]"#, "begins with '{'"),
            (#"{"text":"a"#, "the end of a string, or an escape at column 11, found the end"),
            (#"{"text":"a"} {}"#, "the end of the row at column 14"),
            (#"{"text":"a",}"#, "'\"' at column 13, found '}'"),
            (#"{"text" "a"}"#, "':'"),
            (#"{"text":"a" "b":1}"#, "',' or '}'"),
            (#"{"a":[1 2],"text":""}"#, "',' or ']'"),
            (#"{"a":01,"text":""}"#, "',' or '}'"),
            (#"{"a":1.,"text":""}"#, "a digit"),
            (#"{"a":-,"text":""}"#, "a value"),
            (#"{"a":nul,"text":""}"#, "'null'"),
            (#"{"a":+1,"text":""}"#, "a value"),
            ("{\"text\":\"a\tb\"}", "found byte 9"),
            (#"{"text":"\x"}"#, "an escape such as"),
            (#"{"text":"\u12g4"}"#, "four hexadecimal digits"),
            (#"{"text":"\ud800\u12"}"#, "four hexadecimal digits"),
            (#"{"a":Nan,"text":""}"#, "'NaN'"),
            (#"{"a":-Infinit,"text":""}"#, "'Infinity'"),
            (#"{"a":-NaN,"text":""}"#, "a value"),
            (#"{"text":null}"#, "'text' is not text"),
            (#"{"title":"a","body":"b"}"#, "no field 'text', only 'title', 'body'"),
            ("{}", "no field 'text'"),
            (#"{"text":"a","text":1}"#, "'text' is not text"),
            (
                #"{"a":"# + String(repeating: "[", count: 100_000),
                "nested deeper than 512"
            ),
        ]
    )
    func whatIsNotARowIsRefusedWithItsLine(row: String, problem: String) throws {
        let error = #expect(throws: PreparationError.self) {
            try texts(Array(("{\"text\":\"good\"}\n" + row + "\n").utf8))
        }
        #expect(error?.description.hasPrefix("rows.jsonl:2: ") == true)
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }

    @Test func anEndlessRowIsRefusedBeforeItFillsTheMemory() throws {
        let error = #expect(throws: PreparationError.self) {
            try texts([UInt8](repeating: 0x20, count: 5000), size: 100, longestRow: 1000)
        }
        #expect(error?.description.contains("longer than 1000 bytes") == true)
    }
}

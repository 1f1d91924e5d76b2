import FileIO
import TestSupport
import Testing
import TextGeneration

@Suite struct ConversationFileTests {
    /// All conversations in a file with these bytes.
    private func read(_ bytes: [UInt8]) throws -> [[ChatMessage]] {
        try withTemporaryDirectory { directory in
            let path = directory.appending("chat.jsonl")
            try write(bytes, to: path)
            var file = try ConversationFile(path)
            var result: [[ChatMessage]] = []
            while let messages = try file.next() { result.append(messages) }
            return result
        }
    }

    private func write(_ bytes: [UInt8], to path: FilePath) throws {
        let file = try AtomicFile(path)
        try file.write(bytes)
        try file.commit()
    }

    private func row(_ messages: String) -> String { #"{"messages":[\#(messages)]}"# }

    private func message(_ role: String, _ content: String) -> String {
        #"{"role":"\#(role)","content":"\#(content)"}"#
    }

    private var exchange: String { message("user", "Hi") + "," + message("assistant", "Ho") }

    private var expected: [ChatMessage] {
        [ChatMessage(role: .user, content: "Hi"), ChatMessage(role: .assistant, content: "Ho")]
    }

    @Test func linesAreConversationsExceptBlankOnes() throws {
        let system = row(message("system", #"Be \n \u00e9"#) + "," + exchange)
        let text = "\u{FEFF}\(row(exchange))\r\n\n \t\n\(system)\n\n" + row(exchange)
        let found = try read(Array(text.utf8))
        #expect(found.count == 3)
        #expect(found[0] == expected && found[2] == expected)
        #expect(found[1][0] == ChatMessage(role: .system, content: "Be \n \u{e9}"))
        #expect(found[1].dropFirst().elementsEqual(expected))
        #expect(try read([]).isEmpty)
    }

    @Test func otherFieldsOfALineAreIgnored() throws {
        let text = #"{"id":7,"messages":[\#(exchange)],"source":{"a":[null]}}"#
        #expect(try read(Array(text.utf8)) == [expected])
    }

    @Test(arguments: [
        ("", "the line is not JSON"),
        ("hello", "the line is not JSON"),
        ("[]", "the line has no list of 'messages'"),
        ("{}", "the line has no list of 'messages'"),
        (#"{"messages":null}"#, "the line has no list of 'messages'"),
        (#"{"messages":"a"}"#, "the line has no list of 'messages'"),
        (#"{"messages":["a"]}"#, "the line has no list of 'messages'"),
        (#"{"messages":[]}"#, "the assistant says nothing"),
        (#"{"messages":[{"role":"system","content":"a"}]}"#, "the assistant says nothing"),
        (#"{"messages":[{"role":"user","content":"a"}]}"#, "the conversation ends with a user's"),
        (#"{"messages":[{"role":"assistant","content":"a"}]}"#, "message 1 of the conversation"),
        (#"{"messages":[{"role":"tool","content":"a"}]}"#, "message 1 has the role 'tool'"),
        (#"{"messages":[{"role":"user"}]}"#, "message 1 has no content that is text"),
        (#"{"messages":[{"role":"user","content":["a"]}]}"#, "message 1 has no content that is"),
        (#"{"messages":[{"content":"a"}]}"#, "message 1 has no role that is text"),
        (#"{"messages":[{"role":"user","content":"a","weight":0}]}"#, "message 1 has a 'weight'"),
        (String(repeating: "[", count: 100_000), "the line is not JSON"),
    ])
    func aLineThatIsNotAConversationIsNamed(line: String, problem: String) throws {
        // A blank line before it is counted, and so is the valid one.
        let text = "\(row(exchange))\n\n\(line.isEmpty ? "{" : line)\n\(row(exchange))\n"
        do {
            _ = try read(Array(text.utf8))
            Issue.record("no error")
        } catch TextGenerationError.invalidConversation(let path, let line, let reason) {
            #expect(path.lastComponent == "chat.jsonl" && line == 3)
            #expect(reason.hasPrefix(problem), "\(reason)")
        }
    }

    @Test func bytesThatAreNotUTF8AreRefused() throws {
        var bytes = Array(row(exchange).utf8)
        bytes[bytes.count - 12] = 0xFF
        #expect(throws: TextGenerationError.self) { _ = try read(bytes) }
        #expect(throws: TextGenerationError.self) { _ = try read([0, 1, 2, 3]) }
        // Latin-1 and UTF-16, about which JSON decoders report something else.
        let accented = row(message("user", "caf\u{e9}") + "," + message("assistant", "Ho"))
        for text in [
            Array(accented.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }),
            accented.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] },
        ] {
            do {
                _ = try read(text)
                Issue.record("no error")
            } catch TextGenerationError.invalidConversation(_, let line, let reason) {
                #expect(line == 1 && reason.hasPrefix("the line is not JSON in UTF-8"))
            }
        }
        #expect(throws: FileIOError.self) {
            _ = try read([UInt8](repeating: 0x61, count: 17 << 20))
        }
    }
}

import FileIO
import Testing

@Suite struct PythonJSONTests {
    private func standard(_ text: String) -> String {
        Array(text.utf8).withUnsafeBytes { bytes in
            String(decoding: PythonJSON.standard(bytes), as: UTF8.self)
        }
    }

    @Test(arguments: [
        "", "{}", #"{"a": [1, -2.5e3, true, null], "N": "I am - NaN \"Infinity\\"}"#,
        #"["\ud83d\ude00", "\u0041", "é"]"#,
    ])
    func standardJSONIsUnchanged(text: String) {
        #expect(standard(text) == text)
    }

    @Test(arguments: [
        ("\u{FEFF}{}", "{}"),
        ("[NaN, Infinity, -Infinity, -1]", #"["NaN", "Infinity", "-Infinity", -1]"#),
        (#"{"a\"NaN":NaN}"#, #"{"a\"NaN":"NaN"}"#),
        (#"["\ud800"]"#, #"["\ufffd"]"#),
        (#"["\ud800\ud83d\ude00", "\udc00x"]"#, #"["\ufffd\ud83d\ude00", "\ufffdx"]"#),
    ])
    func whatOnlyPythonWritesIsReplaced(text: String, expected: String) {
        #expect(standard(text) == expected)
    }

    @Test(arguments: [#"["\"#, #"["\u"#, #"["\u12"#, #"["\x"]"#, #"["\ud800\"#, "Na", "-", "\""])
    func invalidJSONIsLeftForTheDecoder(text: String) {
        #expect(standard(text).hasPrefix(text.prefix(1)))
    }
}

import FileIO
import Testing

private func tree(_ text: String) throws -> JSONTree {
    try Array(text.utf8).withUnsafeBufferPointer { try JSONCursor.value(of: $0) }
}

@Suite struct JSONTreeTests {
    @Test func wholeNumbersBeyondDoubleAreKept() throws {
        #expect(try tree("9223372036854775807").integer == .max)
        #expect(try tree("-9223372036854775807").integer == .min + 1)
        #expect(try tree("9007199254740993").integer == 9_007_199_254_740_993)
        #expect(try tree("9007199254740993").text == "9007199254740993")
        // Others are numbers like fractions, so that 1 and 1.0 are the same.
        #expect(try tree("1") == tree("1.0"))
        #expect(try tree("9223372036854775808").integer == nil)
        #expect(try tree("1e999").integer == nil)
    }

    @Test(arguments: ["01", "+1", ".5", "1.", "-", "1e", "1e+", "1.e5", "--1", "1-1", "00", "-01"])
    func numbersThatAreNotJSONAreRefused(text: String) {
        #expect(throws: JSONCursor.Malformed.self) { try tree(text) }
    }

    @Test(arguments: ["0", "-0", "10", "0.5", "1e5", "1E+5", "1.25e-3", "-0.0"])
    func numbersOfJSONAreRead(text: String) throws {
        #expect(try tree(text) == .number(#require(Double(text))))
    }
}

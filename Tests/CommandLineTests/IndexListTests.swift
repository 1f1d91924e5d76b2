// Lists of layers and heads on the command line.

import Testing

@testable import SwiftletCLI

@Suite struct IndexListTests {
    private func indices(_ text: String, below count: Int) throws -> [Int] {
        try IndexList(text: text).indices(below: count, of: "layer", "--layers")
    }

    @Test func numbersAndRangesAreTakenOnceAndInOrder() throws {
        #expect(try indices("0", below: 1) == [0])
        #expect(try indices("0,2-5", below: 12) == [0, 2, 3, 4, 5])
        #expect(try indices("5,3-4,4,0-0", below: 6) == [0, 3, 4, 5])
    }

    @Test(arguments: ["", "a", "1,", ",1", "-1", "1-", "-", "1-2-3", "+1", " 1", "1.5", "٣"])
    func whatIsNotAListIsRefused(text: String) {
        let error = #expect(throws: NumberError.self) { try IndexList(text: text) }
        #expect(error?.description.hasPrefix("it must be numbers from 0") == true)
    }

    @Test func numbersWithTooManyDigitsAreNotAList() {
        #expect(throws: NumberError.self) { try IndexList(text: "99999999999999999999") }
    }

    @Test func aRangeThatGoesDownSaysWhatWasMeant() {
        let error = #expect(throws: NumberError.self) { try IndexList(text: "0,5-2") }
        #expect(error?.description.hasSuffix("2-5") == true)
    }

    @Test func whatTheModelLacksIsNamed() throws {
        let error = #expect(throws: CommandError.self) { try indices("0-12", below: 12) }
        #expect(
            error?.description
                == "--layers names layer 12, but the model has 12 layers, which are 0 to 11"
        )
        #expect(error?.status == .wrongUsage)
        // No list of that many numbers is made.
        #expect(throws: CommandError.self) { try indices("0-9223372036854775807", below: 2) }
        let single = #expect(throws: CommandError.self) { try indices("1", below: 1) }
        #expect(single?.description.hasSuffix("1 layer, which is 0") == true)
    }
}

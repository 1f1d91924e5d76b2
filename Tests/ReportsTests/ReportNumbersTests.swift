// A report of any numbers that a log may hold: they are drawn as far as they can be, and no page
// shows what is not a number.

import Foundation
import TestSupport
import Testing
import Training

@testable import Reports

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct ReportNumbersTests {
    /// Numbers as a log may have them, in JSON.
    private static let numbers = [
        "5e-324", "5e-324", "-5e-324", "1.5e-323", "2.2250738585072014e-308", "1e-308", "1e308",
        "-1e308", "1.7976931348623157e308", "-1.7976931348623157e308", "1e-45", "1.4e-45", "1e38",
        "3.5e38", "0", "-0.0", "1", "-1", "3.0000000001", "3", "1e-30", "1e9", "0.25", "null",
    ]
    private static let steps = ["0", "1", "2", "3", "7", "1000", "9223372036854775807"]

    /// Reads a log and draws it, by itself and compared with itself; expects valid pages.
    private func draw(_ log: String, _ comment: Comment? = nil) throws {
        try withTemporaryDirectory { directory in
            try Data(log.utf8)
                .write(to: URL(fileURLWithPath: directory.appending("metrics.jsonl").string))
            let run = try RunHistory(RunDirectory(directory), name: "run")
            for runs in [[run], [run, run]] {
                let source = try ReportPage(runs).source
                #expect(XMLParser(data: Data(source.utf8)).parse(), comment)
                for text in ["nan%", "inf%", "nane"] {
                    #expect(!source.contains(text), "\(text): \(comment?.rawValue ?? log)")
                }
                if let data = try chartData(source) {
                    #expect(data["charts"] is [Any], comment)
                }
            }
        }
    }

    private func step(_ step: String, _ value: () -> String) -> String {
        """
        {"step":\(step),"train_loss":\(value()),"learning_rate":\(value()),\
        "grad_norm":\(value()),"milliseconds":\(value()),"tokens_per_second":\(value())}
        {"step":\(step),"val_loss":\(value())}
        {"step":\(step),"hellaswag_accuracy":\(value())}

        """
    }

    @Test(arguments: numbers)
    func oneNumberManyTimesIsDrawn(_ number: String) throws {
        try draw(step("1") { number })
        try draw((1...3).map { step("\($0)") { number } }.joined())
    }

    @Test func everyPairOfNumbersIsDrawn() throws {
        for (index, first) in Self.numbers.enumerated() {
            for second in Self.numbers[index...] {
                try draw(step("1") { first } + step("2") { second }, "\(first) and \(second)")
            }
        }
    }

    @Test func logsOfRandomNumbersAreDrawn() throws {
        var generator = SeededGenerator(seed: 12)
        for round in 0..<300 {
            // Of a few numbers, so that equal ones meet.
            let few = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                Self.numbers.randomElement(using: &generator) ?? ""
            }
            var log = ""
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let number = Self.steps.randomElement(using: &generator) ?? ""
                log += step(number) { few.randomElement(using: &generator) ?? "" }
            }
            try draw(log, "round \(round): \(few)")
        }
    }
}

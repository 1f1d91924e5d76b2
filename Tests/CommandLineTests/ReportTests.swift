import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct ReportTests {
    private static let metrics = """
        {"step":0,"val_loss":10.5}
        {"step":1,"train_loss":10.4,"learning_rate":3e-4,"grad_norm":1.2,"milliseconds":310,\
        "tokens_per_second":826}
        {"step":1,"sample":"</pre><script>alert(1)</script>"}
        {"step":2,"train_lo
        """

    private func writeRun(_ path: FilePath, metrics: String = metrics) throws {
        try FileSystem.createDirectory(path)
        try writeBytes(Array(metrics.utf8), to: path.appending("metrics.jsonl"))
    }

    private func text(_ path: FilePath) throws -> String {
        try String(contentsOfFile: path.string, encoding: .utf8)
    }

    @Test func aRunIsDrawnIntoItsDirectory() throws {
        try withTemporaryDirectory { directory in
            let run = directory.appending("first")
            try writeRun(run)
            let outcome = try swiftlet("report", run.string)
            #expect(outcome.status == 0)
            #expect(outcome.errors == "")
            #expect(outcome.output == "\(run)/report.html\n")
            let page = try text(run.appending("report.html"))
            #expect(page.hasPrefix("<!DOCTYPE html>\n"))
            #expect(page.contains("</span>first</h1>"))
            #expect(page.contains("&lt;script&gt;alert(1)"))

            expectError(try swiftlet("report", run.string), 73, "report.html")
            #expect(try swiftlet("report", run.string, "--overwrite").status == 0)
            #expect(try text(run.appending("report.html")) == page)
        }
    }

    @Test func severalRunsAreComparedInOnePage() throws {
        try withTemporaryDirectory { directory in
            try writeRun(directory.appending("first"))
            try writeRun(directory.appending("second"))
            let outcome = try shell("cd '\(directory)' && \"$SWIFTLET\" report first second")
            #expect(outcome.status == 0)
            #expect(outcome.output == "report.html\n")
            let compared = try text(directory.appending("report.html"))
            #expect(compared.contains("<h1>first and second</h1>"))
            let runs = [directory.appending("second").string, directory.appending("first").string]
            let page = directory.appending("compare.html")
            let named = try swiftlet("report", runs[0], runs[1], "--output", page.string)
            #expect(named.output == "\(page)\n")
            #expect(try text(page).contains("<title>second and first"))
        }
    }

    @Test func aWrongRunIsReportedInOneSentence() throws {
        try withTemporaryDirectory { directory in
            let missing = directory.appending("missing").string
            expectError(try swiftlet("report", missing), 66, "does not exist")
            expectError(try swiftlet("report", directory.string), 66, "without a training run")
            let model = try writeModel(to: directory.appending("model.bin"))
            expectError(try swiftlet("report", model.string), 65, "an llm.c model")
            // A checkpoint without a log.
            try writeBytes([], to: directory.appending("DONE_00000001"))
            expectError(try swiftlet("report", directory.string), 66, "metrics.jsonl")
        }
    }

    @Test func aWrongFileInARunIsReportedInOneSentence() throws {
        try withTemporaryDirectory { directory in
            try writeRun(directory, metrics: "{\"step\":1,\"val_loss\":2}\nnonsense\n{}\n")
            expectError(try swiftlet("report", directory.string), 65, "line 2 of")
            try writeRun(directory)
            try writeBytes(Array("[]".utf8), to: directory.appending("run.json"))
            expectError(try swiftlet("report", directory.string), 65, "run.json")
            #expect(!FileSystem.exists(directory.appending("report.html")))
        }
    }

    @Test func aPageThatCannotBeWrittenIsReportedInOneSentence() throws {
        try withTemporaryDirectory { directory in
            try writeRun(directory)
            let page = directory.appending("no/such/page.html").string
            expectError(try swiftlet("report", directory.string, "--output", page), 73, "no/such")
            let taken = directory.string
            expectError(
                try swiftlet("report", directory.string, "--output", taken, "--overwrite"),
                73,
                "is a directory"
            )
        }
    }

    @Test func wrongUsageIsReportedInOneSentence() throws {
        try withTemporaryDirectory { directory in
            try writeRun(directory)
            expectError(try swiftlet("report"), 64, "directories")
            expectError(try swiftlet("report", directory.string, "--output", ""), 64, "--output")
            let many = [String](repeating: directory.string, count: 9)
            expectError(try swiftlet(["report"] + many), 64, "at most 8")
        }
    }
}

// Training with several processes: what a launcher's environment by itself changes, and, if mpirun
// is installed, short runs that it starts.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct ProcessTests {
    /// What Open MPI's launcher tells the second of two processes.
    private static let second = "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2"
    private static let first = "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2"

    private static let launcher =
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/mpirun" }.first { FileManager.default.isExecutableFile(atPath: $0) }

    /// What lets root start processes, and more of them than processors.
    private static let permissions =
        "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
        + "OMPI_MCA_rmaps_base_oversubscribe=1; "

    /// Trains a small model with several processes.
    /// - Parameters:
    ///   - count: How many.
    ///   - directory: Where the data and the run are.
    ///   - flags: Of all of them.
    ///   - name: Of the run.
    ///   - others: Flags of one more process, if there is one.
    /// - Returns: What they said.
    /// - Throws: What keeps them from being started.
    private func train(
        _ count: Int,
        in directory: FilePath,
        _ flags: [String],
        into name: String,
        beside others: [String]? = nil
    ) throws -> Outcome {
        let data = try writeShard(to: directory.appending("data.bin"), count: 2000)
        let held = try writeShard(to: directory.appending("held.bin"), count: 300)
        let arguments = [
            "train", "--train-data", data.string, "--val-data", held.string, "--steps", "4",
            "--learning-rate", "0.01", "--init", "layers=2,heads=2,channels=16,context=8",
            "--threads", "1", "--val-every", "2", "--output", directory.appending(name).string,
        ]
        func words(_ count: Int, _ flags: [String]) -> String {
            "-n \(count) \"$SWIFTLET\" "
                + (arguments + flags).map { "'\($0)'" }.joined(separator: " ")
        }
        let another = others.map { " : " + words(1, flags + $0) } ?? ""
        return try shell(
            Self.permissions
                + "exec '\(try #require(Self.launcher))' \(words(count, flags))\(another)"
        )
    }

    @Test(.enabled(if: launcher != nil))
    func anotherBuildOfTheProgramIsRefused() throws {
        try withTemporaryDirectory { directory in
            let other = directory.appending("swiftlet")
            let arguments = "train --init d12 --train-data x --output '\(directory)/run'"
            let launcher = try #require(Self.launcher)
            let outcome = try shell(
                Self.permissions
                    + "cp \"$SWIFTLET\" '\(other)'; printf x >>'\(other)'; "
                    + "exec '\(launcher)' -n 1 \"$SWIFTLET\" \(arguments) "
                    + ": -n 1 '\(other)' \(arguments)"
            )
            #expect(outcome.status == 64, "\(outcome.errors)")
            let sentences = outcome.errors.split(separator: "\n")
                .filter { $0.hasPrefix("swiftlet: ") }
            #expect(sentences.count == 1, "\(outcome.errors)")
            #expect(sentences.first?.contains("processes differ in the program") == true)
        }
    }

    @Test func theFirstProcessSaysThatThereIsNoSuchCommand() throws {
        let silent = try shell("\(Self.second) \"$SWIFTLET\" bogus")
        #expect(silent.status == 64 && silent.output + silent.errors == "")
        let speaking = try shell("\(Self.first) \"$SWIFTLET\" bogus")
        #expect(speaking.status == 64 && speaking.errors.hasPrefix("swiftlet: error: "))
    }

    @Test func helpIsPrintedByTheFirstProcess() throws {
        let silent = try shell("\(Self.second) \"$SWIFTLET\" train --help")
        #expect(silent.status == 0 && silent.output + silent.errors == "")
        let speaking = try shell("\(Self.first) \"$SWIFTLET\" train --help")
        #expect(speaking.status == 0 && speaking.output.contains("--zero-stage"))
    }

    @Test(arguments: ["sample --model x", "prepare x --tokenizer t --output o --name n"])
    func commandsThatShareNoWorkAreRefused(arguments: String) throws {
        let name = try #require(arguments.split(separator: " ").first)
        let outcome = try shell("\(Self.first) \"$SWIFTLET\" \(arguments)")
        expectError(outcome, 64, "started 2 processes of 'swiftlet \(name)'")
        let silent = try shell("\(Self.second) \"$SWIFTLET\" \(arguments)")
        #expect(silent.status == 64 && silent.output + silent.errors == "")
    }

    @Test func informationOnTheMachineIsPrintedByEveryProcess() throws {
        let outcome = try shell("\(Self.second) \"$SWIFTLET\" info --machine")
        #expect(outcome.status == 0 && outcome.output.contains("MPI"))
    }

    @Test(arguments: ["/nowhere/libmpi.so", "/etc/passwd", "libm.so.6"])
    func aFileThatIsNotAnMPILibraryIsNamed(path: String) throws {
        let outcome = try shell(
            "\(Self.first) SWIFTLET_MPI=\(path) \"$SWIFTLET\" train --init d12 "
                + "--train-data x --output run"
        )
        expectError(outcome, 66, path)
    }

    @Test func muonsMomentsAreNotShared() throws {
        let outcome = try swiftlet([
            "train", "--init", "d12", "--train-data", "x", "--output", "run", "--zero-stage", "1",
            "--optimizer", "muon",
        ])
        expectError(outcome, 64, "Muon needs whole matrices")
    }

    @Test(.enabled(if: launcher != nil))
    func processesTrainTogetherAndTheFirstReports() throws {
        try withTemporaryDirectory { directory in
            func losses(_ count: Int, _ flags: [String], _ name: String) throws -> [Float] {
                let outcome = try train(
                    count,
                    in: directory,
                    ["--batch-size", "2", "--total-batch-tokens", "64", "--no-shuffle"] + flags,
                    into: name
                )
                try #require(outcome.status == 0, "\(outcome.errors)")
                let lines = outcome.errors.split(separator: "\n")
                #expect(lines.count { $0.contains("\(count) processes, MPI: ") } == 1)
                #expect(lines.count { $0.hasPrefix("done: 4 steps") } == 1)
                let log = directory.appending(name).appending("main.log")
                let words = String(decoding: try MappedFile(log).contents(), as: UTF8.self)
                    .split(whereSeparator: \.isWhitespace)
                return words.filter { $0.hasPrefix("trl:") }.compactMap { Float($0.dropFirst(4)) }
            }
            let two = try losses(2, [], "two")
            #expect(two.count == 4)
            #expect(Set(two).count == 4)
            let sharded = try losses(2, ["--zero-stage", "1"], "sharded")
            #expect(sharded == two)
            let four = try losses(4, ["--gradient-precision", "bfloat16"], "four")
            #expect(zip(four, two).allSatisfy { abs($0 - $1) < 0.01 } && four.count == 4)
            func models(_ name: String) throws -> [UInt8] {
                let path = directory.appending(name).appending("model_00000004.bin")
                return try MappedFile(path).contents()
            }
            let (whole, shared, rounded) = (
                try models("two"), try models("sharded"), try models("four")
            )
            #expect(whole == shared)
            #expect(whole != rounded)
        }
    }

    @Test(.enabled(if: launcher != nil))
    func aMistakeOfAllProcessesIsReportedOnce() throws {
        try withTemporaryDirectory { directory in
            for (flags, status, words) in [
                (["--total-batch-tokens", "100"], 64, "in each of 3 processes, but is 100"),
                (["--init", "/nowhere/model"], 66, "'/nowhere/model' does not exist"),
                (["--batch-size", "1000"], 64, "error: "),
                (["--bogus", "1"], 64, "error: there is no option '--bogus'"),
                (["--steps", "x"], 64, "error: The value 'x' is invalid for '--steps"),
            ] {
                let outcome = try train(3, in: directory, flags, into: "run")
                #expect(outcome.status == Int32(status), "\(outcome.errors)")
                let lines = outcome.errors.split(separator: "\n")
                    .filter { $0.hasPrefix("swiftlet: ") }
                #expect(lines.count == 1 && lines[0].contains(words), "\(outcome.errors)")
            }
        }
    }

    @Test(
        .enabled(if: launcher != nil),
        arguments: [
            (["--order", "random", "--threads", "2"], "it differs from process 0 in '--order=ran"),
            (["--bogus", "1"], "there is no option '--bogus'"),
        ]
    )
    func argumentsThatDifferBetweenProcessesAreNamed(
        flags: [String],
        words: String
    ) throws {
        try withTemporaryDirectory { directory in
            let outcome = try train(1, in: directory, [], into: "run", beside: flags)
            #expect(outcome.status == 64)
            let lines = outcome.errors.split(separator: "\n")
                .filter { $0.hasPrefix("swiftlet: ") }
            #expect(lines.count == 1, "\(outcome.errors)")
            #expect(lines.first?.contains("process 1 cannot continue: \(words)") == true)
        }
    }

    @Test(.enabled(if: launcher != nil))
    func anotherNumberOfProcessesResumesWithAsManyTokensPerStep() throws {
        try withTemporaryDirectory { directory in
            let flags = ["--no-shuffle", "--schedule", "constant", "--batch-size", "2"]
            let begun = try train(4, in: directory, flags + ["--steps", "2"], into: "run")
            try #require(begun.status == 0, "\(begun.errors)")
            for (count, steps) in [(2, 4), (1, 6), (4, 7)] {
                let outcome = try train(
                    count,
                    in: directory,
                    flags + ["--steps", "\(steps)"],
                    into: "run"
                )
                #expect(outcome.status == 0, "\(outcome.errors)")
                #expect(outcome.errors.contains("\(steps) steps of 64 tokens"))
            }
            let odd = try train(3, in: directory, flags + ["--steps", "8"], into: "run")
            #expect(odd.status == 64)
            #expect(odd.errors.contains("the number of tokens per step was 64 and is now 48"))
        }
    }
}

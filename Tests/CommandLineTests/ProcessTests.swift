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

    /// Trains a small model with several processes.
    private func train(
        _ count: Int,
        in directory: FilePath,
        _ flags: [String],
        into name: String
    ) throws -> Outcome {
        let data = try writeShard(to: directory.appending("data.bin"), count: 2000)
        let held = try writeShard(to: directory.appending("held.bin"), count: 300)
        let arguments = [
            "train", "--train-data", data.string, "--val-data", held.string, "--steps", "4",
            "--learning-rate", "0.01", "--init", "layers=2,heads=2,channels=16,context=8",
            "--threads", "1", "--val-every", "2", "--output", directory.appending(name).string,
        ]
        let words = (arguments + flags).map { "'\($0)'" }.joined(separator: " ")
        // The first two let root start processes, and the third more processes than processors.
        return try shell(
            "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
                + "OMPI_MCA_rmaps_base_oversubscribe=1; "
                + "exec '\(try #require(Self.launcher))' -n \(count) \"$SWIFTLET\" \(words)"
        )
    }

    @Test(arguments: ["train --bogus 1", "train --steps x", "bogus"])
    func onlyTheFirstProcessSaysWhatIsWrong(arguments: String) throws {
        let silent = try shell("\(Self.second) \"$SWIFTLET\" \(arguments)")
        #expect(silent.status == 64 && silent.output + silent.errors == "")
        let speaking = try shell("\(Self.first) \"$SWIFTLET\" \(arguments)")
        #expect(speaking.status == 64 && speaking.errors.hasPrefix("swiftlet: error: "))
    }

    @Test func commandsForASingleProcessPrintInEveryProcess() throws {
        let outcome = try shell("\(Self.second) \"$SWIFTLET\" info --machine")
        #expect(outcome.status == 0 && outcome.output.contains("MPI"))
    }

    @Test func aLibraryThatIsMissingIsNamed() throws {
        let outcome = try shell(
            "\(Self.first) SWIFTLET_MPI=/nowhere/libmpi.so \"$SWIFTLET\" train --init d12 "
                + "--train-data x --output run"
        )
        expectError(outcome, 66, "/nowhere/libmpi.so")
    }

    @Test func muonsMomentsAreNotShared() throws {
        let outcome = try swiftlet(
            "train",
            "--init",
            "d12",
            "--train-data",
            "x",
            "--output",
            "run",
            "--zero-stage",
            "1",
            "--optimizer",
            "muon"
        )
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
    func oneSentenceSaysWhatIsWrongForAllProcesses() throws {
        try withTemporaryDirectory { directory in
            for (flags, status, words) in [
                (["--total-batch-tokens", "100"], 64, "in each of 3 processes, but is 100"),
                (["--init", "/nowhere/model"], 66, "'/nowhere/model' does not exist"),
                (["--batch-size", "1000"], 64, "error: "),
            ] {
                let outcome = try train(3, in: directory, flags, into: "run")
                #expect(outcome.status == Int32(status), "\(outcome.errors)")
                let lines = outcome.errors.split(separator: "\n")
                    .filter { $0.hasPrefix("swiftlet: ") }
                #expect(lines.count == 1 && lines[0].contains(words), "\(outcome.errors)")
            }
        }
    }
}

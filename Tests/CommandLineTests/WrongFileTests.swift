// Every command that reads a file, given every wrong file: one sentence, the right exit code, and
// nothing on stdout.

import FileIO
import Foundation
import TestSupport
import Testing

/// Expects a single line on stderr, nothing on stdout, and an exit code.
func expectError(
    _ outcome: Outcome,
    _ status: Int32,
    _ fragment: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(outcome.status == status, "\(outcome.errors)", sourceLocation: sourceLocation)
    #expect(outcome.output == "", sourceLocation: sourceLocation)
    let lines = outcome.errors.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
        lines.count == 2 && lines.last == "",
        "\(outcome.errors)",
        sourceLocation: sourceLocation
    )
    #expect(outcome.errors.hasPrefix("swiftlet: error: "), sourceLocation: sourceLocation)
    if !fragment.isEmpty {
        #expect(
            outcome.errors.lowercased().contains(fragment.lowercased()),
            "\(outcome.errors)",
            sourceLocation: sourceLocation
        )
    }
}

/// A file that is not what a command needs.
enum WrongFile: String, CaseIterable {
    case missing, directory, empty, text, noise, tiny
    case truncatedHeader, truncatedBody, trailingByte
    case hugeSizes, negativeSizes, dividedHeads, otherVersion
    case model, tokenizer, shard, debugState

    /// The kinds that are wrong for every command.
    static let neverRight: [WrongFile] = [
        .missing, .directory, .empty, .text, .noise, .tiny, .truncatedHeader, .truncatedBody,
        .trailingByte, .hugeSizes, .negativeSizes, .dividedHeads, .otherVersion,
    ]

    /// The mistake in terms of `sysexits`: nothing to read, or something wrong in it.
    var status: Int32 { self == .missing || self == .directory ? 66 : 65 }

    private static let modelMagic: Int32 = 20_240_326

    /// Makes the file, or leaves it out.
    func create(at path: FilePath) throws {
        let model = path.removingLastComponent().appending("whole.bin")
        switch self {
        case .missing: break
        case .directory: try FileSystem.createDirectory(path)
        case .empty: try writeBytes([], to: path)
        case .text: try writeBytes(Array("To be, or not to be\n".utf8), to: path)
        case .noise: try writeBytes((0..<5000).map { UInt8($0 * $0 % 251) }, to: path)
        case .tiny: try writeBytes([1, 2, 3], to: path)
        case .truncatedHeader: try writeBytes(wholeModel(model).prefix(500).map { $0 }, to: path)
        case .truncatedBody: try writeBytes(wholeModel(model).dropLast(1), to: path)
        case .trailingByte: try writeBytes(wholeModel(model) + [0], to: path)
        case .hugeSizes:
            let largest = Int32.max
            try writeHeader(
                [Self.modelMagic, 3, largest, largest, largest, largest, largest, largest],
                to: path
            )
        case .negativeSizes:
            try writeHeader([Self.modelMagic, 3, -1, -5, -2, -2, -8, -128], to: path)
        case .dividedHeads: try writeHeader([Self.modelMagic, 3, 8, 50, 1, 3, 16, 128], to: path)
        case .otherVersion: try writeHeader([Self.modelMagic, 1, 8, 50, 1, 2, 16, 128], to: path)
        case .model: try writeModel(to: path)
        case .tokenizer: try writeTokenizer(to: path)
        case .shard: try writeShard(to: path)
        case .debugState: try writeHeader([20_240_327, 2, 4, 64], to: path)
        }
    }

    private func wholeModel(_ path: FilePath) throws -> [UInt8] {
        try MappedFile(writeModel(to: path)).contents()
    }

    /// Runs `body` with the path of the file, in a directory of its own.
    func withFile(_ body: (_ path: String, _ directory: FilePath) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("wrong-\(rawValue)")
            try create(at: path)
            try body(path.string, directory)
        }
    }
}

@Suite(.serialized) struct WrongFileTests {
    @Test(arguments: WrongFile.neverRight)
    func infoRefusesAWrongFile(file: WrongFile) throws {
        try file.withFile { path, _ in
            for options in [[], ["--json"]] {
                let outcome = try swiftlet(["info", path] + options)
                expectError(outcome, file.status, path)
            }
        }
    }

    @Test(arguments: WrongFile.neverRight + [.tokenizer, .shard, .debugState])
    func sampleRefusesAWrongModel(file: WrongFile) throws {
        try file.withFile { path, directory in
            let tokenizer = try writeTokenizer(to: directory.appending("tokenizer.bin"))
            let outcome = try swiftlet(["sample", "--model", path, "--tokenizer", tokenizer.string])
            expectError(outcome, file.status, path)
        }
    }

    @Test(arguments: WrongFile.neverRight + [.model, .shard, .debugState])
    func sampleRefusesAWrongTokenizer(file: WrongFile) throws {
        try file.withFile { path, directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            for options in [[], ["--prompt", "x"]] {
                let arguments = ["sample", "--model", model.string, "--tokenizer", path]
                expectError(try swiftlet(arguments + options), file.status, path)
            }
        }
    }

    @Test(arguments: WrongFile.neverRight + [.tokenizer, .shard, .debugState])
    func trainRefusesAWrongModel(file: WrongFile) throws {
        try file.withFile { path, directory in
            let shard = try writeShard(to: directory.appending("shard.bin"))
            let outcome = try train("--init", path, "--train-data", shard.string, in: directory)
            expectError(outcome, file.status, path)
        }
    }

    @Test(arguments: WrongFile.neverRight + [.model, .tokenizer, .debugState])
    func trainRefusesWrongData(file: WrongFile) throws {
        try file.withFile { path, directory in
            let shard = try writeShard(to: directory.appending("shard.bin"))
            for arguments in [
                ["--train-data", path], ["--train-data", shard.string, "--val-data", path],
            ] {
                let outcome = try train(["--init", Self.smallSize] + arguments, in: directory)
                expectError(outcome, file.status, path)
            }
        }
    }

    @Test(arguments: WrongFile.neverRight + [.model, .shard, .debugState])
    func trainRefusesAWrongTokenizer(file: WrongFile) throws {
        try file.withFile { path, directory in
            let shard = try writeShard(to: directory.appending("shard.bin"))
            let outcome = try train(
                "--init",
                Self.smallSize,
                "--train-data",
                shard.string,
                "--tokenizer",
                path,
                in: directory
            )
            expectError(outcome, file.status, path)
        }
    }

    private static let smallSize = "layers=1,heads=1,channels=8,context=16"

    private func train(_ arguments: String..., in directory: FilePath) throws -> Outcome {
        try train(arguments, in: directory)
    }

    private func train(_ arguments: [String], in directory: FilePath) throws -> Outcome {
        let fixed = ["--output", directory.appending("run").string, "--steps", "1"]
        return try swiftlet(["train"] + arguments + fixed)
    }

    @Test func anotherKindOfFileIsNamed() throws {
        for (file, name) in [
            (WrongFile.shard, "is a token shard, not"),
            (.tokenizer, "is a GPT-2 (byte-level BPE) tokenizer, not"),
            (.text, "is a text file, not"), (.empty, "is an empty file, not"),
        ] {
            try file.withFile { path, directory in
                let outcome = try swiftlet("sample", "--model", path, "--tokenizer", path)
                expectError(outcome, 65, "'\(path)' \(name)")
            }
        }
    }

    @Test(arguments: [0, 4, 1023, 1024, 1025, 1500])
    func aTruncatedTokenizerIsRefused(byteCount: Int) throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            let whole = try MappedFile(writeTokenizer(to: directory.appending("t.bin"))).contents()
            let path = try writeBytes(
                Array(whole.prefix(byteCount)),
                to: directory.appending("tokenizer.bin")
            )
            expectError(try swiftlet("info", path.string), 65, path.string)
            expectError(try swiftlet("sample", "--model", model.string), 65, path.string)
        }
    }

    @Test func aDamagedShardIsRefused() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("s.bin")
            for fields: [Int32] in [
                [20_240_520, 1, -1], [20_240_520, 1, .max], [20_240_520, 2, 0],
                [20_240_801, 7, 5], [20_240_520, 1, 0],
            ] {
                try writeHeader(fields, to: path)
                expectError(try swiftlet("info", path.string), 65, path.string)
            }
        }
    }

    @Test func aDamagedDebugStateIsRefused() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("d.bin")
            for fields: [Int32] in [[20_240_327, 1, 4, 64], [20_240_327, 2, 0, -64]] {
                try writeHeader(fields, to: path)
                expectError(try swiftlet("info", path.string), 65, path.string)
            }
        }
    }
}

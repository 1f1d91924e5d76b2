import FileIO
import Foundation
import TestSupport
import Testing

/// An evaluation shard that passes for HellaSwag's: the same number of examples, one token each.
private let hellaSwagBytes: [UInt8] = {
    var fields = [Int32](repeating: 0, count: 256)
    fields.replaceSubrange(0..<4, with: [20_240_522, 1, 10042, 8])
    var bytes = fields.flatMap { field in withUnsafeBytes(of: field.littleEndian) { Array($0) } }
    for index in 0..<10042 {
        bytes += [0xFF, 0xFF, 8, 0, UInt8(index & 0xFF), UInt8(index >> 8), 7, 7]
    }
    return bytes
}()

/// Runs `swiftlet fetch` in an empty directory, with a server that has `hellaswag_val.bin`.
private func withServer(
    _ change: (inout LoopbackServer.Behavior) -> Void = { _ in },
    _ body: (
        _ server: LoopbackServer,
        _ directory: FilePath,
        _ fetch: (String...) throws -> Outcome
    ) throws -> Void
) throws {
    var behavior = LoopbackServer.Behavior()
    behavior.files["/hellaswag_val.bin"] = hellaSwagBytes
    change(&behavior)
    let server = try LoopbackServer(behavior)
    try withTemporaryDirectory { directory in
        try body(server, directory) { arguments in
            try swiftlet(
                ["fetch"] + arguments + ["--output", directory.string, "--base-url", server.url]
            )
        }
    }
}

@Suite(.serialized) struct FetchTests {
    @Test func aFileIsDownloadedOnce() throws {
        try withServer { server, directory, fetch in
            let path = directory.appending("hellaswag_val.bin")
            let first = try fetch("hellaswag")
            #expect(first.status == 0, "\(first.errors)")
            #expect(first.output == "\(path): 79.5 KiB, downloaded and verified\n")
            try #expect(MappedFile(path).contents() == hellaSwagBytes)
            let second = try fetch("hellaswag")
            #expect(second.status == 0)
            #expect(second.output == "\(path): 79.5 KiB, already here\n")
            #expect(server.requests.count == 1)
            try #expect(fetch("hellaswag", "--overwrite").status == 0)
            #expect(server.requests.count == 2)
        }
    }

    @Test func jsonNamesEveryFile() throws {
        try withServer { _, directory, fetch in
            let object = try fetch("hellaswag", "--json").object()
            let files = try #require(object["files"] as? [[String: Any]])
            #expect(files.count == 1)
            #expect(files[0]["path"] as? String == "\(directory)/hellaswag_val.bin")
            #expect(files[0]["bytes"] as? Int == hellaSwagBytes.count)
            #expect(files[0]["already_here"] as? Bool == false)
        }
    }

    /// Stops a download with a signal once half of the file has arrived.
    private func stopDownload(
        with signal: Int32,
        from server: LoopbackServer,
        into directory: FilePath
    ) throws -> Outcome {
        server.update { $0.stallAfter = 50_000 }
        defer { server.update { $0.stallAfter = nil } }
        let part = directory.appending("hellaswag_val.bin.part")
        let outcome = try swiftlet([
            "fetch", "hellaswag", "--output", directory.string, "--base-url", server.url,
        ]) { program in
            program.wait { FileSystem.byteCount(of: part) == 50_000 }
            program.send(signal)
        }
        #expect(FileSystem.byteCount(of: part) == 50_000)
        return outcome
    }

    @Test func ctrlCKeepsWhatArrivedForTheNextRun() throws {
        try withServer { server, directory, fetch in
            let stopped = try stopDownload(with: SIGINT, from: server, into: directory)
            #expect(stopped.status == 130)
            #expect(stopped.output == "")
            let next = try fetch("hellaswag")
            #expect(next.status == 0)
            #expect(next.output.contains("resumed at 48.8 KiB"))
            #expect(server.requests.last?.range == "bytes=50000-")
            #expect(server.requests.last?.sent == hellaSwagBytes.count - 50_000)
            try #expect(FileSystem.names(in: directory).map(\.string) == ["hellaswag_val.bin"])
        }
    }

    @Test func aKilledDownloadIsResumed() throws {
        try withServer { server, directory, fetch in
            let stopped = try stopDownload(with: SIGKILL, from: server, into: directory)
            #expect(stopped.status == SIGKILL)
            try #expect(fetch("hellaswag").status == 0)
            #expect(server.requests.last?.range == "bytes=50000-")
        }
    }

    @Test func aFileThatCannotBeWrittenKeepsItsBeginning() throws {
        try withServer { server, directory, fetch in
            // A limit of the shell's stands in for a full disk: in 512-byte blocks.
            let script = """
                trap '' XFSZ; ulimit -f 64; exec "$SWIFTLET" fetch hellaswag \
                --output '\(directory)' --base-url \(server.url)
                """
            expectError(try shell(script), 74, "make room and run the same command again")
            let part = directory.appending("hellaswag_val.bin.part")
            let kept = try #require(FileSystem.byteCount(of: part))
            #expect(kept > 0)
            let next = try fetch("hellaswag")
            #expect(next.status == 0, "\(next.errors)")
            #expect(server.requests.last?.range == "bytes=\(kept)-")
        }
    }

    @Test func whatTheServerLacksIsReportedInOneSentence() throws {
        try withServer { server, directory, fetch in
            expectError(try fetch("gpt2-llmc"), 66, "\(server.url)/gpt2_tokenizer.bin")
            expectError(try fetch("gpt2"), 66, "\(server.url)/config.json")
            expectError(try fetch("tinyshakespeare"), 66, "no such file (HTTP 404)")
            try #expect(FileSystem.names(in: directory).map(\.string) == [])
        }
    }

    @Test func aServerThatIsNotThereIsReportedInOneSentence() throws {
        var url = ""
        try withServer { server, _, _ in url = server.url }
        try withTemporaryDirectory { directory in
            let outcome = try swiftlet([
                "fetch", "gpt2", "--output", directory.string, "--base-url", url,
            ])
            expectError(outcome, 66, "does not accept the connection")
            try #expect(FileSystem.names(in: directory).map(\.string) == [])
        }
    }

    @Test func whatCannotBeFetchedLeavesNoDirectory() throws {
        var url = ""
        try withServer { server, _, _ in url = server.url }
        try withTemporaryDirectory { directory in
            func fetch(into output: FilePath) throws -> Outcome {
                try swiftlet("fetch", "gpt2", "--output", output.string, "--base-url", url)
            }
            expectError(try fetch(into: directory.appending("a/b/c")), 66, "connection")
            try #expect(FileSystem.names(in: directory) == [])
            // What was there before stays, empty or not.
            let kept = directory.appending("kept")
            try FileSystem.createDirectory(kept)
            expectError(try fetch(into: kept), 66, "connection")
            expectError(try fetch(into: kept.appending("new")), 66, "connection")
            try #expect(FileSystem.names(in: directory) == ["kept"])
        }
    }

    @Test func aWrongFileIsNotKept() throws {
        try withServer {
            $0.files["/hellaswag_val.bin"]?[4] = 2
        } _: { _, directory, fetch in
            expectError(try fetch("hellaswag"), 65, "expected a header of [20240522, 1, 10042]")
            try #expect(FileSystem.names(in: directory).map(\.string) == [])
        }
    }

    @Test func anotherFileOfThatNameIsLeftAlone() throws {
        try withServer { server, directory, fetch in
            try writeBytes([1], to: directory.appending("hellaswag_val.bin"))
            expectError(try fetch("hellaswag"), 73, "already exists")
            #expect(server.requests.isEmpty)
        }
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func namesStandForTheirFiles() throws {
        func bytes(_ path: String) throws -> [UInt8] {
            try MappedFile(TestData.path(path)).contents()
        }
        let files: [String: [UInt8]] = [
            "/gpt2_tokenizer.bin": try bytes("gpt2/gpt2_tokenizer.bin"),
            "/tiny_shakespeare_train.bin": try bytes(
                "tinyshakespeare/tiny_shakespeare_train.bin"
            ),
            "/tiny_shakespeare_val.bin": try bytes("tinyshakespeare/tiny_shakespeare_val.bin"),
        ]
        try withServer {
            $0.files = files
        } _: { server, directory, fetch in
            let outcome = try fetch("tinyshakespeare")
            #expect(outcome.status == 0, "\(outcome.errors)")
            for (path, bytes) in files {
                let copy = directory.appending(String(path.dropFirst()))
                try #expect(MappedFile(copy).contents() == bytes)
            }
            // The tokenizer is here already; the models are what the server does not have.
            expectError(try fetch("gpt2-llmc", "--json"), 66, "/gpt2_124M.bin")
            expectError(
                try fetch("gpt2-llmc", "--precision", "bfloat16", "--json"),
                66,
                "/gpt2_124M_bf16.bin"
            )
        }
    }

    @Test func aModelIsADirectoryOfItsFiles() throws {
        let weights = #"{"x": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}"#
        let length = UInt8(weights.utf8.count)
        let bytes = [length, 0, 0, 0, 0, 0, 0, 0] + Array(weights.utf8) + [1, 2]
        try withServer {
            for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json"] {
                $0.files["/\(name)"] = Array("{}".utf8)
            }
            $0.files["/merges.txt"] = Array("#version: 0.2\n".utf8)
            $0.files["/model.safetensors"] = bytes
        } _: { server, directory, fetch in
            for name in ["gpt2-xl", "smollm2-135m-instruct", "tinyllama-chat"] {
                let outcome = try fetch(name, "--overwrite")
                #expect(outcome.status == 0, "\(outcome.errors)")
                let model = directory.appending("model.safetensors")
                #expect(
                    outcome.output.hasSuffix(
                        "\(model): \(bytes.count) bytes, downloaded and verified\n"
                    )
                )
                try #expect(MappedFile(model).contents() == bytes)
            }
            #expect(server.requests.contains { $0.path == "/vocab.json" })
            #expect(server.requests.contains { $0.path == "/tokenizer_config.json" })
        }
    }

    @Test func anErrorAboutAMissingFileSaysWhatDownloadsIt() throws {
        try withTemporaryDirectory { directory in
            for (path, name) in [
                ("checkpoints/gpt2", "gpt2"), ("stories15M.bin", "stories15M"),
                ("smollm2-135m-instruct/model.safetensors", "smollm2-135m-instruct"),
                ("gpt2_124M_bf16.bin", "gpt2-llmc"),
            ] {
                let outcome = try swiftlet("info", directory.appending(path).string)
                expectError(outcome, 66, "'swiftlet fetch \(name)' downloads it")
            }
            for path in ["model.bin", "gpt2/notes.txt", "gpt2/gpt2_tokenizer.bin", "config.json"] {
                let other = try swiftlet("info", directory.appending(path).string)
                expectError(other, 66, "does not exist")
                #expect(!other.errors.contains("fetch"), "\(path)")
            }
        }
    }

    @Test func wrongUsageIsReportedInOneSentence() throws {
        expectError(try swiftlet("fetch", "gpt3"), 64, "gpt3")
        expectError(try swiftlet("fetch", "gpt2", "--base-url", "file:///x"), 64, "https://HOST")
        expectError(try swiftlet("fetch", "hellaswag", "--debug-state"), 64, "--debug-state")
        let precision = ["fetch", "tinyshakespeare", "--precision", "bfloat16"]
        expectError(try swiftlet(precision), 64, "--precision")
        expectError(try swiftlet("fetch", "gpt2-llmc", "--precision", "q8_0"), 64, "q8_0")
        expectError(try swiftlet("fetch", "gpt2", "--precision", "float32"), 64, "gpt2-llmc only")
        expectError(try swiftlet("fetch", "smollm2"), 64, "did you mean 'smollm2-135m-instruct'")
    }
}

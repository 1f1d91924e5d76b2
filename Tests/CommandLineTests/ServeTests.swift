// `swiftlet serve` from outside: what it says, who may ask, and how it ends. What it answers is
// tested in ServerTests, and with the clients of others by scripts/check_server.

import FileIO
import Foundation
import TestSupport
import Testing

@testable import SwiftletCLI

@Suite(.serialized) struct ServeTests {
    /// A text so long that it is still being made when the test has done the rest.
    private static let longText = """
        {"prompt": "a", "max_tokens": 100000000, "stream": true, "n": 2,
        "logit_bias": {"256": -100}}
        """
    private static let longContext = 200_000

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func aModelIsServedUntilASignal(signal: CInt) throws {
        try withModel { model, tokenizer in
            let sample = try swiftlet(
                "sample",
                "--model",
                model,
                "--tokenizer",
                tokenizer,
                "--prompt",
                "ab",
                "--temperature",
                "0",
                "--max-tokens",
                "9",
                "--json"
            )
            let expected = try #require(sample.object()["text"] as? String)
            let outcome = try RunningServer.run(["--model", model, "--tokenizer", tokenizer]) {
                server in
                #expect(try server.ask("/health").status == 200)
                let answer = try server.ask(
                    "/v1/completions",
                    #"{"prompt":"ab","max_tokens":9,"temperature":0}"#
                )
                #expect(answer.status == 200)
                let choices = try answer.object()["choices"] as? [[String: Any]]
                #expect(choices?.first?["text"] as? String == expected)
                kill(server.process.processIdentifier, signal)
                server.process.waitUntilExit()
            }
            #expect(outcome.status == 0)
            #expect(outcome.output == "")
            let place = #/swiftlet: model on http://127\.0\.0\.1:\d+,/#
            let rest = #/ 4 texts at a time of 32 tokens each, caches of \S+ KiB; Ctrl-C ends\n/#
            let found = try #require(outcome.errors.prefixMatch(of: place), "\(outcome.errors)")
            let end = outcome.errors[found.range.upperBound...]
            #expect(end.wholeMatch(of: rest) != nil, "\(outcome.errors)")
        }
    }

    @Test func aSecondInterruptionEndsAtOnce() throws {
        try withModel(contextLength: Self.longContext) { model, tokenizer in
            let arguments = ["--model", model, "--tokenizer", tokenizer, "--parallel", "2"]
            let outcome = try RunningServer.run(arguments) { server in
                let connection = try server.connect("/v1/completions", Self.longText)
                defer { close(connection) }
                var byte: UInt8 = 0
                // The header comes before the text begins.
                #expect(recv(connection, &byte, 1, 0) == 1)
                kill(server.process.processIdentifier, SIGINT)
                while server.process.isRunning, !server.errors.contains("ending: 2 texts") {
                    usleep(2000)
                }
                // Requests that come at the same time are one.
                usleep(150_000)
                kill(server.process.processIdentifier, SIGINT)
                server.process.waitUntilExit()
                #expect(server.process.terminationReason == .uncaughtSignal)
            }
            #expect(outcome.status == SIGINT)
        }
    }

    @Test func aKeyIsAskedFor() throws {
        try withModel { model, tokenizer in
            try withTemporaryDirectory { directory in
                let file = try writeBytes(Array("secret\n".utf8), to: directory.appending("key"))
                for option in [["--api-key", "secret"], ["--api-key-file", file.string]] {
                    let arguments = ["--model", model, "--tokenizer", tokenizer] + option
                    _ = try RunningServer.run(arguments) { server in
                        let keys = [nil, "secre", "secret"]
                        let found = try keys.map { try server.ask("/v1/models", key: $0).status }
                        #expect(found == [401, 401, 200])
                        let health = try server.ask("/health")
                        #expect(health.status == 200)
                    }
                }
            }
        }
    }

    @Test func whoServesTheNetworkWithoutAKeyIsTold() throws {
        try withModel { model, tokenizer in
            let arguments = ["--model", model, "--tokenizer", tokenizer, "--host", "0.0.0.0"]
            let open = try RunningServer.run(arguments)
            #expect(open.errors.contains("everybody who can reach this machine"))
            let closed = try RunningServer.run(arguments + ["--api-key", "secret"])
            #expect(!closed.errors.contains("everybody"))
            #expect(closed.status == 0)
        }
    }

    @Test func requestsAreSpokenOfOnlyWithVerbose() throws {
        try withModel { model, tokenizer in
            for isVerbose in [false, true] {
                let outcome = try RunningServer.run(
                    ["--model", model, "--tokenizer", tokenizer] + (isVerbose ? ["--verbose"] : [])
                ) { server in
                    let answer = try server.ask("/nowhere?secret=1")
                    #expect(answer.status == 404)
                }
                #expect(outcome.errors.contains("GET /nowhere 404") == isVerbose)
                #expect(!outcome.errors.contains("secret"))
            }
        }
    }

    @Test func anAddressThatCannotBeHadIsRefused() throws {
        let used = try LoopbackServer()
        try withModel { model, tokenizer in
            func outcome(_ arguments: String...) throws -> Outcome {
                let all = ["serve", "--model", model, "--tokenizer", tokenizer] + arguments
                return try run(swiftletPath(), all)
            }
            expectError(try outcome("--port", "\(used.port)"), 73, "is in use")
            expectError(try outcome("--port", "0", "--host", "192.0.2.1"), 64, "not an address of")
            expectError(try outcome("--port", "0", "--host", "no host"), 64, "'no host'")
            expectError(try outcome("--port", "0", "--host", ""), 64, "--host needs an address")
        }
    }

    @Test func wrongKeysAndLimitsAreRefused() throws {
        try withModel { model, tokenizer in
            try withTemporaryDirectory { directory in
                func path(_ name: String, _ bytes: [UInt8]) throws -> String {
                    try writeBytes(bytes, to: directory.appending(name)).string
                }
                let wrong: [([String], Int32, String)] = [
                    (["--api-key", ""], 64, "is empty"),
                    (["--api-key", "a b"], 64, "cannot carry"),
                    (["--api-key", "ä"], 64, "cannot carry"),
                    (["--api-key", String(repeating: "a", count: 1025)], 64, "longer than 1024"),
                    (["--api-key", "a", "--api-key-file", "b"], 64, "not both"),
                    (["--api-key-file", directory.string], 66, "is a directory"),
                    (["--api-key-file", directory.appending("none").string], 66, "does not exist"),
                    (["--api-key-file", try path("empty", [])], 65, "is empty"),
                    (["--api-key-file", try path("line", [10])], 65, "is empty"),
                    (["--api-key-file", try path("lines", [97, 10, 98, 10])], 65, "cannot carry"),
                    (["--api-key-file", try path("binary", [0, 255])], 65, "cannot carry"),
                    (["--api-key-file", "/dev/zero"], 65, "longer than 1024"),
                    (["--context", "33"], 64, "the model's context is of 32 tokens"),
                    (["--cors", "example.com"], 64, "--cors"),
                    (["--adapter", directory.string], 66, "adapter"),
                    (["--checkpoint", "best"], 64, "--checkpoint"),
                ]
                for (arguments, status, fragment) in wrong {
                    let all = ["serve", "--port", "0", "--model", model, "--tokenizer", tokenizer]
                    expectError(try run(swiftletPath(), all + arguments), status, fragment)
                }
            }
        }
    }

    @Test func anEmptyKeyInTheEnvironmentIsRefused() throws {
        try withModel { model, tokenizer in
            let command = "$SWIFTLET serve --port 0 --model '\(model)' --tokenizer '\(tokenizer)'"
            expectError(try shell("SWIFTLET_API_KEY= \(command)"), 64, "SWIFTLET_API_KEY is empty")
        }
    }

    @Test func aModelWithoutATokenizerIsRefused() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            expectError(try swiftlet("serve", "--model", model.string), 64, "--tokenizer")
        }
    }

    @Test func modelsAreNamedAfterTheirFileOrDirectory() throws {
        try withTemporaryDirectory { directory in
            let run = directory.appending("a.bin")
            try FileSystem.createDirectory(run)
            #expect(ServedModelName(of: run).text == "a.bin")
            #expect(ServedModelName(of: run.appending("..").appending("a.bin")).text == "a.bin")
            #expect(ServedModelName(of: "/models/A.Q4_1.gguf").text == "A.Q4_1")
            #expect(ServedModelName(of: "models/stories15M.BIN").text == "stories15M")
            #expect(ServedModelName(of: ".bin").text == ".bin")
            #expect(ServedModelName(of: "/models/v1.5/").text == "v1.5")
            #expect(ServedModelName(of: "/").text == "model")
            let current = FileManager.default.currentDirectoryPath
            #expect(ServedModelName(of: ".").text == FilePath(current).lastComponent?.string)
        }
    }

    @Test func aNameOfSeveralLinesIsShownOnOne() throws {
        try withModel { model, tokenizer in
            try withTemporaryDirectory { directory in
                let path = directory.appending("a\nb.bin")
                try writeBytes(Array(MappedFile(FilePath(model)).contents()), to: path)
                let outcome = try RunningServer.run(
                    ["--model", path.string, "--tokenizer", tokenizer]
                )
                #expect(outcome.errors.hasPrefix("swiftlet: a\\nb on http://"))
            }
        }
    }

    @Test func originsAreThoseOfBrowsers() throws {
        let right = [
            "*": "*", "https://example.com": "https://example.com",
            "HTTP://LocalHost:3000": "http://localhost:3000", "http://a:80": "http://a",
            "https://a:443": "https://a", "https://a:80": "https://a:80",
            "http://[::1]:8080": "http://[::1]:8080",
        ]
        for (text, origin) in right {
            #expect(try ServedClientOptions.origin(text) == origin)
        }
        for text in ["", "a", "a.b", "http://", "http://a/", "ftp://a", "http://a b", "http://a:x"]
        {
            #expect(throws: NumberError.self, "\(text)") { try ServedClientOptions.origin(text) }
        }
    }
}

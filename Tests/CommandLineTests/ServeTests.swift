// `swiftlet serve` from outside: what it prints, who may use it, and how it ends. What it answers
// is tested in ServerTests, and with the clients of others by scripts/check_server.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct ServeTests {
    /// A text so long that it is still being generated when the test has done the rest.
    private static let longText = """
        {"prompt": "a", "max_tokens": 100000000, "stream": true, "n": 2,
        "logit_bias": {"256": -100}}
        """
    private static let longContext = 200_000

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func aModelIsServedUntilASignal(signal: CInt) throws {
        try withModel { model, tokenizer in
            let sample = try swiftlet([
                "sample", "--model", model, "--tokenizer", tokenizer, "--prompt", "ab",
                "--temperature", "0", "--max-tokens", "9", "--json",
            ])
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
                server.program.send(signal)
                server.program.process.waitUntilExit()
            }
            #expect(outcome.status == 0)
            #expect(outcome.output == "")
            let place = #/swiftlet: model on http://127\.0\.0\.1:\d+,/#
            let rest = #/ 4 texts at a time, 32 tokens each, caches of \S+ KiB; Ctrl-C stops it\n/#
            let found = try #require(outcome.errors.prefixMatch(of: place), "\(outcome.errors)")
            let end = outcome.errors[found.range.upperBound...]
            #expect(end.wholeMatch(of: rest) != nil, "\(outcome.errors)")
        }
    }

    @Test func aRunningStreamFinishesAfterASignal() throws {
        try withModel(contextLength: Self.longContext) { model, tokenizer in
            let body = """
                {"prompt": "a", "max_tokens": 4000, "stream": true, "logit_bias": {"256": -100}}
                """
            var text = ""
            let arguments = ["--model", model, "--tokenizer", tokenizer]
            let outcome = try RunningServer.run(arguments) { server in
                let connection = try server.connect("/v1/completions", body)
                defer { close(connection) }
                var byte: UInt8 = 0
                #expect(recv(connection, &byte, 1, 0) == 1)
                server.program.send(SIGTERM)
                text = server.rest(of: connection)
                server.program.process.waitUntilExit()
            }
            #expect(outcome.status == 0)
            #expect(outcome.errors.contains("stopping: 1 text may take"))
            #expect(text.contains(#""finish_reason":"length""#))
            #expect(text.hasSuffix("data: [DONE]\n\n"))
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
                server.program.interrupt()
                server.program.wait { server.program.errors.contains("stopping: 2 texts") }
                // Requests that come at the same time are one.
                usleep(150_000)
                server.program.interrupt()
                server.program.process.waitUntilExit()
                #expect(server.program.process.terminationReason == .uncaughtSignal)
            }
            #expect(outcome.status == SIGINT)
        }
    }

    @Test func aKeyIsRequiredIfOneIsSet() throws {
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

    @Test func servingTheNetworkWithoutAKeyGetsAWarning() throws {
        try withModel { model, tokenizer in
            let arguments = ["--model", model, "--tokenizer", tokenizer, "--host", "0.0.0.0"]
            let open = try RunningServer.run(arguments)
            #expect(open.errors.contains("everyone who can reach this machine"))
            let closed = try RunningServer.run(arguments + ["--api-key", "secret"])
            #expect(!closed.errors.contains("everybody"))
            #expect(closed.status == 0)
        }
    }

    @Test func requestsAreLoggedOnlyWithVerbose() throws {
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

    @Test func anUnusableAddressIsRefused() throws {
        let used = try LoopbackServer()
        try withModel { model, tokenizer in
            func outcome(_ arguments: String...) throws -> Outcome {
                let all = ["serve", "--model", model, "--tokenizer", tokenizer] + arguments
                return try swiftlet(all)
            }
            expectError(try outcome("--port", "\(used.port)"), 73, "is in use")
            expectError(try outcome("--port", "0", "--host", "192.0.2.1"), 64, "not an address of")
            expectError(try outcome("--port", "0", "--host", "no host"), 64, "'no host'")
            expectError(try outcome("--port", "0", "--host", ""), 64, "--host needs an address")
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
}

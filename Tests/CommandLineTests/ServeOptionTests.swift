// The options of `swiftlet serve`: which are refused, what a model is called, and what memory its
// texts may take. What the command does with them is in ServeTests.swift.

import FileIO
import Foundation
import Swiftlet
import TestSupport
import Testing

@testable import SwiftletCLI

/// What is done with the paths of a model and its tokenizer.
private typealias TwoPaths = (_ model: String, _ tokenizer: String) throws -> Void

@Suite(.serialized) struct ServeOptionTests {
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
                    (["--context", "33"], 64, "the model's context is 32 tokens"),
                    (["--cors", "example.com"], 64, "--cors"),
                    (["--adapter", directory.string], 66, "adapter"),
                    (["--checkpoint", "best"], 64, "--checkpoint"),
                ]
                for (arguments, status, fragment) in wrong {
                    let all = ["serve", "--port", "0", "--model", model, "--tokenizer", tokenizer]
                    expectError(try swiftlet(all + arguments), status, fragment)
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

    @Test func cachesThatDoNotFitInMemoryAreRefused() throws {
        let options = try ServedTextOptions.parse(["--parallel", "3"])
        for with in [{ try withModel($0) }, { try withLlama($0) }] as [(TwoPaths) throws -> Void] {
            try with { path, tokenizer in
                let model = try ModelSource(FilePath(path)).makeModel(ops: Ops())
                let session = try model.makeSession(sequenceCount: 3)
                try session.reserve()
                let needed = session.cacheByteCount + model.weightBytesPerToken
                try options.checkMemory(of: model, available: needed)
                let error = #expect(throws: CommandError.self) {
                    try options.checkMemory(of: model, available: needed - 1)
                }
                #expect(error?.status == .failure)
                #expect(error?.description.contains("3 texts of") == true)
            }
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

// Running the built `swiftlet` as a process, as its users do.

import Foundation
import TestSupport
import Testing

/// What a run left behind.
struct Outcome {
    let status: Int32
    let output: String
    let errors: String

    /// The objects of `--json`, one per line.
    func objects() throws -> [[String: Any]] {
        try output.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return try #require(object as? [String: Any])
        }
    }

    /// The single object of `--json`.
    func object() throws -> [String: Any] {
        let objects = try objects()
        #expect(objects.count == 1)
        return try #require(objects.first)
    }
}

/// The built program, which is next to the test bundle.
func swiftletPath() throws -> String {
    let bundles = Bundle.allBundles.map(\.bundleURL).filter { $0.pathExtension == "xctest" }
    let places = [Bundle.main.bundleURL] + bundles.map { $0.deletingLastPathComponent() }
    return try #require(
        places.map { $0.appendingPathComponent("swiftlet").path }
            .first { FileManager.default.isExecutableFile(atPath: $0) },
        "swiftlet was not built beside the tests"
    )
}

/// Runs `swiftlet` to its end, as ``run(_:_:input:terminal:whileRunning:)`` runs any program.
func swiftlet(
    _ arguments: [String],
    input: String = "",
    terminal: FileHandle? = nil,
    whileRunning: (RunningProgram) throws -> Void = { _ in }
) throws -> Outcome {
    try run(
        swiftletPath(),
        arguments,
        input: input,
        terminal: terminal,
        whileRunning: whileRunning
    )
}

/// Runs `swiftlet` with a few arguments to its end.
func swiftlet(_ arguments: String..., input: String = "") throws -> Outcome {
    try swiftlet(arguments, input: input)
}

/// Runs a line of shell script, in which `$SWIFTLET` is the program.
func shell(_ script: String) throws -> Outcome {
    try run("/bin/sh", ["-c", "SWIFTLET='\(swiftletPath())'; \(script)"])
}

/// Runs a program to its end.
/// - Parameters:
///   - program: The path of the program.
///   - arguments: What it is given.
///   - input: What it reads from standard input.
///   - terminal: What it reads from instead.
///   - whileRunning: Called once it runs.
/// - Returns: What the run left behind.
/// - Throws: When the program cannot be started.
func run(
    _ program: String,
    _ arguments: [String],
    input: String = "",
    terminal: FileHandle? = nil,
    whileRunning: (RunningProgram) throws -> Void = { _ in }
) throws -> Outcome {
    try withTemporaryDirectory { directory in
        // Files rather than pipes, which a program could fill while nobody reads.
        func file(_ name: String) throws -> (url: URL, handle: FileHandle) {
            let url = URL(fileURLWithPath: directory.appending(name).string)
            try Data(name == "input" ? input : "").write(to: url)
            return (url, try FileHandle(forUpdating: url))
        }
        let (standardInput, output, errors) = (
            try file("input"), try file("output"), try file("errors")
        )
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = terminal ?? standardInput.handle
        process.standardOutput = output.handle
        process.standardError = errors.handle
        try process.run()
        try whileRunning(RunningProgram(process, output: output.url, errors: errors.url))
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            output: String(decoding: try Data(contentsOf: output.url), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errors.url), as: UTF8.self)
        )
    }
}

extension Data {
    fileprivate init(_ text: String) {
        self.init(text.utf8)
    }
}

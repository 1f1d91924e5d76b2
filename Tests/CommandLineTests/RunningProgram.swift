// A program while it runs: what it has printed so far, and the signals it is sent.

import Foundation

/// A program that a test has started.
struct RunningProgram {
    let process: Process
    private let outputURL: URL
    private let errorsURL: URL

    /// Describes a program that has started.
    /// - Parameters:
    ///   - process: The program.
    ///   - output: The file that receives what it prints.
    ///   - errors: The file that receives what it prints to standard error.
    init(_ process: Process, output: URL, errors: URL) {
        self.process = process
        (outputURL, errorsURL) = (output, errors)
    }

    /// Whether it has not ended.
    var isRunning: Bool { process.isRunning }

    /// What it has printed so far.
    var output: String { Self.text(of: outputURL) }

    /// What it has printed to standard error so far.
    var errors: String { Self.text(of: errorsURL) }

    private static func text(of file: URL) -> String {
        (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Returns when the condition holds, or once the program has ended.
    func wait(until isReached: () throws -> Bool) rethrows {
        while process.isRunning, try !isReached() { usleep(1000) }
    }

    /// Sends a signal.
    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Ctrl-C.
    func interrupt() { send(SIGINT) }
}

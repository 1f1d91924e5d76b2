// The command `swiftlet`: its subcommands, and the one place where an error becomes a line on stderr
// and an exit code.

import ArgumentParser
import Swiftlet

@main
struct SwiftletCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftlet",
        abstract: "Train GPT-2, and generate with it and Llama 2, on a CPU, with no Python.",
        subcommands: [
            StoriesCommand.self, TokenizerCommand.self, PrepareCommand.self, TrainCommand.self,
            SampleCommand.self, ChatCommand.self, EvaluateCommand.self, InfoCommand.self,
            BenchCommand.self,
            FetchCommand.self, ReportCommand.self,
        ]
    )

    static func main() {
        Terminal.reserveClosedStreams()
        Signals.endQuietlyWhenOutputIsClosed()
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            var command = try parseAsRoot(TrainConfiguration.expanding(arguments))
            try command.run()
        } catch {
            report(error).exitProcess()
        }
    }

    /// Prints what there is to say about `error`, and returns the exit code.
    private static func report(_ error: any Error) -> ExitStatus {
        if let status = error as? ExitStatus { return status }
        let parserCode = exitCode(for: error)
        if parserCode == .success {
            // A request for help or for completions.
            return printed(fullMessage(for: error))
        }
        if parserCode == .validationFailure {
            // Some of the parser's sentences end with a full stop, and some do not.
            let message = message(for: error)
            let sentence = message.hasSuffix(".") ? String(message.dropLast()) : message
            Terminal.diagnose("error: \(sentence); see '\(helpCommand)'")
            return .wrongUsage
        }
        let hint = flagHint(for: error).map { " (\($0))" } ?? ""
        Terminal.diagnose("error: \(error)\(hint)")
        return ExitStatus(for: error)
    }

    private static func printed(_ text: String) -> ExitStatus {
        do {
            try Terminal.write(text + "\n")
            return .done
        } catch {
            return report(error)
        }
    }

    /// The help of the subcommand at hand.
    private static var helpCommand: String {
        let name = CommandLine.arguments.dropFirst().first
        let isSubcommand = configuration.subcommands.contains { $0._commandName == name }
        return ["swiftlet", isSubcommand ? name : nil, "--help"].compactMap { $0 }
            .joined(separator: " ")
    }
}

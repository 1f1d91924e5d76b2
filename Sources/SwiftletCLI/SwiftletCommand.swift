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
        Signals.ignoreFileSizeLimit()
        let arguments = CommandLineArguments(CommandLineArguments.ofProcess, of: Self.self)
        do {
            var command = try parseAsRoot(TrainConfiguration.expanding(arguments.texts))
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
            let message = sentence(message(for: error))
            Terminal.diagnose("error: \(message); see '\(helpCommand)'")
            return .wrongUsage
        }
        let hint = flagHint(for: error).map { " (\($0))" } ?? ""
        Terminal.diagnose("error: \(error)\(hint)")
        return ExitStatus(for: error)
    }

    /// A message of the parser as the sentences of this program are: one line, without a full stop
    /// at its end, which some of them have; and with the values that it quotes as they may be shown.
    private static func sentence(_ message: String) -> String {
        let line = message.split(separator: "\n").joined(separator: " ")
        let text = DisplayText.escaping(bytes: ArgumentBytes.bytes(line))
        return text.hasSuffix(".") ? String(text.dropLast()) : text
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

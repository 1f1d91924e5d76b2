// The command `swiftlet`: its subcommands, what it says alone, and the one place where an error
// becomes a line on stderr and an exit code.

import ArgumentParser
import Swiftlet

@main
struct SwiftletCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftlet",
        abstract: "Train and run GPT-2 and Llama models on a CPU, without Python.",
        version: "swiftlet 0.1.0",
        subcommands: [
            StoriesCommand.self, TokenizerCommand.self, PrepareCommand.self, TrainCommand.self,
            SampleCommand.self, ChatCommand.self, ServeCommand.self, EvaluateCommand.self,
            ConvertCommand.self, InspectCommand.self, InfoCommand.self, BenchCommand.self,
            FetchCommand.self, ReportCommand.self, ManualCommand.self,
        ]
    )

    func run() throws { try Terminal.write(Greeting.text) }

    static func main() {
        Terminal.reserveClosedStreams()
        Signals.endQuietlyWhenOutputIsClosed()
        Signals.ignoreFileSizeLimit()
        let arguments = CommandLineArguments(CommandLineArguments.ofProcess, of: Self.self)
        Terminal.isSilent = LaunchedProcesses.areSpokenFor(arguments.commandNames)
        do {
            var command = try LaunchedProcesses.prepare(arguments.commandNames) {
                do {
                    return try parse(arguments)
                } catch {
                    throw wrongUsage(error, arguments.commandNames) ?? error
                }
            }
            if !arguments.isHelp {
                try LaunchedProcesses.requireShared(arguments.commandNames)
            }
            try command.run()
        } catch {
            let status = report(error, arguments.commandNames)
            LaunchedProcesses.waitForTheFirst(toSay: status)
            status.exitProcess()
        }
    }

    /// The command described by the arguments.
    private static func parse(_ arguments: CommandLineArguments) throws -> any ParsableCommand {
        // The parser shows help for the last command it recognizes.
        if arguments.isHelp, let unknownName = arguments.unknownName { throw unknownName }
        do {
            return try parseAsRoot(TrainConfiguration.expanding(arguments.texts))
        } catch  where exitCode(for: error) == .validationFailure {
            // The parser reports missing options before mistyped ones.
            throw arguments.unknownName ?? error
        }
    }

    /// Prints a message about an error in the named command, and returns the exit code.
    private static func report(_ error: any Error, _ commandNames: [String]) -> ExitStatus {
        if let status = error as? ExitStatus { return status }
        if exitCode(for: error) == .success {
            // A request for help or for completions.
            return printed(fullMessage(for: error), commandNames)
        }
        if let error = wrongUsage(error, commandNames) {
            Terminal.diagnose("error: \(error)")
            return error.status
        }
        let hint = (flagHint(for: error) ?? FetchName.hint(for: error)).map { " (\($0))" } ?? ""
        Terminal.diagnose("error: \(error)\(hint)")
        return ExitStatus(for: error)
    }

    /// What is wrong with the arguments of the command that is named; nil for other errors.
    private static func wrongUsage(
        _ error: any Error,
        _ commandNames: [String]
    ) -> CommandError? {
        let help = (["swiftlet"] + commandNames + ["--help"]).joined(separator: " ")
        if let name = error as? UnknownName {
            return CommandError(.wrongUsage, "\(name); see '\(help)'")
        }
        guard exitCode(for: error) == .validationFailure else { return nil }
        return CommandError(.wrongUsage, "\(sentence(message(for: error))); see '\(help)'")
    }

    /// A message of the parser in the style of this program's sentences.
    ///
    /// It is one line, without the final period that some of them have, and with quoted values made
    /// safe to show. Where the message lists more than five choices on lines of their own, here
    /// they are on one line.
    private static func sentence(_ message: String) -> String {
        let bullet = "  - "
        let lines = message.split(separator: "\n")
        let choices = lines.filter { $0.hasPrefix(bullet) }
            .map { "'\($0.dropFirst(bullet.count))'" }
        let prose = lines.filter { !$0.hasPrefix(bullet) }.joined(separator: " ")
        let row = choices.dropLast().joined(separator: ", ")
        let line =
            prose + (row.isEmpty ? "" : " \(row) or") + (choices.last.map { " \($0)" } ?? "")
        let text = DisplayText.escaping(bytes: ArgumentBytes.bytes(line))
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    private static func printed(_ text: String, _ commandNames: [String]) -> ExitStatus {
        do {
            try Terminal.write(text + "\n")
            return .done
        } catch {
            return report(error, commandNames)
        }
    }
}

/// The first words to somebody who just installed the program.
enum Greeting {
    /// The greeting, with its commands in lines that begin with two spaces.
    static let text = """
        Swiftlet trains language models and generates text with them, on a CPU.

        Chat with a model:
          swiftlet fetch smollm2-135m-instruct
          swiftlet chat --model checkpoints/smollm2-135m-instruct

        Train your own, on generated stories or on any text you have:
          swiftlet stories --bytes 1000000 --output stories.txt
          swiftlet tokenizer train stories.txt --vocabulary-size 1024 \\
            --output tokenizer.bin
          swiftlet train --init layers=2,heads=4,channels=128,context=128 \\
            --text stories.txt --tokenizer tokenizer.bin --batch-size 8 \\
            --learning-rate 2e-3 --steps 1000 --output runs/first

        Generate text with it, and see how the training went:
          swiftlet sample --model runs/first --prompt "One rainy day,"
          swiftlet report runs/first

        'swiftlet --help' lists the commands, 'swiftlet train --help' its flags.

        """
}

// The command line made plain for the parser, which asks of every argument first whether it looks
// like an option, and only then what it is for: `--prompt "- First"` would lack its value. Here each
// option gets the argument after it, whatever that is. Values are checked by the commands.

import ArgumentParser
import Swiftlet

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Finds out which arguments are values, and makes one argument of an option and its value.
struct CommandLineArguments {
    /// The arguments as the parser takes them: the names of commands, then `--name=value`.
    let texts: [String]
    /// The command that they name.
    let command: any ParsableCommand.Type

    /// Reads the arguments of a command line.
    /// - Parameters:
    ///   - arguments: The bytes of each, without the program's name.
    ///   - root: The program's command.
    init(_ arguments: [[UInt8]], of root: any ParsableCommand.Type) {
        var rest = arguments[...]
        var texts: [String] = []
        var command = root
        while let name = rest.first.map({ ArgumentBytes.text($0) }),
            let subcommand = command.subcommand(called: name)
        {
            command = subcommand
            texts.append(name)
            rest = rest.dropFirst()
        }
        let options = command.optionsWithValues
        while let argument = rest.popFirst() {
            let text = ArgumentBytes.text(argument)
            if text == "--" {
                texts.append(text)
                texts += rest.map { ArgumentBytes.text($0) }
                break
            }
            let end = argument.firstIndex(of: UInt8(ascii: "="))
            if let end, argument.starts(with: "--".utf8) {
                let name = ArgumentBytes.text(argument[..<end])
                texts.append("\(name)=\(ArgumentBytes.value(argument[(end + 1)...]))")
            } else if options.contains(text), let value = rest.popFirst() {
                texts.append("\(text)=\(ArgumentBytes.value(value))")
            } else {
                texts.append(Self.isNumber(argument) ? ArgumentBytes.positional(argument) : text)
            }
        }
        self.texts = texts
        self.command = command
    }

    /// The arguments of this process, but for the program's name.
    static var ofProcess: [[UInt8]] {
        // CommandLine.arguments has only what is UTF-8.
        (1..<max(1, Int(CommandLine.argc))).compactMap { index in
            CommandLine.unsafeArgv[index].map { text in
                Array(UnsafeRawBufferPointer(start: text, count: text.byteCount))
            }
        }
    }

    /// Whether an argument is a number with a minus; no option is called so.
    private static func isNumber(_ argument: [UInt8]) -> Bool {
        guard argument.first == UInt8(ascii: "-"), argument.count > 1 else { return false }
        return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(argument[1])
    }
}

extension UnsafeMutablePointer<CChar> {
    /// Bytes before the 0.
    fileprivate var byteCount: Int {
        var count = 0
        while self[count] != 0 { count += 1 }
        return count
    }
}

extension ParsableCommand {
    fileprivate static func subcommand(called name: String) -> (any ParsableCommand.Type)? {
        configuration.subcommands.first { $0._commandName == name }
    }

    /// The names, with their dashes, of the options that take a value.
    fileprivate static var optionsWithValues: Set<String> {
        // The parser's description of itself for other tools; it has no other.
        let description = try? JSONDecoder().decode(Tool.self, from: Data(_dumpHelp().utf8))
        let options = description?.command.arguments?.filter { $0.kind == "option" } ?? []
        return Set(options.flatMap { $0.names ?? [] }.map { "--\($0.name)" })
    }
}

/// What is read of the parser's description of a command.
private struct Tool: Decodable {
    struct Command: Decodable {
        let arguments: [Argument]?
    }

    struct Argument: Decodable {
        let kind: String
        let names: [Name]?
    }

    struct Name: Decodable {
        let name: String
    }

    let command: Command
}

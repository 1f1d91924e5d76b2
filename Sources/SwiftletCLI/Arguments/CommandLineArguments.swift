// Prepares the command line for the parser, which first asks of every argument whether it looks
// like an option, and only then what it is for: `--prompt "- First"` would lack its value. Here
// each option gets the argument after it, whatever that is. The commands check the values.

import ArgumentParser

/// Finds out which arguments are values, and joins an option and its value into one argument.
struct CommandLineArguments {
    /// The arguments for the parser: the names of commands, then `--name=value`.
    private(set) var texts: [String] = []
    /// Whether the help command was given.
    private(set) var isHelp = false
    /// The names of the commands they begin with.
    private(set) var commandNames: [String] = []
    private let command: any ParsableCommand.Type
    private var unknownCommand: UnknownName?
    /// The names of the given options, with their dashes.
    private var optionNames: [ArraySlice<UInt8>] = []

    /// The options that take no value, of any command.
    ///
    /// Asking the parser takes longer than most commands run, so a test compares this list with
    /// what it knows.
    static let flags: Set<String> = [
        "--allow-changes", "--debug-state", "--generate-completion-script", "--help",
        "--help-hidden", "--ignore-eos", "--json", "--jsonl", "--machine", "--mlps",
        "--no-input-history", "--no-shuffle", "--overfit-single-batch", "--overwrite", "--shuffle",
        "--special", "--tensorboard", "--verbose", "--version", "--watch",
    ]
    /// Flags that do take a value in some command, by that command.
    static let namesWithValue: [String: Set<String>] = ["report": ["--tensorboard"]]

    /// Reads the arguments of a command line.
    /// - Parameters:
    ///   - arguments: The bytes of each, without the program's name.
    ///   - root: The program's command.
    init(_ arguments: [[UInt8]], of root: any ParsableCommand.Type) {
        var rest = arguments[...]
        var command = root
        while !command.configuration.subcommands.isEmpty,
            let name = rest.first.map({ ArgumentBytes.text($0) })
        {
            // `help sample` and `tokenizer help encode` name a command too.
            if name == "help" {
                isHelp = true
            } else if let subcommand = command.subcommand(called: name) {
                command = subcommand
                commandNames.append(name)
            } else {
                break
            }
            rest = rest.dropFirst()
        }
        texts = (isHelp ? ["help"] : []) + commandNames
        let subcommands = command.configuration.subcommands.map { $0._commandName }
        if !subcommands.isEmpty, let name = rest.first, name.first != UInt8(ascii: "-") {
            unknownCommand = UnknownName(kind: "command", name, known: subcommands)
        }
        self.command = command
        appendOptions(rest)
    }

    /// A command or an option that was given but does not exist.
    ///
    /// Finding it takes a while, and matters only when the arguments turn out to be wrong.
    var unknownName: UnknownName? {
        if let unknownCommand { return unknownCommand }
        let known = CommandOptions(of: command).names
        let ofParser = ["--generate-completion-script", "--help-hidden"]
        return optionNames.first { !(known + ofParser).contains(ArgumentBytes.text($0)) }
            .map { UnknownName(kind: "option", $0, known: known) }
    }

    private mutating func appendOptions(_ arguments: ArraySlice<[UInt8]>) {
        let flags = Self.flags.subtracting(Self.namesWithValue[command._commandName] ?? [])
        var rest = arguments
        while let argument = rest.popFirst() {
            let text = ArgumentBytes.text(argument)
            if text == "--" {
                texts.append(text)
                texts += rest.map { ArgumentBytes.text($0) }
                return
            }
            guard argument.first == UInt8(ascii: "-"), argument.count > 1 else {
                texts.append(text)
                continue
            }
            if Self.isDigit(argument[1]) {
                // A negative number; no option has such a name.
                texts.append(ArgumentBytes.positional(argument))
                continue
            }
            let end = argument.firstIndex(of: UInt8(ascii: "=")) ?? argument.endIndex
            let name = ArgumentBytes.text(argument[..<end])
            optionNames.append(argument[..<end])
            if end < argument.endIndex {
                texts.append("\(name)=\(ArgumentBytes.value(argument[(end + 1)...]))")
            } else if text.hasPrefix("--"), !flags.contains(text),
                let value = rest.popFirst()
            {
                texts.append("\(text)=\(ArgumentBytes.value(value))")
            } else {
                texts.append(text)
            }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// The arguments of this process, without the program's name.
    static var ofProcess: [[UInt8]] {
        // CommandLine.arguments has only UTF-8.
        (1..<max(1, Int(CommandLine.argc))).compactMap { index in
            CommandLine.unsafeArgv[index].map { text in
                Array(UnsafeRawBufferPointer(start: text, count: text.byteCount))
            }
        }
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
}

// What is typed into a chat and is no message: a word after a slash, and what Tab offers of them.
// What each does is ChatDialogue's.

import LineEditing
import Swiftlet

/// The commands in a chat at a terminal.
enum SlashCommand: String, CaseIterable {
    case help
    case exit
    case reset
    case system
    case save
    case load
    case regenerate
    case stats

    /// What a typed line is.
    enum Line: Equatable {
        case message(String)
        case command(SlashCommand, argument: String)
        /// A word after a slash that is not a command.
        case unknown(String)
    }

    /// Decides what a typed line is.
    ///
    /// A command is a single line that begins with a slash and a word. So paths and comments in
    /// programs are messages, and one more slash turns anything into a message.
    static func read(_ text: String) -> Line {
        guard let slash = text.first, slash == "/", !text.contains("\n") else {
            return .message(text)
        }
        let rest = text.dropFirst()
        guard rest.first == "/" ? isCommand(rest.dropFirst()) : isCommand(rest) else {
            return .message(text)
        }
        if rest.first == "/" { return .message(String(rest)) }
        let word = rest.prefix { !$0.isWhitespace }
        let argument = String(rest.dropFirst(word.count)).strippingBlanks()
        guard let command = SlashCommand(rawValue: String(word)) else {
            return .unknown("/\(word)")
        }
        return .command(command, argument: argument)
    }

    private static func isCommand(_ text: Substring) -> Bool {
        let word = text.prefix { !$0.isWhitespace }
        return word.first?.isLetter == true
            && word.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
    }

    /// Whether its argument is a file.
    var takesFile: Bool { self == .save || self == .load }

    /// The command as typed, with its argument.
    private var usage: String {
        switch self {
        case .help, .exit, .reset, .regenerate, .stats: "/\(rawValue)"
        case .system: "/system TEXT"
        case .save, .load: "/\(rawValue) FILE"
        }
    }

    private var meaning: String {
        switch self {
        case .help: "lists what you can type"
        case .exit: "ends the conversation, as Ctrl-D does"
        case .reset: "starts over; the system prompt stays"
        case .system: "sets the system prompt; without TEXT, shows it"
        case .save: "writes the conversation as messages in JSON"
        case .load: "continues the conversation in such a file"
        case .regenerate: "gives another reply to the last message"
        case .stats: "shows tokens, tokens/s and how much of the context is used"
        }
    }

    /// The lines of `/help`.
    /// - Parameters:
    ///   - columns: The width available.
    ///   - editsLines: Whether there are keys to describe.
    /// - Returns: Lines without ends.
    static func help(columns: Int, editsLines: Bool) -> [String] {
        let width = allCases.map(\.usage.count).max() ?? 0
        let indentation = "  "
        func indented(_ text: String, _ blanks: Int) -> [String] {
            let room = max(1, columns - blanks)
            return text.wrapped(columns: room, limit: .max - 1, more: "")
                .map { String(repeating: " ", count: blanks) + $0 }
        }
        let rows = allCases.flatMap { command in
            let column = indentation.count + width + 2
            // If there is little room next to the commands, the meaning goes below.
            guard columns - column >= 30 else {
                return [indentation + command.usage] + indented(command.meaning, 6)
            }
            let lines = indented(command.meaning, column)
            let first = padded(indentation + command.usage, column)
            return [first + (lines.first ?? "").dropFirst(column)] + lines.dropFirst()
        }
        let keys =
            "Enter sends, Alt-Enter starts a new line; the cursor keys and those of Emacs edit. Up "
            + "and Down recall what you typed, and Ctrl-R searches it. Tab completes commands "
            + "and files. Ctrl-C stops a reply."
        let slash = "To send a message that begins with a slash, type two: //help is sent as /help."
        return rows + [""] + (editsLines ? indented(keys, 0) : []) + indented(slash, 0)
    }
}

/// Completes what is typed into a chat.
enum ChatCompletion {
    /// How the text before the cursor may continue; nil if there is nothing to offer.
    static func complete(_ text: String) -> Completion? {
        guard text.first == "/", !text.contains("\n") else { return nil }
        let word = text.dropFirst().prefix { $0 != " " }
        let rest = text.dropFirst(1 + word.count)
        if rest.isEmpty {
            let names = SlashCommand.allCases.map(\.rawValue).filter { $0.hasPrefix(word) }
            return Completion(
                typedCount: text.count,
                candidates: names.sorted().map { "/\($0) " }
            )
        }
        guard SlashCommand(rawValue: String(word))?.takesFile == true else { return nil }
        return completeFile(String(rest.drop { $0 == " " }))
    }

    /// Completes a file's name; names that are not plain text are left out, because nobody can type
    /// them.
    private static func completeFile(_ typed: String) -> Completion? {
        let end = typed.lastIndex(of: "/").map { typed.index(after: $0) } ?? typed.startIndex
        let (directory, start) = (String(typed[..<end]), String(typed[end...]))
        let path = directory.isEmpty ? "." : FilePath(typed: directory)
        guard let entries = try? FileSystem.names(in: path) else { return nil }
        let names = entries.compactMap { entry -> String? in
            let name = entry.string
            guard name.hasPrefix(start), !name.hasPrefix(".") || start.hasPrefix("."),
                FilePath.Component(name) == entry, DisplayText.escaping(entry) == name
            else { return nil }
            return name + (FileSystem.isDirectory(path.appending(entry)) ? "/" : " ")
        }
        return Completion(typedCount: start.count, candidates: names)
    }
}

extension FilePath {
    /// A path as typed into a program: `~/` is the home directory, as in a shell.
    init(typed text: String) {
        guard text.hasPrefix("~/"), let home = Terminal.home else {
            self.init(text)
            return
        }
        self = home.pushing(FilePath(String(text.dropFirst(2))))
    }
}

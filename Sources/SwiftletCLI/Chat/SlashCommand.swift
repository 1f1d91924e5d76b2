// What is typed into a chat and is no message: a word after a slash, and what Tab offers of them.
// What each does is ChatDialogue's.

import LineEditing
import Swiftlet

/// The commands of a chat at a terminal.
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
        /// A word after a slash that stands for nothing.
        case unknown(String)
    }

    /// Tells what a typed line is.
    ///
    /// A command is a single line that begins with a slash and a word. So paths and comments of
    /// programs are messages, and one more slash makes a message of anything.
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

    /// The command as it is typed, with what follows it.
    private var usage: String {
        switch self {
        case .help, .exit, .reset, .regenerate, .stats: "/\(rawValue)"
        case .system: "/system TEXT"
        case .save, .load: "/\(rawValue) FILE"
        }
    }

    private var meaning: String {
        switch self {
        case .help: "lists what can be typed"
        case .exit: "ends the conversation, as Ctrl-D does"
        case .reset: "starts over; the system prompt stays"
        case .system: "tells the model about its part; without TEXT, shows what it was told"
        case .save: "writes the conversation as messages in JSON"
        case .load: "goes on with the conversation of such a file"
        case .regenerate: "gives another reply to the last message"
        case .stats: "shows tokens, tokens/s and how much of the context is used"
        }
    }

    /// The lines of `/help`.
    /// - Parameters:
    ///   - columns: The width they may have.
    ///   - editsLines: Whether there are keys to tell of.
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
            // Where there is hardly room beside the commands, the meaning stands below.
            guard columns - column >= 30 else {
                return [indentation + command.usage] + indented(command.meaning, 6)
            }
            let lines = indented(command.meaning, column)
            let first = padded(indentation + command.usage, column)
            return [first + (lines.first ?? "").dropFirst(column)] + lines.dropFirst()
        }
        let keys =
            "Enter sends, Alt-Enter begins a new line, the cursor keys and those of Emacs edit. Up "
            + "and Down bring back what you typed, and Ctrl-R searches it. Tab completes commands "
            + "and files. Ctrl-C ends a reply."
        let slash = "Two slashes begin a message with one: //help is sent as /help."
        return rows + [""] + (editsLines ? indented(keys, 0) : []) + indented(slash, 0)
    }
}

/// Completes what is typed into a chat.
enum ChatCompletion {
    /// How a text before the cursor may go on; nil where nobody can tell.
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

    /// Completes a file's name; names that are not plain text are left out, as nobody can type
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
    /// A path as somebody types it into a program: `~/` is the home directory, as for a shell.
    init(typed text: String) {
        guard text.hasPrefix("~/"), let home = Terminal.home else {
            self.init(text)
            return
        }
        self = home.pushing(FilePath(String(text.dropFirst(2))))
    }
}

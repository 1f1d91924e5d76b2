// What is typed into a chat and is no message: a word after a slash. What each does is
// ChatDialogue's.

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

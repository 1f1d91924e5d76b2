// Where the messages of a chat come from: a line editor where somebody types at a terminal that can
// show one, else the lines of standard input.

import LineEditing
import Swiftlet

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Messages, one after the other.
final class ChatInput {
    private var lines = LineReader(.standardInput)
    private let editor: LineEditor?
    /// Where what was typed is kept; nil where it is not.
    private var historyFile: HistoryFile?

    /// What is asked with.
    private static let prompt = "> "

    /// Prepares for messages.
    /// - Parameters:
    ///   - keepsHistory: Whether what is typed is kept in a file for the next time.
    ///   - note: Says what stands in the way of that.
    init(keepsHistory: Bool, note: (String) -> Void) {
        guard Terminal.isInteractive, Terminal.canRedraw else {
            editor = nil
            return
        }
        var entries: [String] = []
        if keepsHistory,
            let file = HistoryFile(
                named: "chat_history",
                environment: { getenv($0).map { String(cString: $0) } }
            )
        {
            do {
                entries = try file.read()
                historyFile = file
            } catch { note("what you type is not kept: \(error)") }
        }
        editor = LineEditor(
            prompt: Prompt(Self.prompt, style: Terminal.usesColor ? "36" : ""),
            history: LineHistory(entries),
            complete: ChatCompletion.complete
        )
    }

    /// Whether lines are edited here.
    var editsLines: Bool { editor != nil }

    /// Waits for the next message.
    /// - Returns: The message as it was typed; nil after the last.
    /// - Throws: ``ExitStatus/interrupted`` for Ctrl-C where nothing is typed, and ``FileIOError``
    ///   when standard input fails.
    func next() throws -> String? {
        guard let editor else { return try nextLine() }
        switch editor.readLine() {
        case .line(let text):
            if editor.remember(text) { keep(text) }
            return text
        case .end: return nil
        case .interrupted: throw ExitStatus.interrupted
        }
    }

    /// From now on, what is typed is not shown, and is there for the next message.
    func wait() { editor?.wait() }

    /// Leaves the terminal as it was.
    func end() { editor?.end() }

    private func keep(_ text: String) {
        do { try historyFile?.append(text) } catch {
            // Once is enough: it will fail again.
            historyFile = nil
        }
    }

    private func nextLine() throws -> String? {
        if Terminal.isInteractive { Terminal.writeError(Self.prompt) }
        guard let line = try lines.next() else {
            // After Ctrl-D the shell's prompt gets a line of its own.
            if Terminal.isInteractive { Terminal.writeError("\n") }
            return nil
        }
        // Bytes that are not UTF-8 become U+FFFD.
        return String(decoding: line, as: UTF8.self)
    }
}

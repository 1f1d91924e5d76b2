// Where the messages of a chat come from: a line editor if somebody types at a suitable terminal,
// otherwise the lines of standard input.

import LineEditing
import Swiftlet

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Messages, one after another.
final class ChatInput {
    private var lines = LineReader(.standardInput)
    private let editor: LineEditor?
    /// Where typed lines are saved; nil if they are not.
    private var historyFile: HistoryFile?

    /// The prompt.
    private static let prompt = "> "

    /// Prepares for messages.
    /// - Parameters:
    ///   - keepsHistory: Whether typed lines are saved to a file for the next time.
    ///   - note: Called with what prevents that.
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
            } catch { note("what you type will not be saved: \(error)") }
        }
        editor = LineEditor(
            prompt: Prompt(Self.prompt, style: Terminal.usesColor ? "36" : ""),
            history: LineHistory(entries),
            complete: ChatCompletion.complete
        )
    }

    /// Whether lines are edited.
    var editsLines: Bool { editor != nil }

    /// Waits for the next message.
    /// - Returns: The message as it was typed; nil after the last.
    /// - Throws: ``ExitStatus/interrupted`` for Ctrl-C at an empty line, and ``FileIOError`` when
    ///   standard input fails.
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

    /// From now on, typed keys are not shown, but kept for the next message.
    func wait() { editor?.wait() }

    /// Restores the terminal.
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

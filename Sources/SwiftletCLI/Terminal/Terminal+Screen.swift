// What the terminal behind stderr can do, and how one behind stdout tells prompt from text.

import LineEditing
import Swiftlet

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension Terminal {
    /// Whether stderr is a terminal on which lines can be rewritten.
    static var canRedraw: Bool {
        isatty(STDERR_FILENO) != 0 && !["", "dumb"].contains(environment("TERM"))
    }

    /// Whether input is typed at a terminal.
    static var isInteractive: Bool { isatty(STDIN_FILENO) != 0 }

    /// Whether colors are wanted: <https://no-color.org>.
    static var usesColor: Bool { environment("NO_COLOR").isEmpty }

    /// Whether the locale supports characters beyond ASCII.
    static var usesUnicode: Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(environment).first { !$0.isEmpty } ?? ""
        return ["utf-8", "utf8"].contains { locale.lowercased().hasSuffix($0) }
    }

    /// Hides typed keys until `TerminalMode.end()`.
    ///
    /// A pager that shows the results reads keys itself, so they are left alone if there may be
    /// one.
    static func hideKeys() {
        var status = stat()
        let isPiped = fstat(STDOUT_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
        TerminalMode.begin(isPiped ? .asTyped : .hidden, on: STDERR_FILENO)
    }

    /// Columns and rows of the terminal now; 80 and 24 if it does not say.
    static var errorSize: (columns: Int, rows: Int) { size(of: STDERR_FILENO) ?? (80, 24) }

    private static func size(of stream: CInt) -> (columns: Int, rows: Int)? {
        var size = winsize()
        guard ioctl(stream, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
        else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Whether the program has the terminal: in the background, lines that are rewritten would
    /// disturb what the user does in the foreground.
    static var isInForeground: Bool {
        let group = tcgetpgrp(STDERR_FILENO)
        // No group: this is not a terminal whose shell could put the program into the background.
        return group < 0 || group == getpgrp()
    }

    /// The user's home directory, if the environment names it.
    static var home: FilePath? {
        let home = environment("HOME")
        return home.isEmpty ? nil : FilePath(home)
    }

    /// Writes a text that is to be continued: faint on a terminal, so that it stands apart from its
    /// continuation.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    static func writePrompt(_ text: String) throws {
        guard colorsOutput, !text.isEmpty else { return try writeGenerated(text) }
        try write("\u{1b}[2m\(harmless(text))\u{1b}[0m")
    }

    /// Writes a text that a model generates: unchanged, except on a terminal, which would obey some
    /// characters: there they are escaped.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    static func writeGenerated(_ text: String) throws {
        try write(showsOutput ? harmless(text) : text)
    }

    /// Whether stdout is a terminal.
    static var showsOutput: Bool { isatty(STDOUT_FILENO) != 0 }

    /// Whether stdout should be colored: on a terminal that supports it, if wanted.
    static var colorsOutput: Bool {
        showsOutput && usesColor && !["", "dumb"].contains(environment("TERM"))
    }

    /// Columns of the terminal on stdout; 80 if it is not a terminal or does not say.
    static var outputColumns: Int { size(of: STDOUT_FILENO)?.columns ?? 80 }

    /// Writes lines of a result, in color if wanted.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    static func print(_ lines: [StyledLine]) throws {
        let isInColor = colorsOutput
        try write(lines.map { $0.rendered(inColor: isInColor) + "\n" }.joined())
    }

    /// The text with all control characters escaped except line ends and tabs.
    private static func harmless(_ text: String) -> String {
        func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
            scalar != "\n" && scalar != "\t" && scalar.properties.generalCategory == .control
        }
        guard text.unicodeScalars.contains(where: isHarmful) else { return text }
        return text.unicodeScalars
            .map { isHarmful($0) ? DisplayText.escaping(String($0)) : String($0) }.joined()
    }

    private static func environment(_ name: String) -> String {
        getenv(name).map { String(cString: $0) } ?? ""
    }
}

// What the terminal behind stderr can do, and how the one behind stdout tells a text from another.

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

    /// Whether somebody types what is read.
    static var isInteractive: Bool { isatty(STDIN_FILENO) != 0 }

    /// Whether colours are wanted: <https://no-color.org>.
    static var usesColor: Bool { environment("NO_COLOR").isEmpty }

    /// Whether the locale lets characters beyond ASCII through.
    static var usesUnicode: Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(environment).first { !$0.isEmpty } ?? ""
        return ["utf-8", "utf8"].contains { locale.lowercased().hasSuffix($0) }
    }

    /// Keeps what is typed from being shown, until `TerminalMode.end()`.
    ///
    /// A pager that reads the results asks for keys itself, so they are left alone where there may
    /// be one.
    static func hideKeys() {
        var status = stat()
        let isPiped = fstat(STDOUT_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
        TerminalMode.begin(isPiped ? .asTyped : .hidden, on: STDERR_FILENO)
    }

    /// Columns and rows of the terminal now; 80 and 24 where it does not say.
    static var errorSize: (columns: Int, rows: Int) { size(of: STDERR_FILENO) ?? (80, 24) }

    private static func size(of stream: CInt) -> (columns: Int, rows: Int)? {
        var size = winsize()
        guard ioctl(stream, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
        else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Whether the shell lets the program have the terminal: in the background, lines that are
    /// rewritten would disturb what the user does in front.
    static var isInForeground: Bool {
        let group = tcgetpgrp(STDERR_FILENO)
        // Not the terminal of a shell that could have put the program into the background.
        return group < 0 || group == getpgrp()
    }

    /// The user's directory, if the environment says which.
    static var home: FilePath? {
        let home = environment("HOME")
        return home.isEmpty ? nil : FilePath(home)
    }

    /// Writes a text that is to be continued: faint on a terminal, so that it is told from what
    /// continues it.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    static func writePrompt(_ text: String) throws {
        guard colorsOutput, !text.isEmpty else { return try writeGenerated(text) }
        try write("\u{1b}[2m\(harmless(text))\u{1b}[0m")
    }

    /// Writes a text that a model makes, which is what it is, except on a terminal, which would
    /// obey some characters: there they are escaped.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    static func writeGenerated(_ text: String) throws {
        try write(showsOutput ? harmless(text) : text)
    }

    /// Whether stdout is a terminal.
    static var showsOutput: Bool { isatty(STDOUT_FILENO) != 0 }

    /// Whether what goes to stdout is to be coloured: on a terminal that can, for whom wants it.
    static var colorsOutput: Bool {
        showsOutput && usesColor && !["", "dumb"].contains(environment("TERM"))
    }

    /// Columns of the terminal that stdout is; 80 where it is none or does not say.
    static var outputColumns: Int { size(of: STDOUT_FILENO)?.columns ?? 80 }

    /// Writes lines of a result, in colour where that is wanted.
    /// - Throws: ``FileIOError`` when standard output is closed or its disk is full.
    static func print(_ lines: [StyledLine]) throws {
        let isInColor = colorsOutput
        try write(lines.map { $0.rendered(inColor: isInColor) + "\n" }.joined())
    }

    /// The text with all control characters escaped but the ends of lines and tabs.
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

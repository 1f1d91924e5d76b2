// The history of a prompt as a file that only its owner reads: one text per line, so that several
// programs can append at once. A file that is not such a history is left alone.

import FileIO

/// Where typed texts are kept between sessions.
package struct HistoryFile {
    /// The file, whose directory need not exist yet.
    package let path: FilePath

    /// The most that is read of a file: its end.
    private static let largestByteCount = 1 << 20
    /// A longer text is not kept: it was probably pasted.
    private static let longestText = 1 << 14

    package init(_ path: FilePath) {
        self.path = path
    }

    /// The file of that name in the directory for such files: `$XDG_STATE_HOME/swiftlet`, or
    /// `~/.local/state/swiftlet`; nil if nothing says who the user is.
    /// - Parameters:
    ///   - name: The file's name.
    ///   - environment: The value of a variable; nil if it is not set.
    package init?(named name: FilePath.Component, environment: (String) -> String?) {
        func directory(_ variable: String) -> FilePath? {
            // The standard says to ignore relative paths.
            environment(variable).map { FilePath($0) }.flatMap { $0.isAbsolute ? $0 : nil }
        }
        let home = directory("HOME").map { $0.appending(".local").appending("state") }
        guard let state = directory("XDG_STATE_HOME") ?? home else { return nil }
        path = state.appending("swiftlet").appending(name)
    }

    /// Reads the texts, oldest first; none if there is no file yet.
    ///
    /// A file that has grown long is rewritten with the last of them.
    /// - Throws: ``FileIOError`` when it cannot be read, or is not such a file.
    package func read() throws -> [String] {
        guard FileSystem.exists(path) else { return [] }
        let (lines, isWhole) = try lastLines()
        let texts = lines.suffix(LineHistory.largestCount).map(Self.text)
        if !isWhole || lines.count > 2 * LineHistory.largestCount {
            let file = try AtomicFile(path)
            for text in texts { try file.write(Self.line(text)) }
            try file.commit()
        }
        return texts
    }

    /// Adds a text.
    /// - Throws: ``FileIOError`` when it cannot be written.
    package func append(_ text: String) throws {
        let line = Self.line(text)
        // A null byte would make the file look like something else.
        guard line.count <= Self.longestText, !line.contains(0) else { return }
        try FileSystem.createDirectory(path.removingLastComponent(), permissions: 0o700)
        try AppendingFile(path, keepingContents: true, permissions: 0o600).append(line)
    }

    /// - Returns: The lines at the file's end, and whether they are the whole file.
    private func lastLines() throws -> ([Substring], isWhole: Bool) {
        let file = try MappedFile(path)
        let isWhole = file.count <= Self.largestByteCount
        let bytes = try file.withIntactBytes { Array($0.suffix(Self.largestByteCount)) }
        // The first line of a part may be incomplete.
        let start = isWhole ? 0 : (bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count)
        guard !bytes.contains(0), let text = String(validating: bytes[start...], as: UTF8.self)
        else {
            throw FileIOError.system(
                path: path,
                action: "read",
                reason: "it is no history of lines, and is left as it is"
            )
        }
        return (text.split(separator: "\n"), isWhole)
    }

    /// A text as a line, with its line ends escaped.
    private static func line(_ text: String) -> [UInt8] {
        var line: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): line += Array("\\\\".utf8)
            case UInt8(ascii: "\n"): line += Array("\\n".utf8)
            case UInt8(ascii: "\r"): line += Array("\\r".utf8)
            default: line.append(byte)
            }
        }
        return line + [UInt8(ascii: "\n")]
    }

    private static func text(_ line: Substring) -> String {
        var text = ""
        var isEscaped = false
        for scalar in line.unicodeScalars {
            switch scalar {
            case "\\" where !isEscaped:
                isEscaped = true
                continue
            case "n" where isEscaped: text.unicodeScalars.append("\n")
            case "r" where isEscaped: text.unicodeScalars.append("\r")
            default: text.unicodeScalars.append(scalar)
            }
            isEscaped = false
        }
        return text
    }
}

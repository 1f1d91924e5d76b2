// Where a text that a model reads comes from: the command line, a file or standard input.

import Swiftlet

/// One text, which has not been read yet.
enum PromptSource {
    /// `--prompt`, of which - means standard input.
    case text(ArgumentText)
    /// `--prompt-file`, likewise.
    case file(FilePath)

    /// Whether it is standard input, which can be read only once.
    var isStandardInput: Bool {
        switch self {
        case .text(let text): text == "-"
        case .file(let path): path == "-"
        }
    }

    /// The bytes of the text.
    /// - Throws: ``FileIOError``.
    func bytes() throws -> [UInt8] {
        switch self {
        case .text(let text) where text != "-": text.bytes
        case .text: Self.withoutLineEnd(try Terminal.readAll(.standardInput))
        case .file(let path): Self.withoutLineEnd(try Terminal.readAll(Self.input(path)))
        }
    }

    /// What is read from a path, which is standard input for -.
    static func input(_ path: FilePath) throws -> InputFile {
        path == "-" ? .standardInput : try InputFile(path)
    }

    /// Editors and `echo` end a text with a line end that is no part of it.
    private static func withoutLineEnd(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.last == UInt8(ascii: "\n") else { return bytes }
        let text = bytes.dropLast()
        return Array(text.last == UInt8(ascii: "\r") ? text.dropLast() : text)
    }
}

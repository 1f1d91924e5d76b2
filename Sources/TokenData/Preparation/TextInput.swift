// Where text comes from: files, the text files in directories, standard input. TextDocuments reads
// what is in them.

import FileIO

/// One file to take text from, or standard input.
package struct TextInput: Equatable, Sendable {
    /// How the file stores the text.
    package enum Format: Equatable, Sendable {
        /// The bytes are the text.
        case text
        /// One JSON object per line, with the text of a document in one of its fields.
        case jsonLines
    }

    /// The file; nil is standard input.
    package let path: FilePath?
    /// How it stores the text.
    package let format: Format

    /// The file name extensions of text files in directories.
    package static let extensions = ["txt", "md", jsonLinesExtension]
    private static let jsonLinesExtension = "jsonl"

    /// Names a file (nil for standard input), which need not exist.
    package init(path: FilePath?, format: Format) {
        self.path = path
        self.format = format
    }

    /// The user's name for it, safe to show.
    package var name: String { path.map(DisplayText.escaping) ?? "standard input" }

    /// The size in bytes, if known.
    package var byteCount: Int? { path.flatMap(FileSystem.byteCount) }

    /// The inputs that arguments name, in order; all exist and are readable.
    ///
    /// A file is taken whatever its name. From a directory and those below it, the files whose
    /// names end in one of ``extensions`` are taken, in the order of their names; hidden files and
    /// directories are left out, and links to directories are not followed. Unusable entries of a
    /// directory, such as a dangling link, are skipped.
    ///
    /// - Parameters:
    ///   - arguments: Paths; `-` is standard input.
    ///   - format: The format of all of them; nil decides by the name, which ends in `.jsonl` for
    ///     JSON Lines.
    ///   - passingOver: Called for each directory entry that is not a file or cannot be read.
    /// - Returns: One input or more for each argument.
    /// - Throws: ``PreparationError`` for a directory without text, `FileIOError` for an input that
    ///   is missing or unreadable.
    package static func find(
        _ arguments: [FilePath],
        format: Format? = nil,
        passingOver: (any Error) -> Void = { _ in }
    ) throws -> [TextInput] {
        guard arguments.count(where: { $0 == "-" }) <= 1 else {
            throw PreparationError.repeatedStandardInput
        }
        var inputs: [TextInput] = []
        for path in arguments {
            if path == "-" {
                inputs.append(TextInput(path: nil, format: format ?? .text))
            } else if FileSystem.isDirectory(path) {
                let count = inputs.count
                let names = try FileSystem.names(in: path)
                appendFiles(names, of: path, format, to: &inputs, passingOver: passingOver)
                guard inputs.count > count else {
                    throw PreparationError.noTextFiles(directory: path, extensions: extensions)
                }
            } else {
                inputs.append(try readable(path, format))
            }
        }
        return inputs
    }

    private static func appendFiles(
        _ names: [FilePath.Component],
        of directory: FilePath,
        _ format: Format?,
        to inputs: inout [TextInput],
        passingOver: (any Error) -> Void
    ) {
        for name in names where !name.isHidden {
            let path = directory.appending(name)
            do {
                if FileSystem.isDirectory(path) {
                    // A link may lead back to a parent.
                    if FileSystem.isSymbolicLink(path) { continue }
                    let names = try FileSystem.names(in: path)
                    appendFiles(names, of: path, format, to: &inputs, passingOver: passingOver)
                } else if extensions.contains(name.extension ?? "") {
                    let input = try readable(path, format)
                    // Opening a pipe would block until somebody writes to it.
                    guard input.byteCount != nil else { throw FileIOError.notAFile(path) }
                    inputs.append(input)
                }
            } catch {
                passingOver(error)
            }
        }
    }

    private static func readable(_ path: FilePath, _ format: Format?) throws -> TextInput {
        try FileSystem.requireReadable(path)
        let ownFormat: Format = path.extension == jsonLinesExtension ? .jsonLines : .text
        return TextInput(path: path, format: format ?? ownFormat)
    }
}

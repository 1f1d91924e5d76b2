// Where text comes from: files, the text files of directories, standard input. What is in them is
// TextDocuments' affair.

import FileIO

/// One file to take text from, or standard input.
public struct TextInput: Equatable, Sendable {
    /// How the text lies in the file.
    public enum Format: Equatable, Sendable {
        /// The bytes are the text.
        case text
        /// One JSON object a line, the text of a document in one of its fields.
        case jsonLines
    }

    /// The file; nil is standard input.
    public let path: FilePath?
    /// How the text lies in it.
    public let format: Format

    /// The names' endings by which text files in directories are known.
    public static let extensions = ["txt", "md", jsonLinesExtension]
    private static let jsonLinesExtension = "jsonl"

    /// Names a file (nil for standard input) that exists or not.
    public init(path: FilePath?, format: Format) {
        self.path = path
        self.format = format
    }

    /// What the user calls it, as it may be shown.
    public var name: String { path.map(DisplayText.escaping) ?? "standard input" }

    /// The size in bytes, where it can be known.
    public var byteCount: Int? { path.flatMap(FileSystem.byteCount) }

    /// The inputs that arguments name, in their order; all were found to be there and readable.
    ///
    /// A file is taken whatever it is called. Of a directory, the files are taken whose names end
    /// in one of ``extensions``, and so on below it, all in the order of their names; hidden files
    /// and directories are left out, and links to directories are not followed. What is in the way
    /// in a directory, such as a link that leads nowhere, is passed over.
    ///
    /// - Parameters:
    ///   - arguments: Paths; `-` is standard input.
    ///   - format: The format of all of them; nil decides by the name, which ends in `.jsonl` for
    ///     JSON lines.
    ///   - passingOver: Called for each entry of a directory that is no file or may not be read.
    /// - Returns: one input or more for each argument.
    /// - Throws: ``PreparationError`` for a directory without text, `FileIOError` for what is
    ///   missing or may not be read.
    public static func find(
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
                    // A link may lead back up.
                    if FileSystem.isSymbolicLink(path) { continue }
                    let names = try FileSystem.names(in: path)
                    appendFiles(names, of: path, format, to: &inputs, passingOver: passingOver)
                } else if extensions.contains(name.extension ?? "") {
                    let input = try readable(path, format)
                    // A pipe would be waited for until somebody writes to it.
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

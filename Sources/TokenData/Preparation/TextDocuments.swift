// The documents of all inputs, one after another, in parts that fit in memory. What becomes of
// them, token shards or a tokenizer, is up to the caller.

import FileIO

/// Text to read, and how it is split into documents.
package struct TextDocuments: Sendable {
    /// Where the text comes from, in this order.
    package let inputs: [TextInput]
    /// How the text of a file, or of a JSON row, is split; its end always ends a document.
    package let split: DocumentSplit
    /// The field that holds the text of a row of JSON.
    package let textField: String

    /// How much is read at a time: enough that a chunk costs little, and so little that no thread
    /// waits long for the others.
    package var chunkByteCount = 256 << 10

    /// Names text; nothing is read yet.
    package init(
        _ inputs: [TextInput],
        split: DocumentSplit = .none,
        textField: String = "text"
    ) {
        self.inputs = inputs
        self.split = split
        self.textField = textField
    }

    /// The total bytes of all inputs, if all are files.
    package var byteCount: Int? {
        inputs.reduce(0) { sum, input in
            sum.flatMap { sum in input.byteCount.map { sum + $0 } }
        }
    }

    /// Reads everything once.
    ///
    /// Memory does not grow with the length of files or documents, only with that of JSON rows.
    ///
    /// - Parameter body: Called with the next bytes of the current document, which may be none and
    ///   must not be kept; whether the document ends with them; and how many bytes of the inputs
    ///   have been read.
    /// - Returns: The inputs that had no text.
    /// - Throws: ``PreparationError/invalidRow(path:line:problem:)``; `FileIOError` when a file
    ///   cannot be read; what `body` throws.
    @discardableResult
    package func read(
        _ body: (UnsafeRawBufferPointer, _ endsDocument: Bool, _ bytesRead: Int) throws -> Void
    ) throws -> [TextInput] {
        var bytesRead = 0
        return try inputs.filter { input in
            let file = try input.path.map { try InputFile($0) } ?? .standardInput
            var splitter = DocumentSplitter(split)
            var isEmpty = true
            func pass(_ text: UnsafeRawBufferPointer, _ endsDocument: Bool) throws {
                isEmpty = isEmpty && text.isEmpty
                try body(text, endsDocument, bytesRead)
            }
            switch input.format {
            case .text:
                try file.forEachChunk(ofAtMost: chunkByteCount) { chunk in
                    bytesRead += chunk.count
                    try splitter.append(chunk, pass)
                }
                try splitter.finish(pass)
            case .jsonLines:
                var rows = JSONRows(path: file.path, field: textField)
                func passRow(_ text: UnsafeRawBufferPointer) throws {
                    try splitter.append(text, pass)
                    try splitter.finish(pass)
                }
                try file.forEachChunk(ofAtMost: chunkByteCount) { chunk in
                    bytesRead += chunk.count
                    try rows.append(chunk, passRow)
                }
                try rows.finish(passRow)
            }
            return isEmpty
        }
    }
}

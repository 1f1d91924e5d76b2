// Where documents end in a text that arrives in chunks.

import Tokenization

/// How a text is split into documents.
public enum DocumentSplit: String, CaseIterable, Codable, Sendable {
    /// Not at all.
    case none
    /// After every blank line, which stays with the document before it; llm.c prepares tiny
    /// shakespeare this way.
    ///
    /// Of several blank lines in a row, the second begins a document, the third ends it, as when
    /// `"\n\n"` is searched for from the start. A line may end in CR LF.
    case blankLines = "blank-lines"
    /// At every `<|endoftext|>`, which is dropped.
    ///
    /// Nothing else is dropped, not even a line end next to it: the tokens are those of any
    /// tokenizer that knows the marker.
    case marker
}

/// Splits one text after another into documents; chunks may end anywhere.
struct DocumentSplitter {
    private let split: DocumentSplit
    // What is known of the line that the next byte belongs to.
    private var line = Line.hasText
    // The start of a marker that is not complete yet.
    private var pending: [UInt8] = []

    private enum Line {
        case hasText
        case isEmpty
        case hasCarriageReturn
    }

    init(_ split: DocumentSplit) {
        self.split = split
    }

    /// Takes the next bytes of a text and calls `body` with those of one document after another,
    /// which may be empty.
    mutating func append(
        _ chunk: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer, _ endsDocument: Bool) throws -> Void
    ) rethrows {
        switch split {
        case .none: try body(chunk, false)
        case .blankLines: try splitAfterBlankLines(chunk, body)
        case .marker: try splitAtMarkers(chunk, body)
        }
    }

    /// Ends the text and its last document; the next chunk begins a new text.
    mutating func finish(
        _ body: (UnsafeRawBufferPointer, _ endsDocument: Bool) throws -> Void
    ) rethrows {
        defer { self = DocumentSplitter(split) }
        try pending.withUnsafeBytes { try body($0, true) }
    }

    private mutating func splitAfterBlankLines(
        _ chunk: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer, _ endsDocument: Bool) throws -> Void
    ) rethrows {
        var start = 0
        var index = 0
        while index < chunk.count {
            switch (chunk[index], line) {
            case (UInt8(ascii: "\n"), .hasText):
                line = .isEmpty
            case (UInt8(ascii: "\n"), _):
                try body(UnsafeRawBufferPointer(rebasing: chunk[start...index]), true)
                start = index + 1
                line = .hasText
            case (UInt8(ascii: "\r"), .isEmpty):
                line = .hasCarriageReturn
            default:
                line = .hasText
                // The fast path for most bytes.
                while index + 1 < chunk.count, chunk[index + 1] != UInt8(ascii: "\n") {
                    index += 1
                }
            }
            index += 1
        }
        try body(UnsafeRawBufferPointer(rebasing: chunk[start...]), false)
    }

    private mutating func splitAtMarkers(
        _ chunk: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer, _ endsDocument: Bool) throws -> Void
    ) rethrows {
        let bytes = pending + chunk
        pending.removeAll(keepingCapacity: true)
        try bytes.withUnsafeBufferPointer { bytes in
            try MarkerSearch.endOfText.forEachText(in: bytes) { text, endsWithMarker in
                if endsWithMarker {
                    try body(UnsafeRawBufferPointer(text), true)
                    return
                }
                let end = MarkerSearch.endOfText.incompleteSuffix(of: text) ?? text.count
                pending.append(contentsOf: text[end...])
                try body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: text[..<end])), false)
            }
        }
    }
}

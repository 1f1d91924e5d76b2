// Text cut into blocks that several threads can encode, whatever the documents in it are like: many
// short ones share a block, a long one is spread over several.

import Tokenization

/// Documents, and parts of documents, back to back.
struct TextBlock: Sendable {
    /// The bytes of the documents.
    fileprivate(set) var bytes: [UInt8] = []
    /// Where in ``bytes`` documents begin.
    fileprivate(set) var starts: [Int] = []
    /// How much of the inputs had been read when the block was complete, in bytes.
    fileprivate(set) var bytesRead = 0
}

/// Collects text until it is enough for a block.
///
/// Memory is bounded by the block, the chunks that are appended, and the longest word; where
/// documents may not be cut, by the longest of them.
struct TextBlockBuilder {
    private let byteCount: Int
    private var block = TextBlock()
    // The end of the current document, as far as it may belong to a word that goes on.
    private var rest: HeldBackText
    private var isInDocument = false

    /// Makes blocks of `byteCount` bytes or a little more, cut where documents may be.
    init(byteCount: Int, cutting: CuttingRule) {
        self.byteCount = byteCount
        rest = HeldBackText(cutting)
    }

    /// Appends the next bytes of the current document; a document without bytes is none.
    /// - Returns: a block, when one is complete.
    mutating func append(
        _ text: UnsafeRawBufferPointer,
        endsDocument: Bool,
        bytesRead: Int
    ) -> TextBlock? {
        if !isInDocument && !text.isEmpty {
            block.starts.append(block.bytes.count)
            isInDocument = true
        }
        if endsDocument {
            if rest.isEmpty {
                block.bytes.append(contentsOf: text)
            } else {
                block.bytes += rest.append(text)
                block.bytes += rest.finish()
            }
            isInDocument = false
        } else {
            block.bytes += rest.append(text)
        }
        block.bytesRead = bytesRead
        return block.bytes.count >= byteCount ? takeBlock() : nil
    }

    /// Ends the last document and returns what is left, which may be nothing.
    mutating func finish() -> TextBlock {
        block.bytes += rest.finish()
        isInDocument = false
        return takeBlock()
    }

    private mutating func takeBlock() -> TextBlock {
        var next = TextBlock()
        next.bytes.reserveCapacity(byteCount)
        next.bytesRead = block.bytesRead
        swap(&block, &next)
        return next
    }
}

// Many documents in one block of bytes, as the preparation of token shards hands them out, with any
// tokenizer. The preparation decides where documents begin and blocks end.

import FileIO

/// Encodes documents, and parts of documents, each with the token that begins documents.
package struct DocumentEncoder: Sendable {
    /// The tokenizer that encodes text.
    package let tokenizer: any Tokenizer
    /// The token that begins each document; nil when the tokenizer has none that could.
    package let documentStart: TokenID?
    /// Where a document may be cut so that its parts can be encoded separately.
    package let cutting: CuttingRule

    /// Encodes with a tokenizer.
    package init(_ tokenizer: any Tokenizer) {
        self.tokenizer = tokenizer
        documentStart = tokenizer.documentStart
        switch tokenizer {
        case let tokenizer as BytePairTokenizer: cutting = tokenizer.cutting(.text)
        case let tokenizer as SentencePieceTokenizer: cutting = tokenizer.documentCutting
        default: cutting = CuttingRule(splitting: .none, marker: nil, isUncut: true)
        }
    }

    /// The ids of documents stored back to back in `bytes`, each after its start token.
    ///
    /// - Parameters:
    ///   - bytes: The documents; what comes before the first start continues a document whose
    ///     beginning was already encoded, up to a place that ``HeldBackText`` found certain.
    ///   - starts: Where documents begin, ascending and at most `bytes.count`.
    /// - Returns: The ids of all of them.
    /// - Throws: ``TextTokenizerError/noToken(byte:)``.
    package func encode(_ bytes: UnsafeRawBufferPointer, starts: [Int]) throws -> [TokenID] {
        var output: [TokenID] = []
        // English takes 4.2 bytes per token with GPT-2's vocabulary.
        output.reserveCapacity(bytes.count / 4 + starts.count)
        func append(_ range: Range<Int>, isStart: Bool) throws {
            let text = UnsafeRawBufferPointer(rebasing: bytes[range])
            switch tokenizer {
            case let tokenizer as BytePairTokenizer: try tokenizer.append(text, to: &output)
            case let tokenizer as SentencePieceTokenizer:
                try tokenizer.append(text, isStart: isStart, to: &output)
            default: output += try tokenizer.encode(String(decoding: text, as: UTF8.self))
            }
        }
        try append(0..<(starts.first ?? bytes.count), isStart: false)
        for (index, start) in starts.enumerated() {
            if let documentStart { output.append(documentStart) }
            let end = index + 1 < starts.count ? starts[index + 1] : bytes.count
            try append(start..<end, isStart: true)
        }
        return output
    }
}

extension Tokenizer {
    /// The token that begins each document in token shards: Llama's and Llama 3's starts of
    /// text, which prompts begin with too, and GPT-2's end of text.
    package var documentStart: TokenID? {
        guard let tokenizer = self as? BytePairTokenizer else {
            return startOfText ?? endsOfText.first
        }
        return description.addsStartOfText ? tokenizer.startOfText : tokenizer.endOfText
    }

    /// SHA-256 of what the ids mean, in hexadecimal digits: the same for every file of the same
    /// tokenizer, whatever its format.
    ///
    /// For a ``BytePairTokenizer`` it also covers merges and rules.
    package var digest: String {
        if let tokenizer = self as? BytePairTokenizer { return tokenizer.digest }
        var hash = SHA256()
        func add(_ bytes: some Sequence<UInt8>) {
            let bytes = Array(bytes)
            withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { hash.update($0) }
            bytes.withUnsafeBytes { hash.update($0) }
        }
        for (id, type) in description.types.enumerated() {
            switch type {
            case .normal, .userDefined, .byte: add(description.tokens[id])
            // Formats name these differently.
            case .unknown, .control, .unused: add([])
            }
        }
        return hash.hexadecimal()
    }
}

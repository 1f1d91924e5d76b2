// The tokens of a model as bytes, which is all that decoding needs. How text becomes ids is not
// known here; files of vocabularies are in Vocabulary+LLMC.swift.

/// A token's number: what models read and write and shards store.
public typealias TokenID = Int32

/// The bytes each token id stands for, and the id that ends a text.
///
/// Tokens are byte strings, not text: one character may be spread over several of them. Use
/// ``StreamingDecoder`` to turn a stream of tokens into whole characters.
public struct Vocabulary: Sendable, Equatable {
    /// The id between documents, GPT-2's `<|endoftext|>`; nil when there is none.
    ///
    /// Its bytes are this name, for display.
    public let endOfText: TokenID?
    /// The tokens' bytes.
    let texts: TokenTexts

    /// The number of tokens; ids run from 0 to one less.
    public var count: Int { texts.count }

    /// The length of the longest token in bytes.
    public var longestTokenByteCount: Int {
        texts.indices.reduce(0) { max($0, texts.byteCount(at: $1)) }
    }

    /// Takes tokens in the order of their ids.
    /// - Precondition: no token is empty, and `endOfText` is the id of one of them.
    public init(tokens: some Sequence<some Collection<UInt8>>, endOfText: TokenID?) {
        var texts = TokenTexts()
        for token in tokens {
            precondition(!token.isEmpty, "token \(texts.count) is empty")
            texts.append(token)
        }
        self.init(texts, endOfText: endOfText)
    }

    /// Takes tokens in the order of their ids.
    init(_ texts: TokenTexts, endOfText: TokenID?) {
        precondition(
            endOfText.map { $0 >= 0 && Int($0) < texts.count } ?? true,
            "the end-of-text id is \(endOfText ?? -1), but the ids are 0..<\(texts.count)"
        )
        self.texts = texts
        self.endOfText = endOfText
    }

    /// Whether `id` is one of the vocabulary's ids.
    ///
    /// Models have more rows than tokens (llm.c pads to a multiple of 128), so an id that a model
    /// gives is not always one of them.
    public func contains(_ id: TokenID) -> Bool {
        id >= 0 && Int(id) < count
    }

    /// The bytes of one token.
    /// - Precondition: ``contains(_:)`` holds for `id`.
    public func bytes(of id: TokenID) -> [UInt8] {
        Array(slice(of: id))
    }

    /// The bytes of one token, without a copy.
    /// - Precondition: ``contains(_:)`` holds for `id`.
    func slice(of id: TokenID) -> ArraySlice<UInt8> {
        precondition(contains(id), "token \(id) is not in 0..<\(count)")
        return texts[Int(id)]
    }

    /// Calls `body` with the bytes of one token.
    /// - Precondition: ``contains(_:)`` holds for `id`.
    @inline(__always)
    func withBytes<Result>(
        of id: TokenID,
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result {
        try texts.withBytes(at: Int(id), body)
    }
}

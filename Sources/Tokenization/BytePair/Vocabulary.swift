// The tokens of a model as bytes, which is all that decoding needs, and llm.c's tokenizer file: a
// header of 256 uint32, then each token as one length byte and its bytes. How text becomes ids is
// not known here; MergeTable.swift finds the merges by the order of the ids.

import FileIO

/// A token's number: what models read and write and shards store.
public typealias TokenID = Int32

/// The bytes each token id stands for, and the id that ends a text.
///
/// Tokens are byte strings, not text: one character may be spread over several of them. Use
/// ``StreamingDecoder`` to turn a stream of tokens into whole characters.
package struct Vocabulary: Sendable, Equatable {
    /// The id between documents, GPT-2's `<|endoftext|>`; nil when there is none.
    ///
    /// Its bytes are this name, for display.
    package let endOfText: TokenID?
    /// The tokens' bytes.
    let texts: TokenTexts

    /// The number of tokens; ids run from 0 to one less.
    package var count: Int { texts.count }

    /// The length of the longest token in bytes.
    package var longestTokenByteCount: Int {
        texts.indices.reduce(0) { max($0, texts.byteCount(at: $1)) }
    }

    /// Takes tokens in the order of their ids.
    /// - Precondition: no token is empty, and `endOfText` is the id of one of them.
    package init(tokens: some Sequence<some Collection<UInt8>>, endOfText: TokenID?) {
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
    /// Models have more rows than tokens (llm.c pads to a multiple of 128), so an id from a model
    /// is not always one of them.
    package func contains(_ id: TokenID) -> Bool {
        id >= 0 && Int(id) < count
    }

    /// The bytes of one token.
    /// - Precondition: ``contains(_:)`` holds for `id`.
    package func bytes(of id: TokenID) -> [UInt8] {
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

extension Vocabulary {
    /// The first word of every llm.c tokenizer file.
    package static let llmcMagic: UInt32 = 20_240_328
    /// The first bytes of every llm.c tokenizer file.
    package static let llmcMagicBytes = Swift.withUnsafeBytes(of: llmcMagic.littleEndian) {
        Array($0)
    }
    private static let headerWordCount = 256
    // Version 1 stores no end-of-text id, because it was only ever written for GPT-2.
    private static let version1TokenCount = 50_257
    private static let version1EndOfText: TokenID = 50_256

    /// Reads a tokenizer file of llm.c, version 1 or 2, such as `gpt2_tokenizer.bin`.
    ///
    /// - Throws: ``TextTokenizerError`` when the content is wrong in any way, including extra
    ///   bytes; `FileIOError` when the file is missing or ends early.
    package init(llmcFile path: FilePath) throws {
        try self.init(llmcFile: try MappedFile(path))
    }

    init(llmcFile file: MappedFile) throws {
        var reader = BinaryReader(file)
        let header = try Self.readHeader(&reader)
        // Each token takes two bytes or more, so this bounds what a false count can allocate.
        guard header.count <= reader.remaining / 2 else {
            throw TextTokenizerError.malformed(
                path: file.path,
                what: "the number of tokens",
                expected: "at most \(reader.remaining / 2) in a file of \(file.count) bytes",
                found: "\(header.count)"
            )
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(reader.remaining - header.count)
        var offsets = [0]
        offsets.reserveCapacity(header.count + 1)
        for id in 0..<header.count {
            let length = Int(try reader.read(UInt8.self))
            guard length > 0 else {
                throw TextTokenizerError.malformed(
                    path: file.path,
                    what: "the length of token \(id)",
                    expected: "1 or more",
                    found: "0"
                )
            }
            try reader.readBytes(length) { bytes.append(contentsOf: $0) }
            offsets.append(bytes.count)
        }
        guard reader.remaining == 0 else {
            throw TextTokenizerError.malformed(
                path: file.path,
                what: "the size",
                expected: "\(reader.offset) bytes for \(header.count) tokens",
                found: "\(file.count) bytes"
            )
        }
        self.init(TokenTexts(bytes: bytes, offsets: offsets), endOfText: header.endOfText)
    }

    private static func readHeader(
        _ reader: inout BinaryReader
    ) throws -> (count: Int, endOfText: TokenID) {
        let path = reader.file.path
        let magic = try reader.read(UInt32.self)
        guard magic == llmcMagic else {
            throw TextTokenizerError.unrecognized(
                path: path,
                found: "\(magic) instead of \(llmcMagic)"
            )
        }
        let fields = try reader.readArray(of: UInt32.self, count: headerWordCount - 1)
        let (version, count) = (fields[0], fields[1])
        let endOfText: UInt32
        switch version {
        case 1:
            guard count == version1TokenCount else {
                throw TextTokenizerError.malformed(
                    path: path,
                    what: "the number of tokens in version 1",
                    expected: "GPT-2's \(version1TokenCount)",
                    found: "\(count)"
                )
            }
            endOfText = UInt32(version1EndOfText)
        case 2:
            endOfText = fields[2]
        default:
            throw TextTokenizerError.unsupportedVersion(path: path, found: version)
        }
        guard endOfText < count, endOfText <= TokenID.max else {
            throw TextTokenizerError.malformed(
                path: path,
                what: "the end-of-text id",
                expected: "less than the number of tokens, \(count)",
                found: "\(endOfText)"
            )
        }
        return (Int(count), TokenID(endOfText))
    }

    /// Writes llm.c's tokenizer file, version 2, completely or not at all.
    ///
    /// Decoding needs no more than this. Whether text can be *encoded* from the file alone depends
    /// on the order of the ids, which ``BytePairTokenizer`` checks before it writes.
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)`` when a token is longer than 255
    ///   bytes; `FileIOError` when the file exists and `overwrite` is false, or on I/O errors.
    package func writeLLMCFile(to path: FilePath, overwrite: Bool = true) throws {
        try llmcFile(at: path, overwrite: overwrite).commit()
    }

    /// The same, but not yet under its final name.
    func llmcFile(at path: FilePath, overwrite: Bool) throws -> AtomicFile {
        guard longestTokenByteCount <= UInt8.max else {
            throw TextTokenizerError.cannotExport(
                path: path,
                reason: "it has a token of \(longestTokenByteCount) bytes, "
                    + "but the format holds at most 255"
            )
        }
        guard let endOfText else {
            throw TextTokenizerError.cannotExport(
                path: path,
                reason: "it has no end-of-text token, but the format needs one"
            )
        }
        let file = try AtomicFile(path, overwrite: overwrite)
        var header = [UInt32](repeating: 0, count: Self.headerWordCount)
        header[0] = Self.llmcMagic
        header[1] = 2
        header[2] = UInt32(count)
        header[3] = UInt32(endOfText)
        try file.write(integers: header)
        var body: [UInt8] = []
        for id in 0..<TokenID(count) {
            let token = slice(of: id)
            body.append(UInt8(token.count))
            body.append(contentsOf: token)
        }
        try file.write(body)
        return file
    }
}

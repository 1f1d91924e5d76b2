// GPT-2's tokenizer: text to ids and back. Files are in BytePairTokenizer+Files.swift, threads in
// BytePairTokenizer+Concurrent.swift, streams in StreamingEncoder.swift.

import Synchronization

/// Byte-level byte pair encoding with GPT-2's pre-tokeniser.
///
/// Any bytes can be encoded, and decoding gives the same bytes back. Bytes that are not UTF-8 are
/// kept too, each of them treated as a character that is neither letter, number nor whitespace.
/// Letters, numbers and whitespace are those of Unicode 16.0. A single word must have less than
/// 4 GiB.
///
/// ```swift
/// let tokenizer = try BytePairTokenizer(contentsOf: "gpt2_tokenizer.bin")
/// let ids = tokenizer.encode("Hello world")       // [15496, 995]
/// let text = try tokenizer.decode(ids)
/// ```
///
/// One object may be used from several threads at once.
public final class BytePairTokenizer: Sendable {
    /// The tokens' bytes.
    public let vocabulary: Vocabulary
    /// The merges by rank.
    let merges: MergeTable

    // Encoders remember the words they met, so they are kept: as many as calls ever ran at once,
    // some 2 MiB each.
    private let idleEncoders = Mutex<[PieceEncoder]>([])

    init(vocabulary: Vocabulary, merges: MergeTable) {
        self.vocabulary = vocabulary
        self.merges = merges
    }

    /// The number of tokens, the end of text included.
    public var vocabularySize: Int { vocabulary.count }

    /// Whether both give the same ids for every text, and mean the same by them.
    public func encodesLike(_ other: BytePairTokenizer) -> Bool {
        vocabulary == other.vocabulary && merges == other.merges
    }

    /// The merges as numbers, for checksums: the token of each byte, then for each merge, in order,
    /// the two tokens that it takes and the one that it makes.
    package var mergeNumbers: [TokenID] {
        merges.byteTokens + merges.merges.flatMap { [$0.left, $0.right, $0.merged] }
    }

    /// The id between documents.
    public var endOfText: TokenID { vocabulary.endOfText }

    /// The ids of a text, in which `<|endoftext|>` means what `endOfTextMarker` says.
    public func encode(_ text: String, endOfTextMarker: EndOfTextMarker) -> [TokenID] {
        var text = text
        return text.withUTF8 {
            encode(UnsafeRawBufferPointer($0), endOfTextMarker: endOfTextMarker)
        }
    }

    /// The ids of bytes that may be anything.
    public func encode(_ bytes: [UInt8], endOfTextMarker: EndOfTextMarker = .text) -> [TokenID] {
        bytes.withUnsafeBytes { encode($0, endOfTextMarker: endOfTextMarker) }
    }

    /// The ids of bytes that may be anything, such as those of a mapped file, on this thread.
    public func encode(
        _ bytes: UnsafeRawBufferPointer,
        endOfTextMarker: EndOfTextMarker = .text
    ) -> [TokenID] {
        var output: [TokenID] = []
        // English takes 4.2 bytes a token with GPT-2's vocabulary.
        output.reserveCapacity(bytes.count / 4)
        withEncoder { encode(bytes, endOfTextMarker, using: &$0, into: &output) }
        return output
    }

    /// Appends the ids of a text to `output`.
    func encode(
        _ bytes: UnsafeRawBufferPointer,
        _ endOfTextMarker: EndOfTextMarker,
        using encoder: inout PieceEncoder,
        into output: inout [TokenID]
    ) {
        bytes.withMemoryRebound(to: UInt8.self) { bytes in
            switch endOfTextMarker {
            case .text:
                encoder.encode(bytes, with: merges, into: &output)
            case .token:
                markerSearch.forEachText(in: bytes) { text, endsWithMarker in
                    encoder.encode(text, with: merges, into: &output)
                    if endsWithMarker { output.append(endOfText) }
                }
            }
        }
    }

    /// Lends an encoder, warm from earlier calls if there is one.
    func withEncoder<Result>(_ body: (inout PieceEncoder) throws -> Result) rethrows -> Result {
        var encoder = idleEncoders.withLock { $0.popLast() } ?? PieceEncoder()
        defer { idleEncoders.withLock { $0.append(encoder) } }
        return try body(&encoder)
    }

    /// The search for the end-of-text token's name.
    var markerSearch: MarkerSearch { MarkerSearch(marker: vocabulary.bytes(of: endOfText)) }
}

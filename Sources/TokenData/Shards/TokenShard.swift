// One file of tokens, read in place: a header of 256 little-endian int32 (magic, version, token
// count, zeros), then the tokens, of one of llm.c's two kinds. Which tokens belong to which batch
// is TokenLoader's affair.

import FileIO

/// A token shard of llm.c, memory-mapped: opening one is cheap, however large it is.
///
/// The header and the file's size are checked when it is opened, each token when it is read.
package struct TokenShard: Sendable {
    /// Where the shard is.
    package let path: FilePath
    /// How its tokens are stored.
    package let format: Format
    /// How many tokens it holds; never 0.
    package let count: Int

    private let file: MappedFile

    /// Opens a shard of either format and checks its header against its size.
    /// - Throws: ``TokenDataError`` when it is not a shard, damaged or empty, `FileIOError` when it
    ///   cannot be opened.
    package init(_ path: FilePath) throws {
        file = try MappedFile(path)
        var reader = BinaryReader(file)
        let magic = reader.remaining < 4 ? nil : try reader.read(Int32.self)
        guard let format = Format.allCases.first(where: { $0.magic == magic }) else {
            throw TokenDataError.notAShard(path: path, found: magic)
        }
        let header = try reader.readArray(of: Int32.self, count: Self.headerByteCount / 4 - 1)
        let (version, count) = (header[0], header[1])
        guard version == format.version else {
            throw TokenDataError.unsupportedVersion(
                path: path,
                found: version,
                expected: format.version
            )
        }
        guard count >= 0 else { throw TokenDataError.negativeCount(path: path, found: count) }
        let expected = Self.headerByteCount + Int(count) * format.tokenByteCount
        guard file.count == expected else {
            throw TokenDataError.wrongSize(
                path: path,
                tokenCount: Int(count),
                expected: expected,
                found: file.count
            )
        }
        guard count > 0 else { throw TokenDataError.empty(path: path) }
        self.path = path
        self.format = format
        self.count = Int(count)
    }

    /// Fills `tokens` with those from `position` on.
    /// - Parameters:
    ///   - position: Index of the first token to copy.
    ///   - tokens: Overwritten, even when an error is thrown.
    ///   - vocabularySize: Ids below it are allowed; nil allows all ids that
    ///     int32 holds.
    /// - Throws: ``TokenDataError/tokenOutOfRange(path:position:token:vocabularySize:)``,
    ///   `FileIOError` when the file was truncated after it was opened.
    /// - Precondition: the shard holds `tokens.count` tokens from `position` on.
    package func copyTokens(
        from position: Int,
        into tokens: inout MutableSpan<Int32>,
        vocabularySize: Int? = nil
    ) throws {
        precondition(
            position >= 0 && tokens.count <= count - position,
            "tokens \(position)..<\(position + tokens.count) of a shard of \(count)"
        )
        switch format {
        case .gpt2: try copy(UInt16.self, position, &tokens, vocabularySize)
        case .llama3: try copy(UInt32.self, position, &tokens, vocabularySize)
        }
    }

    /// The tokens of `range` as an array.
    /// - Throws: ``TokenDataError/tokenOutOfRange(path:position:token:vocabularySize:)``.
    /// - Precondition: `range` lies within `0..<count`.
    package func tokens(in range: Range<Int>, vocabularySize: Int? = nil) throws -> [Int32] {
        var tokens = [Int32](repeating: 0, count: range.count)
        var span = tokens.mutableSpan
        try copyTokens(from: range.lowerBound, into: &span, vocabularySize: vocabularySize)
        return tokens
    }

    private func copy<Stored: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: Stored.Type,
        _ position: Int,
        _ tokens: inout MutableSpan<Int32>,
        _ vocabularySize: Int?
    ) throws {
        let limit = min(vocabularySize ?? .max, Int(Int32.max) + 1)
        try file.withIntactBytes { bytes in
            var offset = Self.headerByteCount + position * MemoryLayout<Stored>.size
            for i in tokens.indices {
                let token = Int(
                    Stored(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
                )
                guard token < limit else {
                    throw TokenDataError.tokenOutOfRange(
                        path: path,
                        position: position + i,
                        token: token,
                        vocabularySize: limit
                    )
                }
                tokens[i] = Int32(truncatingIfNeeded: token)
                offset += MemoryLayout<Stored>.size
            }
        }
    }
}

extension TokenShard {
    /// What tells one shard from another, regardless of their names.
    ///
    /// Two are equal when everything known of both is equal: a digest takes reading the whole
    /// shard, and checkpoints of an earlier version have none.
    package struct Identity: Codable, Equatable, Sendable {
        /// How many tokens the shard holds.
        package let tokenCount: Int
        /// FNV-1a of the first and the last 4096 bytes of the file.
        package let checksum: UInt32
        /// A checksum of the whole file; nil when it was not read.
        package internal(set) var digest: String?

        package static func == (one: Self, other: Self) -> Bool {
            one.tokenCount == other.tokenCount && one.checksum == other.checksum
                && (one.digest == nil || other.digest == nil || one.digest == other.digest)
        }
    }

    /// A checksum of the whole file, checking every token on the way.
    /// - Parameters:
    ///   - vocabularySize: Ids below it are allowed; nil allows all.
    ///   - progress: Called now and then with the bytes read since the last call; an error that it
    ///     throws ends the reading.
    /// - Returns: Hexadecimal digits.
    /// - Throws: ``TokenDataError/tokenOutOfRange(path:position:token:vocabularySize:)``,
    ///   `FileIOError` when the file is truncated meanwhile; what `progress` throws.
    func digest(
        vocabularySize: Int?,
        _ progress: (_ byteCount: Int) throws -> Void
    ) throws -> String {
        try file.withIntactBytes { bytes in
            var digest = ContentDigest()
            for start in stride(from: 0, to: bytes.count, by: ContentDigest.blockSize) {
                let end = min(start + ContentDigest.blockSize, bytes.count)
                digest.update(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                let first = max(start, Self.headerByteCount)
                let tokens = UnsafeRawBufferPointer(rebasing: bytes[first..<end])
                if let vocabularySize, largestToken(in: tokens) >= vocabularySize {
                    // Read again, to say which one it is.
                    let position = (first - Self.headerByteCount) / format.tokenByteCount
                    let range = position..<position + tokens.count / format.tokenByteCount
                    _ = try self.tokens(in: range, vocabularySize: vocabularySize)
                }
                try progress(end - start)
            }
            return digest.hexadecimal
        }
    }

    private func largestToken(in bytes: UnsafeRawBufferPointer) -> Int {
        // A loop over a concrete type is vectorized, and then as fast as memory.
        func largest<Stored: FixedWidthInteger & BitwiseCopyable>(_ type: Stored.Type) -> Int {
            bytes.withMemoryRebound(to: type) { tokens in
                var largest: Stored = 0
                for token in tokens { largest = max(largest, Stored(littleEndian: token)) }
                return Int(clamping: largest)
            }
        }
        return switch format {
        case .gpt2: largest(UInt16.self)
        case .llama3: largest(UInt32.self)
        }
    }

    /// The shard's size and a checksum of its two ends.
    package var identity: Identity {
        let blockByteCount = 4096
        let checksum = file.withUnsafeBytes { bytes in
            [bytes.prefix(blockByteCount), bytes.suffix(blockByteCount)].joined()
                .reduce(0x811c_9dc5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        }
        return Identity(tokenCount: count, checksum: checksum)
    }
}

extension TokenShard {
    /// How a shard stores its tokens.
    package enum Format: CaseIterable, Equatable, Sendable {
        /// uint16 tokens, for vocabularies of at most 65,536.
        case gpt2
        /// uint32 tokens.
        case llama3

        /// The narrowest format that holds every token of a vocabulary.
        package init(vocabularySize: Int) {
            self = vocabularySize <= Format.gpt2.largestToken + 1 ? .gpt2 : .llama3
        }

        /// The model family for which llm.c has the format.
        package var name: String {
            switch self {
            case .gpt2: "GPT-2"
            case .llama3: "Llama-3"
            }
        }

        /// The first number of the header.
        package var magic: Int32 {
            switch self {
            case .gpt2: 20_240_520
            case .llama3: 20_240_801
            }
        }

        /// The second number of the header.
        package var version: Int32 {
            switch self {
            case .gpt2: 1
            case .llama3: 7
            }
        }

        /// The size of one token in bytes.
        package var tokenByteCount: Int {
            switch self {
            case .gpt2: MemoryLayout<UInt16>.size
            case .llama3: MemoryLayout<UInt32>.size
            }
        }

        /// The largest id that both the format and int32, the type of ids in memory, can hold.
        package var largestToken: Int {
            switch self {
            case .gpt2: Int(UInt16.max)
            case .llama3: Int(Int32.max)
            }
        }
    }

    /// The size of the header in bytes: 256 int32.
    static let headerByteCount = 1024

    /// The most tokens the header's int32 can count.
    package static let largestCount = Int(Int32.max)
}

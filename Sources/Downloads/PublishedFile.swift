// What is known beforehand about a file that others have published, and checking a file against it.
// Sizes and headers follow from the formats; checksums are given only where the file was at hand.
// Where only the format is known, PublishedContent.swift looks at the header.

import FileIO

/// A published file: part of llm.c's starter pack, or of a model.
package struct PublishedFile: Sendable, Equatable {
    /// How its size is known.
    package enum Size: Sendable, Equatable {
        case bytes(Int)
        /// From the batch in the header: the debug state of a GPT-2 with this many parameters,
        /// padding included, and this vocabulary.
        case debugState(parameterCount: Int, vocabularySize: Int)
        /// From walking over all examples; the header has their number.
        case examples
        /// From the server, and from what the file is.
        case content(Content, atMost: Int)
    }

    /// Its name where it is published, and on this disk.
    package let name: String
    /// Where it is published: the address that, with a slash and the name, gives the file.
    package let source: String
    /// Whether some publishers of such a model leave it out.
    package let isOptional: Bool
    /// SHA-256 in hexadecimal; nil where only size and header are known.
    package let sha256: String?
    /// The integers that its header begins with.
    let header: [Int32]
    let size: Size

    /// Its size, when that does not depend on what is in it.
    package var byteCount: Int? {
        if case .bytes(let count) = size { count } else { nil }
    }

    /// The most bytes that it may have.
    var largestByteCount: Int? {
        if case .content(_, let count) = size { count } else { byteCount }
    }

    /// Describes a file of llm.c's starter pack.
    package init(_ name: String, header: [Int32], size: Size, sha256: String? = nil) {
        self.name = name
        self.sha256 = sha256
        self.header = header
        self.size = size
        source = StarterPack.baseURL
        isOptional = false
    }

    /// Describes a file by its format.
    package init(
        _ name: String,
        content: Content,
        atMost byteCount: Int,
        source: String,
        sha256: String? = nil,
        isOptional: Bool = false
    ) {
        self.name = name
        self.sha256 = sha256
        header = []
        size = .content(content, atMost: byteCount)
        self.source = source
        self.isOptional = isOptional
    }

    /// Checks that the file at `path` is this one: size, header, and the checksum if one is known.
    /// - Parameters:
    ///   - path: The file.
    ///   - announced: The checksum announced by the server, if any.
    /// - Returns: nil if it is; otherwise what was expected and what was found.
    /// - Throws: `FileIOError` when the file cannot be read.
    package func mismatch(at path: FilePath, announced: String? = nil) throws -> Mismatch? {
        let found = FileSystem.byteCount(of: path)
        if let byteCount, let found, found != byteCount {
            return Mismatch(expected: "\(byteCount) bytes", found: "\(found)")
        }
        if let largestByteCount, let found, found > largestByteCount {
            return Mismatch(expected: "at most \(largestByteCount) bytes", found: "\(found)")
        }
        let mismatch =
            if case .content(let content, _) = size {
                try Self.mismatch(content, at: path)
            } else {
                try headerMismatch(path)
            }
        if let mismatch { return mismatch }
        guard let sha256 = sha256 ?? announced else { return nil }
        let checksum = try SHA256.hexadecimal(of: path)
        return checksum == sha256
            ? nil : Mismatch(expected: "the SHA-256 \(sha256)", found: checksum)
    }

    /// What differs in the header, or in what follows from it, of one of llm.c's files.
    private func headerMismatch(_ path: FilePath) throws -> Mismatch? {
        var reader = try BinaryReader(path: path)
        guard reader.file.count >= Self.headerByteCount else {
            return Mismatch(
                expected: "a header of \(Self.headerByteCount) bytes",
                found: "\(reader.file.count) bytes in all"
            )
        }
        let fields = try reader.readArray(of: Int32.self, count: Self.headerByteCount / 4)
        if Array(fields.prefix(header.count)) != header {
            return Mismatch(
                expected: "a header of \(header)",
                found: "\(Array(fields.prefix(header.count)))"
            )
        }
        return try sizeMismatch(fields, &reader)
    }

    /// llm.c's files begin with 256 integers.
    private static let headerByteCount = 1024

    private func sizeMismatch(
        _ fields: [Int32],
        _ reader: inout BinaryReader
    ) throws -> Mismatch? {
        switch size {
        case .bytes, .content:
            return nil
        case .debugState(let parameterCount, let vocabularySize):
            let (B, T) = (Int(fields[2]), Int(fields[3]))
            guard (1...Self.largestBatch).contains(B), (1...Self.largestBatch).contains(T) else {
                return Mismatch(expected: "a batch", found: "\(B) x \(T) tokens")
            }
            // Inputs, targets, logits, the loss, gradients: four bytes each.
            let count = 2 * B * T + B * T * vocabularySize + 1 + parameterCount
            let expected = Self.headerByteCount + 4 * count
            return reader.file.count == expected
                ? nil : Mismatch(expected: "\(expected) bytes", found: "\(reader.file.count)")
        case .examples:
            return try examplesMismatch(count: Int(header[2]), &reader)
        }
    }

    /// A bound that keeps the arithmetic on a header from overflowing.
    private static let largestBatch = 1 << 16

    /// Walks over the examples: a marker, the example's size in bytes, its index, and the rest.
    private func examplesMismatch(
        count: Int,
        _ reader: inout BinaryReader
    ) throws -> Mismatch? {
        for index in 0..<count {
            let expected = "example \(index) of \(count) at byte \(reader.offset)"
            guard reader.remaining >= 6 else {
                return Mismatch(expected: expected, found: "the file's end")
            }
            let fields = try reader.readArray(of: UInt16.self, count: 3)
            let rest = Int(fields[1]) - 6
            guard fields[0] == .max, rest >= 0, Int(fields[2]) == index, rest <= reader.remaining
            else { return Mismatch(expected: expected, found: "other bytes") }
            try reader.readBytes(rest) { _ in }
        }
        return reader.remaining == 0
            ? nil
            : Mismatch(expected: "\(count) examples", found: "\(reader.remaining) bytes more")
    }
}

/// How a file differs from the one that was published; `description` is part of a sentence.
package struct Mismatch: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the published file has.
    package let expected: String
    /// What this one has.
    package let found: String

    /// Describes a difference.
    package init(expected: String, found: String) {
        self.expected = expected
        self.found = found
    }

    package var description: String { "expected \(expected), found \(found)" }
}

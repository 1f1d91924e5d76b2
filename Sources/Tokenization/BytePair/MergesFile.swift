// vocab.bpe and merges.txt: one merge per line, in order of rank, as two tokens in GPT-2's
// printable form separated by a space.

import FileIO

/// Reader and writer of GPT-2's merges files.
enum MergesFile {
    /// How these files begin; the rest of the line carries no information.
    static let header = "#version: 0.2"
    static let headerStart = "#version"

    /// Reads the merges of `vocabulary`.
    /// - Throws: ``TextTokenizerError`` naming the line that is not two tokens that merge into a
    ///   third, or that repeats an earlier one.
    static func read(_ file: MappedFile, for vocabulary: Vocabulary) throws -> MergeTable {
        let index: TokenIndex
        do {
            index = try TokenIndex(vocabulary)
        } catch let error as TokenIndex.DuplicateToken {
            throw TextTokenizerError.notEncodable(
                path: file.path,
                reason: "tokens \(error.first) and \(error.second) have the same bytes"
            )
        }
        let byteTokens = try (0...255).map { byte in
            guard let token = index.id(of: [UInt8(byte)]) else {
                throw TextTokenizerError.notEncodable(
                    path: file.path,
                    reason: "no token is the single byte \(byte)"
                )
            }
            return token
        }
        var table = MergeTable(byteTokens: byteTokens, minimumCapacity: vocabulary.count)
        try file.withIntactBytes { bytes in
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            for (number, line) in lines.enumerated() {
                // A carriage return is not in the alphabet: a file from Windows reads the same.
                let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
                let isHeader = number == 0 && line.starts(with: headerStart.utf8)
                let isEnd = number == lines.count - 1 && line.isEmpty
                if isHeader || isEnd { continue }
                // A merge that makes the end of text would let documents end themselves.
                guard let merge = merge(of: line, index), merge.merged != vocabulary.endOfText,
                    table.append(merge)
                else {
                    throw TextTokenizerError.malformed(
                        path: file.path,
                        what: "line \(number + 1)",
                        expected: "two tokens that together are a third, and no repeated merge",
                        found: "'\(String(decoding: line.prefix(80), as: UTF8.self))'"
                    )
                }
            }
        }
        return table
    }

    private static func merge(
        of line: UnsafeRawBufferPointer.SubSequence,
        _ index: TokenIndex
    ) -> MergeTable.Merge? {
        let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard fields.count == 2, let left = bytes(of: fields[0]), let right = bytes(of: fields[1]),
            let leftID = index.id(of: left), let rightID = index.id(of: right),
            let merged = index.id(of: left + right)
        else { return nil }
        return .init(left: leftID, right: rightID, merged: merged)
    }

    /// The bytes that a token in printable form stands for.
    private static func bytes(of text: UnsafeRawBufferPointer.SubSequence) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text
        while !rest.isEmpty {
            let sequence = rest.withContiguousStorageIfAvailable { UTF8Sequence(startOf: $0) }
            guard case .scalar(let scalar, let length) = sequence,
                let byte = ByteAlphabet.byte(of: scalar)
            else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(length)
        }
        return bytes
    }

    /// Writes the merges of `vocabulary` by rank.
    static func write(_ table: MergeTable, of vocabulary: Vocabulary, to file: AtomicFile) throws {
        var text = header + "\n"
        for merge in table.merges {
            text += ByteAlphabet.text(of: vocabulary.slice(of: merge.left)) + " "
            text += ByteAlphabet.text(of: vocabulary.slice(of: merge.right)) + "\n"
        }
        try file.write(Array(text.utf8))
    }
}

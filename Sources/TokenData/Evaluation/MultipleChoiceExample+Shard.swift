// llm.c's evaluation shards: a header of 256 little-endian int32 (magic, version, number of
// examples, bytes of the longest), then uint16s. Every length is checked before it is used.

import FileIO
import Tokenization

extension MultipleChoiceExample {
    /// The first number of an evaluation shard.
    package static let shardMagic: Int32 = 20_240_522
    private static let shardVersion: Int32 = 1
    private static let headerFieldCount = 256
    /// Precedes each example; no GPT-2 token has this value.
    private static let startOfExample = UInt16.max

    /// Reads llm.c's form of HellaSwag, whose texts are already tokens.
    /// - Parameters:
    ///   - path: The file.
    ///   - vocabularySize: Larger ids and this one are an error.
    ///   - limit: The most examples to read, 1 or more; nil reads all, and checks that nothing
    ///     follows them.
    /// - Returns: One example or more, in the order of the file.
    /// - Throws: ``TokenDataError/invalidEvaluation(path:place:problem:)``, or `FileIOError` when
    ///   the file is missing or ends early.
    package static func examples(
        shard path: FilePath,
        vocabularySize: Int,
        limit: Int? = nil
    ) throws -> [MultipleChoiceExample] {
        precondition(limit ?? 1 > 0, "at most \(limit ?? 0) examples")
        var reader = try BinaryReader(path: path)
        let header = try readHeader(&reader)
        // Nothing is reserved for the count that the header claims.
        var examples: [MultipleChoiceExample] = []
        while examples.count < min(header.exampleCount, limit ?? .max) {
            var exampleReader = ExampleReader(
                reader: reader,
                vocabularySize: vocabularySize,
                place: "example \(examples.count + 1)"
            )
            examples.append(try exampleReader.read(longestByteCount: header.longestByteCount))
            reader = exampleReader.reader
        }
        if examples.count == header.exampleCount, reader.remaining > 0 {
            throw TokenDataError.invalidEvaluation(
                path: path,
                place: "the end",
                problem: "\(reader.remaining) bytes follow the last of \(examples.count) examples; "
                    + "the file is damaged, copy or create it again"
            )
        }
        return examples
    }

    private static func readHeader(
        _ reader: inout BinaryReader
    ) throws -> (exampleCount: Int, longestByteCount: Int) {
        let path = reader.file.path
        func invalid(_ problem: String) -> TokenDataError {
            .invalidEvaluation(path: path, place: "the header", problem: problem)
        }
        let magic = reader.remaining < 4 ? nil : try reader.read(Int32.self)
        guard magic == shardMagic else {
            throw invalid(
                "an evaluation shard starts with \(shardMagic), but this file starts with "
                    + "\(magic.map(String.init) ?? "fewer than 4 bytes"); check the path"
            )
        }
        let fields = try reader.readArray(of: Int32.self, count: headerFieldCount - 1)
        guard fields[0] == shardVersion else {
            throw invalid(
                "the version is \(fields[0]), but only version \(shardVersion) can be read; "
                    + "create the file again"
            )
        }
        guard fields[1] > 0, fields[2] > 0 else {
            throw invalid(
                "\(fields[1]) examples of at most \(fields[2]) bytes; the file is empty or "
                    + "damaged, copy or create it again"
            )
        }
        return (Int(fields[1]), Int(fields[2]))
    }

    /// Reads one example.
    private struct ExampleReader {
        var reader: BinaryReader
        let vocabularySize: Int
        let place: String

        mutating func read(longestByteCount: Int) throws -> MultipleChoiceExample {
            let start = reader.offset
            guard try next() == startOfExample else {
                throw invalid("it does not start with \(startOfExample)")
            }
            let byteCount = try next()
            guard byteCount <= longestByteCount else {
                throw invalid(
                    "it claims \(byteCount) bytes, but the header claims "
                        + "\(longestByteCount) for the longest"
                )
            }
            // The example's own number is not needed: its place in the file is.
            _ = try next()
            let label = try next()
            let endingCount = try next()
            let context = try readTokens()
            let endings = try (0..<endingCount).map { _ in try readTokens() }
            guard reader.offset - start == byteCount else {
                throw invalid("it claims \(byteCount) bytes, but has \(reader.offset - start)")
            }
            if let problem = problem(context: context, endings: endings, label: Int(label)) {
                throw invalid(problem)
            }
            return MultipleChoiceExample(context: context, endings: endings, label: Int(label))
        }

        private mutating func next() throws -> UInt16 { try reader.read(UInt16.self) }

        private mutating func readTokens() throws -> [TokenID] {
            let count = Int(try next())
            return try reader.readArray(of: UInt16.self, count: count).map { token in
                guard Int(token) < vocabularySize else {
                    throw TokenDataError.invalidEvaluation(
                        path: reader.file.path,
                        place: place,
                        problem: "token \(token) is outside the model's vocabulary of "
                            + "\(vocabularySize); use a file made with the model's tokenizer"
                    )
                }
                return TokenID(token)
            }
        }

        private func invalid(_ problem: String) -> TokenDataError {
            .invalidEvaluation(
                path: reader.file.path,
                place: place,
                problem: "\(problem); the file is damaged, copy or create it again"
            )
        }
    }
}

// Shards of a text that belong to one run: made once, and found again by what they were made of.

import FileIO
import Tokenization

/// Token shards of a text, for training and, when enough of it is there, for validation.
///
/// Their names tell what they hold: the same text, tokenizer and division give the same shards,
/// which are then not made again; anything else gives others.
public struct PreparedText: Sendable {
    /// The tokens to learn from.
    public let trainingPath: FilePath
    /// The tokens held out; nil when none are.
    public let validationPath: FilePath?

    /// At most one token in so many bytes is held out: no more than a tenth of most texts.
    private static let bytesPerHeldOutToken = 40

    /// Finds the shards of `documents` in `directory`, or makes them.
    /// - Parameters:
    ///   - documents: Files; standard input cannot be read twice.
    ///   - tokenizer: What encodes them.
    ///   - directory: Where the shards are kept.
    ///   - heldOutTokens: The first so many tokens are for validation, but fewer of a short text.
    ///   - leastHeldOutTokens: When the text is too short to hold out so many, none are.
    ///   - threads: How many encode.
    ///   - progress: As ``TextPreparation/run(_:progress:)`` has it.
    /// - Throws: ``PreparationError``, ``TokenDataError`` or `FileIOError`.
    public init(
        _ documents: TextDocuments,
        tokenizer: BytePairTokenizer,
        directory: FilePath,
        heldOutTokens: Int,
        leastHeldOutTokens: Int = 1,
        threads: Int = 1,
        progress: (TextPreparation.Progress) throws -> Void = { _ in }
    ) throws {
        let affordable = (documents.byteCount ?? 0) / Self.bytesPerHeldOutToken
        let held = min(heldOutTokens, affordable)
        var settings = ShardSettings(
            directory: directory,
            name: "text-" + (try Self.digest(documents, tokenizer.vocabulary))
        )
        settings.validationTokens = held < leastHeldOutTokens ? 0 : held
        if settings.validationTokens > 0 { settings.name += "-\(settings.validationTokens)" }
        // Shards of this name hold the same tokens; some may be missing.
        settings.overwrite = true

        trainingPath = directory.appending(settings.name + "_train.bin")
        validationPath =
            settings.validationTokens > 0 ? directory.appending(settings.name + "_val.bin") : nil
        let isComplete = [trainingPath, validationPath].compactMap(\.self)
            .allSatisfy(FileSystem.exists)
        if isComplete { return }
        _ = try TextPreparation(documents, tokenizer: tokenizer, threads: threads)
            .run(settings, progress: progress)
    }

    /// Sixteen hexadecimal digits that stand for a text and a vocabulary.
    private static func digest(
        _ documents: TextDocuments,
        _ vocabulary: Vocabulary
    ) throws -> String {
        var hash = SHA256()
        func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { hash.update($0) } }
        // Each part comes with its length, so that no two divisions give the same bytes.
        func add(_ number: Int) {
            withUnsafeBytes(of: UInt64(number).littleEndian) { hash.update($0) }
        }
        for id in 0..<vocabulary.count {
            let bytes = vocabulary.bytes(of: TokenID(id))
            add(bytes.count)
            add(bytes)
        }
        for input in documents.inputs {
            guard let path = input.path else { continue }
            add(FileSystem.byteCount(of: path) ?? 0)
            try InputFile(path).forEachChunk(ofAtMost: 1 << 20) { hash.update($0) }
        }
        return String(hash.hexadecimal().prefix(16))
    }
}

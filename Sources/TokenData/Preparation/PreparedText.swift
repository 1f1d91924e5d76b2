// The shards of a run's text: made once, and found again by what they were made from.

import FileIO
import Tokenization

/// Token shards of a text, for training and, if there is enough text, for validation.
///
/// Their names identify their content: the same documents, tokenizer and split give the same
/// shards, which are then not made again; anything else gives others.
package struct PreparedText: Sendable {
    /// The tokens to train on.
    package let trainingPath: FilePath
    /// The tokens held out; nil when none are.
    package let validationPath: FilePath?

    /// Tokens held out of a long text: a few hundred batches of any usual size.
    ///
    /// Shorter texts give proportionally fewer, and none if that would not fill a batch. So a
    /// resumed run finds its shards again, but one whose batches have become larger may not.
    package static let mostHeldOutTokens = 1 << 20

    /// At most one token per this many bytes is held out: no more than a tenth of most texts.
    private static let bytesPerHeldOutToken = 40

    /// Finds the shards of `documents` in `directory`, or makes them.
    /// - Parameters:
    ///   - documents: Files; standard input cannot be read twice.
    ///   - tokenizer: What encodes them.
    ///   - directory: Where the shards are kept.
    ///   - heldOutTokens: How many of the first tokens are for validation; fewer for a short text.
    ///   - leastHeldOutTokens: If the text is too short to hold out this many, none are.
    ///   - threads: How many encode.
    ///   - readingProgress: Called now and then while the text is checked, before anything is made
    ///     from it: with the bytes seen so far, and in total. An error that it throws ends the
    ///     preparation.
    ///   - progress: As in ``TextPreparation/run(_:progress:)``.
    /// - Throws: ``PreparationError``, ``TokenDataError`` or `FileIOError`.
    package init(
        _ documents: TextDocuments,
        tokenizer: any Tokenizer,
        directory: FilePath,
        heldOutTokens: Int,
        leastHeldOutTokens: Int = 1,
        threads: Int = 1,
        readingProgress: (_ byteCount: Int, _ totalByteCount: Int) throws -> Void = { _, _ in },
        progress: (TextPreparation.Progress) throws -> Void = { _ in }
    ) throws {
        let affordable = (documents.byteCount ?? 0) / Self.bytesPerHeldOutToken
        let held = min(heldOutTokens, affordable)
        var settings = ShardSettings(
            directory: directory,
            name: "text-" + (try Self.digest(documents, tokenizer, readingProgress))
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

    /// Removes the shards, for a caller that they are too small for.
    /// - Throws: `FileIOError`.
    package func remove() throws {
        let manifest = trainingPath.lastComponent.flatMap {
            ShardManifest.preparation(named: $0.string)
        }
        let beside = manifest.map {
            trainingPath.directory.appending(ShardManifest.fileName($0))
        }
        for path in [beside, trainingPath, validationPath].compactMap(\.self) {
            try FileSystem.remove(path)
        }
    }

    /// Sixteen hexadecimal digits that identify documents and a tokenizer.
    private static func digest(
        _ documents: TextDocuments,
        _ tokenizer: any Tokenizer,
        _ progress: (Int, Int) throws -> Void
    ) throws -> String {
        var hash = SHA256()
        func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { hash.update($0) } }
        // Each part comes with its length, so that no two splits give the same bytes.
        func add(_ number: Int) {
            withUnsafeBytes(of: UInt64(number).littleEndian) { hash.update($0) }
        }
        func add(_ text: String) {
            add(text.utf8.count)
            add(Array(text.utf8))
        }
        if let tokenizer = tokenizer as? BytePairTokenizer {
            tokenizer.update(&hash)
        } else {
            add(tokenizer.digest)
        }
        add(documents.split.rawValue)
        add(documents.textField)
        var byteCount = 0
        let totalByteCount = documents.byteCount ?? 0
        for input in documents.inputs {
            guard let path = input.path else { continue }
            switch input.format {
            case .text: add("text")
            case .jsonLines: add("jsonl")
            }
            add(FileSystem.byteCount(of: path) ?? 0)
            try InputFile(path).forEachChunk(ofAtMost: 1 << 20) { chunk in
                hash.update(chunk)
                byteCount += chunk.count
                try progress(byteCount, totalByteCount)
            }
        }
        return String(hash.hexadecimal().prefix(16))
    }
}

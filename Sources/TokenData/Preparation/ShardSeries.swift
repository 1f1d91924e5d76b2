// A stream of tokens divided into the files of a training run: validation first, then one shard or
// several to train on. Names are llm.c's. The files appear together, when all are written.

import FileIO
import Tokenization

/// Where prepared shards go and how large they are.
package struct ShardSettings: Sendable {
    /// The directory, which is created if missing.
    package var directory: FilePath
    /// How the names of the shards begin.
    package var name: String
    /// How many of the first tokens are for validation; 0 makes no such shard.
    package var validationTokens = 0
    /// The most tokens in a training shard; nil makes one of any size.
    package var shardTokens: Int?
    /// Whether shards of this name may be replaced.
    package var overwrite = false
    /// The tokenizer's path, for the manifest; nil if it comes from no file.
    package var tokenizerPath: FilePath?

    /// Everything into one shard, `NAME_train.bin`, unless the other properties are changed.
    package init(directory: FilePath, name: String) {
        self.directory = directory
        self.name = name
    }
}

/// One shard of a preparation.
public struct PreparedShard: Equatable, Sendable {
    /// Where it is.
    public let path: FilePath
    /// How many tokens it holds.
    public let tokenCount: Int
}

/// Writes the shards of one preparation, all of which appear on ``commit()``, or none.
final class ShardSeries {
    private let settings: ShardSettings
    private let vocabularySize: Int
    private let staging: StagingDirectory
    private var writer: TokenShardWriter?
    private var shards: [PreparedShard] = []

    /// Tokens appended so far.
    private(set) var tokenCount = 0

    /// Prepares the directory for the shards.
    /// - Throws: ``PreparationError/invalidName(name:)``; `FileIOError` when shards of this name
    ///   exist and may not be replaced, or the directory cannot be written.
    /// - Precondition: no size in `settings` is negative, and shards hold a token or more.
    init(_ settings: ShardSettings, vocabularySize: Int) throws {
        precondition(
            settings.validationTokens >= 0 && settings.shardTokens ?? 1 > 0,
            "\(settings.validationTokens) tokens for validation, "
                + "\(settings.shardTokens ?? 1) a shard"
        )
        let name = settings.name
        guard !name.isEmpty, !name.contains("/"), !name.utf8.contains(0) else {
            throw PreparationError.invalidName(name: name)
        }
        self.settings = settings
        self.vocabularySize = vocabularySize
        // A manifest alone is also in the way, but shards are the better thing to name.
        let all = settings.overwrite ? [] : try Self.existingShards(settings)
        let manifest = ShardManifest.fileName(settings.name)
        if let existing = all.first(where: { $0.string != manifest }) ?? all.first {
            throw FileIOError.alreadyExists(path: settings.directory.appending(existing))
        }
        staging = try StagingDirectory(in: settings.directory, name: name)
    }

    /// Appends the next tokens of the stream.
    /// - Throws: ``TokenDataError/shardFull(path:limit:)``; `FileIOError` when the disk is full or
    ///   fails.
    func append(_ tokens: [TokenID]) throws {
        var rest = tokens[...]
        while !rest.isEmpty {
            let writer = try writer ?? startShard()
            let room = limit - writer.count
            if rest.count <= room {
                try writer.append(contentsOf: Array(rest))
                tokenCount += rest.count
                return
            }
            try writer.append(contentsOf: Array(rest.prefix(room)))
            tokenCount += room
            rest = rest.dropFirst(room)
            try finishShard()
        }
    }

    /// Gives all shards their names, and removes older ones of the same preparation.
    /// - Parameter manifest: The manifest to put next to them, given the shards.
    /// - Returns: The shards.
    /// - Throws: ``PreparationError/nothingToTrainOn(tokenCount:validationTokens:)``;
    ///   `FileIOError`.
    /// - Precondition: tokens were appended.
    func commit(
        _ manifest: ([PreparedShard]) -> ShardManifest
    ) throws -> [PreparedShard] {
        try finishShard()
        guard tokenCount > settings.validationTokens else {
            throw PreparationError.nothingToTrainOn(
                tokenCount: tokenCount,
                validationTokens: settings.validationTokens
            )
        }
        let existing = try Self.existingShards(settings)
        let manifestName = ShardManifest.fileName(settings.name)
        try manifest(shards).write(to: staging.path.appending(manifestName))
        // An old manifest would be wrong next to new shards, so it is removed first; the new one
        // comes last.
        try FileSystem.remove(settings.directory.appending(manifestName))
        let names =
            shards.compactMap(\.path.lastComponent)
            + [FilePath.Component(manifestName)].compactMap(\.self)
        try staging.publish(names)
        // If left, shards of a longer preparation would be trained on together with these.
        for name in existing where !names.contains(name) {
            try FileSystem.remove(settings.directory.appending(name))
        }
        return shards
    }

    // MARK: Shards

    /// Whether the current shard, or the next if there is none, is the one for validation.
    private var isValidation: Bool { settings.validationTokens > 0 && shards.isEmpty }

    private var limit: Int {
        isValidation
            ? settings.validationTokens
            : min(settings.shardTokens ?? .max, TokenShard.largestCount)
    }

    private func startShard() throws -> TokenShardWriter {
        if settings.shardTokens == nil && !isValidation && tokenCount > settings.validationTokens {
            throw TokenDataError.shardFull(
                path: settings.directory.appending(shardName),
                limit: TokenShard.largestCount
            )
        }
        let writer = try TokenShardWriter(
            staging.path.appending(shardName),
            vocabularySize: vocabularySize
        )
        self.writer = writer
        return writer
    }

    private func finishShard() throws {
        guard let writer else { return }
        try writer.commit()
        shards.append(
            PreparedShard(
                path: settings.directory.appending(shardName),
                tokenCount: writer.count
            )
        )
        self.writer = nil
    }

    // MARK: Names

    /// The name of the current shard, or of the next if there is none.
    private var shardName: String {
        let kind = isValidation ? "val" : "train"
        guard settings.shardTokens != nil else { return "\(settings.name)_\(kind).bin" }
        // Validation is number 0, even when there is none.
        let digits = String(settings.validationTokens > 0 ? shards.count : shards.count + 1)
        let zeros = String(repeating: "0", count: max(0, Self.digitCount - digits.count))
        return "\(settings.name)_\(kind)_\(zeros)\(digits).bin"
    }

    private static let digitCount = 6

    /// The names of what a preparation of this name left in the directory.
    private static func existingShards(_ settings: ShardSettings) throws -> [FilePath.Component] {
        guard FileSystem.isDirectory(settings.directory) else { return [] }
        return try FileSystem.names(in: settings.directory).filter { component in
            let name = component.string
            // Another name, with bytes that are not text, may read the same. And a pipe or a device
            // of such a name holds nothing old.
            return FilePath.Component(name) == component && isName(name, of: settings)
                && !FileSystem.isStream(settings.directory.appending(component))
        }
    }

    /// Whether a preparation may give this name to a shard or its manifest.
    private static func isName(_ name: String, of settings: ShardSettings) -> Bool {
        if name == ShardManifest.fileName(settings.name) { return true }
        return ["train", "val"].contains { kind in
            let start = "\(settings.name)_\(kind)"
            guard name.hasPrefix(start), name.hasSuffix(".bin") else { return false }
            let number = name.dropFirst(start.count).dropLast(".bin".count)
            return number.isEmpty
                || number.first == "_" && number.count > digitCount
                    && number.dropFirst().allSatisfy { ("0"..."9").contains($0) }
        }
    }
}

/// A hidden directory inside the files' destination, where they are written first.
///
/// Releasing the object removes what was not published.
final class StagingDirectory {
    /// Where the files go in the end.
    let destination: FilePath
    /// Where they are written.
    let path: FilePath

    /// Makes an empty directory inside `destination`, which is created too if missing.
    /// - Throws: `FileIOError` when `destination` cannot be created or written.
    init(in destination: FilePath, name: String) throws {
        self.destination = destination
        path = destination.appending(name)
            .beside(prefix: ".", suffix: AtomicFile.temporarySuffix())
        try FileSystem.createDirectory(path)
    }

    /// Moves the named files to their destination, where they replace files of the same names, and
    /// are written into devices and pipes.
    /// - Throws: `FileIOError`; files that were moved by then remain.
    func publish(_ names: [FilePath.Component]) throws {
        for name in names {
            try FileSystem.move(path.appending(name), to: destination.appending(name))
        }
    }

    deinit {
        // There is nobody left to report errors to.
        for name in (try? FileSystem.names(in: path)) ?? [] {
            try? FileSystem.remove(path.appending(name))
        }
        try? FileSystem.removeDirectory(path)
    }
}

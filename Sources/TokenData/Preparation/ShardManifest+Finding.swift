// From token shards to the manifest of the preparation that made them, and from that to its
// tokenizer.

import FileIO
import Tokenization

extension ShardManifest {
    /// The manifest of some shards, and where it is.
    package struct Found: Sendable {
        /// Where the first of them was found.
        package let path: FilePath
        /// What it says.
        package let manifest: ShardManifest
    }

    /// Finds what made some shards, by their names.
    ///
    /// Shards without a manifest are skipped; manifests must be about the shards next to them, and
    /// name one tokenizer.
    /// - Parameter shards: Where they are.
    /// - Returns: The first manifest; nil if there is none.
    /// - Throws: ``TokenDataError`` for a manifest that is invalid, is about other shards, or names
    ///   another tokenizer than the first; `FileIOError`.
    package static func find(besideShards shards: [FilePath]) throws -> Found? {
        var manifests: [FilePath: ShardManifest] = [:]
        var first: Found?
        for shard in shards {
            guard let path = path(besideShard: shard), FileSystem.exists(path) else { continue }
            let manifest = try manifests[path] ?? ShardManifest(contentsOf: path)
            manifests[path] = manifest
            try manifest.check(shard, path)
            if let first, first.manifest.tokenizer.digest != manifest.tokenizer.digest {
                throw TokenDataError.differentTokenizers(path: first.path, other: path)
            }
            first = first ?? Found(path: path, manifest: manifest)
        }
        return first
    }

    /// Checks that the manifest, of `path`, is about a shard next to it.
    private func check(_ shard: FilePath, _ path: FilePath) throws {
        let name = shard.lastComponent?.string
        let described = shards.first { $0.name == name }?.tokens
        let count = try TokenShard(shard).count
        guard described == count else {
            throw TokenDataError.staleManifest(
                path: path,
                shard: shard,
                described: described,
                found: count
            )
        }
    }

    /// Where the manifest of a shard is, if there is one.
    private static func path(besideShard shard: FilePath) -> FilePath? {
        guard let name = shard.lastComponent?.string, let preparation = preparation(named: name)
        else { return nil }
        return shard.directory.appending(fileName(preparation))
    }

    /// What the name of a shard begins with: NAME of `NAME_train.bin` and `NAME_val_000000.bin`.
    static func preparation(named name: String) -> String? {
        guard name.hasSuffix(".bin") else { return nil }
        var stem = name.dropLast(".bin".count)
        let digits = stem.reversed().prefix { ("0"..."9").contains($0) }.count
        if digits > 0, stem.dropLast(digits).hasSuffix("_") { stem = stem.dropLast(digits + 1) }
        for kind in ["_train", "_val"] where stem.hasSuffix(kind) {
            let name = stem.dropLast(kind.count)
            return name.isEmpty ? nil : String(name)
        }
        return nil
    }
}

extension ShardManifest.Found {
    /// The tokenizer, if it is still where it was, and still the same.
    ///
    /// A tokenizer that is gone or has changed is not an error: the shards are what they are.
    /// - Parameter open: Opens a tokenizer.
    /// - Returns: The tokenizer and where it is.
    package func tokenizer(
        open: (FilePath) throws -> any Tokenizer = { try loadTokenizer(at: $0) }
    ) -> (value: any Tokenizer, path: FilePath)? {
        let description = manifest.tokenizer
        let places = [
            description.relativePath.map {
                path.directory.pushing(FilePath($0)).lexicallyNormalized()
            },
            description.path.map { FilePath($0) },
        ]
        for case let place? in places where FileSystem.exists(place) {
            guard let tokenizer = try? open(place),
                tokenizer.digest == description.digest
            else { continue }
            return (tokenizer, place)
        }
        return nil
    }
}

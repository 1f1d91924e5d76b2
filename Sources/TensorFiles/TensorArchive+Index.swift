// Models in several files: Hugging Face's index, a JSON file beside them, says which tensor is in
// which.

import FileIO

extension TensorArchive {
    /// Opens the files of an index, such as `model.safetensors.index.json`.
    /// - Throws: ``TensorFileError`` when the index or a file is damaged, or a tensor is not where
    ///   the index says; `FileIOError` when a file is missing.
    init(index file: MappedFile) throws {
        let map = try file.withIntactBytes { try Self.weightMap($0, of: file.path) }
        var archives: [String: TensorArchive] = [:]
        var tensors: [StoredTensor] = []
        for (name, fileName) in map.sorted(by: { ($0.file, $0.name) < ($1.file, $1.name) }) {
            let archive = try archives[fileName] ?? Self.shard(fileName, of: file.path)
            archives[fileName] = archive
            guard let tensor = archive[name] else {
                throw TensorFileError.missingTensor(path: archive.path, name: name)
            }
            tensors.append(tensor)
        }
        guard let container = archives.values.first?.container else {
            throw TensorFileError.unsupported(
                path: file.path,
                reason: "it names no tensor",
                hint: "check that it is the right file"
            )
        }
        try self.init(tensors, path: file.path, container: container)
    }

    private static func shard(_ name: String, of index: FilePath) throws -> TensorArchive {
        // A downloaded index must not make this program look anywhere else.
        guard !["", ".", ".."].contains(name), !name.utf8.contains(where: { $0 == 0 || $0 == 0x2F })
        else {
            throw TensorFileError.malformed(
                path: index,
                what: "the name of a file",
                expected: "that of one beside it",
                found: name.debugDescription
            )
        }
        return try TensorArchive(
            singleFile: MappedFile(index.removingLastComponent().appending(name))
        )
    }

    /// The part of an index that is looked at: the file of each tensor.
    private static func weightMap(
        _ bytes: UnsafeRawBufferPointer,
        of path: FilePath
    ) throws -> [(name: String, file: String)] {
        func malformed(_ key: String, _ expected: String) -> TensorFileError {
            .malformed(
                path: path,
                what: "'\(key)' of its JSON",
                expected: expected,
                found: "of another type"
            )
        }
        var map: [(name: String, file: String)]?
        do {
            try bytes.withMemoryRebound(to: UInt8.self) { bytes in
                var cursor = try JSONCursor(bytes)
                try cursor.members { cursor, key in
                    guard key == "weight_map" else { return try cursor.skip() }
                    guard cursor.next == UInt8(ascii: "{") else {
                        throw malformed(key, "names with a file each")
                    }
                    var read: [(name: String, file: String)] = []
                    try cursor.members { cursor, name in
                        guard cursor.next == UInt8(ascii: "\"") else {
                            throw malformed("\(key).\(name)", "the name of a file")
                        }
                        var file: [UInt8] = []
                        try cursor.string(into: &file)
                        guard read.count < SafetensorsHeader.mostTensors else {
                            throw malformed(key, "of \(SafetensorsHeader.mostTensors) tensors")
                        }
                        read.append((name, String(decoding: file, as: UTF8.self)))
                    }
                    map = read
                }
                try cursor.end()
            }
        } catch let error as JSONCursor.Malformed {
            throw TensorFileError.malformed(
                path: path,
                what: "its JSON at byte \(error.offset)",
                expected: error.expected,
                found: "something else"
            )
        }
        guard let map else {
            throw TensorFileError.malformed(
                path: path,
                what: "its JSON",
                expected: "the index of a model's files",
                found: "without 'weight_map'"
            )
        }
        return map
    }
}

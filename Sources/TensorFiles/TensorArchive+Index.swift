// Models in several files: Hugging Face's index, a JSON file beside them, says which tensor is in
// which.

import FileIO

extension TensorArchive {
    /// Opens the files of an index, such as `model.safetensors.index.json`.
    /// - Throws: ``TensorFileError`` when the index or a file is damaged, or a tensor is not where
    ///   the index says; `FileIOError` when a file is missing.
    init(index file: MappedFile) throws {
        let index = try file.withIntactBytes {
            try JSONContent.decode(TensorIndex.self, from: $0, of: file.path)
        }
        var archives: [String: TensorArchive] = [:]
        var tensors: [StoredTensor] = []
        let places = index.weight_map.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        for (name, fileName) in places {
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
}

/// The part of the index that is looked at.
private struct TensorIndex: Decodable {
    /// The file of each tensor.
    let weight_map: [String: String]
}

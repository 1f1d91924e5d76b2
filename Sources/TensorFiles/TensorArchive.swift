// Tensors by name, from whatever files hold them: the interface that models load from. If there are
// several files, Hugging Face's index, a JSON file next to them, says which tensor is in which. The
// formats are read in Safetensors.swift, PyTorchFile.swift and GGUF/; the models know what the
// names mean.

import FileIO

/// The named tensors of one model, in one file or several.
package struct TensorArchive: Sendable {
    /// The supported formats.
    package enum Container: Sendable {
        /// Hugging Face's safetensors.
        case safetensors
        /// PyTorch's zip files.
        case pyTorch
        /// llama.cpp's GGUF.
        case gguf

        /// The name, as `info` gives it.
        package var name: String {
            switch self {
            case .safetensors: "safetensors"
            case .pyTorch: "pytorch"
            case .gguf: "gguf"
            }
        }
    }

    /// The format of the files.
    package let container: Container
    /// The file they are in, or the one that says which files they are in; for messages.
    package let path: FilePath
    /// All tensors, in the order of the file's own list; for an index, by file and name.
    package let tensors: [StoredTensor]
    private let indices: [String: Int]

    // The names that Hugging Face's programs look for.
    private static let names = [
        "model.safetensors", "model.safetensors.index.json",
        "pytorch_model.bin", "pytorch_model.bin.index.json",
    ]

    /// Opens tensors, recognized by content.
    ///
    /// - Parameter path: A safetensors file, PyTorch's `.pth` or `.bin`, a GGUF file, the index of
    ///   several such files, or a directory that holds one of these under Hugging Face's name.
    /// - Throws: ``TensorFileError`` when the content is something else or damaged; `FileIOError`
    ///   when a file is missing or ends early.
    package init(contentsOf path: FilePath) throws {
        var path = path
        if FileSystem.isDirectory(path) {
            guard let file = Self.file(in: path) else {
                throw TensorFileError.nothingInDirectory(path: path, expected: Self.names)
            }
            path = file
        }
        let file = try MappedFile(path)
        if TensorFileStart(file) == .json {
            try self.init(index: file)
        } else {
            try self.init(singleFile: file)
        }
    }

    /// The file in a directory that has tensors under one of Hugging Face's names, or says where
    /// they are; nil if there is none.
    package static func file(in directory: FilePath) -> FilePath? {
        names.lazy.map { directory.appending($0) }.first(where: FileSystem.exists)
    }

    /// Opens one file that itself holds tensors.
    init(singleFile file: MappedFile) throws {
        switch TensorFileStart(file) {
        case .safetensors, .partOfSafetensors:
            try self.init(safetensors: file)
        case .zip:
            self = try PyTorchFile(file).tensors()
        case .gguf:
            self = try GGUFFile(file).archive
        case .oldPyTorch:
            throw TensorFileError.unsupported(
                path: file.path,
                reason: "it is in the format PyTorch had before version 1.6",
                hint: "load it with PyTorch and save it again"
            )
        case .json, nil:
            throw TensorFileError.unsupported(
                path: file.path,
                reason: "it is not a safetensors, PyTorch or GGUF file",
                hint: "check that it is the right file"
            )
        }
    }

    /// Takes a list of tensors.
    /// - Throws: ``TensorFileError/malformed(path:what:expected:found:)`` when two have one name.
    init(_ tensors: [StoredTensor], path: FilePath, container: Container) throws {
        self.path = path
        self.container = container
        self.tensors = tensors
        var indices: [String: Int] = [:]
        for (index, tensor) in tensors.enumerated() {
            guard indices.updateValue(index, forKey: tensor.name) == nil else {
                throw TensorFileError.malformed(
                    path: path,
                    what: "the number of tensors called '\(tensor.name)'",
                    expected: "1",
                    found: "more"
                )
            }
        }
        self.indices = indices
    }

    /// The tensor called `name`, if there is one.
    package subscript(name: String) -> StoredTensor? {
        indices[name].map { tensors[$0] }
    }

    /// The tensor called `name`, which must have this shape.
    /// - Throws: ``TensorFileError/missingTensor(path:name:)`` or
    ///   ``TensorFileError/wrongShape(path:name:expected:found:)``.
    package func tensor(_ name: String, shape: [Int]) throws -> StoredTensor {
        guard let tensor = self[name] else {
            throw TensorFileError.missingTensor(path: path, name: name)
        }
        guard tensor.shape == shape else {
            throw TensorFileError.wrongShape(
                path: tensor.file.path,
                name: name,
                expected: shape,
                found: tensor.shape
            )
        }
        return tensor
    }
}

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
        // A downloaded index must not make this program look elsewhere.
        guard !["", ".", ".."].contains(name), !name.utf8.contains(where: { $0 == 0 || $0 == 0x2F })
        else {
            throw TensorFileError.malformed(
                path: index,
                what: "the name of a file",
                expected: "that of a file next to it",
                found: name.debugDescription
            )
        }
        return try TensorArchive(
            singleFile: MappedFile(index.removingLastComponent().appending(name))
        )
    }

    /// The part of an index that matters: the file of each tensor.
    private static func weightMap(
        _ bytes: UnsafeRawBufferPointer,
        of path: FilePath
    ) throws -> [(name: String, file: String)] {
        func malformed(_ key: String, _ expected: String) -> TensorFileError {
            .malformed(
                path: path,
                what: "'\(key)' of its JSON",
                expected: expected,
                found: "of the wrong type"
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

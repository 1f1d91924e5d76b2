// Llama 2 as Meta gives it away: params.json, and tensors in one or several consolidated.NN.pth,
// each of which has a slice of every matrix.

import FileIO
import TensorFiles
import Tensors

/// A directory of Meta's.
struct MetaLlama2: ModelWeights {
    let configuration: Llama2Configuration
    /// The slices, in order.
    private let archives: [TensorArchive]

    static let configurationName = "params.json"

    /// Opens the files of a directory.
    /// - Throws: ``ModelError``, `TensorFileError` or `FileIOError`.
    init(_ directory: FilePath) throws {
        archives = try Self.paths(in: directory).map { try TensorArchive(contentsOf: $0) }
        let embedding = Llama2Weight.tokenEmbedding.metaName(layer: 0)
        guard let stored = archives[0][embedding] else {
            throw TensorFileError.missingTensor(path: archives[0].path, name: embedding)
        }
        configuration = try Llama2Configuration(
            paramsFile: directory.appending(Self.configurationName),
            vocabularySize: stored.shape.first ?? 0
        )
        try Self.checkCount(archives.count, embedding: stored, configuration, directory)
        // All shapes are looked at now, so that nothing is wrong later.
        for weight in configuration.weights {
            _ = try slices(of: weight.llama2Kind, layer: weight.layerIndex)
        }
    }

    /// The files of the slices that a directory has, which must be the first ones of all.
    private static func paths(in directory: FilePath) throws -> [FilePath] {
        let paths = (0..<100).map { directory.appending(fileName($0)) }
        let found = paths.prefix(while: FileSystem.exists)
        guard !found.isEmpty else {
            throw TensorFileError.nothingInDirectory(path: directory, expected: [fileName(0)])
        }
        if let later = paths.indices[found.count...].first(where: { FileSystem.exists(paths[$0]) })
        {
            throw TensorFileError.missingPart(
                path: directory,
                name: fileName(found.count),
                reason: "there is a \(fileName(later))"
            )
        }
        return Array(found)
    }

    private static func fileName(_ number: Int) -> String {
        "consolidated.\(number < 10 ? "0" : "")\(number).pth"
    }

    /// Checks that there are as many files as a matrix was cut into, by what is in the first one.
    private static func checkCount(
        _ count: Int,
        embedding: StoredTensor,
        _ configuration: Llama2Configuration,
        _ directory: FilePath
    ) throws {
        let (whole, part) = (configuration.channels, embedding.shape.last ?? 0)
        // Anything else than a slice is a wrong shape, which is for others to find.
        guard embedding.shape.count == 2, part > 0, whole % part == 0 else { return }
        let needed = whole / part
        if count < needed {
            throw TensorFileError.missingPart(
                path: directory,
                name: fileName(count),
                reason: "\(fileName(0)) is one of \(needed) files"
            )
        }
        if count > needed {
            throw TensorFileError.unsupported(
                path: directory,
                reason: "\(fileName(0)) is one of \(needed) files, but there are \(count)",
                hint: "put all files of one model, and no others, in the directory"
            )
        }
    }

    var format: ModelFormat { .meta }

    /// The type that all slices of a weight have; float32 where they differ.
    func elementType(of weight: ModelWeight) throws -> ElementType {
        let slices = try slices(of: weight.llama2Kind, layer: weight.layerIndex)
        let types = Set(slices.map { $0.storedType.weightType ?? .float32 })
        return types.count == 1 ? types.first ?? .float32 : .float32
    }

    func tensor(_ weight: ModelWeight) throws -> Tensor {
        let kind = weight.llama2Kind
        let slices = try slices(of: kind, layer: weight.layerIndex)
        if slices.count == 1 { return try slices[0].tensor() }
        let type = try elementType(of: weight)
        let whole = try Tensor(zeros: weight.shape, elementType: type)
        var end = 0
        for slice in slices {
            let part = try type == .float32 ? slice.floats() : slice.tensor()
            if kind.isSlicedByColumns {
                let columns = slice.shape[1]
                for row in 0..<slice.shape[0] {
                    whole[row].reshaped([whole.shape[1], 1])[end..<end + columns]
                        .copy(from: part[row].reshaped([columns, 1]))
                }
                end += columns
            } else {
                whole[end..<end + slice.shape[0]].copy(from: part)
                end += slice.shape[0]
            }
            try part.requireIntact()
        }
        return whole
    }

    var tensors: [StoredTensor] { archives.flatMap(\.tensors) }

    /// What each file has of a weight; a norm is whole in every file, and the first one's is taken.
    private func slices(of weight: Llama2Weight, layer: Int) throws -> [StoredTensor] {
        let name = weight.metaName(layer: layer)
        let whole = weight.shape(in: configuration)
        if weight.isNorm { return [try archives[0].tensor(name, shape: whole)] }
        let axis = weight.isSlicedByColumns ? 1 : 0
        var shape = whole
        shape[axis] /= archives.count
        guard shape[axis] * archives.count == whole[axis] else {
            throw ModelError.mismatch(
                path: archives[0].path,
                expected: "a number of files that divides \(whole[axis])",
                found: "a slice of '\(name)' beside \(archives.count - 1) others",
                hint: "put all files of one model, and no others, in the directory"
            )
        }
        return try archives.map { try $0.tensor(name, shape: shape) }
    }
}

extension Llama2Weight {
    /// Whether Meta cuts the matrix along its columns, instead of its rows.
    fileprivate var isSlicedByColumns: Bool {
        [.tokenEmbedding, .wo, .w2].contains(self)
    }
}

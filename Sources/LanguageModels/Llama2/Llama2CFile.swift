// llama2.c's checkpoints, all three versions: what they say about the model, and where its weights
// are in the mapped file. Weights are read on request, and a header is not trusted until it agrees
// with the size of the file, which is the only sign of a version 0. int8 groups stay as they are if
// each block of 32 columns lies within one group, even when groups run across the ends of rows.

import FileIO
import TensorFiles
import Tensors

/// An open checkpoint of llama2.c.
package struct Llama2CFile: Sendable {
    /// The versions of the format.
    package enum Version: Int32, Sendable, CaseIterable {
        /// The one without a magic number: float32.
        case legacy = 0
        case float32 = 1
        /// int8 with a float32 scale for each group of elements; norms are float32.
        case int8 = 2
    }

    /// The version of the format.
    package let version: Version
    /// The model's sizes.
    package let configuration: Llama2Configuration
    /// Elements that share a scale, in version 2.
    package let groupSize: Int?

    private let file: MappedFile
    private let layout: Llama2CLayout

    /// "ak42", as a number.
    package static let magic: UInt32 = 0x616B_3432

    /// Opens a checkpoint.
    /// - Throws: ``ModelError`` or `TensorFileError` when the content is invalid; `FileIOError`
    ///   when the file is missing or ends within its header.
    package init(_ path: FilePath) throws {
        let file = try MappedFile(path)
        let header = try Llama2CHeader(file)
        version = header.version
        configuration = header.configuration
        groupSize = header.groupSize
        self.file = file

        layout = Llama2CLayout(version, configuration, groupSize: groupSize)
        guard layout.byteCount == file.count else {
            throw version == .legacy
                ? Llama2CHeader.notACheckpoint(path, expected: layout.byteCount, found: file.count)
                : TensorFileError.wrongSize(
                    path: path,
                    expected: layout.byteCount,
                    found: file.count
                )
        }
    }

    /// Whether a file starts with the sizes of a model, whatever its length.
    package static func mayBegin(_ file: MappedFile) -> Bool {
        (try? Llama2CHeader(file)) != nil
    }

    /// The elements of a weight: float32, or int8 for a matrix in version 2.
    /// - Precondition: The model has the weight and the layer.
    package func stored(_ weight: Llama2Weight, layer: Int = 0) -> StoredTensor {
        let shape = weight.shape(in: configuration)
        let isQuantized = groupSize != nil && !weight.isNorm
        return part(
            of: weight,
            layer: layer,
            offset: 0,
            storedType: isQuantized ? .int8 : .float32,
            shape: shape
        )
    }

    /// The scales of a matrix in version 2, one for each group of its elements.
    ///
    /// Groups follow the order of elements, and may run across the ends of rows.
    /// - Returns: `(count / groupSize)`; nil for a weight that is stored as float32.
    /// - Precondition: The model has the weight and the layer.
    package func scales(_ weight: Llama2Weight, layer: Int = 0) -> StoredTensor? {
        guard let groupSize, !weight.isNorm else { return nil }
        let count = weight.shape(in: configuration).reduce(1, *)
        return part(
            of: weight,
            layer: layer,
            offset: count,
            storedType: .float32,
            shape: [count / groupSize]
        )
    }

    private func part(
        of weight: Llama2Weight,
        layer: Int,
        offset: Int,
        storedType: StoredType,
        shape: [Int]
    ) -> StoredTensor {
        let start = layout.offset(of: weight, layer: layer) + offset
        let byteCount = shape.reduce(storedType.byteWidth, *)
        return StoredTensor(
            name: weight.isLayered ? "\(weight.rawValue).\(layer)" : weight.rawValue,
            storedType: storedType,
            shape: shape,
            file: file,
            byteRange: start..<start + byteCount
        )
    }
}

extension Llama2CFile: ModelWeights {
    package var format: ModelFormat {
        .llama2c(version: Int(version.rawValue), groupSize: groupSize)
    }

    package func tensor(_ weight: ModelWeight) throws -> Tensor {
        let (kind, layer) = (Llama2Weight(of: weight), weight.layerIndex)
        let stored = self.stored(kind, layer: layer)
        guard let scales = try scales(kind, layer: layer)?.floats(), let groupSize else {
            return try stored.tensor()
        }
        let blockSize = ElementType.blockSize
        guard elementType(of: weight) == .q8_f32 else {
            return try Self.floats(stored, scales, groupSize: groupSize)
        }
        // Several blocks share the scale of their group.
        let blockScales = try TensorBuffer(byteCount: stored.count / blockSize * 4)
        scales.withUnsafeElements(as: Float.self) { groups in
            Tensor(blockScales, shape: [stored.count / blockSize])
                .withUnsafeMutableElements(as: Float.self) { blocks in
                    for i in blocks.indices { blocks[i] = groups[i * blockSize / groupSize] }
                }
        }
        return Tensor(
            stored.file,
            byteOffset: stored.byteRange.lowerBound,
            scalesStorage: blockScales,
            shape: stored.shape,
            elementType: .q8_f32
        )
    }

    package func elementType(of weight: ModelWeight) -> ElementType {
        guard let groupSize, weight.role != .norm,
            weight.shape[1] % ElementType.blockSize == 0, groupSize % ElementType.blockSize == 0
        else { return .float32 }
        return .q8_f32
    }

    /// All weights, kind by kind, without scales.
    package var tensors: [StoredTensor] {
        configuration.weights.map { stored(Llama2Weight(of: $0), layer: $0.layerIndex) }
    }

    /// int8 times the scale of its group.
    private static func floats(
        _ stored: StoredTensor,
        _ scales: Tensor,
        groupSize: Int
    ) throws -> Tensor {
        let tensor = try Tensor(zeros: stored.shape)
        try stored.withIntactBytes { bytes in
            scales.withUnsafeElements(as: Float.self) { scales in
                tensor.withUnsafeMutableElements(as: Float.self) { elements in
                    for i in elements.indices {
                        elements[i] = Float(Int8(bitPattern: bytes[i])) * scales[i / groupSize]
                    }
                }
            }
        }
        return tensor
    }
}

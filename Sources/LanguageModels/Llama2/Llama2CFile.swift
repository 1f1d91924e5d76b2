// llama2.c's checkpoints, all three versions: what they say of the model, and where its weights are
// in the mapped file. Nothing is read of a weight until it is asked for, and nothing is believed of
// a header until it agrees with the size of the file, which is all that tells a version 0 from
// others.

import FileIO
import TensorFiles

/// An open checkpoint of llama2.c.
public struct Llama2CFile: Sendable {
    /// The versions of the format.
    public enum Version: Int32, Sendable, CaseIterable {
        /// The one without a magic number: float32.
        case legacy = 0
        case float32 = 1
        /// int8 with a float32 scale for each group of elements; norms are float32.
        case int8 = 2
    }

    /// The version of the format.
    public let version: Version
    /// The model's sizes.
    public let configuration: Llama2Configuration
    /// Elements that share a scale, in version 2.
    public let groupSize: Int?

    private let file: MappedFile
    private let layout: Llama2CLayout

    /// "ak42", as a number.
    package static let magic: UInt32 = 0x616B_3432

    /// Opens a checkpoint.
    /// - Throws: ``ModelError`` or `TensorFileError` when the content is wrong in any way;
    ///   `FileIOError` when the file is missing or ends within its header.
    public init(_ path: FilePath) throws {
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

    /// Whether a file starts with the sizes of a model, however long it is.
    public static func mayBegin(_ file: MappedFile) -> Bool {
        (try? Llama2CHeader(file)) != nil
    }

    /// The elements of a weight: float32, or int8 for a matrix in version 2.
    /// - Precondition: the model has the weight, and the layer.
    public func stored(_ weight: Llama2Weight, layer: Int = 0) -> StoredTensor {
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
    /// Groups are of elements in the order they lie in, and may go across the ends of rows.
    /// - Returns: `(count / groupSize)`; nil for a weight that is stored as float32.
    /// - Precondition: the model has the weight, and the layer.
    public func scales(_ weight: Llama2Weight, layer: Int = 0) -> StoredTensor? {
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

// llm.c's model files, version 3 (float32) and 5 (bfloat16): a header, then the parameters in the
// order of the layout, and nothing else. Nothing is read of a weight until it is asked for.

import FileIO
import TensorFiles
import Tensors

/// An open model file of llm.c's.
public struct LLMCFile: ModelWeights, Sendable {
    /// What the file says of itself.
    public let header: GPT2CheckpointHeader
    private let file: MappedFile

    /// Opens a model file.
    /// - Throws: ``TensorFileError`` or ``ModelError`` when the content is wrong in any way;
    ///   `FileIOError` when the file is missing or ends within its header.
    public init(_ path: FilePath) throws {
        file = try MappedFile(path)
        var reader = BinaryReader(file)
        header = try GPT2CheckpointHeader(&reader)
    }

    public var configuration: GPT2Configuration { header.configuration }
    public var format: ModelFormat { .llmc(version: header.version) }

    /// The tensors, each with all its layers and padding.
    public var tensors: [StoredTensor] {
        let layout = configuration.parameterLayout
        guard let type = StoredType(header.elementType) else {
            preconditionFailure("llm.c has no models of \(header.elementType)")
        }
        return zip(layout.specifications, layout.byteOffsets).map { specification, offset in
            // The layout counts bytes of float32.
            let first = offset / ElementType.float32.byteWidth
            let start = LLMCHeader.byteCount + first * type.byteWidth
            return StoredTensor(
                name: specification.name,
                storedType: type,
                shape: specification.shape,
                file: file,
                byteRange: start..<start + specification.count * type.byteWidth
            )
        }
    }

    public func tensor(_ weight: ModelWeight) throws -> Tensor {
        guard let stored = tensors.first(where: { $0.name == weight.name }) else {
            preconditionFailure("no weight \(weight)")
        }
        let all = try stored.tensor()
        return weight.layer.map { all[$0] } ?? all[0..<weight.shape[0]]
    }
}

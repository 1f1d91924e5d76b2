// A tensor of a file as operations take it: on the file's own pages where that is possible.

import FileIO
import Tensors

extension StoredTensor {
    /// The tensor for operations that read it.
    ///
    /// float32, bfloat16 and float16 stay where they are, if they are aligned; else they become float32 in
    /// memory of their own.
    /// - Throws: ``TensorFileError/unsupported(path:reason:hint:)`` when the elements are no
    ///   floats, or `TensorError` when memory is short.
    public func tensor() throws -> Tensor {
        // The mapping itself begins at a page.
        guard let elementType = storedType.elementType, elementType != .int32, count > 0,
            byteRange.lowerBound % elementType.byteWidth == 0
        else { return try floats() }
        return Tensor(
            file,
            byteOffset: byteRange.lowerBound,
            shape: shape,
            elementType: elementType
        )
    }

    /// The elements as float32, in memory of their own.
    /// - Throws: What ``read(into:)`` throws, or `TensorError` when memory is short.
    public func floats() throws -> Tensor {
        let tensor = try Tensor(zeros: shape)
        try read(into: tensor)
        return tensor
    }
}

// A tensor of a file as a matrix of weights: the file's own pages where that is possible.

import FileIO
import Tensors

extension StoredTensor {
    /// The tensor as a matrix whose columns are its last axis, or whose one row is its only axis.
    ///
    /// float32 and bfloat16 stay where they are, if they are aligned; else they become float32 in
    /// memory of their own.
    /// - Throws: ``TensorFileError/unsupported(path:reason:hint:)`` when the elements are no
    ///   floats, or `TensorError` when memory is short.
    /// - Precondition: the tensor has elements, and one or two axes.
    public func matrix() throws -> WeightMatrix {
        precondition(1...2 ~= shape.count && count > 0, "a matrix of shape \(shape)")
        let (rows, columns) = (shape.count == 2 ? shape[0] : 1, shape[shape.count - 1])
        let format: WeightFormat? =
            switch elementType {
            case .float32: .float32
            case .bfloat16: .bfloat16
            default: nil
            }
        // The mapping itself begins at a page.
        if let format, byteRange.lowerBound % elementType.byteWidth == 0 {
            return WeightMatrix(
                format: format,
                rows: rows,
                columns: columns,
                storage: file,
                valuesOffset: byteRange.lowerBound
            )
        }
        return WeightMatrix(try floats().reshaped([rows, columns]))
    }

    /// The elements as float32, in memory of their own.
    /// - Throws: What ``read(into:)`` throws, or `TensorError` when memory is short.
    public func floats() throws -> Tensor {
        let tensor = try Tensor(zeros: shape)
        try read(into: tensor)
        return tensor
    }
}

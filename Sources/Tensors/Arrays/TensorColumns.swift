// A part of a tensor's rows, for operations that work on queries, keys or values wherever they
// stand.

import CKernels

/// Some columns of a tensor of rows, such as the queries of a row that holds q, k and v.
public struct TensorColumns {
    /// `(N, W)`, float32 or, where an operation says so, bfloat16.
    public var tensor: Tensor
    /// Those of the W columns that are meant.
    public var columns: Range<Int>

    /// All columns, or some.
    public init(_ tensor: Tensor, _ columns: Range<Int>? = nil) {
        self.tensor = tensor
        self.columns = columns ?? 0..<(tensor.shape.last ?? 0)
    }

    var pointer: UnsafePointer<Float> { tensor.floatPointer + columns.lowerBound }
    var mutablePointer: UnsafeMutablePointer<Float> {
        tensor.mutableFloatPointer + columns.lowerBound
    }

    /// From the first of them on, with their type, to read.
    var array: ck_array {
        var all = tensor.array
        all.data += columns.lowerBound * tensor.elementType.byteWidth
        return all
    }

    /// The same, to write.
    var mutableArray: ck_array {
        tensor.requireWritable()
        return array
    }
}

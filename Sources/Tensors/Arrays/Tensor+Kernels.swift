// Pointers to tensors for C functions: only for calls that keep the tensor alive until they return.
// The methods in Ops*.swift have checked shapes and types before.

import CKernels

extension Tensor {
    /// Stops the program unless the elements may be written.
    @inline(__always)
    func requireWritable() {
        precondition(isWritable, "\(elementType) \(shape) in read-only memory is to be written")
    }

    /// The elements of a float32 tensor, to read.
    var floatPointer: UnsafePointer<Float> {
        UnsafePointer(values.assumingMemoryBound(to: Float.self))
    }

    /// The elements of a float32 tensor, to write.
    var mutableFloatPointer: UnsafeMutablePointer<Float> {
        requireWritable()
        return values.assumingMemoryBound(to: Float.self)
    }

    /// The bits of the elements of a bfloat16 tensor, to write.
    var mutableBFloat16Pointer: UnsafeMutablePointer<UInt16> {
        requireWritable()
        return values.assumingMemoryBound(to: UInt16.self)
    }

    /// The elements of an int32 tensor, to read.
    var tokenPointer: UnsafePointer<Int32> {
        UnsafePointer(values.assumingMemoryBound(to: Int32.self))
    }

    /// The elements and their type, float32 or bfloat16, to read.
    var array: ck_array { ck_array(data: values, type: elementType.kernelType) }

    /// The elements and their type, float32 or bfloat16, to write.
    var mutableArray: ck_array {
        requireWritable()
        return array
    }

    /// All axes but the last as rows of the last, in any type but int32, to read.
    var matrix: ck_matrix {
        ck_matrix(
            type: elementType.kernelType,
            rows: rows,
            cols: columns,
            values: values,
            scales: scales
        )
    }
}

extension Tensor? {
    /// The elements, with their type, to read; without data for nil.
    var array: ck_array { self?.array ?? ck_array(data: nil, type: CK_FLOAT32) }

    /// The same, to write.
    var mutableArray: ck_array { self?.mutableArray ?? ck_array(data: nil, type: CK_FLOAT32) }
}

// Converts between GGUF's blocks as files interleave them, each with its scale before its values,
// and tensors, whose values and scales are in separate planes. Which tensor a file means is not
// known here.

import CKernels

extension ElementType {
    /// Bytes of a block as files interleave it, scale and values together.
    /// - Precondition: It is q8_0, q4_0 or q4_1.
    package var fileBlockBytes: Int {
        requireFileBlocks()
        return ck_block_bytes(kernelType)
    }

    fileprivate func requireFileBlocks() {
        precondition([.q8_0, .q4_0, .q4_1].contains(self), "no file interleaves blocks of \(self)")
    }
}

extension Tensor {
    /// Overwrites a tensor of q8_0, q4_0 or q4_1 with the blocks of a file, which have the same
    /// type and the tensor's size; its rows are whole blocks.
    package func fill(fromBlocks bytes: UnsafeRawBufferPointer) {
        let count = fileBlockCount
        precondition(
            bytes.count == count * elementType.fileBlockBytes,
            "\(bytes.count) bytes of blocks for \(elementType) \(shape)"
        )
        requireWritable()
        ck_split_blocks(elementType.kernelType, values, scales, bytes.baseAddress, count)
        withExtendedLifetime(memory) {}
    }

    /// Overwrites a tensor of q8_0 with the values of q6_K blocks, which fill it.
    package func fill(fromQ6KBlocks bytes: UnsafeRawBufferPointer) {
        let count = bytes.count / Int(CK_Q6_K_BLOCK_BYTES)
        precondition(
            elementType == .q8_0 && columns % Int(CK_Q6_K_BLOCK) == 0
                && count * Int(CK_Q6_K_BLOCK) == self.count
                && count * Int(CK_Q6_K_BLOCK_BYTES) == bytes.count,
            "\(bytes.count) bytes of q6_K for \(elementType) \(shape)"
        )
        requireWritable()
        ck_q8_0_of_q6_k(values, scales, bytes.baseAddress, count)
        withExtendedLifetime(memory) {}
    }

    /// The blocks of a tensor of q8_0, q4_0 or q4_1 as a file interleaves them.
    package func fileBlocks() -> [UInt8] {
        let count = fileBlockCount
        let byteCount = count * elementType.fileBlockBytes
        return withExtendedLifetime(memory) {
            [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, initialized in
                ck_join_blocks(elementType.kernelType, buffer.baseAddress, values, scales, count)
                initialized = byteCount
            }
        }
    }

    private var fileBlockCount: Int {
        elementType.requireFileBlocks()
        precondition(columns % ElementType.blockSize == 0, "rows of \(columns) in whole blocks")
        return count / ElementType.blockSize
    }
}

/// Blocks of a file, converted to floats.
package enum FileBlocks {
    /// Elements of a block of q6_K, and its bytes.
    package static let q6K = (count: Int(CK_Q6_K_BLOCK), byteCount: Int(CK_Q6_K_BLOCK_BYTES))

    /// Fills the buffer with the elements of as many blocks of q8_0, q4_0 or q4_1.
    package static func read(
        _ bytes: UnsafeRawBufferPointer,
        of type: ElementType,
        into floats: UnsafeMutableBufferPointer<Float>
    ) {
        let count = floats.count / ElementType.blockSize
        precondition(
            count * ElementType.blockSize == floats.count
                && bytes.count == count * type.fileBlockBytes,
            "\(bytes.count) bytes of \(type) for \(floats.count) elements"
        )
        ck_floats_of_blocks(type.kernelType, floats.baseAddress, bytes.baseAddress, count)
    }

    /// The same for q6_K.
    package static func readQ6K(
        _ bytes: UnsafeRawBufferPointer,
        into floats: UnsafeMutableBufferPointer<Float>
    ) {
        let count = floats.count / q6K.count
        precondition(
            count * q6K.count == floats.count && bytes.count == count * q6K.byteCount,
            "\(bytes.count) bytes of q6_K for \(floats.count) elements"
        )
        ck_floats_of_q6_k(floats.baseAddress, bytes.baseAddress, count)
    }
}

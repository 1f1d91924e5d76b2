// Weights put into another order. The type of the elements stays, so that nothing is rounded.

import Tensors

extension WeightArrangement {
    /// What lies in a container in this arrangement, in the order that models compute with.
    /// - Throws: `TensorError` when memory is short.
    func arranged(_ stored: Tensor) throws -> Tensor {
        switch self {
        case .asItIs: stored
        case .transposed: try stored.transposed()
        case .halves(let headSize):
            try stored.withRowsMoved { row in
                let (head, i) = (row / headSize, row % headSize)
                return head * headSize + i / 2 + (i % 2) * (headSize / 2)
            }
        }
    }

    /// The reverse: what models compute with, as it lies in a container in this arrangement.
    /// - Throws: `TensorError` when memory is short.
    func stored(_ weight: Tensor) throws -> Tensor {
        switch self {
        case .asItIs: weight
        case .transposed: try weight.transposed()
        case .halves(let headSize):
            try weight.withRowsMoved { row in
                let (head, i) = (row / headSize, row % headSize)
                let half = headSize / 2
                return head * headSize + (i % half) * 2 + i / half
            }
        }
    }
}

extension Tensor {
    /// The same rows in another order, in memory of their own.
    /// - Parameter source: The row that comes to a place.
    /// - Returns: The rows in that order.
    /// - Throws: `TensorError` when memory is short; what says that a file has lost some of them.
    fileprivate func withRowsMoved(_ source: (_ row: Int) -> Int) throws -> Tensor {
        let result = try Tensor(zeros: shape, elementType: elementType)
        for row in 0..<shape[0] { result[row].copy(from: self[source(row)]) }
        try requireIntact()
        return result
    }

    /// A matrix with its rows as columns, in memory of its own.
    /// - Throws: `TensorError` when memory is short; what says that a file has lost some of it.
    /// - Precondition: its elements are in no blocks.
    fileprivate func transposed() throws -> Tensor {
        precondition(shape.count == 2 && !elementType.isBlocked, "\(elementType) \(shape) turned")
        let result = try Tensor(zeros: shape.reversed(), elementType: elementType)
        switch elementType.byteWidth {
        case 2: transpose(into: result, as: UInt16.self)
        default: transpose(into: result, as: UInt32.self)
        }
        try requireIntact()
        return result
    }

    private func transpose<Bits: BitwiseCopyable>(into result: Tensor, as type: Bits.Type) {
        let (rows, columns) = (shape[0], shape[1])
        // Squares whose rows fill a cache line on both sides.
        let side = 64 / MemoryLayout<Bits>.size
        withUnsafeElements(as: Bits.self) { source in
            result.withUnsafeMutableElements(as: Bits.self) { destination in
                for firstRow in stride(from: 0, to: rows, by: side) {
                    let rowEnd = min(firstRow + side, rows)
                    for firstColumn in stride(from: 0, to: columns, by: side) {
                        for column in firstColumn..<min(firstColumn + side, columns) {
                            for row in firstRow..<rowEnd {
                                destination[column * rows + row] = source[row * columns + column]
                            }
                        }
                    }
                }
            }
        }
    }
}

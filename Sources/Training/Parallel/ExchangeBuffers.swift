// Memory for gradients in flight, used over and over: a step exchanges much more than is in flight
// at once.

import Tensors

/// Tensors of one size for running jobs.
///
/// Only the communication thread takes them.
final class ExchangeBuffers {
    private let shape: [Int]
    private let elementType: ElementType
    private let ops: Ops
    private var idle: [Tensor] = []

    init(count: Int, elementType: ElementType, ops: Ops) {
        (shape, self.elementType, self.ops) = ([count], elementType, ops)
    }

    /// A tensor that nothing else uses.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    func take() throws -> Tensor {
        try idle.popLast() ?? ops.tensor(shape, elementType: elementType)
    }

    /// Returns a tensor.
    func giveBack(_ tensor: Tensor) { idle.append(tensor) }
}

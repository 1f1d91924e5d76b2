// Memory for gradients on their way, used again and again: a step exchanges much more than what is
// under way at once.

import Tensors

/// Tensors of one size for jobs that are under way.
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

    /// A tensor that nobody else uses.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    func take() throws -> Tensor {
        try idle.popLast() ?? ops.tensor(shape, elementType: elementType)
    }

    /// Gives a tensor back.
    func giveBack(_ tensor: Tensor) { idle.append(tensor) }
}

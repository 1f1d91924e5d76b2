// The tensors that the beginning of a file has announced: their contents must follow in that order.

import Tensors

/// What a writer of tensors still expects.
struct AnnouncedTensors {
    private let descriptions: [TensorDescription]
    /// The tensor that comes next.
    private var next = 0

    /// Announces tensors, in the order in which they will come.
    init(_ descriptions: [TensorDescription]) { self.descriptions = descriptions }

    /// The type in which to write the next tensor.
    /// - Precondition: The tensor has the announced shape.
    mutating func storedType(ofNext tensor: Tensor) -> StoredType {
        precondition(next < descriptions.count, "more tensors than were described")
        let description = descriptions[next]
        precondition(
            tensor.shape == description.shape,
            "\(tensor.shape) as '\(description.name)' of shape \(description.shape)"
        )
        next += 1
        return description.storedType
    }

    /// Stops the program unless all tensors have come.
    func requireAll() {
        precondition(next == descriptions.count, "\(next) of \(descriptions.count) tensors")
    }
}

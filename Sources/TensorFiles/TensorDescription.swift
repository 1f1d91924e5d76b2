// What a writer of tensors must know before the first of them comes.

/// A tensor that is to be in a file.
public struct TensorDescription: Sendable, Equatable {
    /// Its name, of which a file has no other.
    public let name: String
    /// The extent of each axis, outermost first.
    public let shape: [Int]
    /// The type of its elements in the file.
    public let storedType: StoredType

    /// Describes a tensor.
    public init(name: String, shape: [Int], storedType: StoredType) {
        self.name = name
        self.shape = shape
        self.storedType = storedType
    }

    /// Bytes of its elements.
    /// - Precondition: Its rows are whole blocks of its type.
    public var byteCount: Int {
        guard let count = storedType.byteCount(of: shape) else {
            preconditionFailure("'\(name)' of shape \(shape) as \(storedType)")
        }
        return count
    }
}

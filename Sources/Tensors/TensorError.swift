/// What can go wrong with tensors apart from a programmer's mistake, which is a precondition.
public enum TensorError: Error, Equatable, Sendable {
    /// The operating system would not give this much memory.
    case outOfMemory(byteCount: Int)
    /// A forced instruction set that this build or this processor does not have.
    case unavailableInstructionSet(name: String, available: [String])
    /// A number of threads below one.
    case invalidThreadCount(found: Int)
}

extension TensorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .outOfMemory(let byteCount):
            "\(byteCount) bytes of memory are needed and not available; use a smaller model, "
                + "batch or sequence length"
        case .unavailableInstructionSet(let name, let available):
            "the instruction set '\(name)' is not available here; choose one of "
                + available.joined(separator: ", ")
        case .invalidThreadCount(let found):
            "the number of threads must be at least 1, got \(found)"
        }
    }
}

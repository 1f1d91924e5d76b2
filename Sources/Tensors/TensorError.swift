/// What can go wrong with tensors, other than programmers' errors, which are preconditions.
public enum TensorError: Error, Equatable, Sendable {
    /// The operating system would not give this much memory.
    case outOfMemory(byteCount: Int)
    /// A forced instruction set that this build or this processor does not have.
    case unavailableInstructionSet(name: String, available: [String])
    /// The operating system would not start this many threads.
    case noThreads(count: Int)
    /// An environment variable that the kernels' threads cannot work with.
    case invalidEnvironment(name: String, requirement: String, found: String)
    /// A number of threads below one.
    case invalidThreadCount(found: Int)
}

extension TensorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .outOfMemory(let byteCount):
            "\(Self.memory(byteCount)) of memory are needed but not available; use a smaller "
                + "model, batch or sequence length"
        case .unavailableInstructionSet(let name, let available):
            "the instruction set '\(name)' is not available here; choose one of "
                + available.joined(separator: ", ")
        case .noThreads(let count):
            "the system refused to start \(count) threads; use fewer, or raise the limits on "
                + "processes and memory"
        case .invalidEnvironment(let name, let requirement, let found):
            "the environment variable \(name) is '\(found)', but must be \(requirement); fix it "
                + "or unset it"
        case .invalidThreadCount(let found):
            "the number of threads must be at least 1, got \(found)"
        }
    }
}

extension TensorError {
    /// A number of bytes in GiB, or in MiB where that is less than one.
    package static func memory(_ byteCount: Int) -> String {
        let mebibytes = Double(byteCount) / 1_048_576
        let (value, unit) = mebibytes < 1024 ? (mebibytes, "MiB") : (mebibytes / 1024, "GiB")
        return "\((value * 10).rounded() / 10) \(unit)"
    }
}

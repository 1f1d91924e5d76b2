// What cannot be timed. Errors of models and of memory are those of their modules.

/// A benchmark that cannot be run; `description` is one sentence for the user.
public enum BenchmarkError: Error, Equatable, Sendable {
    /// A context without room for a token before the first generated one and one to time.
    case contextTooShort(minimum: Int, found: Int)
}

extension BenchmarkError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .contextTooShort(let minimum, let found):
            "generation is timed in a context of \(minimum) tokens or more, but the model's is of "
                + "\(found); use a model with a larger context"
        }
    }
}

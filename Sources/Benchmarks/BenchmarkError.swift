// What cannot be timed. Errors of models and of memory are those of their modules.

import FileIO
import Tensors

/// A benchmark that cannot be run; `description` is one sentence for the user.
package enum BenchmarkError: Error, Equatable, Sendable {
    /// A context without room for a token before the first generated one and one to time.
    case contextTooShort(minimum: Int, found: Int)
    /// Training takes more bytes than there are.
    case tooLittleMemory(needed: Int, available: Int)
    /// The tokens to learn from have no place in the directory for temporary files.
    case cannotWriteTokens(FileIOError)
}

extension BenchmarkError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .contextTooShort(let minimum, let found):
            "generation is timed in a context of \(minimum) tokens or more, but the model's is of "
                + "\(found); use a model with a larger context"
        case .tooLittleMemory(let needed, let available):
            "training this model takes \(TensorError.memory(needed)) of memory, and there are "
                + "\(TensorError.memory(available)); use a smaller model, batch or sequence length"
        case .cannotWriteTokens(let error):
            "the random tokens to learn from have no place: \(error); set TMPDIR to a directory "
                + "that can be written and has room for them"
        }
    }
}

// What cannot be timed. Models and memory have errors of their own, in their modules.

import FileIO
import Tensors

/// A benchmark that cannot be run; `description` is one sentence for the user.
package enum BenchmarkError: Error, Equatable, Sendable {
    /// A context too short for a token before the first generated one and one to time.
    case contextTooShort(minimum: Int, found: Int)
    /// Training takes more memory than there is.
    case tooLittleMemory(needed: Int, available: Int)
    /// The tokens to train on cannot be stored in the directory for temporary files.
    case cannotWriteTokens(FileIOError)
}

extension BenchmarkError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .contextTooShort(let minimum, let found):
            "generation is timed in a context of \(minimum) tokens or more, but the model's is of "
                + "\(found); use a model with a larger context"
        case .tooLittleMemory(let needed, let available):
            "training this model takes \(TensorError.memory(needed)) of memory, but only "
                + "\(TensorError.memory(available)) are available; use a smaller model, batch "
                + "or sequence length"
        case .cannotWriteTokens(let error):
            "the random tokens to train on cannot be stored: \(error); set TMPDIR to a directory "
                + "that is writable and has room for them"
        }
    }
}

// Weights that stay where a file stores them.

import FileIO
import Tensors

extension MappedFile: WeightStorage {
    /// True: the bytes are the file's own.
    public var isMapped: Bool { true }
}

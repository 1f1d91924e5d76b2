// Tensors that stay where a file stores them.

import FileIO
import Tensors

extension MappedFile: Storage {
    /// True: the bytes are the file's own.
    public var isMapped: Bool { true }

    /// False.
    public var isWritable: Bool { false }
}

// Writing safetensors files: the header, then one tensor after the other, as they come.

import FileIO
import Tensors

/// A safetensors file being written, which appears under its name, complete, on ``commit()``; or
/// never.
public struct SafetensorsWriter {
    private let file: AtomicFile
    private let descriptions: [TensorDescription]
    private let ops: Ops
    /// The tensor that comes next.
    private var next = 0

    /// Writes the header.
    /// - Parameters:
    ///   - file: A new file, nothing in it yet.
    ///   - tensors: The tensors, in the order in which they will come: float32, float16 or
    ///     bfloat16. Where types are mixed, wide ones come first, so that all are aligned.
    ///   - ops: What converts tensors of other types.
    /// - Throws: `FileIOError` when the disk is full or fails.
    public init(_ file: AtomicFile, tensors: [TensorDescription], ops: Ops) throws {
        self.file = file
        descriptions = tensors
        self.ops = ops
        var header = #"{"__metadata__":{"format":"pt"}"#
        var end = 0
        for tensor in tensors {
            precondition(
                !tensor.storedType.isBlocked,
                "safetensors has no \(tensor.storedType)"
            )
            let start = end
            end += tensor.byteCount
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            header += #",\#(JSONText.quoted(tensor.name)):{"dtype":"#
            header += #""\#(tensor.storedType.rawValue)","shape":[\#(shape)],"#
            header += #""data_offsets":[\#(start),\#(end)]}"#
        }
        header += "}"
        // Tensors begin where every type is aligned.
        header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        try file.write(integers: [UInt64(header.utf8.count)])
        try file.write(Array(header.utf8))
    }

    /// Appends the next tensor.
    /// - Parameter tensor: In the shape that was described, and any of `ElementType.weightTypes`;
    ///   it becomes what was described.
    /// - Throws: `FileIOError` when the disk is full or fails, or when the file of the tensor has
    ///   lost some of it; `TensorError` when memory is short.
    public mutating func write(_ tensor: Tensor) throws {
        precondition(next < descriptions.count, "more tensors than were described")
        let description = descriptions[next]
        precondition(
            tensor.shape == description.shape,
            "\(tensor.shape) as '\(description.name)' of shape \(description.shape)"
        )
        try file.write(tensor, storedAs: description.storedType, ops: ops)
        next += 1
    }

    /// Gives the file its name.
    /// - Throws: `FileIOError`.
    public func commit() throws {
        precondition(next == descriptions.count, "\(next) tensors of \(descriptions.count)")
        try file.commit()
    }
}

// llm.c's debug state: a batch and what a reference implementation computed for it.

import FileIO
import TensorFiles
import Tensors

/// The contents of an llm.c debug state's header.
package struct GPT2DebugStateHeader: Sendable, Equatable {
    /// B: sequences in the batch.
    package let batchSize: Int
    /// T: tokens in a sequence.
    package let sequenceLength: Int

    package static let magic: Int32 = 20_240_327
    private static let format = "an llm.c debug state"

    /// Reads and checks a header; the file's size depends on the model and is not checked.
    /// - Throws: ``FileIOError`` or ``TensorFileError``.
    init(_ reader: inout BinaryReader) throws {
        let path = reader.file.path
        let header = try LLMCHeader(&reader, magic: Self.magic, format: Self.format)
        guard header.version == 2 else {
            throw TensorFileError.unsupportedVersion(
                path: path,
                format: Self.format,
                supported: "version 2",
                found: header.version,
                hint: "export it again with llm.c's train_gpt2.py"
            )
        }
        for (field, index) in [("B", 2), ("T", 3)] where header[index] < 1 {
            throw TensorFileError.invalidHeader(
                path: path,
                field: field,
                requirement: "at least 1",
                found: Int(header[index])
            )
        }
        batchSize = Int(header[2])
        sequenceLength = Int(header[3])
    }

    /// Reads only the header of the file at `path`.
    /// - Throws: ``FileIOError`` or ``TensorFileError``.
    package init(path: FilePath) throws {
        var reader = try BinaryReader(path: path)
        try self.init(&reader)
    }
}

/// A batch with the logits, loss and gradients that a model must compute for it.
package struct GPT2DebugState {
    /// B: sequences in the batch.
    package let batchSize: Int
    /// T: tokens in a sequence.
    package let sequenceLength: Int
    /// B * T input tokens.
    package let inputs: [Int32]
    /// B * T target tokens.
    package let targets: [Int32]
    /// `(B * T, V)`, unpadded.
    package let logits: Tensor
    /// The mean cross-entropy in nats.
    package let loss: Float
    /// The gradient of the loss with respect to each parameter.
    package let gradients: TensorSet

    /// Reads a debug state that was written for a model of this configuration.
    /// - Throws: ``FileIOError``, ``TensorFileError`` or ``TensorError``.
    package init(path: FilePath, configuration: GPT2Configuration, ops: Ops) throws {
        var reader = try BinaryReader(path: path)
        let header = try GPT2DebugStateHeader(&reader)
        let (B, T) = (header.batchSize, header.sequenceLength)
        let V = configuration.vocabularySize
        let layout = configuration.parameterLayout
        // 4 bytes each: an input, a target and a row of logits per token; the loss; the gradients.
        // Two int32 and the bounds of a configuration can overflow this product, but no file is
        // that large.
        let (rows, overflow) = (B * T).multipliedReportingOverflow(by: V + 2)
        let isTooLarge = overflow || rows >= 1 << 50
        let expected =
            isTooLarge ? .max : LLMCHeader.byteCount + 4 * (rows + 1 + layout.elementCount)
        guard reader.file.count == expected else {
            throw TensorFileError.wrongSize(
                path: path,
                expected: expected,
                found: reader.file.count
            )
        }
        batchSize = B
        sequenceLength = T
        inputs = try reader.readArray(of: Int32.self, count: B * T)
        targets = try reader.readArray(of: Int32.self, count: B * T)
        logits = try ops.tensor([B * T, V])
        try reader.read(into: logits, storedAs: .float32)
        loss = try reader.readFloat()
        gradients = try ops.allocate(layout)
        for tensor in gradients.tensors { try reader.read(into: tensor, storedAs: .float32) }
    }
}

// A GPT-2 in training and its weights in llm.c's files.

import FileIO
import TensorFiles
import Tensors

extension GPT2 {
    /// Reads an llm.c model file, of version 3 or 5; bfloat16 weights are widened to float32.
    /// - Throws: ``FileIOError``, ``TensorFileError``, ``ModelError`` or ``TensorError``.
    public convenience init(llmcCheckpoint path: FilePath, ops: Ops) throws {
        try self.init(LLMCFile(path), ops: ops)
    }

    /// Replaces the weights by those of an llm.c model file of the same sizes, without a second
    /// copy of them in memory.
    /// - Throws: ``FileIOError``, ``TensorFileError``, or ``ModelError`` when the sizes differ; the
    ///   weights are then what they were.
    public func loadWeights(llmcCheckpoint path: FilePath) throws {
        let file = try LLMCFile(path)
        guard file.configuration == configuration else {
            throw ModelError.mismatch(
                path: path,
                expected: configuration.sizes,
                found: file.configuration.sizes,
                hint: "use the model that the file was written from"
            )
        }
        try read(file)
        parametersDidChange()
    }

    /// Writes an llm.c model file, which appears complete or not at all.
    /// - Parameters:
    ///   - path: The file.
    ///   - elementType: float32 for version 3, bfloat16 (rounded to nearest) for version 5.
    ///   - overwrite: Whether an existing file may be replaced.
    /// - Throws: ``FileIOError``.
    public func writeLLMCCheckpoint(
        to path: FilePath,
        elementType: ElementType = .float32,
        overwrite: Bool = true
    ) throws {
        let header = GPT2CheckpointHeader(configuration: configuration, elementType: elementType)
        let file = try AtomicFile(path, overwrite: overwrite)
        try header.write(to: file)
        for tensor in parameters.tensors { try file.write(tensor, as: elementType) }
        try file.commit()
    }
}

extension GPT2Configuration {
    /// The sizes in words, for messages.
    fileprivate var sizes: String {
        "\(counted(layerCount, "layer")), \(counted(headCount, "head")), "
            + "\(counted(channels, "channel")), a context of \(contextLength) and a vocabulary of "
            + "\(vocabularySize)"
    }
}

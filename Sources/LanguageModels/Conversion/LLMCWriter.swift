// A GPT-2 as llm.c's model file, weight by weight.

import FileIO
import TensorFiles
import Tensors

/// Writes one model file of llm.c's.
struct LLMCWriter {
    let elementType: ElementType
    private let weights: any ModelWeights<GPT2Configuration>
    private let path: FilePath

    private static let types: [ElementType] = [.float32, .bfloat16]

    /// Chooses the version, by the type.
    /// - Throws: ``ModelError`` when llm.c has none for it; what reading the weights throws.
    init(
        _ weights: any ModelWeights<GPT2Configuration>,
        _ path: FilePath,
        _ elementType: ElementType?
    ) throws {
        self.weights = weights
        self.path = path
        if let elementType {
            guard Self.types.contains(elementType) else {
                throw ModelError.noType(elementType, in: "llm.c", path, has: Self.types)
            }
            self.elementType = elementType
        } else {
            // Version 5 has everything in bfloat16: float32 beside it would be rounded.
            let isBFloat16 = try weights.configuration.weights.allSatisfy {
                try weights.elementType(of: $0) == .bfloat16
            }
            self.elementType = isBFloat16 ? .bfloat16 : .float32
        }
    }

    func write(_ overwrite: Bool, _ ops: Ops, _ progress: ModelConversion.Progress) throws {
        let configuration = weights.configuration
        guard let type = StoredType(elementType) else {
            preconditionFailure("llm.c has no models of \(elementType)")
        }
        let file = try AtomicFile(path, overwrite: overwrite)
        try GPT2CheckpointHeader(configuration: configuration, elementType: elementType)
            .write(to: file)
        var done = 0
        for weight in configuration.weights {
            try file.write(weights.tensor(weight), storedAs: type, ops: ops)
            if weight.role == .embedding {
                let rows = configuration.paddedVocabularySize - configuration.vocabularySize
                let byteCount = rows * configuration.channels * type.byteWidth
                try file.write([UInt8](repeating: 0, count: byteCount))
            }
            done += weight.count
            try progress(done, configuration.parameterCount)
        }
        try file.commit()
    }
}

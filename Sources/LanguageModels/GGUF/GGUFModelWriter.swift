// A model as a GGUF file that llama.cpp runs. Tensors stream: only one is in memory at a time,
// besides the files they are read from. The caller supplies the tokenizer's keys.

import FileIO
import TensorFiles
import Tensors

extension ModelWeights {
    /// Writes the model as a GGUF file.
    ///
    /// Norms, biases and positions are float32, as llama.cpp requires. If others are stored in
    /// blocks, matrices whose rows are not whole blocks become float16.
    /// - Parameters:
    ///   - file: A new file, which is committed at the end.
    ///   - type: How to store matrices: float32, float16, bfloat16, or any blocks except q6_K; nil
    ///     keeps each as it is.
    ///   - name: What the model is called.
    ///   - metadata: Further metadata, such as the keys of a tokenizer, which must have as many
    ///     tokens as the model; without them the file says that it has no tokenizer.
    ///   - ops: What converts.
    ///   - progress: Called with the bytes written so far and the total.
    /// - Throws: ``ModelError/mismatch(path:expected:found:hint:)`` for a tokenizer of another
    ///   size; what reading the weights throws; `FileIOError` when the disk is full or fails; what
    ///   `progress` throws.
    package func writeGGUF(
        to file: AtomicFile,
        storing type: StoredType? = nil,
        name: String,
        metadata: GGUFMetadata = GGUFMetadata(),
        ops: Ops,
        progress: (_ written: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws {
        if let tokens = try metadata.array(GGUFKeys.tokens),
            tokens.count != configuration.vocabularySize
        {
            throw ModelError.mismatch(
                path: file.path,
                expected: "one of \(configuration.vocabularySize)",
                found: "a vocabulary of \(tokens.count) tokens",
                hint: "use the model's own tokenizer"
            )
        }
        let layout = try GGUFLayout(self, storing: type)
        var writer = try GGUFWriter(
            file,
            metadata: layout.metadata(name: name, adding: metadata),
            tensors: layout.extra.map(\.description) + layout.weights.map(\.description),
            ops: ops
        )
        let total = layout.weights.reduce(0) { $0 + $1.description.byteCount }
        var written = 0
        for (_, tensor) in layout.extra { try writer.write(tensor) }
        for (weight, description) in layout.weights {
            try progress(written, total)
            try writer.write(tensor(weight))
            written += description.byteCount
        }
        try progress(total, total)
        try writer.commit()
    }
}

/// The names of keys that a writer looks at.
private enum GGUFKeys {
    static let tokens = "tokenizer.ggml.tokens"
    static let tokenizerModel = "tokenizer.ggml.model"
}

/// The contents of a model's GGUF file.
private struct GGUFLayout {
    /// The weights and how each is stored.
    private(set) var weights: [(weight: ModelWeight, description: TensorDescription)] = []
    /// The tensors that are not weights.
    private(set) var extra: [(description: TensorDescription, tensor: Tensor)] = []
    private let configuration: any ModelConfiguration
    private let description: GGUFDescription

    init(_ source: some ModelWeights, storing type: StoredType?) throws {
        guard let described = source.configuration as? any GGUFDescribed else {
            preconditionFailure("\(Swift.type(of: source.configuration)) in GGUF")
        }
        configuration = source.configuration
        description = described.ggufDescription()
        for weight in source.configuration.weights {
            guard case .tensor(let name, _) = description.naming[weight] else { continue }
            let tensor = TensorDescription(
                name: name,
                shape: weight.shape,
                storedType: try Self.storedType(of: weight, in: source, type)
            )
            weights.append((weight, tensor))
        }
        if let divisors = description.ropeDivisors {
            let tensor = TensorDescription(
                name: GGUFTensorNames.ropeDivisors,
                shape: [divisors.count],
                storedType: .float32
            )
            extra.append((tensor, try Tensor(divisors, shape: [divisors.count])))
        }
    }

    private static func storedType(
        of weight: ModelWeight,
        in source: some ModelWeights,
        _ type: StoredType?
    ) throws -> StoredType {
        guard weight.role.isMatrix else { return .float32 }
        let type = try type ?? StoredType(forGGUF: source.elementType(of: weight))
        let columns = weight.shape.last ?? 1
        return columns % type.blockSize == 0 ? type : .float16
    }

    /// All keys, in the usual order.
    func metadata(name: String, adding more: GGUFMetadata) -> GGUFMetadata {
        var metadata = GGUFMetadata()
        let architecture = description.architecture
        metadata[GGUFSizes.architectureKey] = .string(architecture)
        metadata["general.name"] = .string(name)
        let types = weights.filter(\.weight.role.isMatrix).map(\.description)
        let counts = Dictionary(
            types.map { ($0.storedType, $0.shape.reduce(1, *)) },
            uniquingKeysWith: +
        )
        let most = counts.max { $0.value < $1.value }?.key
        metadata["general.file_type"] = .uint32(most?.ggufFileNumber ?? 0)
        if types.contains(where: \.storedType.isBlocked) {
            metadata["general.quantization_version"] = .uint32(2)
        }
        func size(_ key: String, _ value: Int) {
            metadata["\(architecture).\(key)"] = .uint32(UInt32(value))
        }
        size("vocab_size", configuration.vocabularySize)
        size("context_length", configuration.contextLength)
        size("embedding_length", configuration.channels)
        size("block_count", configuration.layerCount)
        size("attention.head_count", configuration.headCount)
        for (key, value) in description.keys { metadata["\(architecture).\(key)"] = value }
        for key in more.keys { metadata[key] = more[key] }
        if metadata[GGUFKeys.tokenizerModel] == nil {
            metadata[GGUFKeys.tokenizerModel] = .string("none")
        }
        return metadata
    }
}

extension StoredType {
    /// How GGUF stores weights of this type.
    init(forGGUF type: ElementType) {
        self =
            switch type {
            case .bfloat16: .bfloat16
            case .float16: .float16
            case .q8_0, .q8_f32: .q8_0
            case .q4_0: .q4_0
            case .q4_1: .q4_1
            case .float32, .int32: .float32
            }
    }

    /// The number for `general.file_type` when most tensors have this type.
    fileprivate var ggufFileNumber: UInt32 {
        switch self {
        case .float16: 1
        case .q4_0: 2
        case .q4_1: 3
        case .q8_0: 7
        case .bfloat16: 32
        default: 0
        }
    }
}

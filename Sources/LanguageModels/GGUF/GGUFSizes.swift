// Reads a model's sizes from GGUF's metadata, key by key: what the readers of both families ask
// for, and the errors they throw.

import FileIO
import TensorFiles

/// The keys of one architecture.
struct GGUFSizes {
    static let architectureKey = "general.architecture"

    private let file: GGUFFile
    /// The prefix of keys: `gpt2` or `llama`.
    let architecture: String

    /// Takes a file.
    /// - Throws: `TensorFileError` when it does not say which architecture its model has.
    init(_ file: GGUFFile) throws {
        self.file = file
        guard let architecture = try file.metadata.string(Self.architectureKey) else {
            throw Self.missing(Self.architectureKey, file)
        }
        self.architecture = architecture
    }

    /// The file, for messages.
    var path: FilePath { file.archive.path }

    /// A whole number.
    /// - Throws: `TensorFileError` when it is something else.
    func optional(_ key: String) throws -> Int? {
        try file.metadata.integer("\(architecture).\(key)")
    }

    /// A whole number, which is required.
    func size(_ key: String) throws -> Int {
        guard let size = try optional(key) else {
            throw Self.missing("\(architecture).\(key)", file)
        }
        return size
    }

    /// A number with a fraction.
    func number(_ key: String) throws -> Float? {
        try file.metadata.number("\(architecture).\(key)").map { Float($0) }
    }

    /// A text.
    func text(_ key: String) throws -> String? {
        try file.metadata.string("\(architecture).\(key)")
    }

    /// V: the rows of the token embedding, which the vocabulary must match.
    func vocabularySize() throws -> Int {
        guard let embedding = file.archive[GGUFTensorNames.tokenEmbedding],
            let rows = embedding.shape.first, embedding.shape.count == 2
        else {
            throw TensorFileError.missingTensor(
                path: path,
                name: GGUFTensorNames.tokenEmbedding
            )
        }
        return rows
    }

    /// Refuses a model that computes something different from ours.
    func unsupported(_ reason: String) -> TensorFileError {
        .unsupported(path: path, reason: reason, hint: "use a GPT-2 or a Llama without it")
    }

    private static func missing(_ key: String, _ file: GGUFFile) -> TensorFileError {
        .malformed(
            path: file.archive.path,
            what: "'\(key)' of its metadata",
            expected: "there",
            found: "missing"
        )
    }
}

extension GPT2Configuration {
    static let ggufArchitecture = "gpt2"

    /// The sizes of a GPT-2 in a GGUF file.
    /// - Throws: ``ModelError`` when they are not a GPT-2's; `TensorFileError` when one is missing
    ///   or asks for something we do not compute.
    init(_ sizes: GGUFSizes) throws {
        let channels = try sizes.size("embedding_length")
        // Nothing from the file is multiplied before it is known to be small.
        if let hidden = try sizes.optional("feed_forward_length"),
            hidden / 4 != channels || hidden % 4 != 0
        {
            throw sizes.unsupported(
                "its feed-forward network has \(hidden) channels, not four times \(channels)"
            )
        }
        if let epsilon = try sizes.number("attention.layer_norm_epsilon"),
            epsilon != 1e-5
        {
            throw sizes.unsupported("its epsilon is \(epsilon), not 1e-05")
        }
        self = try ModelError.naming(sizes.path) {
            try GPT2Configuration(
                contextLength: sizes.size("context_length"),
                vocabularySize: sizes.vocabularySize(),
                layerCount: sizes.size("block_count"),
                headCount: sizes.size("attention.head_count"),
                channels: channels
            )
        }
    }
}

extension Llama2Configuration {
    static let ggufArchitecture = "llama"

    /// The sizes of a Llama in a GGUF file.
    /// - Throws: ``ModelError`` when they are not a Llama's; `TensorFileError` when one is missing
    ///   or asks for something we do not compute.
    init(_ sizes: GGUFSizes, in archive: TensorArchive) throws {
        let (channels, headCount) = (
            try sizes.size("embedding_length"), try sizes.size("attention.head_count")
        )
        if let experts = try sizes.optional("expert_count"), experts > 0 {
            throw sizes.unsupported("its feed-forward network is divided among \(experts) experts")
        }
        let headSize = try sizes.optional("attention.key_length")
        let size = headSize ?? channels / max(1, headCount)
        if let values = try sizes.optional("attention.value_length"), values != size {
            throw sizes.unsupported("its values have \(values) channels per head, its keys \(size)")
        }
        if let turned = try sizes.optional("rope.dimension_count"), turned != size {
            throw sizes.unsupported(
                "its rotary positions turn only \(turned) of the \(size) channels of a head"
            )
        }
        let theta = try sizes.number("rope.freq_base") ?? Self.llama2Theta
        let scaling = try Self.scaling(sizes, archive, theta: theta)
        self = try ModelError.naming(sizes.path) {
            try Llama2Configuration(
                contextLength: sizes.size("context_length"),
                vocabularySize: sizes.vocabularySize(),
                layerCount: sizes.size("block_count"),
                headCount: headCount,
                keyValueHeadCount: sizes.optional("attention.head_count_kv") ?? headCount,
                headSize: headSize,
                channels: channels,
                hiddenChannels: sizes.size("feed_forward_length"),
                hasSeparateClassifier: archive[GGUFTensorNames.output] != nil,
                ropeTheta: theta,
                ropeScaling: scaling,
                normEpsilon: sizes.number("attention.layer_norm_rms_epsilon") ?? Self.llama2Epsilon
            )
        }
    }

    /// How rotary positions are scaled: by divisors in a tensor, or as the keys say.
    private static func scaling(
        _ sizes: GGUFSizes,
        _ archive: TensorArchive,
        theta: Float
    ) throws -> RotaryScaling {
        let kind = try sizes.text("rope.scaling.type") ?? "none"
        let factor = try sizes.number("rope.scaling.factor") ?? sizes.number("rope.scale_linear")
        if let divisors = archive[GGUFTensorNames.ropeDivisors] {
            return RotaryScaling(divisors: try divisors.floats().floats(), theta: theta)
        }
        switch kind {
        case "linear", "none":
            // Old files give only the factor.
            guard let factor, factor != 1 else { return .none }
            return .linear(factor: Double(factor))
        case _ where factor == 1: return .none
        default:
            throw sizes.unsupported("its rotary positions are scaled ('\(kind)')")
        }
    }
}

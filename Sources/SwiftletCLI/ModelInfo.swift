// What `info` shows of models and of the directories of runs.

import Swiftlet

/// A GPT-2, in one file or several.
struct ModelInfo: InfoReport {
    /// The sizes, under the names that `--init` gives them.
    struct Configuration: Encodable {
        let layers: Int
        let heads: Int
        let channels: Int
        let context: Int
        let vocabulary: Int
        let paddedVocabulary: Int
    }

    struct TensorInfo: Encodable {
        let name: String
        let shape: [Int]
        let dtype: String
    }

    let format: String
    let kind = "model"
    let path: ReportedPath
    let model = "gpt2"
    let dtype: String
    let parameters: Int
    let unpaddedParameters: Int
    let configuration: Configuration
    let tensors: [TensorInfo]
    let bytes: Int

    /// Reads what the files at `path` say of themselves.
    init(_ path: FilePath) throws {
        try self.init(openWeights(at: path, as: GPT2Configuration.self), path)
    }

    /// Takes what files say of themselves.
    init(_ weights: any ModelWeights<GPT2Configuration>, _ path: FilePath) {
        let sizes = weights.configuration
        let stored = weights.tensors
        format = weights.format.name
        self.path = ReportedPath(path)
        dtype = stored.first.map { String(describing: $0.storedType) } ?? "none"
        parameters = sizes.parameterLayout.elementCount
        unpaddedParameters = sizes.parameterCount
        configuration = Configuration(
            layers: sizes.layerCount,
            heads: sizes.headCount,
            channels: sizes.channels,
            context: sizes.contextLength,
            vocabulary: sizes.vocabularySize,
            paddedVocabulary: sizes.paddedVocabularySize
        )
        tensors = stored.map {
            TensorInfo(
                name: $0.name,
                shape: $0.shape,
                dtype: String(describing: $0.storedType)
            )
        }
        bytes = Dictionary(stored.map { ($0.file.path, $0.file.count) }) { first, _ in first }
            .values.reduce(0, +)
    }

    var text: String {
        var facts = Table(.left, .left)
        facts.append("format", "\(format) model, \(dtype)")
        facts.append(
            "parameters",
            "\(parameters.grouped) (\(unpaddedParameters.grouped) without vocabulary padding)"
        )
        facts.append("layers", configuration.layers.grouped)
        facts.append(
            "heads",
            "\(configuration.heads) of \(configuration.channels / configuration.heads) channels"
        )
        facts.append("channels", configuration.channels.grouped)
        facts.append("context", configuration.context.grouped)
        facts.append(
            "vocabulary",
            "\(configuration.vocabulary.grouped), padded to "
                + configuration.paddedVocabulary.grouped
        )
        facts.append("size", bytes.formattedAsBytes)

        var list = Table(.left, .left, .right)
        list.append("tensor", "shape", "elements")
        for tensor in tensors {
            list.append(
                tensor.name,
                tensor.shape.map(String.init).joined(separator: " x "),
                tensor.shape.reduce(1, *).grouped
            )
        }
        return "\(path)\n\(facts.text)\n\n\(list.text)"
    }
}

/// The directory of a training run: its checkpoints, and the model of one.
struct RunInfo: InfoReport {
    private let path: ReportedPath
    private let checkpoints: [Int]
    /// The name of the tokenizer's file.
    private let tokenizer: String?
    private let model: ModelInfo

    private enum CodingKeys: String, CodingKey {
        case kind, run, checkpoints, hasTokenizer
    }

    init(_ directory: RunDirectory, _ choice: CheckpointSelection) throws {
        path = ReportedPath(directory.path)
        checkpoints = try directory.checkpointSteps()
        tokenizer = directory.savedTokenizer?.lastComponent.map { "\($0)" }
        model = try ModelInfo(directory.modelPath(choice))
    }

    /// The keys of the model, and beside them those of the run.
    func encode(to encoder: any Encoder) throws {
        try model.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("run", forKey: .kind)
        try container.encode(path, forKey: .run)
        try container.encode(checkpoints, forKey: .checkpoints)
        try container.encode(tokenizer != nil, forKey: .hasTokenizer)
    }

    var text: String {
        var facts = Table(.left, .left)
        facts.append("format", "training run")
        facts.append("checkpoints", checkpoints.map(String.init).joined(separator: ", "))
        facts.append("tokenizer", tokenizer ?? "none")
        return "\(path)\n\(facts.text)\n\n\(model.text)"
    }
}

// What `info` shows of models, of the directories of runs, and of the adapter that a run trains.

import Swiftlet

/// A model in any format, of any family.
struct ModelInfo: InfoReport {
    /// The sizes, under the names that descriptors give them.
    struct Configuration: Encodable {
        let facts: [ModelFact]
        /// How many elements share a scale, if weights are int8.
        let groupSize: Int?

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            for fact in facts {
                try container.encode(fact.value, forKey: Key(stringValue: fact.name))
            }
            try container.encodeIfPresent(groupSize, forKey: Key(stringValue: "group_size"))
        }
    }

    struct TensorInfo: Encodable {
        let name: String
        let shape: [Int]
        let dtype: String
    }

    let format: String
    let kind = "model"
    let path: ReportedPath
    let model: String
    let version: Int?
    /// All parameters, including those that pad the vocabulary in llm.c's files.
    let parameters: Int
    let unpaddedParameters: Int
    let configuration: Configuration
    /// What the parameters are for.
    let parts: [ParameterShare]
    /// What training them would take.
    let training: TrainingMemory
    /// The type of all tensors; left out if there are several.
    let dtype: String?
    let tensors: [TensorInfo]
    let bytes: Int

    /// Takes what the files of a model say.
    /// - Throws: ``ModelError`` for impossible training options.
    init(_ source: ModelSource, _ training: TrainingShapeOptions) throws {
        let weights = source.weights
        let stored = weights.tensors
        path = ReportedPath(source.path)
        format = weights.format.name
        version = weights.format.version
        model = type(of: source.configuration).familyName
        unpaddedParameters = source.configuration.parameterCount
        if case .llmc = weights.format {
            parameters = stored.reduce(0) { $0 + $1.shape.reduce(1, *) }
        } else {
            parameters = unpaddedParameters
        }
        configuration = Configuration(
            facts: source.configuration.facts,
            groupSize: weights.format.groupSize
        )
        parts = ParameterShare.all(of: source.configuration)
        self.training = try TrainingMemory(source.configuration, training)
        tensors = stored.map {
            TensorInfo(name: $0.name, shape: $0.shape, dtype: String(describing: $0.storedType))
        }
        let types = Set(tensors.map(\.dtype))
        dtype = types.count == 1 ? types.first : nil
        bytes = Dictionary(stored.map { ($0.file.path, $0.file.count) }) { first, _ in first }
            .values.reduce(0, +)
    }

    var text: String {
        var facts = Table(.left, .left)
        let version = version.map { " version \($0)" } ?? ""
        facts.append("format", "\(format)\(version), \(dtype ?? "several types")")
        facts.append("model", model)
        let padding =
            parameters == unpaddedParameters
            ? "" : " (\(unpaddedParameters.grouped) without vocabulary padding)"
        facts.append("parameters", parameters.grouped + padding)
        for fact in configuration.facts {
            let name = fact.name.split(separator: "_").joined(separator: " ")
            facts.append(name, fact.value.text)
        }
        if let groupSize = configuration.groupSize {
            facts.append("int8 groups", groupSize.grouped)
        }
        facts.append("size", bytes.formattedAsBytes)

        var shares = Table(.left, .right, .right)
        shares.append("parameters of", "count", "share")
        for part in parts {
            let share = "\(decimal(100 * part.share, 1))%"
            shares.append(part.part == "mlp" ? "MLP" : part.part, part.parameters.grouped, share)
        }

        var list = Table(.left, .left, .left)
        list.append("tensor", "shape", "type")
        for tensor in tensors {
            list.append(
                DisplayText.escaping(tensor.name),
                tensor.shape.map(String.init).joined(separator: " x "),
                tensor.dtype
            )
        }
        let parts = [facts.text, shares.text, training.text, list.text]
        return "\(path)\n" + parts.joined(separator: "\n\n")
    }
}

extension ModelFact.Value {
    /// The value for people.
    fileprivate var text: String {
        switch self {
        case .count(let value): value.grouped
        case .number(let value): "\(value)"
        case .flag(let value): value ? "yes" : "no"
        case .name(let value): value
        }
    }
}

/// A low-rank adapter, and the model that it changes.
struct AdapterInfo: Encodable {
    let path: ReportedPath
    /// The model that it was trained on, as its files name it.
    let base: String?
    /// Left out of JSON: the model's own keys are there if it is.
    private let isBaseThere: Bool
    let ranks: [Int]
    let layers: Int
    let parameters: Int

    private enum CodingKeys: String, CodingKey {
        case path, base, ranks, layers, parameters
    }

    /// Takes what the adapter's files say.
    init(_ adapter: LowRankAdapter, isBaseThere: Bool) {
        path = ReportedPath(adapter.path)
        base = adapter.baseModel
        self.isBaseThere = isBaseThere
        ranks = adapter.ranks
        layers = adapter.layerCount
        parameters = adapter.parameterCount
    }

    /// Adds the same for people to the facts of a run.
    func describe(in facts: inout Table) {
        let ranks = ranks.map(\.grouped).joined(separator: ", ")
        facts.append(
            "adapter",
            "LoRA of rank \(ranks) in \(counted(layers, "linear layer")), \(parameters.grouped) "
                + "parameters"
        )
        let name = base.map { DisplayText.escaping($0) } ?? "not named"
        facts.append("of the model", isBaseThere ? name : "\(name), and no model is there")
    }
}

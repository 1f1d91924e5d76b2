// What `info` shows of a Llama 2.

import Swiftlet

/// A Llama 2, in one file or several.
struct Llama2Info: InfoReport {
    /// The sizes, under the names that `bench generate --init` gives them.
    struct Configuration: Encodable {
        let layers: Int
        let heads: Int
        let kvHeads: Int
        let headSize: Int
        let channels: Int
        let hidden: Int
        let context: Int
        let vocabulary: Int
        let separateClassifier: Bool
        let theta: Float
        /// What is done to the rotary positions, in Hugging Face's words.
        let ropeType: String
        let epsilon: Float
        /// Elements that share a scale, where weights are int8.
        let groupSize: Int?
    }

    let format: String
    let kind = "model"
    let path: ReportedPath
    let model = "llama2"
    let version: Int?
    let parameters: Int
    let configuration: Configuration
    let tensors: [ModelInfo.TensorInfo]
    let bytes: Int

    /// Takes what files say of themselves.
    init(_ weights: any ModelWeights<Llama2Configuration>, _ path: FilePath) {
        let sizes = weights.configuration
        self.path = ReportedPath(path)
        format = weights.format.name
        version = weights.format.version
        parameters = sizes.parameterCount
        configuration = Configuration(
            layers: sizes.layerCount,
            heads: sizes.headCount,
            kvHeads: sizes.keyValueHeadCount,
            headSize: sizes.headSize,
            channels: sizes.channels,
            hidden: sizes.hiddenChannels,
            context: sizes.contextLength,
            vocabulary: sizes.vocabularySize,
            separateClassifier: sizes.hasSeparateClassifier,
            theta: sizes.ropeTheta,
            ropeType: sizes.ropeScaling.name,
            epsilon: sizes.normEpsilon,
            groupSize: weights.format.groupSize
        )
        let stored = weights.tensors
        tensors = stored.map {
            ModelInfo.TensorInfo(
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
        facts.append("format", "Llama 2, \(format)\(version.map { " version \($0)" } ?? "")")
        facts.append("parameters", parameters.grouped)
        facts.append("layers", configuration.layers.grouped)
        facts.append(
            "heads",
            "\(configuration.heads) of \(configuration.headSize) channels, "
                + "\(configuration.kvHeads) of keys and values"
        )
        facts.append("channels", configuration.channels.grouped)
        facts.append("hidden", configuration.hidden.grouped)
        facts.append("context", configuration.context.grouped)
        facts.append("vocabulary", configuration.vocabulary.grouped)
        facts.append(
            "classifier",
            configuration.separateClassifier ? "separate" : "the token embedding"
        )
        facts.append("theta", "\(configuration.theta)")
        if configuration.ropeType != RotaryScaling.none.name {
            facts.append("scaling", configuration.ropeType)
        }
        facts.append("epsilon", "\(configuration.epsilon)")
        if let groupSize = configuration.groupSize {
            facts.append("int8 groups", groupSize.grouped)
        }
        facts.append("size", bytes.formattedAsBytes)

        var list = Table(.left, .left, .left)
        list.append("tensor", "shape", "type")
        for tensor in tensors {
            list.append(
                tensor.name,
                tensor.shape.map(String.init).joined(separator: " x "),
                tensor.dtype
            )
        }
        return "\(path)\n\(facts.text)\n\n\(list.text)"
    }
}

// Writing an adapter as PEFT does, so that PEFT loads it: the directory that LowRankAdapter reads.

import FileIO
import TensorFiles
import Tensors

extension TrainableAdapter {
    /// Writes the adapter in PEFT's format, a directory that appears complete or not at all.
    /// - Parameters:
    ///   - path: The directory.
    ///   - configuration: The sizes of the model it is for.
    ///   - baseModel: Where that model is, for `base_model_name_or_path`; nil if it is nowhere.
    ///   - overwrite: Whether an existing adapter is replaced.
    ///   - ops: What reads the matrices.
    /// - Throws: `FileIOError`, or `TensorError` when memory is short.
    package func write(
        to path: FilePath,
        of configuration: some ModelConfiguration,
        baseModel: String?,
        overwrite: Bool,
        ops: Ops
    ) throws {
        let naming = configuration.huggingFaceNaming
        let places = shape.layers.map { layer in
            guard let place = naming.linearLayer(layer.weight) else {
                preconditionFailure("\(layer.weight) is no weight of a module")
            }
            return place
        }
        let paths = places.map(\.path)
        let directory = try AtomicDirectory(path, overwrite: overwrite)
        let description = ConfigurationText(
            shape: shape,
            paths: paths,
            allPaths: configuration.adaptableWeights.compactMap { naming.linearLayer($0)?.path },
            isTransposed: places.contains { $0.arrangement == .transposed },
            baseModel: baseModel
        )
        try directory.write(description.text, to: LowRankAdapter.configurationName)
        var writer = try SafetensorsWriter(
            AtomicFile(directory.path.appending(LowRankAdapter.tensorsName)),
            tensors: zip(shape.layers, paths).flatMap { layer, path in
                LowRankAdapter.names(of: path).map { (layer, $0) }
            }
            .map { layer, name in
                TensorDescription(
                    name: name,
                    shape: name.hasSuffix(LowRankAdapter.endA)
                        ? [layer.rank, layer.weight.shape[1]]
                        : [layer.weight.shape[0], layer.rank],
                    storedType: .float32
                )
            },
            ops: ops
        )
        for (layer, place) in zip(shape.layers, places) {
            try writer.write(parameters[layer.nameOfA])
            try writer.write(place.arrangement.rowOrder.stored(parameters[layer.nameOfB]))
        }
        try writer.commit()
        // Another file of this kind would be read instead of the new one.
        try directory.commit { $0 == "adapter_model.bin" }
    }
}

/// The content of `adapter_config.json`.
private struct ConfigurationText {
    let shape: LowRankShape
    /// The modules of the shape's layers.
    let paths: [String]
    /// All modules of the model that can be adapted.
    let allPaths: [String]
    let isTransposed: Bool
    let baseModel: String?

    var text: String {
        let rank = Self.mostCommon(shape.layers.map(\.rank))
        let alpha = Self.mostCommon(shape.layers.map(\.alpha))
        let layers = zip(paths, shape.layers)
        let ranks = layers.filter { $1.rank != rank }.map { ($0, "\($1.rank)") }
        let alphas = layers.filter { $1.alpha != alpha }.map { ($0, Self.number($1.alpha)) }
        let entries = [
            ("alpha_pattern", Self.object(alphas)),
            ("base_model_name_or_path", baseModel.map(JSONText.quoted) ?? "null"),
            ("bias", #""none""#),
            ("fan_in_fan_out", "\(isTransposed)"),
            ("inference_mode", "true"),
            ("init_lora_weights", "true"),
            ("lora_alpha", Self.number(alpha)),
            ("lora_dropout", "0.0"),
            ("modules_to_save", "null"),
            ("peft_type", #""LORA""#),
            ("r", "\(rank)"),
            ("rank_pattern", Self.object(ranks)),
            ("target_modules", "[\(targets.map(JSONText.quoted).joined(separator: ", "))]"),
            ("task_type", #""CAUSAL_LM""#),
            ("use_dora", "false"),
            ("use_rslora", "\(shape.usesRootOfRank)"),
        ]
        let lines = entries.map { "  \"\($0)\": \($1)" }
        return "{\n\(lines.joined(separator: ",\n"))\n}\n"
    }

    /// The shortest suffixes of names that match the adapted modules and no others: `q_proj` for
    /// those of all blocks.
    private var targets: [String] {
        let adapted = Set(paths)
        var seen: Set<String> = []
        return paths.map { path in
            let words = path.split(separator: ".")
            // Suffixes with a block's number would be longer and no clearer.
            let ends = (1..<words.count).map { words.suffix($0) }
                .prefix { $0.allSatisfy { Int($0) == nil } }
                .map { $0.joined(separator: ".") }
            return ends.first { end in
                allPaths.allSatisfy { !$0.hasSuffix("." + end) || adapted.contains($0) }
            } ?? path
        }
        .filter { seen.insert($0).inserted }
    }

    private static func object(_ entries: [(String, String)]) -> String {
        "{\(entries.map { "\(JSONText.quoted($0)): \($1)" }.joined(separator: ", "))}"
    }

    /// A whole number without a fraction, as PEFT writes it.
    private static func number(_ value: Float) -> String {
        Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    /// The most common value; of equals, the first.
    private static func mostCommon<Value: Hashable>(_ values: [Value]) -> Value {
        var counts: [Value: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        let most = counts.values.max()
        guard let value = values.first(where: { counts[$0] == most }) else {
            preconditionFailure("an adapter without layers")
        }
        return value
    }
}

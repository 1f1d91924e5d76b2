// A model as the directory that Hugging Face's programs load: config.json and safetensors, in
// several files with an index where one would be too large.

import FileIO
import TensorFiles
import Tensors

/// A family that Hugging Face's programs support.
protocol HuggingFaceConfiguration: ModelConfiguration {
    /// What `config.json` cannot express, each in a few words.
    var differencesFromHuggingFace: [String] { get }
    /// The entries of `config.json`: keys, and values in JSON.
    /// - Parameters:
    ///   - tokens: The special tokens to name.
    ///   - type: How matrices are stored.
    /// - Returns: The entries, in any order.
    func huggingFaceFile(_ tokens: ModelTokens, type: ElementType) -> [(key: String, value: String)]
}

/// Writes one directory.
struct HuggingFaceWriter {
    /// The type of all matrices; nil where they have several.
    let elementType: ElementType?
    private let weights: any ModelWeights
    private let configuration: any HuggingFaceConfiguration
    private let path: FilePath
    private let tokens: ModelTokens
    private let companions: (FilePath) throws -> Void
    private let files: [Part]

    private static let types: [ElementType] = [.float32, .bfloat16, .float16]
    /// Files stay below this size, like those of Hugging Face's own programs.
    static let largestFile = 5_000_000_000

    /// A weight and its description in the file.
    private struct Entry {
        let weight: ModelWeight
        let arrangement: WeightArrangement
        let description: TensorDescription

        var storedType: StoredType { description.storedType }
    }

    /// The weights of one file.
    private struct Part {
        var entries: [Entry] = []
        var byteCount = 0
    }

    /// Divides the weights among files.
    /// - Parameters:
    ///   - weights: The model.
    ///   - path: The directory.
    ///   - elementType: The type of all weights; nil keeps each as it is.
    ///   - tokens: The special tokens that the configuration names.
    ///   - companions: Writes the files that accompany the model into the given directory.
    ///   - largestFile: The most bytes of tensors in a file, unless it holds a single one.
    /// - Throws: ``ModelError/cannotWrite(path:reason:hint:)``; what reading the weights throws.
    init(
        _ weights: any ModelWeights,
        _ path: FilePath,
        _ elementType: ElementType?,
        _ tokens: ModelTokens,
        _ companions: @escaping (FilePath) throws -> Void,
        largestFile: Int = largestFile
    ) throws {
        guard let configuration = weights.configuration as? any HuggingFaceConfiguration else {
            preconditionFailure("Hugging Face knows no \(type(of: weights.configuration))")
        }
        if let elementType, !Self.types.contains(elementType) {
            throw ModelError.noType(elementType, in: "safetensors", path, has: Self.types)
        }
        try ModelError.refuse(
            configuration.differencesFromHuggingFace,
            "its config.json has no place for",
            path
        )
        self.weights = weights
        self.configuration = configuration
        self.path = path
        self.tokens = tokens
        self.companions = companions
        let naming = configuration.huggingFaceNaming
        let entries = try configuration.weightsLayerByLayer.map { weight in
            guard case .tensor(let name, let arrangement) = naming[weight] else {
                preconditionFailure("Hugging Face has no \(weight)")
            }
            // Blocks become float32, which can hold all their values.
            let own = try elementType ?? weights.elementType(of: weight)
            let type = Self.types.contains(own) ? own : .float32
            return Entry(
                weight: weight,
                arrangement: arrangement,
                description: TensorDescription(
                    name: name,
                    shape: arrangement.storedShape(weight.shape),
                    storedType: StoredType(type) ?? .float32
                )
            )
        }
        let matrixTypes = Set(entries.filter { $0.weight.role.isMatrix }.map(\.storedType))
        self.elementType = matrixTypes.count == 1 ? matrixTypes.first?.elementType : nil
        files = entries.reduce(into: [Part()]) { files, entry in
            let size = entry.description.byteCount
            if files[files.count - 1].byteCount + size > largestFile,
                !files[files.count - 1].entries.isEmpty
            {
                files.append(Part())
            }
            files[files.count - 1].entries.append(entry)
            files[files.count - 1].byteCount += size
        }
    }

    func write(_ overwrite: Bool, _ ops: Ops, _ progress: ModelConversion.Progress) throws {
        let directory = try AtomicDirectory(path, overwrite: overwrite)
        try directory.write(configurationText, to: "config.json")
        try companions(directory.path)
        var done = 0
        for (index, file) in files.enumerated() {
            // Wide elements first, so that all are aligned.
            let entries = file.entries.sorted {
                $0.storedType.byteWidth > $1.storedType.byteWidth
            }
            var writer = try SafetensorsWriter(
                AtomicFile(directory.path.appending(name(of: index))),
                tensors: entries.map(\.description),
                ops: ops
            )
            for entry in entries {
                try writer.write(entry.arrangement.stored(tensor(entry, ops)))
                done += entry.weight.count
                try progress(done, configuration.parameterCount)
            }
            try writer.commit()
        }
        if files.count > 1 {
            try directory.write(indexText, to: Self.indexName)
        }
        try directory.commit(replacing: Self.isOfAModel)
    }

    /// A weight in a type that can be rearranged.
    private func tensor(_ entry: Entry, _ ops: Ops) throws -> Tensor {
        let tensor = try weights.tensor(entry.weight)
        return tensor.elementType.isBlocked ? try ops.convert(tensor, to: .float32) : tensor
    }

    private static let indexName = "model.safetensors.index.json"

    private func name(of index: Int) -> String {
        func digits(_ number: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, 5 - text.count)) + text
        }
        return files.count == 1
            ? "model.safetensors"
            : "model-\(digits(index + 1))-of-\(digits(files.count)).safetensors"
    }

    /// Files that describe a model or its tokenizer, besides those that are always written.
    private static let otherNames: Set = [
        indexName, "model.safetensors", "generation_config.json", "chat_template.jinja",
        "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "tokenizer.bin",
        "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
    ]

    /// Whether a file in the way is part of a model, which readers would take for part of the new
    /// model.
    private static func isOfAModel(_ name: String) -> Bool {
        otherNames.contains(name) || name.hasPrefix("model-") && name.hasSuffix(".safetensors")
    }

    private var configurationText: String {
        let entries = configuration.huggingFaceFile(tokens, type: elementType ?? .float32)
        let lines = entries.sorted { $0.key < $1.key }.map { "  \"\($0.key)\": \($0.value)" }
        return "{\n\(lines.joined(separator: ",\n"))\n}\n"
    }

    private var indexText: String {
        let size = files.reduce(0) { $0 + $1.byteCount }
        let places = files.enumerated().flatMap { index, file in
            file.entries.map { ($0.description.name, name(of: index)) }
        }
        let lines = places.sorted { $0.0 < $1.0 }.map { "    \"\($0)\": \"\($1)\"" }
        return """
            {
              "metadata": {
                "total_parameters": \(configuration.parameterCount),
                "total_size": \(size)
              },
              "weight_map": {
            \(lines.joined(separator: ",\n"))
              }
            }

            """
    }
}

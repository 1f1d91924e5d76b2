// One tensor of a model by name: its name in the file, as `info` prints it, or the family's name,
// such as qkvw, which means the same in all files.

import TensorFiles
import Tensors

/// A tensor that was found by name and has not been read yet.
package struct NamedTensor {
    /// Its name, without the layer.
    package let name: String
    /// The chosen layer, if the name is for all layers.
    package let layer: Int?
    /// Its shape: as in the file for a name from the file, otherwise matrices as (out, in).
    package let shape: [Int]
    /// The type of its elements, as `info` prints it.
    package let type: String
    /// Whether its first axis counts layers.
    package let isStack: Bool
    private let load: () throws -> Tensor

    fileprivate init(
        _ name: String,
        layer: Int? = nil,
        shape: [Int],
        type: String,
        isStack: Bool = false,
        load: @escaping () throws -> Tensor
    ) {
        self.name = name
        self.layer = layer
        self.shape = shape
        self.type = type
        self.isStack = isStack
        self.load = load
    }

    /// Reads the elements.
    /// - Returns: The tensor, in any of ``ElementType/weightTypes``.
    /// - Throws: `TensorFileError` if they are not floats; `FileIOError` when the file has lost
    ///   some of them; `TensorError` when memory is short.
    package func tensor() throws -> Tensor { try load() }
}

extension ModelWeights {
    /// The names that ``namedTensor(_:layer:isInFile:)`` knows: those in the file, then the
    /// family's, without layers.
    /// - Parameter isInFile: Whether to include the file's names.
    /// - Returns: Each name once.
    package func tensorNames(inFile isInFile: Bool = true) -> [String] {
        var seen: Set<String> = []
        return ((isInFile ? tensors.map(\.name) : []) + configuration.weights.map(\.name))
            .filter { seen.insert($0).inserted }
    }

    /// The tensor of a name.
    /// - Parameters:
    ///   - name: One of the file's, such as `transformer.h.0.attn.c_attn.weight`; or one of the
    ///     family's, such as `qkvw`, or `qkvw.3` for layer 3.
    ///   - layer: The layer, if the name is for all layers.
    ///   - isInFile: Whether to look for the file's names; false if the weights differ from the
    ///     file's.
    /// - Returns: The tensor; nil when the model has none of this name.
    /// - Throws: ``ModelError/layerNeeded(name:layerCount:)``,
    ///   ``ModelError/noLayers(name:)`` or ``ModelError/layerOutside(layer:layerCount:)``.
    package func namedTensor(
        _ name: String,
        layer: Int? = nil,
        isInFile: Bool = true
    ) throws -> NamedTensor? {
        if let layer, !(0..<configuration.layerCount ~= layer) {
            throw ModelError.layerOutside(layer: layer, layerCount: configuration.layerCount)
        }
        if isInFile, let stored = tensors.first(where: { $0.name == name }) {
            if case .llmc = format { return try stack(stored, layer: layer) }
            guard layer == nil else { throw ModelError.noLayers(name: name) }
            return try storedTensor(stored)
        }
        let weights = configuration.weights
        if let weight = weights.first(where: { $0.layer != nil && $0.description == name }) {
            guard layer == nil || layer == weight.layer else {
                throw ModelError.noLayers(name: name)
            }
            return try namedTensor(weight)
        }
        guard let first = weights.first(where: { $0.name == name }) else { return nil }
        guard first.layer != nil else {
            guard layer == nil else { throw ModelError.noLayers(name: name) }
            return try namedTensor(first)
        }
        guard let layer else {
            throw ModelError.layerNeeded(name: name, layerCount: configuration.layerCount)
        }
        return try weights.first { $0.name == name && $0.layer == layer }.map(namedTensor)
    }

    /// An llm.c tensor, which holds all layers, or one of its layers.
    private func stack(_ stored: StoredTensor, layer: Int?) throws -> NamedTensor {
        let isStack = configuration.weights.contains { $0.name == stored.name && $0.layer != nil }
        guard isStack || layer == nil else { throw ModelError.noLayers(name: stored.name) }
        return NamedTensor(
            stored.name,
            layer: layer,
            shape: layer == nil ? stored.shape : Array(stored.shape.dropFirst()),
            type: String(describing: stored.storedType),
            isStack: isStack && layer == nil
        ) {
            let all = try stored.tensor()
            return layer.map { all[$0] } ?? all
        }
    }

    /// A tensor of a file as it is laid out there.
    private func storedTensor(_ stored: StoredTensor) throws -> NamedTensor {
        let type = String(describing: stored.storedType)
        // Weights that are more than the tensor of their name: int8 with separate scales, or slices
        // in several files.
        if let weight = weight(storedAs: stored.name) {
            return NamedTensor(stored.name, shape: weight.shape, type: type) {
                try tensor(weight)
            }
        }
        // As a weight, blocks of six bits would be rounded to eight.
        return NamedTensor(stored.name, shape: stored.shape, type: type) {
            try stored.storedType == .q6_K ? stored.floats() : stored.tensor()
        }
    }

    /// The weight with this name in llama2.c's or Meta's files; nil for other formats.
    private func weight(storedAs name: String) -> ModelWeight? {
        switch format {
        case .llama2c: zip(tensors, configuration.weights).first { $0.0.name == name }?.1
        case .meta:
            configuration.weights.first {
                Llama2Weight(of: $0).metaName(layer: $0.layerIndex) == name
            }
        default: nil
        }
    }

    private func namedTensor(_ weight: ModelWeight) throws -> NamedTensor {
        let type = try elementType(of: weight).rawValue
        return NamedTensor(weight.name, layer: weight.layer, shape: weight.shape, type: type) {
            try tensor(weight)
        }
    }
}

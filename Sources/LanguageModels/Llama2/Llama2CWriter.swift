// Writing llama2.c's checkpoints, all three versions, from whatever a model was read from.

import FileIO
import TensorFiles
import Tensors

extension ModelWeights where Configuration == Llama2Configuration {
    /// Writes a checkpoint of llama2.c, which appears complete or not at all.
    /// - Parameters:
    ///   - path: The file.
    ///   - version: ``Llama2CFile/Version/legacy`` is what every program of llama2.c reads.
    ///   - overwrite: Whether an existing file may be replaced.
    ///   - ops: What turns stored weights into float32.
    /// - Throws: `FileIOError`; ``ModelError/cannotWrite(path:reason:hint:)`` when the model
    ///   computes with other constants than llama2.c; what reading the weights throws.
    public func writeLlama2C(
        to path: FilePath,
        version: Llama2CFile.Version,
        overwrite: Bool = true,
        ops: Ops
    ) throws {
        let unwritable = configuration.differencesFromLlama2C
        guard unwritable.isEmpty else {
            throw ModelError.cannotWrite(
                path: path,
                reason: "llama2.c has no place for \(unwritable.joined(separator: ", "))",
                hint: "write a format that stores it"
            )
        }
        let file = try AtomicFile(path, overwrite: overwrite)
        try Llama2CWriter(file, self, version, ops).write()
        try file.commit()
    }
}

/// Writes one file.
private struct Llama2CWriter<Source: ModelWeights<Llama2Configuration>> {
    let file: AtomicFile
    let source: Source
    let version: Llama2CFile.Version
    let ops: Ops
    let layout: Llama2CLayout
    let groupSize: Int?

    var configuration: Llama2Configuration { source.configuration }

    init(
        _ file: AtomicFile,
        _ source: Source,
        _ version: Llama2CFile.Version,
        _ ops: Ops
    ) {
        self.file = file
        self.source = source
        self.version = version
        self.ops = ops
        groupSize = version == .int8 ? Self.groupSize(channels: source.configuration.channels) : nil
        layout = Llama2CLayout(version, source.configuration, groupSize: groupSize)
    }

    /// The largest group by halves that divides the channels, and so every matrix.
    private static func groupSize(channels: Int) -> Int {
        // What llama2.c's export takes unless it does not divide the channels.
        var size = 64
        while channels % size != 0 { size /= 2 }
        return size
    }

    func write() throws {
        try writeHeader()
        for section in Llama2CLayout.sections(of: version, configuration) {
            switch section {
            case .weight(let weight):
                for layer in configuration.layers(of: weight) {
                    try write(weight, layer: layer)
                }
            case .rotations: try writeRotations()
            }
        }
        precondition(file.count == layout.byteCount, "\(file.count) bytes, not the layout's")
    }

    private func writeHeader() throws {
        let isSigned = version == .legacy && configuration.hasSeparateClassifier
        let sizes = [
            configuration.channels, configuration.hiddenChannels, configuration.layerCount,
            configuration.headCount, configuration.keyValueHeadCount,
            isSigned ? -configuration.vocabularySize : configuration.vocabularySize,
            configuration.contextLength,
        ].map { Int32($0) }
        guard version != .legacy else { return try file.write(integers: sizes) }
        try file.write(integers: [Llama2CFile.magic])
        try file.write(integers: [version.rawValue] + sizes)
        try file.write(integers: [UInt8(configuration.hasSeparateClassifier ? 0 : 1)])
        if let groupSize { try file.write(integers: [Int32(groupSize)]) }
        let rest = Llama2CLayout.headerByteCount(of: version) - file.count
        try file.write([UInt8](repeating: 0, count: rest))
    }

    private func write(_ weight: Llama2Weight, layer: Int) throws {
        let tensor = try ops.copy(
            source.tensor(configuration.weight(weight, layer: layer)),
            as: .float32
        )
        if let groupSize, !weight.isNorm {
            try writeQuantized(tensor, groupSize: groupSize)
        } else {
            try file.write(tensor, as: .float32)
        }
    }

    /// Writes int8 values and then their scales: the largest magnitude of a group becomes 127.
    ///
    /// A group of zeros has the scale 0, where llama2.c's export divides by zero.
    private func writeQuantized(_ tensor: Tensor, groupSize: Int) throws {
        let count = tensor.count
        var values = [Int8](repeating: 0, count: count)
        var scales = [UInt32](repeating: 0, count: count / groupSize)
        tensor.withUnsafeElements(as: Float.self) { elements in
            for group in scales.indices {
                let range = group * groupSize..<(group + 1) * groupSize
                let largest = elements[range].reduce(0) { max($0, abs($1)) }
                let scale = largest / 127
                scales[group] = scale.bitPattern
                guard scale > 0, scale.isFinite else { continue }
                for i in range {
                    let step = (elements[i] / scale).rounded(.toNearestOrEven)
                    // NaN has no integer; it is left 0 here, and kept by the scale below.
                    if step.isFinite { values[i] = Int8(max(-127, min(127, step))) }
                }
            }
            for i in elements.indices where elements[i].isNaN {
                scales[i / groupSize] = Float.nan.bitPattern
            }
        }
        try values.withUnsafeBytes { try file.write($0) }
        try file.write(integers: scales)
    }

    /// The tables that version 0 has of the cosines of all positions, and of the sines.
    private func writeRotations() throws {
        let (T, HS) = (configuration.contextLength, configuration.headSize)
        let rotations = try ops.tensor([T, HS])
        let positions = try ops.tensor((0..<Int32(T)).map { $0 }, shape: [T])
        ops.ropeRotations(
            rotations,
            positions: positions,
            frequencies: configuration.ropeFrequencies
        )
        let pairs = ops.floats(rotations)
        for part in 0...1 {
            try file.write(
                integers: stride(from: part, to: pairs.count, by: 2).map { pairs[$0].bitPattern }
            )
        }
    }
}

// Writing llama2.c's checkpoints, all three versions, from whatever a model was read from.

import FileIO
import TensorFiles
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension ModelWeights where Configuration == Llama2Configuration {
    /// Writes a checkpoint of llama2.c, which appears complete or not at all.
    /// - Parameters:
    ///   - path: The file.
    ///   - version: ``Llama2CFile/Version/legacy`` is what every program of llama2.c reads.
    ///   - overwrite: Whether an existing file may be replaced.
    ///   - ops: What turns stored weights into float32.
    /// - Throws: `FileIOError`; ``ModelError/cannotWrite(path:reason:hint:)`` when the model's
    ///   constants differ from llama2.c's; what reading the weights throws.
    package func writeLlama2C(
        to path: FilePath,
        version: Llama2CFile.Version,
        overwrite: Bool = true,
        ops: Ops
    ) throws {
        try ModelConversion(self, to: .llama2c(version), at: path)
            .write(overwrite: overwrite, ops: ops)
    }
}

/// Writes one checkpoint of llama2.c's.
struct Llama2CWriter {
    /// float32, or q8_0 for int8 in groups.
    let elementType: ElementType
    private let weights: any ModelWeights<Llama2Configuration>
    private let path: FilePath
    private let version: Llama2CFile.Version
    private let layout: Llama2CLayout
    private let groupSize: Int?
    /// Whether matrices already have integers and scales, and keep them.
    private let keepsIntegers: Bool

    private var configuration: Llama2Configuration { weights.configuration }

    /// Chooses the version and the groups.
    /// - Throws: ``ModelError/cannotWrite(path:reason:hint:)`` when llama2.c cannot store the model
    ///   or the type; what reading the weights throws.
    init(
        _ weights: any ModelWeights<Llama2Configuration>,
        _ path: FilePath,
        version: Llama2CFile.Version?,
        _ elementType: ElementType?
    ) throws {
        self.weights = weights
        self.path = path
        let configuration = weights.configuration
        try ModelError.refuse(configuration.differencesFromLlama2C, "llama2.c cannot store", path)
        let hasIntegers = try weights.haveIntegersInBlocks
        let chosen: Llama2CFile.Version =
            version ?? (elementType ?? (hasIntegers ? .q8_0 : .float32) == .q8_0 ? .int8 : .legacy)
        let stored: ElementType = chosen == .int8 ? .q8_0 : .float32
        if let elementType, elementType != stored {
            throw ModelError.noType(
                elementType,
                in: "llama2.c's version \(chosen.rawValue)",
                path,
                has: [stored]
            )
        }
        self.elementType = stored
        self.version = chosen
        keepsIntegers = hasIntegers && chosen == .int8
        groupSize =
            chosen == .int8
            ? keepsIntegers
                ? weights.format.groupSize ?? ElementType.blockSize
                : Self.groupSize(channels: configuration.channels) : nil
        layout = Llama2CLayout(chosen, configuration, groupSize: groupSize)
    }

    /// The largest group, found by halving, that divides the channels and so every matrix.
    private static func groupSize(channels: Int) -> Int {
        // The group size of llama2.c's export, unless it does not divide the channels.
        var size = 64
        while channels % size != 0 { size /= 2 }
        return size
    }

    func write(_ overwrite: Bool, _ ops: Ops, _ progress: ModelConversion.Progress) throws {
        let file = try AtomicFile(path, overwrite: overwrite)
        try writeHeader(file)
        var done = 0
        for section in Llama2CLayout.sections(of: version, configuration) {
            switch section {
            case .weight(let kind):
                for layer in configuration.layers(of: kind) {
                    let weight = configuration.weight(kind, layer: layer)
                    try write(weight, file, ops)
                    done += weight.count
                    try progress(done, configuration.parameterCount)
                }
            case .rotations: try writeRotations(file)
            }
        }
        precondition(file.count == layout.byteCount, "\(file.count) bytes, not the layout's")
        try file.commit()
    }

    private func writeHeader(_ file: AtomicFile) throws {
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

    private func write(_ weight: ModelWeight, _ file: AtomicFile, _ ops: Ops) throws {
        let tensor = try weights.tensor(weight)
        guard let groupSize, weight.role != .norm else {
            return try file.write(tensor, storedAs: .float32, ops: ops)
        }
        if keepsIntegers { return try writeIntegers(of: tensor, groupSize: groupSize, file) }
        try writeQuantized(tensor, groupSize: groupSize, file, ops)
    }

    /// Writes the values and scales of a matrix in blocks of int8 that lie within groups.
    private func writeIntegers(of tensor: Tensor, groupSize: Int, _ file: AtomicFile) throws {
        try tensor.withUnsafeBytes { values, scales in
            try file.write(values)
            let isWide = tensor.elementType == .q8_f32
            // All blocks of a group have one scale.
            let blocks = stride(
                from: 0,
                to: tensor.count / ElementType.blockSize,
                by: groupSize / ElementType.blockSize
            )
            try file.write(
                integers: blocks.map { block -> UInt32 in
                    if isWide {
                        return scales.loadUnaligned(fromByteOffset: 4 * block, as: UInt32.self)
                    }
                    let half = scales.loadUnaligned(fromByteOffset: 2 * block, as: UInt16.self)
                    return Float(float16Bits: half).bitPattern
                }
            )
        }
        try tensor.requireIntact()
    }

    /// Writes int8 values and then their scales, with at most one matrix in memory.
    private func writeQuantized(
        _ tensor: Tensor,
        groupSize: Int,
        _ file: AtomicFile,
        _ ops: Ops
    ) throws {
        var scales: [Float] = []
        scales.reserveCapacity(tensor.count / groupSize)
        // Groups may run across the ends of rows, but not of this many.
        let pieceRows = max(1, Self.pieceCount / (groupSize * tensor.columns)) * groupSize
        for first in stride(from: 0, to: tensor.rows, by: pieceRows) {
            let part = tensor[first..<min(first + pieceRows, tensor.rows)]
            let groups = try ops.quantizedGroups(
                of: ops.convert(part, to: .float32),
                groupSize: groupSize
            )
            try groups.values.withUnsafeBytes { try file.write($0) }
            scales += groups.scales
            part.releasePages()
        }
        try tensor.requireIntact()
        try file.write(integers: scales.map(\.bitPattern))
    }

    /// Elements rounded at a time.
    private static let pieceCount = 1 << 20

    /// Version 0's tables of the cosines and sines of all positions.
    ///
    /// Computed as in llama2.c's export with PyTorch: in float32 up to the angle.
    private func writeRotations(_ file: AtomicFile) throws {
        let frequencies = configuration.ropeFrequencies.map { Float($0) }
        for function in [cos, sin] as [(Double) -> Double] {
            for position in 0..<configuration.contextLength {
                try file.write(
                    integers: frequencies.map {
                        Float(function(Double(Float(position) * $0))).bitPattern
                    }
                )
            }
        }
    }
}

extension ModelWeights<Llama2Configuration> {
    /// Whether all matrices are int8 in blocks aligned with their rows, with scales for groups of
    /// at least a block.
    fileprivate var haveIntegersInBlocks: Bool {
        get throws {
            try configuration.weights.allSatisfy { weight in
                if weight.role == .norm { return true }
                let type = try elementType(of: weight)
                return [.q8_0, .q8_f32].contains(type)
                    && weight.shape[1] % ElementType.blockSize == 0
            }
        }
    }
}

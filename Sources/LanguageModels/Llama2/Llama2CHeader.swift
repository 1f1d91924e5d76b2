// The headers of llama2.c's checkpoints, and the order of the weights after them, which gives the
// position of each and the size of the file. Version 0 has seven sizes and nothing else, so any
// file may look like one; later versions have a magic number.

import FileIO
import TensorFiles

/// The contents of a llama2.c checkpoint's header.
struct Llama2CHeader {
    let version: Llama2CFile.Version
    let configuration: Llama2Configuration
    /// Elements that share a scale; nil except in version 2.
    let groupSize: Int?

    private static let format = "a llama2.c checkpoint"
    private static let sizeCount = 7

    /// Reads and checks a header.
    /// - Throws: ``ModelError``, `TensorFileError` or `FileIOError`.
    init(_ file: MappedFile) throws {
        let path = file.path
        var reader = BinaryReader(file)
        guard try reader.read(UInt32.self) == Llama2CFile.magic else {
            reader = BinaryReader(file)
            let sizes = try reader.readArray(of: Int32.self, count: Self.sizeCount).map(Int.init)
            // A negative vocabulary means that the classifier has weights of its own.
            guard let configuration = try? Self.configuration(sizes, isShared: sizes[5] > 0) else {
                throw Self.notACheckpoint(path, expected: nil, found: file.count)
            }
            (version, self.configuration, groupSize) = (.legacy, configuration, nil)
            return
        }
        let number = try reader.read(Int32.self)
        guard let version = Llama2CFile.Version(rawValue: number), version != .legacy else {
            throw TensorFileError.unsupportedVersion(
                path: path,
                format: Self.format,
                supported: "versions 0, 1 (float32) and 2 (int8)",
                found: number,
                hint: "export it again with llama2.c's export.py"
            )
        }
        let sizes = try reader.readArray(of: Int32.self, count: Self.sizeCount).map(Int.init)
        let isShared = try reader.read(UInt8.self) != 0
        configuration = try ModelError.naming(path) {
            try Self.configuration(sizes, isShared: isShared, isSigned: false)
        }
        self.version = version
        groupSize =
            version == .int8
            ? try Self.groupSize(Int(reader.read(Int32.self)), of: configuration, path: path) : nil
    }

    /// The error for a file that does not look like a checkpoint at all.
    static func notACheckpoint(
        _ path: FilePath,
        expected: Int?,
        found: Int
    ) -> TensorFileError {
        let sizes = expected.map { "ask for \($0) bytes instead of \(found)" } ?? "fit no model"
        return .unsupported(
            path: path,
            reason: "it is not \(format), or is incomplete: it has no magic number, and the sizes "
                + "it starts with \(sizes)",
            hint: "check that it is the right file, and copy it again if it is"
        )
    }

    private static func configuration(
        _ sizes: [Int],
        isShared: Bool,
        isSigned: Bool = true
    ) throws -> Llama2Configuration {
        try Llama2Configuration(
            contextLength: sizes[6],
            vocabularySize: isSigned ? abs(sizes[5]) : sizes[5],
            layerCount: sizes[2],
            headCount: sizes[3],
            keyValueHeadCount: sizes[4],
            channels: sizes[0],
            hiddenChannels: sizes[1],
            hasSeparateClassifier: !isShared
        )
    }

    /// A group size, if it divides every matrix.
    private static func groupSize(
        _ size: Int,
        of configuration: Llama2Configuration,
        path: FilePath
    ) throws -> Int {
        let counts = Llama2Weight.allCases.filter { !$0.isNorm }
            .map { $0.shape(in: configuration).reduce(1, *) }
        guard size > 0, counts.allSatisfy({ $0 % size == 0 }) else {
            throw TensorFileError.invalidHeader(
                path: path,
                field: "the group size",
                requirement: "a number that divides the elements of every matrix",
                found: size
            )
        }
        return size
    }
}

/// Where everything is in a llama2.c checkpoint.
struct Llama2CLayout {
    /// Bytes of the whole file.
    let byteCount: Int

    private let places: [Llama2Weight: Place]

    /// Where the weights of one kind are.
    private struct Place {
        /// The first layer's.
        let offset: Int
        /// The distance from one layer's to the next one's.
        let stride: Int
        let layers: Range<Int>
    }

    /// Bytes before the first weight.
    static func headerByteCount(of version: Llama2CFile.Version) -> Int {
        version == .legacy ? 7 * 4 : 256
    }

    /// Lays out a file.
    init(
        _ version: Llama2CFile.Version,
        _ configuration: Llama2Configuration,
        groupSize: Int?
    ) {
        var places: [Llama2Weight: Place] = [:]
        var end = Self.headerByteCount(of: version)
        for section in Self.sections(of: version, configuration) {
            switch section {
            case .weight(let weight):
                let size = Self.byteCount(of: weight, configuration, groupSize: groupSize)
                let layers = configuration.layers(of: weight)
                places[weight] = Place(offset: end, stride: size, layers: layers)
                end += size * layers.count
            case .rotations:
                // Cosines and sines, which follow from the sizes.
                end += 2 * 4 * configuration.contextLength * (configuration.headSize / 2)
            }
        }
        byteCount = end
        self.places = places
    }

    /// The first byte of a weight.
    /// - Precondition: The model has the weight and the layer.
    func offset(of weight: Llama2Weight, layer: Int) -> Int {
        guard let place = places[weight], place.layers.contains(layer) else {
            preconditionFailure("no weight \(weight.rawValue) of layer \(layer)")
        }
        return place.offset + layer * place.stride
    }

    /// The contents after the header, in order.
    enum Section {
        /// One kind of weight, for all layers.
        case weight(Llama2Weight)
        /// Tables of cosines and sines, which readers skip.
        case rotations
    }

    /// All sections of a version.
    static func sections(
        of version: Llama2CFile.Version,
        _ configuration: Llama2Configuration
    ) -> [Section] {
        let weights: [Llama2Weight] =
            switch version {
            case .legacy:
                [
                    .tokenEmbedding, .attentionNorm, .wq, .wk, .wv, .wo, .feedForwardNorm, .w1, .w2,
                    .w3, .finalNorm,
                ]
            case .float32, .int8:
                [
                    .attentionNorm, .feedForwardNorm, .finalNorm, .tokenEmbedding, .wq, .wk, .wv,
                    .wo, .w1, .w2, .w3,
                ]
            }
        return weights.map { .weight($0) } + (version == .legacy ? [.rotations] : [])
            + (configuration.hasSeparateClassifier ? [.weight(.classifier)] : [])
    }

    /// Bytes of one weight with its scales.
    private static func byteCount(
        of weight: Llama2Weight,
        _ configuration: Llama2Configuration,
        groupSize: Int?
    ) -> Int {
        let count = weight.shape(in: configuration).reduce(1, *)
        guard let groupSize, !weight.isNorm else { return 4 * count }
        return count + 4 * (count / groupSize)
    }
}

extension Llama2Configuration {
    /// What llama2.c's header cannot express about this model, each in a few words; empty if its
    /// files can hold the model.
    package var differencesFromLlama2C: [String] {
        var differences: [String] = []
        if headSize * headCount != channels {
            differences.append("heads of \(headSize) channels, \(headCount) in \(channels)")
        }
        if ropeTheta != Self.llama2Theta {
            differences.append("a theta of \(ropeTheta), only \(Self.llama2Theta)")
        }
        if ropeScaling != .none {
            differences.append("scaled rotary positions ('\(ropeScaling.name)')")
        }
        if normEpsilon != Self.llama2Epsilon {
            differences.append("an epsilon of \(normEpsilon), only \(Self.llama2Epsilon)")
        }
        return differences
    }

    /// The base of wavelengths in Llama 2, which llama2.c uses.
    package static let llama2Theta: Float = 10_000
    /// What llama2.c adds to the mean of squares.
    package static let llama2Epsilon: Float = 1e-5
}

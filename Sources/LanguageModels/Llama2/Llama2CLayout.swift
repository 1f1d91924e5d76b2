// The order of the weights in llama2.c's checkpoints, and so the place of each and the size of the
// file. Knows sizes only, no bytes.

/// Where everything is in a checkpoint of llama2.c.
struct Llama2CLayout {
    /// Bytes of the whole file.
    let byteCount: Int

    private let places: [Llama2Weight: Place]

    /// Where the weights of one kind are.
    private struct Place {
        /// The first layer's.
        let offset: Int
        /// From one layer's to the next one's.
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
    /// - Precondition: the model has the weight, and the layer.
    func offset(of weight: Llama2Weight, layer: Int) -> Int {
        guard let place = places[weight], place.layers.contains(layer) else {
            preconditionFailure("no weight \(weight.rawValue) of layer \(layer)")
        }
        return place.offset + layer * place.stride
    }

    /// What follows the header, in order.
    enum Section {
        /// One kind of weight, of all layers.
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

// How a container stores the weights of a family: the name and layout of each. Such a table is all
// that is needed to read and write a format of named tensors: an archive knows names, a
// configuration knows shapes, and the table brings the two together. Rearranged weights keep the
// type of their elements, so nothing is rounded.

import TensorFiles
import Tensors

/// Where a container has a weight.
package enum WeightPlace: Sendable, Equatable {
    /// A tensor of this name.
    case tensor(String, WeightArrangement = .asItIs)
    /// Nowhere: the weight is zero.
    case zeros
}

/// The layout of a weight in a container, compared with ``ModelWeights``.
package enum WeightArrangement: Sendable, Equatable {
    /// The same.
    case asItIs
    /// As (in, out).
    case transposed
    /// With the rows of each head, of `headSize` rows, in the order in which rotary positions turn
    /// the halves of the head: row i is row 2i here, and row i + headSize / 2 is row 2i + 1.
    case halves(headSize: Int)
}

/// The names of a model's weights in a container.
package struct WeightNaming: Sendable {
    /// Where each weight is.
    package let places: [ModelWeight: WeightPlace]
    /// The prefix of the names of all tensors in a block.
    let blockPrefix: String
    /// The suffixes of names in a block that are not weights.
    let buffers: [String]

    /// Describes a container.
    /// - Parameters:
    ///   - configuration: The model's sizes.
    ///   - blockPrefix: The prefix of the names of all tensors in a block.
    ///   - buffers: The suffixes of names in a block that are not weights.
    ///   - place: Where a weight is.
    package init(
        _ configuration: some ModelConfiguration,
        blockPrefix: String,
        buffers: [String] = [],
        place: (ModelWeight) -> WeightPlace
    ) {
        self.blockPrefix = blockPrefix
        self.buffers = buffers
        places = Dictionary(uniqueKeysWithValues: configuration.weights.map { ($0, place($0)) })
    }

    /// Where a weight is.
    /// - Precondition: The weight is one of the configuration's.
    package subscript(weight: ModelWeight) -> WeightPlace {
        guard let place = places[weight] else { preconditionFailure("no weight \(weight)") }
        return place
    }
}

extension WeightArrangement {
    /// The shape in the container of a weight with this shape.
    package func storedShape(_ shape: [Int]) -> [Int] {
        self == .transposed ? shape.reversed() : shape
    }
}

/// Weights in a container of named tensors.
package struct ArchivedWeights<Configuration: ModelConfiguration>: ModelWeights {
    package let configuration: Configuration
    package let format: ModelFormat
    private let archive: TensorArchive
    private let naming: WeightNaming
    /// Where blocks become planes: in one arena, so that their memory has huge pages.
    private let arena = WeightArena()

    /// Takes the tensors of a model, and checks that all of them are there, in the right shape, and
    /// that there are no others that would affect what the model computes.
    /// - Throws: `TensorFileError`.
    package init(
        _ configuration: Configuration,
        in archive: TensorArchive,
        naming: WeightNaming,
        format: ModelFormat
    ) throws {
        self.configuration = configuration
        self.archive = archive
        self.naming = naming
        self.format = format
        var known: Set<String> = []
        for weight in configuration.weights {
            guard case .tensor(let name, let arrangement) = naming[weight] else { continue }
            _ = try archive.tensor(name, shape: arrangement.storedShape(weight.shape))
            known.insert(name)
        }
        // A tensor that is silently ignored would make it a different model.
        let other = archive.tensors.map(\.name).first { name in
            !known.contains(name) && !naming.buffers.contains(where: name.hasSuffix)
                && (name.hasPrefix(naming.blockPrefix) || name.hasSuffix(".bias"))
        }
        guard let other else { return }
        throw TensorFileError.unsupported(
            path: archive.path,
            reason:
                "it has a tensor '\(other)', which no \(Configuration.familyName) of these sizes "
                + "has",
            hint: "use a model of this architecture, with the configuration that belongs to it"
        )
    }

    package var tensors: [StoredTensor] { archive.tensors }

    package func elementType(of weight: ModelWeight) throws -> ElementType {
        guard case .tensor(let name, let arrangement) = naming[weight] else { return .float32 }
        let stored = try archive.tensor(name, shape: arrangement.storedShape(weight.shape))
        return stored.storedType.weightType ?? .float32
    }

    package func tensor(_ weight: ModelWeight) throws -> Tensor {
        guard case .tensor(let name, let arrangement) = naming[weight] else {
            return try Tensor(zeros: weight.shape)
        }
        let stored = try archive.tensor(name, shape: arrangement.storedShape(weight.shape))
        return try arrangement.arranged(stored.tensor(in: arena))
    }
}

extension WeightArrangement {
    /// Converts from a container's arrangement to the order that models compute with.
    /// - Throws: `TensorError` when memory is short.
    func arranged(_ stored: Tensor) throws -> Tensor {
        switch self {
        case .asItIs: stored
        case .transposed: try stored.transposed()
        case .halves(let headSize):
            try stored.withRowsMoved { row in
                let (head, i) = (row / headSize, row % headSize)
                return head * headSize + i / 2 + (i % 2) * (headSize / 2)
            }
        }
    }

    /// The reverse: converts to a container's arrangement.
    /// - Throws: `TensorError` when memory is short.
    func stored(_ weight: Tensor) throws -> Tensor {
        switch self {
        case .asItIs: weight
        case .transposed: try weight.transposed()
        case .halves(let headSize):
            try weight.withRowsMoved { row in
                let (head, i) = (row / headSize, row % headSize)
                let half = headSize / 2
                return head * headSize + (i % half) * 2 + i / half
            }
        }
    }
}

extension Tensor {
    /// The same rows in another order, in memory of their own.
    /// - Parameter source: The source row for each row of the result.
    /// - Returns: The rows in that order.
    /// - Throws: `TensorError` when memory is short; an error about a file that has lost some of
    ///   them.
    fileprivate func withRowsMoved(_ source: (_ row: Int) -> Int) throws -> Tensor {
        let result = try Tensor(zeros: shape, elementType: elementType)
        for row in 0..<shape[0] { result[row].copy(from: self[source(row)]) }
        try requireIntact()
        return result
    }

    /// A transposed copy of a matrix.
    /// - Throws: `TensorError` when memory is short; an error about a file that has lost some of
    ///   it.
    /// - Precondition: Its elements are not in blocks.
    fileprivate func transposed() throws -> Tensor {
        precondition(shape.count == 2 && !elementType.isBlocked, "\(elementType) \(shape) turned")
        let result = try Tensor(zeros: shape.reversed(), elementType: elementType)
        switch elementType.byteWidth {
        case 2: transpose(into: result, as: UInt16.self)
        default: transpose(into: result, as: UInt32.self)
        }
        try requireIntact()
        return result
    }

    private func transpose<Bits: BitwiseCopyable>(into result: Tensor, as type: Bits.Type) {
        let (rows, columns) = (shape[0], shape[1])
        // Squares whose rows fill a cache line on both sides.
        let side = 64 / MemoryLayout<Bits>.size
        withUnsafeElements(as: Bits.self) { source in
            result.withUnsafeMutableElements(as: Bits.self) { destination in
                for firstRow in stride(from: 0, to: rows, by: side) {
                    let rowEnd = min(firstRow + side, rows)
                    for firstColumn in stride(from: 0, to: columns, by: side) {
                        for column in firstColumn..<min(firstColumn + side, columns) {
                            for row in firstRow..<rowEnd {
                                destination[column * rows + row] = source[row * columns + column]
                            }
                        }
                    }
                }
            }
        }
    }
}

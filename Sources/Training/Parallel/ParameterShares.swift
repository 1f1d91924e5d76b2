// Which part of the parameters each process of a run handles. It sums the gradients of its part,
// and with a sharded optimizer it alone has their moments and updates them.

import LanguageModels
import Tensors

/// The parameters of a model, divided among processes.
///
/// Every process has a part of every tensor of every layer, as in llm.c, so that none has to be
/// waited for while the gradients of one layer after another become complete.
package struct ParameterShares {
    /// Contiguous elements: a tensor of one layer, or one outside layers.
    package struct Piece: Equatable {
        /// The place of its tensor in the layout.
        package let tensor: Int
        /// Its layer; nil for a piece outside layers.
        package let layer: Int?
        /// Its elements among those of all parameters.
        package let range: Range<Int>
    }

    /// All pieces, in memory order.
    package let pieces: [Piece]
    /// How many processes share them.
    package let processCount: Int

    /// Divides the parameters of a model.
    package init(_ model: TransformerModel, processCount: Int) {
        let names =
            model.trainedAdapter == nil
            ? Set(model.sizes.weights.filter { $0.layer != nil }.map(\.name)) : []
        self.init(model.parameters.layout, layered: names, processCount: processCount)
    }

    /// Divides the tensors of a layout.
    /// - Parameters:
    ///   - layout: A packed layout.
    ///   - layered: The names of the tensors whose first axis is layers.
    ///   - processCount: How many processes share them.
    package init(_ layout: TensorLayout, layered: Set<String>, processCount: Int) {
        precondition(processCount > 0, "\(processCount) processes")
        self.processCount = processCount
        var start = 0
        var pieces: [Piece] = []
        for (index, specification) in layout.specifications.enumerated() {
            let isLayered = layered.contains(specification.name)
            let layerCount = isLayered ? specification.shape[0] : 1
            let count = specification.count / max(layerCount, 1)
            for layer in 0..<layerCount {
                pieces.append(
                    Piece(
                        tensor: index,
                        layer: isLayered ? layer : nil,
                        range: start..<start + count
                    )
                )
                start += count
            }
        }
        self.pieces = pieces
    }

    /// A process's part of a piece.
    package func range(of piece: Piece, rank: Int) -> Range<Int> {
        let (start, count) = (piece.range.lowerBound, piece.range.count)
        return start + count * rank / processCount..<start + count * (rank + 1) / processCount
    }

    /// A process's elements among those of all parameters, piece by piece.
    package func ranges(ofRank rank: Int) -> [Range<Int>] {
        pieces.map { range(of: $0, rank: rank) }
    }

    /// How many elements a process has.
    package func elementCount(ofRank rank: Int) -> Int {
        ranges(ofRank: rank).reduce(0) { $0 + $1.count }
    }
}

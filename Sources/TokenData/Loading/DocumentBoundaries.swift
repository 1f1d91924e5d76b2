// Documents that do not see each other, whatever source the batches come from.

import FileIO

/// The batches of another source, with documents that do not see each other.
///
/// A document begins at the token that begins documents, and lasts until the next one. A row that
/// begins in the middle of a document begins with the rest of it.
package struct DocumentBoundaries: BatchSource {
    private var base: any BatchSource
    /// The token that begins documents.
    package let documentStart: Int32

    /// Separates the documents of a source.
    /// - Parameters:
    ///   - base: Where the batches come from.
    ///   - documentStart: The token that begins each document.
    package init(_ base: any BatchSource, documentStart: Int32) {
        self.base = base
        self.documentStart = documentStart
    }

    package var source: TokenLoaderSource {
        var source = base.source
        source.documentStart = documentStart
        return source
    }

    package var state: TokenLoaderState {
        var state = base.state
        state.source = source
        return state
    }

    package var samplesPerEpoch: Int { base.samplesPerEpoch }
    package var shardPaths: [FilePath] { base.shardPaths }
    package var countsAllTargets: Bool { base.countsAllTargets }

    package mutating func nextBatch(into batch: inout TokenBatch) throws {
        try base.nextBatch(into: &batch)
        let T = base.source.sequenceLength
        var starts = batch.starts ?? [Int32](repeating: 0, count: batch.inputs.count)
        for row in 0..<batch.inputs.count / T {
            var start: Int32 = 0
            for position in 0..<T {
                let index = row * T + position
                if batch.inputs[index] == documentStart { start = Int32(position) }
                // A source that separates its own parts has its own boundaries.
                start = max(start, starts[index])
                starts[index] = start
            }
        }
        batch.starts = starts
    }

    package mutating func startEpoch() throws { try base.startEpoch() }

    package mutating func restore(_ saved: TokenLoaderState) throws {
        try saved.source?.checkEquals(source, shardPaths: shardPaths)
        var saved = saved
        saved.source?.documentStart = nil
        try base.restore(saved)
    }

    package mutating func digestShards(_ progress: (Int, Int) throws -> Void) throws {
        try base.digestShards(progress)
    }
}

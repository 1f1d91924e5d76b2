// Memory for keys and values: how it grows, and that stored values stay.

import Inference
import Tensors
import Testing

@Suite struct KVCacheTests {
    private let shape = KVCacheShape(layerCount: 2, headCount: 3, headSize: 4)

    private func cache(_ precision: ElementType = .float32, sequences: Int = 2) throws -> KVCache {
        KVCache(
            shape,
            precision: precision,
            tokenCapacity: 200,
            sequenceCount: sequences,
            ops: try Ops(threadCount: 1)
        )
    }

    /// The number stored as an element of the key, or the value, of a token.
    private func number(layer: Int, head: Int, token: Int, isValue: Bool) -> Float {
        Float(((layer * 3 + head) * 200 + token) * 2 + (isValue ? 1 : 0))
    }

    /// Stores `number` in all elements of some tokens.
    private func fill(_ cache: KVCache, _ sequence: Int, tokens: Range<Int>) {
        for layer in 0..<2 {
            let part = cache.part(
                layer: layer,
                sequence: sequence,
                past: tokens.lowerBound,
                rows: 0..<tokens.count
            )
            for head in 0..<3 {
                for token in tokens {
                    for (plane, isValue) in [(part.keys, false), (part.values, true)] {
                        plane[head][token].withUnsafeMutableElements(as: Float.self) {
                            $0.update(
                                repeating: number(
                                    layer: layer,
                                    head: head,
                                    token: token,
                                    isValue: isValue
                                )
                            )
                        }
                    }
                }
            }
        }
        cache.setTokenCount(tokens.upperBound, of: sequence)
    }

    /// Whether the first tokens of a sequence hold what ``fill(_:_:tokens:)`` stored.
    private func holds(_ cache: KVCache, _ sequence: Int, tokens: Range<Int>) -> Bool {
        (0..<2).allSatisfy { layer in
            let part = cache.part(layer: layer, sequence: sequence, past: 0, rows: 0..<0)
            return (0..<3).allSatisfy { head in
                tokens.allSatisfy { token in
                    [(part.keys, false), (part.values, true)].allSatisfy { plane, isValue in
                        let expected = number(
                            layer: layer,
                            head: head,
                            token: token,
                            isValue: isValue
                        )
                        return plane[head][token].floats().allSatisfy { $0 == expected }
                    }
                }
            }
        }
    }

    @Test func aTokenTakesAKeyAndAValueOfEveryHeadOfEveryLayer() {
        #expect(shape.bytesPerToken(.float32) == 2 * 2 * 3 * 4 * 4)
        #expect(shape.bytesPerToken(.bfloat16) == shape.bytesPerToken(.float32) / 2)
    }

    @Test(arguments: KVCache.precisions)
    func roomIsDoubledWhenNeededAndNeverExceedsTheCapacity(
        precision: ElementType
    ) throws {
        let cache = try cache(precision)
        #expect(cache.byteCount == 0)
        for (count, capacity) in [(0, 0), (1, 64), (64, 64), (65, 128), (129, 200), (200, 200)] {
            try cache.reserve(1, tokenCount: count)
            #expect(cache.byteCount == capacity * shape.bytesPerToken(precision))
        }
        #expect(cache.tokenCount(of: 1) == 0)
    }

    @Test func growingKeepsWhatASequenceHolds() throws {
        let cache = try cache()
        try cache.reserve(0, tokenCount: 60)
        fill(cache, 0, tokens: 0..<60)
        for count in [65, 150, 200] {
            try cache.reserve(0, tokenCount: count)
            #expect(cache.tokenCount(of: 0) == 60)
            #expect(holds(cache, 0, tokens: 0..<60))
        }
        fill(cache, 0, tokens: 60..<200)
        #expect(holds(cache, 0, tokens: 0..<200))
    }

    @Test func aCopyHoldsTheSameAndIsIndependent() throws {
        let cache = try cache(sequences: 3)
        try cache.reserve(0, tokenCount: 70)
        fill(cache, 0, tokens: 0..<70)
        try cache.copy(0, to: 2)
        #expect(cache.tokenCount(of: 2) == 70)
        #expect(holds(cache, 2, tokens: 0..<70))
        // Writing to one does not change the other.
        let part = cache.part(layer: 1, sequence: 2, past: 0, rows: 0..<70)
        part.keys[0][5].withUnsafeMutableElements(as: Float.self) { $0.update(repeating: -1) }
        #expect(holds(cache, 0, tokens: 0..<70))
        #expect(!holds(cache, 2, tokens: 0..<70))
        try cache.copy(0, to: 0)
        #expect(holds(cache, 0, tokens: 0..<70))
        try cache.copy(0, to: 2, tokenCount: 20)
        #expect(cache.tokenCount(of: 2) == 20)
        #expect(holds(cache, 2, tokens: 0..<20))
        // Copying an empty one empties the other.
        try cache.copy(1, to: 2)
        #expect(cache.tokenCount(of: 2) == 0)
    }

    @Test func aSequenceCutBackKeepsItsRoomAndItsFirstTokens() throws {
        let cache = try cache()
        try cache.reserve(0, tokenCount: 100)
        fill(cache, 0, tokens: 0..<100)
        let bytes = cache.byteCount
        cache.setTokenCount(30, of: 0)
        #expect(cache.tokenCount(of: 0) == 30)
        #expect(cache.byteCount == bytes)
        try cache.copy(0, to: 1)
        #expect(holds(cache, 1, tokens: 0..<30))
    }

    @Test func sequencesOfDifferentLengthsAreIndependent() throws {
        let cache = try cache()
        try cache.reserve(0, tokenCount: 10)
        try cache.reserve(1, tokenCount: 90)
        fill(cache, 1, tokens: 0..<90)
        #expect(cache.tokenCount(of: 0) == 0)
        #expect(
            cache.byteCount == (64 + 90) * shape.bytesPerToken(.float32),
            "a large request is not doubled"
        )
    }
}

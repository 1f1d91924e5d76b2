// Numbers that show what a head does: how much of its attention is where TransformerLens's head
// detector and Olsson et al. 2022 ("In-context Learning and Induction Heads") look. Each is a mean
// over the tokens that have such a place to look at, not over all tokens as in the detector.
// Patterns are examined one after the other and not kept.

import Inference
import RandomNumbers
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How closely a head's behavior matches known patterns.
public struct HeadScores: Sendable, Equatable, Codable {
    /// The block.
    public let layer: Int
    /// The head in it.
    public let head: Int
    /// Mean attention from a token to the one before it.
    public let previousToken: Float
    /// Mean attention from a token to the first one.
    public let firstToken: Float
    /// On repeated random tokens, mean attention from a token of the second half to its first
    /// occurrence.
    public let duplicateToken: Float
    /// On repeated random tokens, mean attention from a token of the second half to the token after
    /// its first occurrence.
    public let induction: Float
    /// Mean distance, in tokens, to what the head looks at.
    public let distance: Float
    /// Mean entropy of its patterns, in nats.
    public let entropy: Float

    /// Names a head's scores.
    package init(
        layer: Int,
        head: Int,
        previousToken: Float,
        firstToken: Float,
        duplicateToken: Float,
        induction: Float,
        distance: Float,
        entropy: Float
    ) {
        self.layer = layer
        self.head = head
        self.previousToken = previousToken
        self.firstToken = firstToken
        self.duplicateToken = duplicateToken
        self.induction = induction
        self.distance = distance
        self.entropy = entropy
    }
}

extension InspectableModel {
    /// Scores for each head that show what it does.
    ///
    /// Duplicate-token and induction scores are measured on random tokens that are repeated once:
    /// only by looking back can a head find what came before. The other scores are measured on the
    /// texts, or on the random tokens if there are none.
    /// - Parameters:
    ///   - sequences: Texts, each of 1 to ``LanguageModel/contextLength`` tokens; may be empty.
    ///   - seed: The seed of the random tokens.
    ///   - repeatedLength: Random tokens before they are repeated, at least 2; fewer if the context
    ///     has no room for twice as many.
    ///   - repeatedCount: Random sequences, at least 1.
    ///   - progress: Called with the number of finished sequences and the total.
    /// - Returns: The scores of each head, ordered by layer and head.
    /// - Throws: ``InterpretabilityError`` for tokens that the model does not have, texts of one
    ///   token only, a context of less than four, or weights that are not finite; what the model's
    ///   pass throws, or `progress`.
    package func headScores(
        on sequences: [[Int32]] = [],
        seed: UInt64 = 0,
        repeatedLength: Int = 50,
        repeatedCount: Int = 10,
        progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> [HeadScores] {
        precondition(repeatedLength >= 2 && repeatedCount >= 1, "random tokens that do not repeat")
        let texts = sequences.isEmpty ? [] : try checkedPairs(sequences)
        let half = min(repeatedLength, contextLength / 2)
        guard half >= 2 else { throw InterpretabilityError.contextTooShort(contextLength) }
        var generator = MersenneTwister(seed: seed)
        let repeated = (0..<repeatedCount).map { _ in
            let tokens = (0..<half).map { _ in
                Int32(generator.next32() % UInt32(vocabularySize))
            }
            return tokens + tokens
        }
        let layers = Array(0..<layerCount)
        var sums = layers.flatMap { layer in
            (0..<headCount).map { PatternSums(layer: layer, head: $0) }
        }
        let session = try makeHookedSession(
            sequenceCount: 1,
            tokenCapacity: texts.reduce(2 * half) { max($0, $1.count) }
        )
        let all = repeated + texts
        for (index, tokens) in all.enumerated() {
            let isText = index >= repeated.count
            try visitPatterns(of: tokens, layers: layers, in: session) { layer, past, pattern in
                for head in 0..<headCount {
                    let rows = ops.floats(pattern[head])
                    for row in 0..<pattern.shape[1] {
                        let start = row * pattern.shape[2]
                        let visible = rows.span.extracting(start..<start + past + row + 1)
                        guard visible[0].isFinite else {
                            throw InterpretabilityError.notFinite("attention patterns")
                        }
                        let place = layer * headCount + head
                        if isText || texts.isEmpty { sums[place].add(visible) }
                        if !isText { sums[place].add(visible, repeatedAfter: half) }
                    }
                }
            }
            session.truncate(0, to: 0)
            try progress(index + 1, all.count)
        }
        return sums.map(\.scores)
    }
}

/// Sums over the rows of a head's patterns.
private struct PatternSums {
    let layer: Int
    let head: Int
    private var (rowCount, laterCount, repeatedCount) = (0, 0, 0)
    private var (previousToken, firstToken, duplicateToken, induction) = (0.0, 0.0, 0.0, 0.0)
    private var (distance, entropy) = (0.0, 0.0)

    init(layer: Int, head: Int) { (self.layer, self.head) = (layer, head) }

    /// Adds what a token looks at: the positions up to its own.
    mutating func add(_ row: Span<Float>) {
        let t = row.count - 1
        rowCount += 1
        for s in 0...t where row[s] > 0 {
            distance += Double(row[s]) * Double(t - s)
            entropy -= Double(row[s] * log(row[s]))
        }
        guard t >= 1 else { return }
        laterCount += 1
        previousToken += Double(row[t - 1])
        firstToken += Double(row[0])
    }

    /// Adds what a token in the second half of a repeated sequence looks at.
    mutating func add(_ row: Span<Float>, repeatedAfter length: Int) {
        let t = row.count - 1
        guard t >= length else { return }
        repeatedCount += 1
        duplicateToken += Double(row[t - length])
        induction += Double(row[t - length + 1])
    }

    var scores: HeadScores {
        func mean(_ sum: Double, _ count: Int) -> Float { Float(sum / Double(count)) }
        return HeadScores(
            layer: layer,
            head: head,
            previousToken: mean(previousToken, laterCount),
            firstToken: mean(firstToken, laterCount),
            duplicateToken: mean(duplicateToken, repeatedCount),
            induction: mean(induction, repeatedCount),
            distance: mean(distance, rowCount),
            entropy: mean(entropy, rowCount)
        )
    }
}

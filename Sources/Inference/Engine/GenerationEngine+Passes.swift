// What one pass through the model takes of the sequences, and where its logits go.

extension GenerationEngine {
    /// The most tokens that models compute in the same way as a single one: a larger number is a
    /// matrix product, which sums in another order ("The same bits", docs/numerics.md).
    static var fewTokens: Int { 16 }
    /// The fewest tokens that are computed the other way.
    static var manyTokens: Int { fewTokens + 1 }
    /// The most tokens of a pass that sessions do not split into several.
    private static var wholePass: Int { 256 }

    /// Tokens of some sequences for one call of the model.
    private struct Pass {
        var parts: [SequencePart] = []
        /// The only prompt that is not read to its end.
        var unfinished: SequencePart?
        var tokenCount = 0

        mutating func add(_ part: SequencePart) {
            parts.append(part)
            tokenCount += part.tokens.count
        }
    }

    /// Runs the model on the unread tokens of active sequences, as far as one round goes; does
    /// nothing when each has its next token predicted.
    func runPass() throws {
        // The sequences whose tokens are to be read, and those that reuse what others read.
        var readers: [Int] = []
        var leaders: [[Int32]: Int] = [:]
        var twins: [(number: Int, leader: Int)] = []
        for number in order {
            guard slots[number]?.isLive == true,
                !waiting.contains(where: { $0.sequence == number })
            else { continue }
            if slots[number]?.isReadingPrompt == true {
                let history = self[number].history
                if self[number].hasReadNothing {
                    if let leader = leaders[history] {
                        twins.append((number, leader))
                        continue
                    }
                    if try sharePrompt(number, readers: readers) { continue }
                }
                leaders[history] = leaders[history] ?? number
            }
            makeRoom(in: number)
            readers.append(number)
        }
        for pass in isReproducible ? separatePasses(readers) : [commonPass(readers)] {
            try append(pass)
        }
        // Twins of sequences that are read to the end are too.
        for (number, leader) in twins {
            guard let row = waiting.first(where: { $0.sequence == leader })?.row else { continue }
            let count = held[leader].tokens.count
            try session.copy(leader, to: number, tokenCount: count)
            held[number] = held[leader]
            slots[number]?.unread = []
            slots[number]?.reusedTokenCount = count
            let twinRow = freeRows(1)
            logits.copyRow(row, to: twinRow, of: session.vocabularySize)
            waiting.append((number, twinRow))
        }
    }

    /// All tokens in one pass.
    private func commonPass(_ numbers: [Int]) -> Pass {
        var pass = Pass()
        var budget = max(1, promptTokensPerPass)
        for number in numbers {
            let unread = self[number].unread
            let part = SequencePart(sequence: number, tokens: Array(unread.prefix(budget)))
            if unread.count <= 1 {
                pass.add(SequencePart(sequence: number, tokens: unread))
            } else if unread.count <= budget {
                pass.add(part)
                budget -= unread.count
            } else if budget > 0 {
                pass.unfinished = part
                budget = 0
            }
        }
        return pass
    }

    /// Passes of few tokens for generated ones and short prompts, and then one of many for long
    /// prompts, of which each has at least ``manyTokens``.
    private func separatePasses(_ numbers: [Int]) -> [Pass] {
        var passes: [Pass] = []
        var few = Pass()
        var many = Pass()
        // Of any prompt longer than that, at least as much is left as is read.
        let most = min(max(promptTokensPerPass, 2 * Self.manyTokens), Self.wholePass)
        for number in numbers {
            let unread = self[number].unread
            if unread.count <= Self.fewTokens {
                if few.tokenCount + unread.count > Self.fewTokens {
                    passes.append(few)
                    few = Pass()
                }
                few.add(SequencePart(sequence: number, tokens: unread))
            } else if many.unfinished == nil, many.parts.count < Self.fewTokens {
                let budget = most - many.tokenCount
                if unread.count <= budget {
                    many.add(SequencePart(sequence: number, tokens: unread))
                } else {
                    let count = min(budget, unread.count - Self.manyTokens)
                    guard count >= Self.manyTokens else { continue }
                    many.unfinished = SequencePart(
                        sequence: number,
                        tokens: Array(unread.prefix(count))
                    )
                }
            }
        }
        return passes + [few, many]
    }

    /// Gives the session tokens, and predicts the next one for sequences that have none unread.
    private func append(_ pass: Pass) throws {
        // The last row belongs to no sequence, so the next pass, or a twin, can use it.
        let all = pass.parts + (pass.unfinished.map { [$0] } ?? [])
        if all.isEmpty { return }
        let first = freeRows(all.count)
        try logits.withRows(first..<first + all.count, of: session.vocabularySize) {
            try session.append(all, predicting: &$0)
        }
        for part in all {
            let isPrompt = part.tokens.count > Self.fewTokens
            if isPrompt, held[part.sequence].promptCount == held[part.sequence].tokens.count {
                held[part.sequence].promptCount += part.tokens.count
            }
            held[part.sequence].tokens += part.tokens
            slots[part.sequence]?.unread.removeFirst(part.tokens.count)
        }
        waiting += pass.parts.enumerated().map { ($1.sequence, first + $0) }
    }

    /// The first of `count` rows of logits after those still waiting.
    private func freeRows(_ count: Int) -> Int {
        let first = waiting.reduce(0) { max($0, $1.row + 1) }
        if first + count <= slots.count { return first }
        // Sequences that were removed while waiting have left gaps.
        waiting.sort { $0.row < $1.row }
        for row in waiting.indices where waiting[row].row != row {
            logits.copyRow(waiting[row].row, to: row, of: session.vocabularySize)
            waiting[row].row = row
        }
        return waiting.count
    }

    /// Lets a full context slide.
    private func makeRoom(in number: Int) {
        let sequence = self[number]
        guard held[number].tokens.count + sequence.unread.count > contextLength else { return }
        keep(0, in: number)
        let window = sequence.limits.window(of: sequence.history, contextLength: contextLength)
        slots[number]?.unread = window
    }
}

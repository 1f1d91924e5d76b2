// What one pass through the model takes of the sequences, and where its logits go.

extension GenerationEngine {
    /// Runs the model on what sequences that go on have unread, as far as one pass takes it; does
    /// nothing when each has its next token predicted.
    func runPass() throws {
        var parts: [SequencePart] = []
        // The only prompt that is not read to its end.
        var unfinished: SequencePart?
        var leaders: [[Int32]: Int] = [:]
        var twins: [(number: Int, leader: Int)] = []
        var budget = max(1, promptTokensPerPass)
        for number in order {
            guard slots[number]?.isLive == true else { continue }
            if slots[number]?.isReadingPrompt == true {
                let sequence = self[number]
                if let leader = leaders[sequence.history], sequence.held.isEmpty {
                    twins.append((number, leader))
                    continue
                }
                leaders[sequence.history] = leaders[sequence.history] ?? number
            } else if waiting.contains(where: { $0.sequence == number }) {
                continue
            }
            makeRoom(in: number)
            let unread = slots[number]?.unread ?? []
            if unread.count <= 1 {
                parts.append(SequencePart(sequence: number, tokens: unread))
            } else if unread.count <= budget {
                parts.append(SequencePart(sequence: number, tokens: unread))
                budget -= unread.count
            } else if budget > 0 {
                unfinished = SequencePart(sequence: number, tokens: Array(unread.prefix(budget)))
                budget = 0
            }
        }
        try append(parts, unfinished)
        // Twins of what is read to its end are too.
        for (number, leader) in twins {
            guard let row = waiting.first(where: { $0.sequence == leader })?.row else { continue }
            try session.copy(leader, to: number)
            let held = self[leader].held
            slots[number]?.held = held
            slots[number]?.unread = []
            let twinRow = firstFreeRow
            logits.copyRow(row, to: twinRow, of: session.vocabularySize)
            waiting.append((number, twinRow))
        }
    }

    /// Gives the session parts, of which those that are all a sequence had unread have their next
    /// token predicted.
    private func append(_ parts: [SequencePart], _ unfinished: SequencePart?) throws {
        // The last row is nobody's, so that the next pass, or a twin, can use it.
        let all = parts + (unfinished.map { [$0] } ?? [])
        if all.isEmpty { return }
        let first = firstFreeRow
        try logits.withRows(first..<first + all.count, of: session.vocabularySize) {
            try session.append(all, predicting: &$0)
        }
        for part in all {
            slots[part.sequence]?.held += part.tokens
            slots[part.sequence]?.unread.removeFirst(part.tokens.count)
        }
        waiting += parts.enumerated().map { ($1.sequence, first + $0) }
    }

    /// The row of logits after those that are waited on.
    private var firstFreeRow: Int { waiting.reduce(0) { max($0, $1.row + 1) } }

    /// Lets a full context slide.
    private func makeRoom(in number: Int) {
        let count = (slots[number]?.held.count ?? 0) + (slots[number]?.unread.count ?? 0)
        guard count > contextLength else { return }
        let sequence = self[number]
        session.truncate(number, to: 0)
        slots[number]?.held = []
        let window = sequence.limits.window(of: sequence.history, contextLength: contextLength)
        slots[number]?.unread = window
    }
}

// Going on in the data with another number of processes. Where all of them count the sequences of
// one order, the place is the same for any number; where each has an order of its own, there is no
// such place.

extension TokenLoaderSource {
    /// The same for another process beside this one.
    package func ofProcess(_ rank: Int) -> Self {
        var source = self
        source.rank = rank
        return source
    }

    /// Whether both are the same data, divided in the same way but for the processes.
    package func isSame(as other: Self) -> Bool {
        var source = ofProcess(other.rank)
        source.processCount = other.processCount
        return source == other
    }
}

extension TokenLoaderState {
    /// The place where a process goes on that was one of another number of processes.
    ///
    /// All processes together then read on where those before them stopped: batch m of process r,
    /// of P processes, is batch m P + r of one alone. In llm.c's order this holds up to the end of
    /// the shard, since what is too short for a batch of each process is left out there.
    /// - Parameter current: The source of the process that goes on.
    /// - Returns: The position unchanged where it does not tell its source, or is that of as many
    ///   processes; that it is one of the same data is checked when a source goes there.
    /// - Throws: ``TokenDataError/otherProcessCount(then:now:reason:)`` when there is no such
    ///   place.
    public func converted(to current: TokenLoaderSource) throws -> Self {
        guard var source, source.processCount != current.processCount else { return self }
        func refusal(_ reason: String) -> TokenDataError {
            .otherProcessCount(
                then: source.processCount,
                now: current.processCount,
                reason: reason
            )
        }
        guard shuffle == nil else {
            throw refusal("each process has shuffled the data in an order of its own")
        }
        var state = self
        if source.order != .conversations {
            guard let index = place(current.processCount, source.processCount) else {
                throw refusal("the batches read so far do not divide among them")
            }
            state.sampleIndex = index
        } else if source.seed == nil {
            // The end of an epoch is filled up to a batch of every process.
            let (sequenceCount, overflow) = current.batchSize.multipliedReportingOverflow(
                by: current.processCount
            )
            guard !overflow, sampleIndex.isMultiple(of: sequenceCount) else {
                throw refusal("the conversations read so far do not divide among them")
            }
        }
        source.processCount = current.processCount
        source.rank = current.rank
        state.source = source
        return state
    }

    /// How many batches of each of `count` processes are those that `formerCount` have read; nil
    /// where they do not divide.
    private func place(_ count: Int, _ formerCount: Int) -> Int? {
        let (batches, overflow) = sampleIndex.multipliedReportingOverflow(by: formerCount)
        return !overflow && batches.isMultiple(of: count) ? batches / count : nil
    }
}

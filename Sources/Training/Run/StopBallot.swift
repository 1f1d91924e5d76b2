// Whether a run stops. Each process may be told to at any time, but all must stop at the same
// point: so they vote, and none waits for the votes.

import Collectives

/// Repeatedly asks the processes of a run whether to stop.
///
/// All of them ask at the same points.
final class StopBallot {
    private let group: ProcessGroup
    private let vote: () -> Bool
    /// The votes from the previous time.
    private var votes: PendingNumbers?
    private var isDecided = false
    /// Why the votes could not be gathered.
    private var failure: (any Error)?

    /// Prepares to ask.
    /// - Parameters:
    ///   - group: The processes.
    ///   - vote: Whether this process is told to stop.
    init(_ group: ProcessGroup, vote: @escaping () -> Bool) {
        (self.group, self.vote) = (group, vote)
    }

    /// Whether this process is told to stop, regardless of the others.
    func isToldToStop() -> Bool { vote() }

    /// Whether all stop here.
    ///
    /// A single process stops as soon as it is told to. Several stop the next time they ask,
    /// because votes travel while the processes compute. A process that stops stays stopped.
    func shouldStop() -> Bool {
        if isDecided { return true }
        guard group.hasOthers else {
            isDecided = vote()
            return isDecided
        }
        do {
            isDecided = try votes?.results().contains([1]) ?? false
            votes = isDecided ? nil : group.startGathering([vote() ? 1 : 0])
        } catch {
            failure = error
            isDecided = true
        }
        return isDecided
    }

    /// Ends the vote, at the same point in all processes.
    /// - Throws: Why the votes could not be gathered.
    func close() throws {
        if let failure { throw failure }
        _ = try votes?.results()
        votes = nil
    }
}

// Whether a run stops. Each process may be told to on its own and at its own time, and all must
// stop at the same point: so they vote, and none waits for the votes.

import Collectives

/// Asks the processes of a run, again and again, whether to stop.
///
/// All of them ask at the same points.
final class StopBallot {
    private let group: ProcessGroup
    private let vote: () -> Bool
    /// The votes of the time before.
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

    /// Whether this process is told to stop, whatever the others are.
    func isToldToStop() -> Bool { vote() }

    /// Whether all stop here.
    ///
    /// A process alone stops as soon as it is told to. Several stop where they ask the next time,
    /// as votes travel while the processes compute. Who stops stops for good.
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

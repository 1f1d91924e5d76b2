// The processes that a launcher such as mpirun started for one run. The first one prints for all:
// the others print nothing, whatever happens, unless they fail in a way that the first cannot know
// about.

import Swiftlet

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a command knows about the processes started with it.
enum LaunchedProcesses {
    /// Whether this process leaves printing to the first one.
    ///
    /// This is known before the processes are connected.
    /// - Parameter commandNames: The names of the command; empty if not known.
    /// - Returns: True for all but the first of processes that work together.
    static func areSpokenFor(_ commandNames: [String]) -> Bool {
        guard let launcher = Launcher.current, launcher.rank > 0 else { return false }
        return commandNames.first.map { $0 == TrainCommand._commandName } ?? true
    }

    /// Lets the first process report an error: a launcher ends all processes as soon as one has
    /// failed.
    static func waitForTheFirst(toSay status: ExitStatus) {
        if Terminal.isSilent && status != .done { sleep(2) }
    }

    /// Runs what several processes do together, or a single one.
    /// - Parameter body: Called with all of them.
    /// - Throws: What `body` throws. If the others do not know about it, they end too.
    static func run(_ body: (ProcessGroup) throws -> Void) throws {
        let group = try Launcher.current.map { launcher in
            try ProcessGroup(launcher) { ExitStatus(for: $0).rawValue }
        }
        do {
            try body(group ?? .alone)
        } catch {
            guard let group else { throw error }
            if group.hasAgreedToEnd {
                group.close()
                throw error
            }
            Terminal.isSilent = false
            let status = ExitStatus(for: error)
            group.abort(status: status.rawValue)
            throw CommandError(status, "process \(group.rank) cannot continue: \(error)")
        }
        group?.close()
    }
}

extension ProcessGroup {
    /// Whether any of the processes has been told to end.
    /// - Throws: ``CollectiveError``.
    func isAnyInterrupted() throws -> Bool {
        try gather([Signals.isInterrupted ? 1.0 : 0]).contains([1])
    }
}

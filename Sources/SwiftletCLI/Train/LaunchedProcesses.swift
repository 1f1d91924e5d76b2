// The processes that a launcher such as mpirun started for one run. The first of them speaks for
// all: the others say nothing, whatever happens, unless they fail in a way that the first cannot
// know of.

import Swiftlet

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a command has of the processes beside it.
enum LaunchedProcesses {
    /// Whether this process leaves it to the first one to speak.
    ///
    /// It is known before the processes are connected.
    /// - Parameter commandNames: Of the command; none when it is not known.
    /// - Returns: True for the others of those that work together.
    static func areSpokenFor(_ commandNames: [String]) -> Bool {
        guard let launcher = Launcher.current, launcher.rank > 0 else { return false }
        return commandNames.first.map { $0 == TrainCommand._commandName } ?? true
    }

    /// Lets the first process say what is wrong: a launcher ends all processes as soon as one has
    /// failed.
    static func waitForTheFirst(toSay status: ExitStatus) {
        if Terminal.isSilent && status != .done { sleep(2) }
    }

    /// Does what several processes do together, or one alone.
    /// - Parameter body: Called with all of them.
    /// - Throws: What `body` throws. Where the others do not know of it, they end too.
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
            throw CommandError(status, "process \(group.rank) cannot go on: \(error)")
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

// The processes that a launcher such as mpirun started for one run. The first of them speaks for
// all: the others stay silent, unless they fail in a way that the first cannot know of.

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
    /// It is known before the processes are connected.
    /// - Parameter commandNames: Of the command; none when it is not known.
    /// - Returns: True for all but the first, unless each of them has something of its own to say.
    static func areSpokenFor(_ commandNames: [String]) -> Bool {
        guard let launcher = Launcher.current, launcher.rank > 0 else { return false }
        return commandNames.first != InfoCommand._commandName
    }

    /// Checks that a command is one that several processes can run.
    ///
    /// Others would do the same work once in each process, and write over each other's files.
    /// - Parameter commandNames: Of the command.
    /// - Throws: ``CommandError``.
    static func requireShared(_ commandNames: [String]) throws {
        guard let launcher = Launcher.current, let name = commandNames.first,
            ![TrainCommand._commandName, InfoCommand._commandName].contains(name)
        else { return }
        throw CommandError(
            .wrongUsage,
            "\(launcher.name) started \(launcher.processCount) processes of 'swiftlet \(name)', "
                + "which would all do the same; start it without a launcher, as only 'train' "
                + "shares its work out"
        )
    }

    /// Checks that all processes were started with the same arguments, except for their threads.
    ///
    /// All of them call it.
    /// - Throws: ``CommandError`` in a process with other arguments than the first.
    static func requireSameArguments(_ group: ProcessGroup) throws {
        let arguments = CommandLineArguments(
            CommandLineArguments.ofProcess,
            of: SwiftletCommand.self
        )
        let own = arguments.texts.filter { !$0.hasPrefix("--threads=") }
        let first = try group.share { own }
        try group.together {
            let others = own.filter { !first.contains($0) } + first.filter { !own.contains($0) }
            guard others.isEmpty else {
                throw CommandError(
                    .wrongUsage,
                    "it differs from process 0 in '\(others.joined(separator: "' and '"))'; give "
                        + "all processes the same arguments, except for --threads"
                )
            }
        }
    }

    /// Does what a process does by itself before it works with the others.
    ///
    /// Where it cannot, those that can are waiting for it: all of them end.
    /// - Parameters:
    ///   - commandNames: Of the command; none when it is not known.
    ///   - body: What is done.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    static func prepare<Value>(
        _ commandNames: [String],
        _ body: () throws -> Value
    ) throws -> Value {
        do {
            return try body()
        } catch {
            let isTraining = commandNames.first == TrainCommand._commandName
            if isTraining, Launcher.current != nil,
                SwiftletCommand.exitCode(for: error) != .success
            {
                try? run { group in try group.together { throw error } }
            }
            throw error
        }
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
        guard let launcher = Launcher.current else { return try body(.alone) }
        let group = try connect(launcher)
        do {
            try group.requireAlike(["the program": program])
            try body(group)
        } catch {
            guard !group.hasAgreedToEnd else {
                group.close()
                throw error
            }
            // It is said first: this process ends with the others.
            let status = say(error, rank: group.rank)
            group.abort(status: status.rawValue)
            throw status
        }
        group.close()
    }

    private static func connect(_ launcher: Launcher) throws -> ProcessGroup {
        do {
            return try ProcessGroup(launcher) { ExitStatus(for: $0).rawValue }
        } catch  where launcher.rank > 0 && launcher.kind == .openMPI {
            // Where the first one has failed, too, Open MPI ends this process before it speaks.
            waitForTheFirst(toSay: .failure)
            throw say(error, rank: launcher.rank)
        }
    }

    /// Says why this process ends all of them, whichever it is, and returns its exit status.
    private static func say(_ error: any Error, rank: Int) -> ExitStatus {
        Terminal.isSilent = false
        Terminal.diagnose("error: process \(rank) cannot continue: \(error)")
        return ExitStatus(for: error)
    }

    /// The version of the program, and which build of it this is.
    ///
    /// Builds of one version may differ, as those between two versions do.
    private static var program: String {
        let version = SwiftletCommand.configuration.version
        guard let file = try? MappedFile("/proc/self/exe") else { return version }
        return file.withUnsafeBytes { bytes in
            // The linker writes the number of the build near the beginning.
            var digest = ContentDigest()
            digest.update(UnsafeRawBufferPointer(rebasing: bytes.prefix(1 << 16)))
            return "\(version) (build \(digest.hexadecimal), \(bytes.count.grouped) bytes)"
        }
    }
}

extension ProcessGroup {
    /// Whether any of the processes has been told to end.
    /// - Throws: ``CollectiveError``.
    func isAnyInterrupted() throws -> Bool {
        try gather([Signals.isInterrupted ? 1.0 : 0]).contains([1])
    }
}

// What can go wrong between the processes of a run.

/// Why processes cannot work together.
package enum CollectiveError: Error, Sendable, Equatable {
    /// A launcher started several processes, and no MPI library was found for them; there is a
    /// reason for each that was tried.
    case noLibrary(launcher: String, reasons: [String])
    /// The library that was found is not a known MPI.
    case foreignLibrary(path: String, found: String)
    /// The launcher belongs to one MPI and the library to another.
    case launcherMismatch(launcher: String, launched: Int, library: String, found: Int)
    /// A launcher that connects no processes started several.
    case notConnected(processCount: Int)
    /// Not all processes have connected in time.
    case incomplete(seconds: Int)
    /// The library does not allow one of several threads to call it.
    case noThreads(library: String)
    /// A call of the library failed.
    case callFailed(call: String, reason: String)
    /// The processes differ in something that must be the same.
    case unlike(fact: String, first: String, rank: Int, other: String)
    /// Another process could not continue.
    case otherRank(rank: Int, message: String, exitStatus: Int32)
}

extension CollectiveError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noLibrary(let launcher, let reasons):
            return "\(launcher) started several processes, but no MPI library can be opened for "
                + "them (\(reasons.joined(separator: "; "))); install the launcher's "
                + "MPI, or name its library in \(MPILibrary.pathVariable)"
        case .foreignLibrary(let path, let found):
            return "'\(path)' is not a known MPI library (\(found)); name one of Open MPI, of "
                + "MPICH or one derived from it, or of the standard ABI, in "
                + "\(MPILibrary.pathVariable)"
        case .launcherMismatch(let launcher, let launched, let library, let found):
            return "\(launcher) started \(launched) processes, but \(library) sees \(found); start "
                + "them with the launcher of the same MPI, or name that launcher's library in "
                + MPILibrary.pathVariable
        case .notConnected(let processCount):
            return "Slurm started \(processCount) processes that do not know of each other; start "
                + "them with 'srun --mpi=pmix' or 'srun --mpi=pmi2'"
        case .incomplete(let seconds):
            return "not all processes have connected within \(seconds) seconds; see that each host "
                + "has the program and the MPI library, and reaches the others"
        case .noThreads(let library):
            return "\(library) cannot be called while other threads train; use one that offers "
                + "MPI_THREAD_FUNNELED"
        case .callFailed(let call, let reason):
            return "\(call) failed: \(reason)"
        case .unlike(let fact, let first, let rank, let other):
            return "processes differ in \(fact): \(first) in process 0, and \(other) in process "
                + "\(rank); start all of them with the same program, arguments and files"
        case .otherRank(let rank, let message, _):
            return "process \(rank) cannot continue: \(message)"
        }
    }
}

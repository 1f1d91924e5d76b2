// What started this process, and how many others with it: what MPI launchers put in the
// environment, read before any library is opened. A process without a launcher must not pay for
// MPI.

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What started the processes of a run.
package struct Launcher: Sendable, Equatable {
    /// How the processes find each other.
    package enum Kind: Sendable, Equatable {
        /// Open MPI's mpirun.
        case openMPI
        /// PMI, used by MPICH's mpirun, its relatives, and `srun --mpi=pmi2`.
        case pmi
        /// PMIx, used by `srun --mpi=pmix`.
        case pmix
        /// Slurm without any of them.
        case slurm
    }

    /// How the processes find each other.
    package let kind: Kind
    /// Which process this is, from 0.
    package let rank: Int
    /// How many were started.
    package let processCount: Int

    /// Its name in a sentence.
    package var name: String {
        switch kind {
        case .openMPI: "Open MPI's mpirun"
        case .pmi: "the launcher (PMI)"
        case .pmix: "the launcher (PMIx)"
        case .slurm: "Slurm"
        }
    }

    /// The launcher of this process; nil when it runs alone.
    package static let current = Launcher { name in getenv(name).map { String(cString: $0) } }

    /// Reads an environment; nil for a process that was started alone.
    /// - Parameter value: The value of a variable; nil when it is not set.
    init?(environment value: (_ name: String) -> String?) {
        func number(_ name: String) -> Int? { value(name).flatMap { Int($0) } }
        let slurm = (rank: number("SLURM_PROCID"), count: number("SLURM_STEP_NUM_TASKS"))
        let candidates: [(Kind, Int?, Int?)] = [
            (.openMPI, number("OMPI_COMM_WORLD_RANK"), number("OMPI_COMM_WORLD_SIZE")),
            (.pmi, number("PMI_RANK"), number("PMI_SIZE")),
            (.pmix, number("PMIX_RANK"), slurm.count),
            (.slurm, slurm.rank, slurm.count),
        ]
        for case (let kind, let rank?, let count?) in candidates {
            guard count > 1, 0..<count ~= rank else { return nil }
            (self.kind, self.rank, processCount) = (kind, rank, count)
            return
        }
        return nil
    }
}

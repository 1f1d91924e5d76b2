import Testing

@testable import Collectives

struct LauncherTests {
    private func launcher(_ environment: [String: String]) -> Launcher? {
        Launcher { environment[$0] }
    }

    @Test func aProcessWithoutALauncherHasNone() {
        #expect(launcher([:]) == nil)
        #expect(launcher(["SLURM_PROCID": "0", "SLURM_NTASKS": "4"]) == nil)
    }

    @Test func eachLauncherIsKnownByItsVariables() {
        let openMPI = ["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "4", "PMIX_RANK": "1"]
        #expect(launcher(openMPI)?.kind == .openMPI)
        let hydra = launcher(["PMI_RANK": "3", "PMI_SIZE": "4"])
        #expect(hydra?.kind == .pmi)
        #expect(hydra?.rank == 3)
        #expect(hydra?.processCount == 4)
        let slurm = ["SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "8"]
        #expect(launcher(slurm)?.kind == .slurm)
        #expect(launcher(slurm.merging(["PMIX_RANK": "2"]) { $1 })?.kind == .pmix)
    }

    @Test(arguments: ["1", "0", "-2", "many", ""])
    func aLauncherOfOneProcessOrWithInvalidVariablesIsIgnored(size: String) {
        #expect(launcher(["OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": size]) == nil)
    }

    @Test func aRankOutsideItsGroupIsNotALaunch() {
        #expect(launcher(["PMI_RANK": "4", "PMI_SIZE": "4"]) == nil)
    }

    @Test func versionsAreShortened() {
        let openMPI = "Open MPI v4.1.4, package: Debian Open MPI, ident: 4.1.4"
        #expect(MPILibrary.shortVersion(openMPI) == "Open MPI 4.1.4")
        let mpich = "MPICH Version:      4.0.2\nMPICH Release date: today\n"
        #expect(MPILibrary.shortVersion(mpich) == "MPICH 4.0.2")
    }
}

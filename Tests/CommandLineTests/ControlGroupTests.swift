// The number of threads under a control group's quota, in a group of version 1 that the test makes.

import Foundation
import Tensors
import Testing

@Suite(.serialized) struct ControlGroupTests {
    /// Where version 1 keeps the CPU groups on most systems.
    private static let hierarchy = "/sys/fs/cgroup/cpu"

    /// Whether a group can be made: not without root, and not with version 2 only.
    private static let canMakeGroups: Bool = {
        let group = "\(hierarchy)/swiftlet-probe-\(getpid())"
        guard mkdir(group, 0o755) == 0 else { return false }
        defer { rmdir(group) }
        return access("\(group)/cpu.cfs_quota_us", W_OK) == 0
            && Machine.availablePhysicalCores > 1 && Machine.hasOpenMP
    }()

    /// Runs a line of shell script in a group with this many microseconds of every 100,000.
    private func within(_ quota: Int, _ script: String) throws -> Outcome {
        let group = "\(Self.hierarchy)/swiftlet-test-\(getpid())"
        try #require(mkdir(group, 0o755) == 0)
        defer { rmdir(group) }
        return try shell(
            """
            cd '\(group)' && echo 100000 > cpu.cfs_period_us && echo \(quota) > cpu.cfs_quota_us \
            && echo $$ > tasks && unset OMP_NUM_THREADS && \(script)
            """
        )
    }

    @Test(
        .enabled(if: canMakeGroups, "needs root, control groups of version 1 and two processors")
    )
    func threadsAreNoMoreThanTheQuotaRoundedUp() throws {
        let one = try within(100_000, "\"$SWIFTLET\" info --machine")
        #expect(
            one.output.contains(#/threads +1 \(of /#),
            "\(one.output)\(one.errors)"
        )
        #expect(one.output.contains("; the control group's quota is 1 processor)\n"))
        let part = try within(30_000, "\"$SWIFTLET\" info --machine --json").object()
        #expect(part["threads"] as? Int == 1)
        #expect(part["processor_quota"] as? Double == 0.3)
        let more = try within(150_000, "\"$SWIFTLET\" info --machine --json").object()
        #expect(more["threads"] as? Int == min(2, Machine.availablePhysicalCores))
    }

    @Test(
        .enabled(if: canMakeGroups, "needs root, control groups of version 1 and two processors")
    )
    func aRequestedThreadCountIsUsed() throws {
        let script = "OMP_NUM_THREADS=3 \"$SWIFTLET\" info --machine"
        #expect(try within(100_000, script).output.contains(#/threads +3\n/#))
    }
}

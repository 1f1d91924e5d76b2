// What control groups grant, from the texts of the system's files.

import Tensors
import Testing

@Suite struct ProcessorQuotaTests {
    private static let unifiedMount =
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
    private static let oldMount =
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup "
        + "rw,cpu,cpuacct\n"

    private func quota(
        groups: String,
        mounts: String,
        _ files: [String: String]
    ) -> Double? {
        var files = files
        files["/proc/self/cgroup"] = groups
        files["/proc/self/mountinfo"] = mounts
        return ProcessorQuota.processors { files[$0] }
    }

    @Test func theSmallestLimitOfAllParentGroupsApplies() {
        let root = "/sys/fs/cgroup"
        func quota(_ outer: String, _ inner: String) -> Double? {
            self.quota(
                groups: "0::/outer.slice/inner.scope\n",
                mounts: Self.unifiedMount,
                [
                    "\(root)/outer.slice/cpu.max": outer,
                    "\(root)/outer.slice/inner.scope/cpu.max": inner,
                ]
            )
        }
        #expect(quota("150000 100000\n", "max 100000\n") == 1.5)
        #expect(quota("150000 100000\n", "800000 100000\n") == 1.5)
        #expect(quota("max 100000\n", "50000 100000\n") == 0.5)
        #expect(quota("max 100000\n", "max 100000\n") == nil)
    }

    @Test func version1HasQuotaAndPeriodInTwoFiles() {
        let root = "/sys/fs/cgroup/cpu,cpuacct"
        func quota(_ quota: String, _ period: String) -> Double? {
            self.quota(
                groups: "12:pids:/other\n4:cpu,cpuacct:/job/step_0\n1:name=systemd:/x\n0::/y\n",
                mounts: Self.oldMount,
                [
                    "\(root)/job/step_0/cpu.cfs_quota_us": quota,
                    "\(root)/job/step_0/cpu.cfs_period_us": period,
                    "\(root)/job/cpu.cfs_quota_us": "-1\n",
                    "\(root)/job/cpu.cfs_period_us": "100000\n",
                    "/sys/fs/cgroup/other/cpu.cfs_quota_us": "1\n",
                    "/sys/fs/cgroup/other/cpu.cfs_period_us": "100000\n",
                ]
            )
        }
        #expect(quota("100000\n", "100000\n") == 1)
        #expect(quota("25000\n", "10000\n") == 2.5)
        #expect(quota("-1\n", "100000\n") == nil)
    }

    @Test func bothVersionsCountWhereBothAreMounted() {
        let mounts = """
            32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
            33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
            41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

            """
        let found = quota(
            groups: "2:cpuacct:/\n1:cpu:/a\n0::/b\n",
            mounts: mounts,
            [
                "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "300000",
                "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000",
                "/sys/fs/cgroup/unified/b/cpu.max": "200000 100000",
            ]
        )
        #expect(found == 2)
    }

    @Test func aContainerSeesItsOwnGroupAsTheTop() {
        // By a namespace of its own; by a mount of only its group; and by a mount whose position
        // above the process cannot be seen.
        for (group, mountRoot) in [
            ("/", "/"), ("/docker/c0ffee", "/docker/c0ffee"), ("/docker/c0ffee", "/../.."),
            ("/../other", "/"), ("/elsewhere", "/docker/c0ffee"),
        ] {
            let found = quota(
                groups: "0::\(group)\n",
                mounts: "30 23 0:26 \(mountRoot) /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
                ["/sys/fs/cgroup/cpu.max": "200000 100000\n"]
            )
            #expect(found == 2, "\(group) in \(mountRoot)")
        }
        let below = quota(
            groups: "0::/docker/c0ffee/worker\n",
            mounts: "30 23 0:26 /docker/c0ffee /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
            ["/sys/fs/cgroup/worker/cpu.max": "70000 100000\n"]
        )
        #expect(below == 0.7)
    }

    @Test func mountPointsMayHoldSpaces() {
        let found = quota(
            groups: "0::/a:b\n",
            mounts: #"30 23 0:26 / /my\040groups\134 rw - cgroup2 none rw"#,
            [#"/my groups\/a:b/cpu.max"#: "100000 100000\n"]
        )
        #expect(found == 1)
    }

    @Test func malformedLimitsAreIgnored() {
        for limit in [
            "", "max", "100000", "0 100000", "-5 100000", "100000 0", "100000 -1", "1 2 3", "a b",
            "99999999999999999999 100000", "\u{0}\u{FFFD}",
        ] {
            let found = quota(
                groups: "0::/\n",
                mounts: Self.unifiedMount,
                ["/sys/fs/cgroup/cpu.max": limit]
            )
            #expect(found == nil, "\(limit)")
        }
        let file = ["/sys/fs/cgroup/cpu.max": "100000 100000"]
        for groups in ["", "\n\n", "0", "0:", "x::/", "0:cpuset:/"] {
            #expect(quota(groups: groups, mounts: Self.unifiedMount, file) == nil, "\(groups)")
        }
        for mounts in [
            "", "-", "1 2 3", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2",
            "30 23 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw", String(repeating: "- ", count: 99),
        ] {
            #expect(quota(groups: "0::/\n", mounts: mounts, file) == nil, "\(mounts)")
        }
        #expect(ProcessorQuota.processors { _ in nil } == nil)
    }

    @Test func aLongPathIsNotFollowedForever() {
        var readCount = 0
        let path = String(repeating: "/a", count: 100_000)
        _ = ProcessorQuota.processors { file in
            readCount += 1
            switch file {
            case "/proc/self/cgroup": return "0::\(path)\n"
            case "/proc/self/mountinfo": return Self.unifiedMount
            default: return nil
            }
        }
        #expect(readCount < 100)
    }

    @Test func partsOfAProcessorCountAsOne() {
        func threads(_ quota: Double?) -> Int {
            Machine.usableProcessors(cores: 4, quota: quota)
        }
        #expect(threads(nil) == 4)
        #expect(threads(0.01) == 1)
        #expect(threads(1) == 1)
        #expect(threads(1.5) == 2)
        #expect(threads(3.2) == 4)
        #expect(threads(64) == 4)
    }
}

// How much memory this machine, or the container the process runs in, has, and how much the process
// has taken.

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension Machine {
    /// Bytes of memory there are for all processes: of the machine, or of the container when that
    /// has less.
    public static var memoryByteCount: Int {
        let pages = sysconf(CInt(_SC_PHYS_PAGES))
        let pageSize = sysconf(CInt(_SC_PAGESIZE))
        let (all, overflow) = pages.multipliedReportingOverflow(by: pageSize)
        // A system that does not tell sets no limit here.
        let physical = overflow || all <= 0 ? Int.max : all
        return containerLimits.reduce(physical, min)
    }

    /// The most memory this process has held in physical pages so far, in bytes.
    public static var peakMemoryBytes: Int {
        #if os(Linux)
            // What getrusage says begins with the memory of the process that started this one.
            let kibibytes = status("VmHWM:")?.split { !$0.isNumber }.first.flatMap { Int($0) }
            if let kibibytes { return kibibytes * 1024 }
        #endif
        var usage = rusage()
        #if canImport(Darwin)
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #else
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss * 1024
        #endif
    }

    /// What the control groups of both versions grant at the top of what can be seen; "max" is no
    /// number, and version 1 says it with one that is larger than any memory.
    private static var containerLimits: [Int] {
        ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
            .compactMap { textFile($0).flatMap { Int($0.prefix { $0.isNumber }) } }
            .filter { $0 > 0 }
    }
}

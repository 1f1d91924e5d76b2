// What this machine, or the process's container, offers: processors, threads and memory.

import CKernels

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Facts about the machine the process runs on.
package enum Machine {
    /// Whether the kernels were built with OpenMP; without it they use one thread.
    package static var hasOpenMP: Bool { ck_has_openmp() }

    /// The processor's name as the operating system gives it.
    package static var processorName: String {
        #if os(Linux)
            let line = textFile("/proc/cpuinfo")?
                .split(separator: "\n")
                .first { $0.hasPrefix("model name") }
            if let name = line?.split(separator: ":").last {
                return String(name.drop { $0 == " " })
            }
        #endif
        return "unknown processor"
    }

    /// Threads a computation should use: ``requestedThreadCount``, or else
    /// ``usableProcessors``.
    package static var defaultThreadCount: Int {
        hasOpenMP ? requestedThreadCount ?? usableProcessors : 1
    }

    /// What `OMP_NUM_THREADS` asks for; nil when it is not set to a number above 0.
    ///
    /// The first entry of a list counts: it is for the outermost team.
    package static var requestedThreadCount: Int? {
        guard let variable = getenv("OMP_NUM_THREADS"),
            let first = String(cString: variable).split(separator: ",").first,
            let count = ThreadTeam.number(first), count > 0
        else { return nil }
        return count
    }

    /// Processors this process can keep busy, at least 1: its physical cores, since the hardware
    /// threads of a core share the units that do the work, but no more than its control groups
    /// allow.
    ///
    /// Additional threads would wait for each other while the group is out of time.
    package static var usableProcessors: Int {
        usableProcessors(cores: availablePhysicalCores, quota: processorQuota)
    }

    package static func usableProcessors(cores: Int, quota: Double?) -> Int {
        guard let quota, quota < Double(cores) else { return cores }
        return max(1, Int(quota.rounded(.up)))
    }

    /// The processor time that control groups grant this process, in processors, such as 1.5; nil
    /// without a limit.
    package static var processorQuota: Double? {
        #if os(Linux)
            return ProcessorQuota.processors(reading: textFile)
        #else
            return nil
        #endif
    }

    /// Physical cores among the processors this process may run on, at least 1.
    package static var availablePhysicalCores: Int {
        #if os(Linux)
            // Hardware threads of one core list the same siblings.
            let cores = allowedProcessors.map { processor in
                textFile("/sys/devices/system/cpu/cpu\(processor)/topology/thread_siblings_list")
                    ?? "\(processor)"
            }
            return max(1, Set(cores).count)
        #else
            return max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
        #endif
    }

    #if os(Linux)
        /// The numbers of the processors this process may run on.
        static var allowedProcessors: [Int] {
            status("Cpus_allowed_list:").map(processors(inList:)) ?? []
        }

        /// What the system reports about this process under a name.
        static func status(_ name: String) -> Substring? {
            textFile("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix(name) }
                .map { $0.dropFirst(name.count) }
        }
    #endif

    /// The numbers in a list such as `0-3,8`.
    private static func processors(inList list: Substring) -> [Int] {
        list.split { ",\t ".contains($0) }.flatMap { part -> [Int] in
            let bounds = part.split(separator: "-").compactMap { Int($0) }
            guard let first = bounds.first, let last = bounds.last, first <= last,
                last < 1 << 16
            else { return [] }
            return Array(first...last)
        }
    }

    /// The text of one of the system's files, whose size is only known once it is read.
    static func textFile(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        // A machine with many containers has pages of mounts, but not endless ones.
        let (chunk, most) = (1 << 14, 1 << 22)
        var bytes: [UInt8] = []
        while bytes.count < most {
            let part = [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
                count = fread(buffer.baseAddress, 1, chunk, file)
            }
            bytes += part
            if part.count < chunk { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Machine {
    /// Bytes of memory available to all processes: the machine's, or the container's if it has
    /// less.
    package static var memoryByteCount: Int {
        let pages = sysconf(CInt(_SC_PHYS_PAGES))
        let pageSize = sysconf(CInt(_SC_PAGESIZE))
        let (all, overflow) = pages.multipliedReportingOverflow(by: pageSize)
        // A system that does not say sets no limit here.
        let physical = overflow || all <= 0 ? Int.max : all
        return containerLimits.reduce(physical, min)
    }

    /// The most memory this process has held in physical pages so far, in bytes.
    package static var peakMemoryBytes: Int {
        #if os(Linux)
            // getrusage's peak includes the memory of the process that started this one.
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

    /// The most memory that control groups of either version grant at the top of what is visible;
    /// "max" is not a number, and version 1 writes one that is larger than any memory.
    private static var containerLimits: [Int] {
        ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
            .compactMap { textFile($0).flatMap { Int($0.prefix { $0.isNumber }) } }
            .filter { $0 > 0 }
    }
}

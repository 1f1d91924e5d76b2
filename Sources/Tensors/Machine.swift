// What this machine offers: processors and threads.

import CKernels

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Facts about the machine the process runs on.
public enum Machine {
    /// Whether the kernels were built with OpenMP; without it they use one thread.
    public static var hasOpenMP: Bool { ck_has_openmp() }

    /// The processor's name as the operating system gives it.
    public static var processorName: String {
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

    /// Threads a computation should use.
    ///
    /// `OMP_NUM_THREADS` when it is set (of a list, the first: that of the outermost team), else
    /// the physical cores this process may run on: two hardware threads of a core share the units
    /// that do the work.
    public static var defaultThreadCount: Int {
        guard hasOpenMP else { return 1 }
        if let variable = getenv("OMP_NUM_THREADS"),
            let first = String(cString: variable).split(separator: ",").first,
            let count = Int(first), count > 0
        {
            return count
        }
        return availablePhysicalCores
    }

    /// Physical cores among the processors this process may run on, at least 1.
    public static var availablePhysicalCores: Int {
        #if os(Linux)
            let prefix = "Cpus_allowed_list:"
            let line = textFile("/proc/self/status")?.split(separator: "\n")
                .first { $0.hasPrefix(prefix) }
            guard let list = line?.dropFirst(prefix.count) else { return 1 }
            let allowed = processors(inList: list)
            // Hardware threads of one core list the same siblings.
            let cores = allowed.map { processor in
                textFile("/sys/devices/system/cpu/cpu\(processor)/topology/thread_siblings_list")
                    ?? "\(processor)"
            }
            return max(1, Set(cores).count)
        #else
            return max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
        #endif
    }

    /// The most memory this process has held in physical pages so far, in bytes.
    public static var peakMemoryBytes: Int {
        var usage = rusage()
        #if canImport(Darwin)
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #else
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss * 1024
        #endif
    }

    /// The numbers in a list such as `0-3,8`.
    private static func processors(inList list: Substring) -> [Int] {
        list.split { ",\t ".contains($0) }.flatMap { part -> [Int] in
            let bounds = part.split(separator: "-").compactMap { Int($0) }
            guard let first = bounds.first, let last = bounds.last, first <= last else { return [] }
            return Array(first...last)
        }
    }

    private static func textFile(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        // The groups of a user may fill pages of /proc/self/status before the line that is wanted.
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}

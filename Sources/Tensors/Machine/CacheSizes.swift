// The sizes of the caches that processors share, from Linux's files about them. All file contents
// come from a function that is passed in.

#if canImport(Glibc)
    import Glibc
#endif

extension Machine {
    /// Bytes that fit in the last-level caches of all processors this process may run on; 0 when
    /// that is unknown.
    ///
    /// A virtual machine may report a cache that it shares with others.
    package static var cacheBytes: Int {
        #if os(Linux)
            let directories = allowedProcessors.map { "/sys/devices/system/cpu/cpu\($0)/cache" }
            if let bytes = CacheSizes.lastLevelBytes(of: directories, reading: textFile) {
                return bytes
            }
        #endif
        #if canImport(Glibc)
            return max(0, sysconf(CInt(_SC_LEVEL3_CACHE_SIZE)))
        #else
            return 0
        #endif
    }
}

/// The sizes of caches.
package enum CacheSizes {
    /// The total bytes of the processors' last-level caches, each counted once.
    /// - Parameters:
    ///   - directories: The `cache` directory of each processor.
    ///   - read: The text of a file, or nil when there is none.
    /// - Returns: nil when nothing is known.
    package static func lastLevelBytes(
        of directories: [String],
        reading read: (String) -> String?
    ) -> Int? {
        // The size of each cache by level; caches are identified by the processors that share them.
        var sizes: [Int: [String: Int]] = [:]
        for directory in directories {
            // No processor has more caches than this.
            for index in 0..<8 {
                let cache = "\(directory)/index\(index)"
                guard let level = read("\(cache)/level").flatMap({ Int(trimmed($0)) }),
                    let size = read("\(cache)/size").flatMap({ bytes(trimmed($0)) }),
                    read("\(cache)/type").map(trimmed) != "Instruction"
                else { continue }
                let sharers = read("\(cache)/shared_cpu_list").map(trimmed) ?? directory
                sizes[level, default: [:]][sharers] = size
            }
        }
        // Keeps the sum a number if a level's size is too large to be true.
        return sizes.max { $0.key < $1.key }?.value.values.reduce(0) { sum, size in
            sum.addingReportingOverflow(size).overflow ? Int.max : sum + size
        }
    }

    private static func trimmed(_ text: String) -> String {
        String(text.split(whereSeparator: \.isWhitespace).first ?? "")
    }

    /// A size such as `1024K` or `32M`.
    private static func bytes(_ text: String) -> Int? {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        let unit = text.last.flatMap { units[$0] }
        guard let number = Int(unit == nil ? text : String(text.dropLast())), number > 0 else {
            return nil
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
        return overflow ? nil : bytes
    }
}

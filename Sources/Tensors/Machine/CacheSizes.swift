// How large the caches are that processors share, from Linux's files on them. Every file comes from
// a function that is passed in.

#if canImport(Glibc)
    import Glibc
#endif

extension Machine {
    /// Bytes that fit into the last caches before memory: those of all processors this process may
    /// run on; 0 when that is unknown.
    ///
    /// A virtual machine may be told of a cache that it shares with others.
    public static var cacheBytes: Int {
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
    /// The bytes of all caches of the last level that the processors have, each counted once.
    /// - Parameters:
    ///   - directories: The `cache` directory of each processor.
    ///   - read: The text of a file, or nil when there is none.
    /// - Returns: nil when nothing is known.
    package static func lastLevelBytes(
        of directories: [String],
        reading read: (String) -> String?
    ) -> Int? {
        // By level, the size of each cache; caches are told apart by the processors that share
        // them.
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
        // Within a level too large to be true, the sum stays a number.
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

// Cache sizes, from the texts of the system's files.

import Tensors
import Testing

@Suite struct CacheSizesTests {
    /// Two processors with caches of their own and a shared one above them.
    private static let files: [String: String] = {
        var files: [String: String] = [:]
        for processor in 0..<2 {
            for (index, (level, type, size, sharers)) in [
                ("1", "Data", "48K", "\(processor)"), ("1", "Instruction", "32K", "\(processor)"),
                ("2", "Unified", "1024K", "\(processor)"), ("3", "Unified", "32768K", "0-1"),
            ].enumerated() {
                let cache = "cpu\(processor)/cache/index\(index)"
                files["\(cache)/level"] = level + "\n"
                files["\(cache)/type"] = type + "\n"
                files["\(cache)/size"] = size + "\n"
                files["\(cache)/shared_cpu_list"] = sharers + "\n"
            }
        }
        return files
    }()

    private let directories = ["cpu0/cache", "cpu1/cache"]

    private func bytes(_ files: [String: String]) -> Int? {
        CacheSizes.lastLevelBytes(of: directories) { files[$0] }
    }

    @Test func aSharedCacheCountsOnce() {
        #expect(bytes(Self.files) == 32 << 20)
    }

    @Test func cachesOfTheLastLevelAreSummed() {
        let withoutThird = Self.files.filter { !$0.key.contains("index3") }
        #expect(bytes(withoutThird) == 2 << 20)
        var apart = Self.files
        for processor in 0..<2 {
            apart["cpu\(processor)/cache/index3/shared_cpu_list"] = "\(processor)"
            apart["cpu\(processor)/cache/index3/size"] = "16M"
        }
        #expect(bytes(apart) == 32 << 20)
    }

    @Test func malformedEntriesAreIgnored() {
        for size in ["", "K", "-5K", "0", "many", "99999999999999999999K", "9223372036854775807G"] {
            var files = Self.files
            for processor in 0..<2 { files["cpu\(processor)/cache/index3/size"] = size }
            #expect(bytes(files) == 2 << 20, "\(size)")
        }
        #expect(bytes([:]) == nil)
        #expect(CacheSizes.lastLevelBytes(of: []) { Self.files[$0] } == nil)
        var enormous = Self.files
        for processor in 0..<2 {
            enormous["cpu\(processor)/cache/index3/size"] = "\(Int.max)"
            enormous["cpu\(processor)/cache/index3/shared_cpu_list"] = "\(processor)"
        }
        #expect(bytes(enormous) == Int.max)
    }
}

// Weights whose planes each end where readable memory ends, so that a kernel that reads one byte
// too many stops the process.

import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Two regions of memory, one after the other, each followed by a page that cannot be read.
final class GuardedStorage: Storage {
    private let bytes: UnsafeMutableRawBufferPointer
    /// Where in the bytes the planes start.
    private let offsets: (values: Int, scales: Int)

    private init(values: UnsafeRawBufferPointer, scales: UnsafeRawBufferPointer) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        func readable(_ count: Int) -> Int { (count + page - 1) / page * page }
        let scalesEnd = readable(values.count) + page + readable(scales.count)
        let start = mmap(
            nil,
            scalesEnd + page,
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS,
            -1,
            0
        )
        bytes = UnsafeMutableRawBufferPointer(start: start, count: scalesEnd + page)
        offsets = (readable(values.count) - values.count, scalesEnd - scales.count)
        for (plane, offset) in [(values, offsets.values), (scales, offsets.scales)] {
            bytes[offset..<offset + plane.count].copyBytes(from: plane)
            let end = start.map { $0 + offset + plane.count }
            precondition(mprotect(end, page, PROT_NONE) == 0)
        }
    }

    var isMapped: Bool { false }
    var isWritable: Bool { false }

    func requireIntact() {}

    deinit { munmap(bytes.baseAddress, bytes.count) }

    func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try withExtendedLifetime(self) { try body(UnsafeRawBufferPointer(bytes)) }
    }

    func releasePages(_ range: Range<Int>) {}

    /// `source` (OC, C) in `type`.
    static func unreadableAfter(_ source: Tensor, _ type: ElementType) throws -> Tensor {
        let stored = try Backend.reference.ops().copy(source, as: type)
        let storage = stored.withUnsafeBytes { GuardedStorage(values: $0, scales: $1) }
        return Tensor(
            storage,
            byteOffset: storage.offsets.values,
            scalesOffset: storage.offsets.scales,
            shape: stored.shape,
            elementType: type
        )
    }
}

// Randomly damaged files, always the same ones: for tests that a reader reports errors whatever it
// is given.

import FileIO

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Damaged copies of a file.
public struct Mutations {
    private let original: [UInt8]
    private var generator: SeededGenerator

    /// Damages copies of `original`, in ways decided by `seed`.
    public init(of original: [UInt8], seed: UInt64) {
        self.original = original
        generator = SeededGenerator(seed: seed)
    }

    private mutating func random(below limit: Int) -> Int {
        Int.random(in: 0..<max(1, limit), using: &generator)
    }

    /// The next damaged copy: some bytes changed, a number made extreme, or a part cut off, removed
    /// or repeated.
    public mutating func next() -> [UInt8] {
        var bytes = original
        for _ in 0...random(below: 3) where !bytes.isEmpty {
            let place = random(below: bytes.count)
            switch random(below: 12) {
            case 0: bytes.removeSubrange(place...)
            case 1:
                let end = min(bytes.count, place + random(below: 32))
                bytes.removeSubrange(place..<end)
            case 2:
                let end = min(bytes.count, place + random(below: 32))
                bytes.insert(contentsOf: bytes[place..<end], at: random(below: bytes.count))
            case 3, 4:
                let extremes: [[UInt8]] = [
                    [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
                    [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
                    [0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0x80], [0, 0, 0, 0],
                    [0, 0, 0, 0, 1, 0, 0, 0], [0, 0, 0x80, 0x7F],
                ]
                let number = extremes[random(below: extremes.count)]
                for (i, byte) in number.enumerated() where place + i < bytes.count {
                    bytes[place + i] = byte
                }
            case 5: bytes[place] ^= 1 << UInt8(random(below: 8))
            case 6: bytes[place] = bytes[random(below: bytes.count)]
            default: bytes[place] = UInt8(random(below: 256))
            }
        }
        return bytes
    }

    /// Writes damaged copies, one after the other, and calls `body` with the path of each.
    ///
    /// It stops the program when peak memory grows by more than 256 MiB, because the damaged files
    /// are small. Run it in a process of its own, so that other tests do not count.
    /// - Parameters:
    ///   - original: The bytes of a small file, or of the part of it to damage.
    ///   - tail: What follows that part unchanged.
    ///   - count: How many copies to make.
    ///   - path: Where to write them.
    ///   - body: Opens and reads the file; it must not throw.
    /// - Throws: `FileIOError` when a copy cannot be written.
    public static func run(
        _ original: [UInt8],
        tail: [UInt8] = [],
        count: Int,
        at path: FilePath,
        _ body: () -> Void
    ) throws {
        var mutations = Mutations(of: original, seed: 1)
        let before = peakMemory()
        for _ in 0..<count {
            // Not in place of the last one, which may still be mapped.
            unlink(path.string)
            try writeQuickly(mutations.next() + tail, to: path)
            body()
        }
        let grown = peakMemory() - before
        precondition(grown < 256 << 20, "damaged files made memory grow by \(grown) bytes")
    }

    /// The peak memory of this process in bytes.
    private static func peakMemory() -> Int {
        var usage = rusage()
        #if canImport(Darwin)
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #else
            getrusage(.init(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss << 10
        #endif
    }
}

/// Writes a file without waiting for the disk, because some tests write thousands.
public func writeQuickly(_ bytes: [UInt8], to path: FilePath) throws {
    guard let file = fopen(path.string, "wb") else { throw FileIOError.missing(path: path) }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
        throw FileIOError.shrunk(path: path)
    }
}

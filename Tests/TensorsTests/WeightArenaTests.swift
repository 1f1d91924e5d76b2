// Matrices that share a block of memory.

import Tensors
import Testing

@Suite struct WeightArenaTests {
    /// Where a matrix's planes are.
    private func planes(_ matrix: Tensor) -> [Range<UInt>] {
        matrix.withUnsafeBytes { values, scales in
            [values, scales].filter { !$0.isEmpty }.map { plane in
                let start = UInt(bitPattern: plane.baseAddress)
                return start..<start + UInt(plane.count)
            }
        }
    }

    @Test func matricesOfAllFormatsAreSeparateAndAlignedToCacheLines() throws {
        let arena = WeightArena()
        var all: [Range<UInt>] = []
        var kept: [Tensor] = []
        for columns in [1, 33, 768] {
            for type in ElementType.weightTypes {
                let matrix = try Tensor(zeros: [5, columns], elementType: type, in: arena)
                all += planes(matrix)
                kept.append(matrix)
            }
        }
        all.sort { $0.lowerBound < $1.lowerBound }
        for (plane, next) in zip(all, all.dropFirst()) {
            #expect(plane.upperBound <= next.lowerBound)
        }
        #expect(all.allSatisfy { $0.lowerBound % 64 == 0 })
        // They are in one block.
        #expect(all[all.count - 1].upperBound - all[0].lowerBound < 64 << 20)
    }

    @Test func matrixLargerThanABlockHasItsOwn() throws {
        let arena = WeightArena()
        let first = try Tensor(zeros: [1, 16], elementType: .float32, in: arena)
        let large = try Tensor(zeros: [1024, 20_000], elementType: .float32, in: arena)
        let second = try Tensor(zeros: [1, 16], elementType: .float32, in: arena)
        #expect(large.byteCount == 1024 * 20_000 * 4)
        #expect(planes(second)[0].lowerBound == planes(first)[0].upperBound)
        #expect(!planes(large)[0].overlaps(planes(first)[0]))
    }

    @Test func fullBlockIsFollowedByAnother() throws {
        let arena = WeightArena()
        let matrices = try (0..<3).map { _ in
            try Tensor(zeros: [1024, 10_000], elementType: .float32, in: arena)
        }
        let all = matrices.flatMap(planes)
        for (i, plane) in all.enumerated() {
            #expect(plane.count == 1024 * 10_000 * 4)
            #expect(!all[..<i].contains { $0.overlaps(plane) })
        }
    }
}

import Collectives
import TestSupport
import Testing

struct ProcessGroupTests {
    private struct Broken: Error, CustomStringConvertible { let description = "the disk is full" }

    @Test(arguments: [2, 3, 5])
    func everyProcessGetsWhatEachGaveInTheOrderOfRanks(count: Int) throws {
        let results = try withThreadGroup(of: count) { group in
            let bytes = try group.gather([UInt8](repeating: UInt8(group.rank), count: group.rank))
            let numbers = try group.gather([Double(group.rank), -0.5])
            return (bytes, numbers)
        }
        for (bytes, numbers) in results {
            #expect(bytes == (0..<count).map { [UInt8](repeating: UInt8($0), count: $0) })
            #expect(numbers == (0..<count).map { [Double($0), -0.5] })
        }
    }

    @Test func severalGathersRunAtOnce() throws {
        let results = try withThreadGroup(of: 3) { group in
            let pending = (0..<20).map { group.startGathering([Double($0 * 10 + group.rank)]) }
            return try pending.map { try $0.results().flatMap(\.self) }
        }
        let expected = (0..<20).map { call in (0..<3).map { Double(call * 10 + $0) } }
        #expect(results.allSatisfy { $0 == expected })
    }

    @Test func onlyTheFirstProcessMakesWhatIsShared() throws {
        let results = try withThreadGroup(of: 3) { group in
            try group.share { ["made by \(group.rank)": [Float.pi]] }
        }
        #expect(results.allSatisfy { $0 == ["made by 0": [Float.pi]] })
    }

    @Test func allProcessesFailIfOneDoes() {
        let results = threadGroupResults(of: 3) { group in
            try group.together {
                if group.rank == 1 { throw Broken() }
                return group.rank
            }
        }
        for (rank, result) in results.enumerated() {
            #expect(throws: (any Error).self) { try result.get() }
            guard case .failure(let error) = result else { continue }
            let isOwn = error is Broken
            #expect(isOwn == (rank == 1))
            if !isOwn {
                let expected = CollectiveError.otherRank(
                    rank: 1,
                    message: "the disk is full",
                    exitStatus: 65
                )
                #expect(error as? CollectiveError == expected)
            }
        }
    }

    @Test func numbersAreGatheredIfAllProcessesFindTheirs() throws {
        let results = try withThreadGroup(of: 3) { group in
            let numbers = try group.gather(count: 2) { [Double(group.rank), -0.5] }
            return (numbers, try group.sum { 0.1 * Double(group.rank + 1) }, group.hasAgreedToEnd)
        }
        for (numbers, sum, hasAgreedToEnd) in results {
            #expect(numbers == (0..<3).map { [Double($0), -0.5] })
            #expect(sum == 0.1 + 0.2 + 0.1 * 3)
            #expect(!hasAgreedToEnd)
        }
    }

    @Test(arguments: 0..<3)
    func allProcessesFailIfOneFindsNoNumber(broken: Int) {
        let results = threadGroupResults(of: 3) { group in
            do {
                return try group.sum {
                    if group.rank == broken { throw Broken() }
                    return 1
                }
            } catch {
                #expect(group.hasAgreedToEnd)
                throw error
            }
        }
        let told = CollectiveError.otherRank(
            rank: broken,
            message: "the disk is full",
            exitStatus: 65
        )
        for (rank, result) in results.enumerated() {
            #expect(throws: (any Error).self) { try result.get() }
            guard case .failure(let error) = result else { continue }
            #expect((error is Broken) == (rank == broken))
            #expect((error as? CollectiveError == told) == (rank != broken))
        }
    }

    @Test func valuesThatMustAgreeButDifferEndAllProcesses() throws {
        let results = threadGroupResults(of: 2) { group in
            try group.requireAlike(["the version": "1", "the data": "\(group.rank)"])
            return group.hasAgreedToEnd
        }
        for result in results {
            #expect(
                throws: CollectiveError.unlike(
                    fact: "the data",
                    first: "0",
                    rank: 1,
                    other: "1"
                )
            ) { try result.get() }
        }
        let alike = try withThreadGroup(of: 2) { group in
            try group.requireAlike(["the version": "1"])
            return group.hasAgreedToEnd
        }
        #expect(alike == [false, false])
    }

    @Test func aSingleProcessAgreesWithItself() throws {
        let group = ProcessGroup.alone
        #expect(try group.gather([1, 2]) == [[1.0, 2.0]])
        #expect(try group.gather([7] as [UInt8]) == [[7]])
        #expect(try group.share { "made" } == "made")
        #expect(throws: Broken.self) { try group.together { throw Broken() } }
        try group.requireAlike(["the version": "1"])
    }
}

import Collectives
import TestSupport
import Testing

@testable import Training

struct StopBallotTests {
    @Test func aSingleProcessStopsAtOnceAndForGood() throws {
        var answers = [false, false, true, false].makeIterator()
        let ballot = StopBallot(.alone) { answers.next() ?? false }
        #expect((0..<5).map { _ in ballot.shouldStop() } == [false, false, true, true, true])
        try ballot.close()
    }

    @Test(arguments: 0..<3)
    func severalProcessesStopOneQuestionAfterOneWasToldAndForGood(told: Int) throws {
        let found = try withThreadGroup(of: 3) { group in
            var asked = 0
            let ballot = StopBallot(group) {
                asked += 1
                return group.rank == told && asked == 3
            }
            let answers = (0..<6).map { _ in ballot.shouldStop() }
            try ballot.close()
            return answers
        }
        #expect(found == [[Bool]](repeating: [false, false, false, true, true, true], count: 3))
    }
}

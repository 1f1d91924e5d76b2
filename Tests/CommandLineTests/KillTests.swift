// `kill -9` at random moments of a run: it resumes from its last complete checkpoint, ends as the
// undisturbed run does, bit for bit, and repeats no more than the steps since that
// checkpoint. Interruptions that the program handles are in InterruptionTests.swift.
//
// SWIFTLET_KILLS=30 kills 30 times and prints where, SWIFTLET_KILL_SEED=N at other moments:
//
//     SWIFTLET_KILLS=30 scripts/test --filter KillTests

import Foundation
import TestSupport
import Testing

/// When a process is killed.
private enum Moment {
    /// This many seconds after its start: perhaps before anything is read.
    case sinceStart(TimeInterval)
    /// This many seconds after it has logged so many lines: in or between steps.
    case sinceLines(Int, TimeInterval)
    /// This many seconds after it has begun to write a checkpoint.
    case sinceCheckpoint(TimeInterval)

    /// A moment of one of the three kinds.
    /// - Parameters:
    ///   - duration: That of the undisturbed run, in seconds. Moments need not be met exactly: on a
    ///     machine that has become slower they fall earlier in the run, and that is all.
    ///   - generator: Decides.
    /// - Returns: The moment.
    static func random(duration: TimeInterval, using generator: inout some RandomNumberGenerator)
        -> Moment
    {
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: .sinceStart(.random(in: 0...duration / 4, using: &generator))
        case 1:
            .sinceLines(
                .random(in: 1...15, using: &generator),
                .random(in: 0...duration / 50, using: &generator)
            )
        default: .sinceCheckpoint(.random(in: 0...duration / 50, using: &generator))
        }
    }
}

@Suite(.serialized) struct KillTests {
    private let environment = ProcessInfo.processInfo.environment

    @Test(arguments: DisturbedRun.Kind.allCases)
    func runKilledAtRandomMomentsMatchesAnUndisturbedOne(kind: DisturbedRun.Kind) throws {
        let wanted = environment["SWIFTLET_KILLS"].flatMap(Int.init) ?? 6
        let seed = environment["SWIFTLET_KILL_SEED"].flatMap(UInt64.init) ?? 1
        var generator = SeededGenerator(seed: seed)
        try withTemporaryDirectory { directory in
            let start = Date()
            let whole = try DisturbedRun(in: directory, "whole", kind)
            try whole.finish()
            let duration = Date().timeIntervalSince(start)
            let expected = try whole.result()

            var kills = 0
            var rounds = 0
            // A run that finishes before it was killed often enough is followed by another.
            while kills < wanted {
                rounds += 1
                let run = try DisturbedRun(in: directory, "run\(rounds)", kind)
                var killsOfRun = 0
                while kills < wanted {
                    let moment = Moment.random(duration: duration, using: &generator)
                    guard try kill(run, at: moment) else { break }
                    kills += 1
                    killsOfRun += 1
                    if environment["SWIFTLET_KILLS"] != nil {
                        let what = "\(kind) run \(rounds), kill \(kills), \(moment)"
                        print("\(what): \(try run.situation())")
                    }
                }
                try run.finish()
                #expect(try run.result() == expected, "after \(killsOfRun) kills")
                let most = whole.stepsMade + killsOfRun * DisturbedRun.checkpointInterval
                #expect(run.stepsMade <= most, "after \(killsOfRun) kills")
                if environment["SWIFTLET_KILLS"] != nil {
                    print("run \(rounds): \(killsOfRun) kills, \(run.stepsMade) steps of \(most)")
                }
            }
        }
    }

    /// Runs the program until a moment.
    /// - Returns: Whether it was killed; false if it had already ended.
    private func kill(_ run: DisturbedRun, at moment: Moment) throws -> Bool {
        let outcome = try run.start { program in
            let seconds: TimeInterval
            switch moment {
            case .sinceStart(let delay): seconds = delay
            case .sinceLines(let count, let delay):
                let before = run.lineCount
                program.wait { run.lineCount >= before + count }
                seconds = delay
            case .sinceCheckpoint(let delay):
                try program.wait { try run.isWritingCheckpoint(program) }
                seconds = delay
            }
            let end = Date().addingTimeInterval(seconds)
            program.wait { Date() >= end }
            program.send(SIGKILL)
        }
        if outcome.status == SIGKILL { return true }
        #expect(outcome.status == 0, "\(outcome.errors)")
        return false
    }
}

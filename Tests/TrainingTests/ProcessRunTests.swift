// A run of several processes, which are threads here: all follow the same course, the first
// reports for them, and they stop and fail together.

import Collectives
import FileIO
import Foundation
import LanguageModels
import Synchronization
import TestSupport
import Testing
import TokenData
import Tokenization

@testable import Training

@Suite(.serialized) struct ProcessRunTests {
    private struct Broken: Error, CustomStringConvertible { let description = "it broke" }

    private static let questions = (0..<7).map { number in
        MultipleChoiceExample(
            context: (0...number % 3).map { Int32(($0 * 5 + number) % 16) },
            endings: (1...4).map { ending in (0..<ending + number % 2).map { Int32($0 + ending) } },
            label: number % 4
        )
    }

    /// Makes this process's part of a run.
    private static func start(
        in directory: FilePath,
        _ name: String,
        _ group: ProcessGroup,
        policy: ResumePolicy = .auto
    ) throws -> TrainingRun {
        let small = SmallRun(totalBatchTokens: 96, steps: 6)
        var settings = small.settings
        (settings.validationInterval, settings.validationBatches) = (2, 5)
        (settings.sampleInterval, settings.hellaSwagInterval) = (3, 2)
        (settings.checkpointInterval, settings.keepLast) = (2, 100)
        let trainer = try small.trainer(in: directory, settings: settings, group: group)
        let evaluator = try Evaluator(trainer.model, batchSize: 2, group: group)
        return try TrainingRun(
            trainer,
            validation: small.loader(in: directory, seed: 2),
            directory: RunDirectory(directory.appending(name)),
            resume: policy,
            sample: { shouldStop in
                #expect(group.isFirst)
                return shouldStop() ? nil : "text"
            },
            hellaSwag: { shouldStop in
                do {
                    return try evaluator.score(questions) { _, _ in
                        if shouldStop() { throw Broken() }
                    }
                    .accuracy
                } catch is Broken {
                    return nil
                }
            }
        )
    }

    @Test(arguments: [2, 3])
    func severalProcessesLeaveWhatOneDoesAndTheFirstReports(count: Int) throws {
        try withTemporaryDirectory { directory in
            var expected: [TrainingEvent] = []
            let alone = try Self.start(in: directory, "alone", .alone)
            try alone.run { expected.append($0) }
            let bestStep = try #require(alone.best?.step)
            let events = try withThreadGroup(of: count) { group in
                var events: [TrainingEvent] = []
                let run = try Self.start(in: directory, "several", group)
                try run.run { events.append($0) }
                #expect(run.trainer.stepCount == 6)
                #expect(run.best?.step == bestStep)
                return events
            }
            #expect(events.dropFirst().flatMap(\.self) == [])
            #expect(events[0].map(\.name) == expected.map(\.name))
            for case (.validation(_, let found), .validation(_, let expected)) in zip(
                events[0],
                expected
            ) {
                #expect(abs(found - expected) < 1e-4)
            }
            func names(_ name: String) throws -> [String] {
                try FileSystem.names(in: directory.appending(name)).map(\.string)
                    .filter { !$0.hasPrefix("state_") }.sorted()
            }
            let (found, files) = (try names("several"), try names("alone"))
            #expect(found == files)
            let description = try RunDescription(
                contentsOf: RunDirectory(directory.appending("several")).descriptionPath
            )
            #expect(description.machine.processes == count)
        }
    }

    @Test(arguments: [2, 3])
    func allProcessesStopAtThePointWhereOneWasTold(count: Int) throws {
        try withTemporaryDirectory { directory in
            for (stop, told) in [(1, 1), (3, 0), (6, 1), (9, count - 1), (14, 0), (17, 1)] {
                let name = "stopped\(stop)"
                let steps = try withThreadGroup(of: count) { group in
                    var asked = 0
                    let run = try Self.start(in: directory, name, group)
                    try run.run(until: {
                        asked += 1
                        return group.rank == told && asked >= stop
                    }) { _ in }
                    return run.trainer.stepCount
                }
                #expect(Set(steps).count == 1)
                let run = RunDirectory(directory.appending(name))
                let saved = try run.checkpointSteps().last
                #expect(saved == (steps[0] > 0 ? steps[0] : nil))
            }
        }
    }

    @Test func runThatIsRefusedIsRefusedInAllProcesses() throws {
        try withTemporaryDirectory { directory in
            try Self.start(in: directory, "run", .alone).run { _ in }
            let results = threadGroupResults(of: 3) { group in
                _ = try Self.start(in: directory, "run", group, policy: .never)
            }
            let expected = TrainingError.runExists(path: directory.appending("run"))
            #expect(throws: expected) { try results[0].get() }
            for result in results.dropFirst() {
                let told = CollectiveError.otherRank(
                    rank: 0,
                    message: "\(expected)",
                    exitStatus: 65
                )
                #expect(throws: told) { try result.get() }
            }
        }
    }

    @Test func anEventThatCannotBeReportedEndsTheRunOfAll() throws {
        try withTemporaryDirectory { directory in
            let results = threadGroupResults(of: 2) { group in
                try Self.start(in: directory, "run", group).run { event in
                    if case .step(let step) = event, step.step == 3 { throw Broken() }
                }
            }
            #expect(throws: Broken.self) { try results[0].get() }
            let told = CollectiveError.otherRank(rank: 0, message: "it broke", exitStatus: 65)
            #expect(throws: told) { try results[1].get() }
            let saved = try RunDirectory(directory.appending("run")).checkpointSteps()
            #expect(saved == [2])
        }
    }

    @Test func directoryIsHeldUntilTheRunOfAllEnds() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(directory.appending("run"))
            let inUse = try withThreadGroup(of: 2) { group in
                var inUse: [Bool] = []
                try Self.start(in: directory, "run", group).run { event in
                    if case .step = event { inUse.append(try run.isInUse()) }
                }
                return inUse
            }
            #expect(inUse == [[Bool](repeating: true, count: 6), []])
            let isStillInUse = try run.isInUse()
            #expect(!isStillInUse)
        }
    }

    @Test(arguments: [2, 3, 4])
    func sharedOutMeasurementsHaveTheBitsOfOneProcess(count: Int) throws {
        try withTemporaryDirectory { directory in
            let measure = { @Sendable (group: ProcessGroup) in
                let small = SmallRun(totalBatchTokens: 192)
                var settings = small.settings
                settings.validationBatches = 7
                let trainer = try small.trainer(in: directory, settings: settings, group: group)
                let conversations = (1...9).map { length in
                    var conversation = ConversationTokens()
                    conversation.append([5, 3], isLearnt: false)
                    conversation.append((0..<Int32(length)).map { $0 % 16 }, isLearnt: true)
                    return conversation
                }
                let sources: [any BatchSource] = [
                    try small.loader(in: directory, seed: 2),
                    try ConversationLoader(
                        conversations,
                        path: "conversations",
                        batchSize: 2,
                        sequenceLength: 8,
                        seed: nil
                    ),
                ]
                let losses = try sources.map { source in
                    try trainer.validationLoss(on: source)
                }
                let endings = try Evaluator(trainer.model, batchSize: 2, group: group)
                    .endingLosses(Self.questions)
                return (losses, endings)
            }
            let expected = try measure(.alone)
            #expect(Set(expected.1.joined()).count > 10)
            for found in try withThreadGroup(of: count, { try measure($0) }) {
                #expect(found.0 == expected.0)
                #expect(found.1 == expected.1)
            }
        }
    }

    @Test func aMeasurementWithoutANumberEndsAllProcesses() throws {
        try withTemporaryDirectory { directory in
            let results = threadGroupResults(of: 3) { group in
                let trainer = try SmallRun().trainer(in: directory)
                if group.rank == 1 { trainer.model.poison() }
                _ = try Evaluator(trainer.model, batchSize: 2, group: group).score(Self.questions)
            }
            for (rank, result) in results.enumerated() {
                #expect(throws: (any Error).self) { try result.get() }
                guard case .failure(let error) = result else { continue }
                #expect((error is TrainingError) == (rank == 1))
            }
        }
    }

    @Test func aDirectoryThatTheFirstProcessDoesNotTrainInIsRefused() throws {
        try withTemporaryDirectory { directory in
            let other = directory.appending("other")
            for isThere in [false, true] {
                if isThere { try FileSystem.createDirectory(other) }
                let results = threadGroupResults(of: 2) { group in
                    _ = try Self.start(in: directory, group.isFirst ? "run" : "other", group)
                }
                let refusal = TrainingError.notShared(path: other)
                #expect(throws: refusal) { try results[1].get() }
                #expect(
                    throws: CollectiveError.otherRank(
                        rank: 1,
                        message: refusal.description,
                        exitStatus: 65
                    )
                ) { try results[0].get() }
                #expect(FileSystem.exists(other) == isThere)
            }
        }
    }
}

extension TrainingEvent {
    /// What happened, without when and how much.
    fileprivate var name: String { String("\(self)".prefix { $0 != "(" }) }
}

// What is checked before the first step, and run.json.

import FileIO
import LanguageModels
import Tensors
import TestSupport
import Testing
import Training

@Suite(.serialized) struct RunPreparationTests {
    private func start(
        _ small: SmallRun = SmallRun(),
        in directory: FilePath,
        run: FilePath,
        overwrite: Bool = false,
        describing description: ((Trainer) -> RunDescription)? = nil,
        change: (inout TrainingSettings) -> Void = { _ in }
    ) throws -> TrainingRun {
        var settings = small.settings
        settings.checkpointInterval = 1
        change(&settings)
        let trainer = try small.trainer(in: directory, settings: settings)
        return try TrainingRun(
            trainer,
            validation: small.loader(in: directory, seed: 2),
            directory: RunDirectory(run),
            overwrite: overwrite,
            description: description?(trainer)
        )
    }

    @Test func aDirectoryThatCannotBeWrittenIsNoticedAtTheStart() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending("file")
            try touch(file)
            for path in [file, file.appending("run"), "/proc/swiftlet-test"] {
                let error = #expect(throws: FileIOError.self) {
                    try start(in: directory, run: path)
                }
                #expect(error?.description.contains("cannot create") == true)
            }
        }
    }

    @Test func checkpointsThatDoNotFitAreNoticedAtTheStart() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("run")
            try start(in: directory, run: path).run { _ in }
            let names = try FileSystem.names(in: path).map(\.string)
            // Each of a billion checkpoints of 70 kB is to be kept: 70 TB.
            let error = #expect(throws: TrainingError.self) {
                try start(
                    in: directory,
                    run: path,
                    overwrite: true,
                    change: {
                        $0.keepEvery = 1
                        $0.schedule.totalSteps = 1_000_000_000
                    }
                )
            }
            guard case .noRoom(path, let needed, let available) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(needed > available && available > 0)
            let (much, little) = (TensorError.memory(needed), TensorError.memory(available))
            #expect(
                error?.description.contains("need \(much) in '\(path)', but only \(little) is free")
                    == true
            )
            #expect(try FileSystem.names(in: path).map(\.string) == names)
        }
    }

    @Test func runJSONSaysHowToRepeatTheRun() throws {
        try withTemporaryDirectory { directory in
            let small = SmallRun(steps: 3, shardTokenCounts: [49, 17])
            let path = directory.appending("run")
            let flags: [String: JSONValue] = [
                "batch-size": .integer(2), "learning-rate": JSONValue(Float(3e-4)),
                "shuffle": .bool(false), "tokenizer": .null, "init": .string("d6"),
                "stop": .array([.string("a"), .string("b")]), "seed": JSONValue(UInt64.max),
            ]
            let validation = try small.loader(in: directory, seed: 2)
            let run = try start(
                small,
                in: directory,
                run: path,
                describing: {
                    RunDescription($0, validation: validation, initialization: "d6", flags: flags)
                }
            )
            let found = try RunDescription(contentsOf: RunDirectory(path).descriptionPath)
            #expect(found.flags == flags)
            #expect(found.model.initialization == "d6")
            let machine = run.trainer.ops
            let folder = directory.string
            #expect(
                try text(RunDirectory(path).descriptionPath) == """
                    {
                      "data" : {
                        "train" : [
                          {
                            "path" : "\(folder)/tokens_1_0.bin",
                            "tokens" : 49
                          },
                          {
                            "path" : "\(folder)/tokens_1_1.bin",
                            "tokens" : 17
                          }
                        ],
                        "validation" : [
                          {
                            "path" : "\(folder)/tokens_2_0.bin",
                            "tokens" : 49
                          },
                          {
                            "path" : "\(folder)/tokens_2_1.bin",
                            "tokens" : 17
                          }
                        ]
                      },
                      "flags" : {
                        "batch-size" : 2,
                        "init" : "d6",
                        "learning-rate" : 0.0003,
                        "seed" : "18446744073709551615",
                        "shuffle" : false,
                        "stop" : [
                          "a",
                          "b"
                        ],
                        "tokenizer" : null
                      },
                      "machine" : {
                        "isa" : "\(machine.instructionSet.rawValue)",
                        "processor" : "\(Machine.processorName)",
                        "threads" : 1
                      },
                      "model" : {
                        "channels" : 8,
                        "context" : 8,
                        "heads" : 2,
                        "init" : "d6",
                        "layers" : 1,
                        "parameters" : \(run.trainer.model.sizes.parameterCount),
                        "vocabulary_size" : 16
                      },
                      "steps" : 3
                    }

                    """
            )
        }
    }

    @Test func runJSONIsWrittenAgainWhenTheRunResumes() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("run")
            let training = try start(in: directory, run: path)
            try training.run(until: { training.trainer.stepCount == 1 }) { _ in }
            try FileSystem.remove(RunDirectory(path).descriptionPath)
            let again = try start(in: directory, run: path)
            #expect(again.resumedStep == 1)
            let found = try RunDescription(contentsOf: RunDirectory(path).descriptionPath)
            #expect(found.steps == 5)
        }
    }

    @Test func damagedRunJSONIsReportedInOneSentence() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("run.json")
            for (json, fragment) in [("{", "not the expected JSON"), ("{}", "no 'model'")] {
                try touch(path, [UInt8](json.utf8))
                let error = #expect(throws: TrainingError.self) {
                    try RunDescription(contentsOf: path)
                }
                #expect(error?.description.contains(fragment) == true)
            }
        }
    }
}

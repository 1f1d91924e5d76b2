// `train` with an adapter: what it leaves, that it resumes exactly, and what it refuses. That its
// steps are PEFT's is tested in ParityTests.

import FileIO
import TestSupport
import Testing

@Suite(.serialized) struct TrainAdapterTests {
    /// A model and data for it, in a directory of their own.
    private struct Place {
        let directory: FilePath
        let model: FilePath
        let data: FilePath

        init(_ directory: FilePath) throws {
            self.directory = directory
            model = try writeModel(to: directory.appending("model.bin"))
            data = try writeShard(to: directory.appending("data.bin"), count: 900)
        }

        func train(_ name: String, _ flags: String...) throws -> Outcome {
            try train(name, flags)
        }

        func train(_ name: String, _ flags: [String]) throws -> Outcome {
            let arguments = [
                "train", "--init", model.string, "--train-data", data.string, "--output",
                directory.appending(name).string, "--sequence-length", "16", "--batch-size", "2",
                "--learning-rate", "0.01", "--schedule", "constant",
            ]
            return try swiftlet(arguments + flags)
        }

        func adapter(_ name: String) -> FilePath {
            directory.appending(name).appending("adapter")
        }

        func bytes(_ name: String, _ file: String) throws -> [UInt8] {
            try MappedFile(directory.appending(name).appending(file)).contents()
        }
    }

    private func withPlace(_ body: (Place) throws -> Void) throws {
        try withTemporaryDirectory { try body(Place($0)) }
    }

    @Test func anAdapterDoesNotResumeOverOtherWeights() throws {
        try withPlace { place in
            let flags = ["--lora-rank", "2", "--steps"]
            #expect(try place.train("run", flags + ["1"]).status == 0)
            #expect(try place.train("other", "--steps", "1").status == 0)
            try writeBytes(place.bytes("other", "model_00000001.bin"), to: place.model)
            let refused = try place.train("run", flags + ["2"])
            #expect(refused.status == 64)
            #expect(refused.errors.contains("the weights below the adapter have changed"))
            let allowed = try place.train("run", flags + ["2", "--allow-changes"])
            #expect(allowed.status == 0, "\(allowed.errors)")
        }
    }

    @Test func aModelInTheOutputDirectoryIsNotReplacedByItsAdapter() throws {
        try withPlace { place in
            #expect(try place.train("run", "--steps", "1").status == 0)
            let before = try place.bytes("run", "model_00000001.bin")
            let run = place.directory.appending("run").string
            let outcome = try place.train(
                "run",
                "--init",
                run,
                "--lora-rank",
                "2",
                "--steps",
                "1",
                "--overwrite"
            )
            #expect(outcome.status == 64)
            #expect(outcome.errors.contains("give another --output"), "\(outcome.errors)")
            #expect(try place.bytes("run", "model_00000001.bin") == before)
        }
    }

    @Test(arguments: ["float32", "bfloat16"])
    func aResumedRunMatchesOneThatNeverStopped(precision: String) throws {
        try withPlace { place in
            let flags = ["--lora-rank", "2", "--lora-targets", "attention,mlp"]
            func train(_ name: String, _ steps: String) throws {
                let outcome = try place.train(
                    name,
                    flags[0],
                    flags[1],
                    flags[2],
                    flags[3],
                    "--precision",
                    precision,
                    "--steps",
                    steps
                )
                #expect(outcome.status == 0, "\(outcome.errors)")
            }
            try train("whole", "6")
            try train("parts", "3")
            try train("parts", "6")
            let files = [
                "adapter/adapter_model.safetensors", "adapter/adapter_config.json",
                "model_00000006/adapter_model.safetensors", "state_00000006_00000.bin",
            ]
            for file in files {
                #expect(try place.bytes("whole", file) == place.bytes("parts", file), "\(file)")
            }
        }
    }

    @Test func theAdapterIsUsedMergedAndTrainedOn() throws {
        try withPlace { place in
            #expect(try place.train("run", "--lora-rank", "2", "--steps", "4").status == 0)
            let adapter = place.adapter("run").string
            let info = try swiftlet(["info", place.directory.appending("run").string])
            #expect(info.status == 0 && info.output.contains("finished"), "\(info.errors)")
            func loss(_ arguments: String...) throws -> String {
                let outcome = try swiftlet(
                    ["evaluate", "--data", place.data.string, "--sequence-length", "16"] + arguments
                )
                #expect(outcome.status == 0, "\(outcome.errors)")
                return outcome.output
            }
            let base = try loss("--model", place.model.string)
            let adapted = try loss("--model", place.model.string, "--adapter", adapter)
            #expect(base != adapted)
            let merged = place.directory.appending("merged.bin").string
            let convert = [
                "convert", place.model.string, merged, "--to", "llmc", "--adapter", adapter,
            ]
            #expect(try swiftlet(convert).status == 0)
            #expect(try loss("--model", merged) == adapted)

            let more = try place.train("more", "--adapter", adapter, "--steps", "0")
            #expect(more.status == 0, "\(more.errors)")
            let file = "adapter/adapter_model.safetensors"
            #expect(try place.bytes("more", file) == place.bytes("run", file))
        }
    }

    /// A run may be killed between its last checkpoint and the adapter that follows from it.
    @Test func aDamagedOrMissingAdapterIsRestoredFromTheNewestCheckpoint() throws {
        try withPlace { place in
            func train() throws {
                let outcome = try place.train("run", "--lora-rank", "2", "--steps", "2")
                #expect(outcome.status == 0, "\(outcome.errors)")
            }
            try train()
            let file = "adapter/adapter_model.safetensors"
            let newest = try place.bytes("run", file)
            let path = place.directory.appending("run").appending(file)
            try writeBytes(newest.map { ~$0 }, to: path)
            try train()
            #expect(try place.bytes("run", file) == newest)
            try FileSystem.remove(path)
            try train()
            #expect(try place.bytes("run", file) == newest)
        }
    }

    /// Directories that a killed process was filling, and the adapter of a run that is replaced.
    @Test func leftoversOfOtherProcessesAreRemoved() throws {
        try withPlace { place in
            #expect(try place.train("run", "--lora-rank", "2", "--steps", "1").status == 0)
            let run = place.directory.appending("run")
            let left = [".adapter.4000000-1", ".model_00000001.4000000-2"].map { run.appending($0) }
            for path in left {
                try FileSystem.createDirectory(path)
                try AtomicFile(path.appending("adapter_config.json")).commit()
            }
            let again = try place.train("run", "--lora-rank", "2", "--steps", "1")
            #expect(again.status == 0, "\(again.errors)")
            for path in left { #expect(!FileSystem.exists(path), "\(path)") }
            #expect(FileSystem.exists(place.adapter("run")))
            #expect(try place.train("run", "--steps", "1", "--overwrite").status == 0)
            #expect(!FileSystem.exists(place.adapter("run")))
        }
    }

    @Test func impossibleOptionsAreRefused() throws {
        try withPlace { place in
            let size = ["train", "--init", "layers=1,heads=1,channels=8,context=16"]
            let rest = [
                "--train-data", place.data.string, "--output",
                place.directory.appending("size").string, "--lora-rank", "2",
            ]
            expectError(try swiftlet(size + rest), 64, "name a model")
            let text = try writeBytes(
                [UInt8](repeating: 0x61, count: 400),
                to: place.directory.appending("text.txt")
            )
            let tokenizer = try writeTokenizer(to: place.directory.appending("bytes.bin"))
            let output = place.directory.appending("text-run")
            let made = [
                "--text", text.string, "--tokenizer", tokenizer.string, "--output", output.string,
                "--lora-rank", "2", "--batch-size", "1",
            ]
            expectError(try swiftlet(size + made), 64, "name a model")
            #expect(!FileSystem.exists(output), "no shards are left of a run that cannot be")
            expectError(try place.train("a", "--lora-alpha", "2"), 64, "are for --lora-rank")
            expectError(
                try place.train("a", "--lora-rank", "2", "--optimizer", "muon"),
                64,
                "train an adapter with adamw"
            )
            expectError(
                try place.train("b", "--lora-rank", "2", "--lora-targets", "head"),
                64,
                "one of 'attention', 'mlp' or 'attention,mlp'"
            )
            expectError(try place.train("c", "--lora-rank", "2", "--adapter", "d"), 64, "not both")
            expectError(try place.train("d", "--adapter", place.directory.string), 66, "adapter")
            expectError(
                try place.train("d", "--adapter", place.adapter("none").string),
                66,
                "does not exist"
            )

            // An adapter's run resumes only as one, and is not a model.
            #expect(try place.train("run", "--lora-rank", "2", "--steps", "1").status == 0)
            expectError(
                try place.train("d", "--adapter", place.directory.appending("run").string),
                65,
                "name the adapter in it, '\(place.adapter("run"))'"
            )
            for (flags, words) in [
                (["--lora-rank", "3"], "the adapter's rank was 2 and is now 3"),
                (["--lora-rank", "2", "--lora-alpha", "8"], "alpha was 4.0 and is now 8.0"),
                (["--lora-rank", "2", "--lora-targets", "mlp"], "for other linear layers"),
            ] {
                expectError(try place.train("run", flags + ["--steps", "1"]), 64, words)
            }
            expectError(
                try place.train("run", "--steps", "1"),
                64,
                "what is trained was an adapter and is now the whole model; train the model"
            )
            #expect(try place.train("whole", "--steps", "1").status == 0)
            expectError(
                try place.train("whole", "--lora-rank", "2", "--steps", "1"),
                64,
                "what is trained was the whole model and is now an adapter"
            )
        }
    }
}

// `train` with Llamas: the files of their checkpoints, and runs that resume from them.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct TrainLlamaTests {
    /// Trains 12 steps, with a checkpoint after every fourth, of which two are kept.
    private func train(_ model: String, _ directory: FilePath, _ run: String) throws -> Outcome {
        let shard = directory.appending("tokens.bin")
        if !FileSystem.exists(shard) { try writeShard(to: shard, count: 2000) }
        return try swiftlet([
            "train", "--init", model, "--train-data", shard.string, "--output",
            directory.appending(run).string, "--batch-size", "2", "--sequence-length", "16",
            "--steps", "12", "--checkpoint-every", "4", "--threads", "1",
        ])
    }

    /// A run as it was when it had made eight steps.
    private func copyOfEarlierRun(_ run: FilePath, to copy: FilePath) throws {
        let outcome = try shell("cp -r '\(run)' '\(copy)' && rm -r '\(copy)'/*_00000012*")
        try #require(outcome.status == 0, "\(outcome.errors)")
    }

    private static let size = "layers=2,heads=4,channels=16,kv-heads=2,hidden=20,context=32"

    @Test func aRunOfALlamaWritesFilesOfLlama2CAndResumesBitForBit() throws {
        try withTemporaryDirectory { directory in
            let size = "llama2:\(Self.size),vocabulary=260"
            let whole = try train(size, directory, "whole")
            #expect(whole.status == 0, "\(whole.errors)")
            let run = directory.appending("whole")
            let model = run.appending("model_00000012.bin")
            let info = try swiftlet("info", model.string, "--json").object()
            #expect(info["format"] as? String == "llama2c")

            let copy = directory.appending("copy")
            try copyOfEarlierRun(run, to: copy)
            #expect(try train(size, directory, "copy").status == 0)
            for name in ["model_00000012.bin", "state_00000012_00000.bin"] {
                let bytes = try MappedFile(copy.appending(name)).contents()
                #expect(try bytes == MappedFile(run.appending(name)).contents(), "\(name)")
            }
        }
    }

    /// llama2.c's files cannot hold another epsilon.
    @Test func whatLlama2CCannotHoldIsADirectoryOfSafetensors() throws {
        try withTemporaryDirectory { directory in
            let size = "llama2:\(Self.size),vocabulary=260"
            try #require(try train(size, directory, "first").status == 0)
            let start = directory.appending("start")
            let converted = try swiftlet([
                "convert", directory.appending("first").string, start.string, "--to", "safetensors",
            ])
            try #require(converted.status == 0, "\(converted.errors)")
            let changed = try shell(
                "sed -i.old 's/\"rms_norm_eps\": [^,]*/\"rms_norm_eps\": 1e-06/' "
                    + "'\(start)/config.json' && ! cmp '\(start)/config.json'*"
            )
            try #require(changed.status == 0)

            let outcome = try train(start.string, directory, "run")
            #expect(outcome.status == 0, "\(outcome.errors)")
            let run = directory.appending("run")
            let models = try FileSystem.names(in: run).map(\.string).filter {
                $0.hasPrefix("model_")
            }
            #expect(models == ["model_00000008", "model_00000012"])
            let copy = directory.appending("copy")
            try copyOfEarlierRun(run, to: copy)
            #expect(try train(start.string, directory, "copy").status == 0)
            let name = "model_00000012/model.safetensors"
            let bytes = try MappedFile(copy.appending(name)).contents()
            #expect(try bytes == MappedFile(run.appending(name)).contents())
        }
    }

    @Test func impossibleSizesOfALlamaAreRefused() throws {
        try withTemporaryDirectory { directory in
            for (size, words) in [
                ("llama2:layers=2,heads=3,channels=16", "cannot be divided"),
                ("llama2:layers=2,heads=4,channels=16,colour=2", "it has no 'colour'"),
                ("llama2:layers=2,heads=4,kv-heads=3,channels=16", "cannot share"),
                ("llama2:layers=2,heads=4,channels=0", "the number of channels is 0 and must be"),
            ] {
                let outcome = try train(size, directory, "run")
                #expect(outcome.status == 64 || outcome.status == 65)
                #expect(outcome.errors.contains(words), "\(outcome.errors)")
                #expect(!FileSystem.exists(directory.appending("run")))
            }
        }
    }
}

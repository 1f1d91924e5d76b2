import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing
import Training

@Suite(.serialized) struct InfoTests {
    @Test func aModelIsDescribed() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            let object = try swiftlet("info", model.string, "--json").object()
            #expect(object["format"] as? String == "llm.c")
            #expect(object["kind"] as? String == "model")
            #expect(object["model"] as? String == "gpt2")
            // Vp C + maxT C + 2 C + 12 C^2 + 13 C, with Vp = 384, C = 16, maxT = 32.
            #expect(object["parameters"] as? Int == 384 * 16 + 32 * 16 + 2 * 16 + 3072 + 208)
            let configuration = try #require(object["configuration"] as? [String: Int])
            #expect(
                configuration == [
                    "layers": 1, "heads": 2, "channels": 16, "context": 32, "vocabulary": 257,
                    "padded_vocabulary": 384,
                ]
            )
            let tensors = try #require(object["tensors"] as? [[String: Any]])
            #expect(tensors.count == 16)
            #expect(tensors[0]["name"] as? String == "wte")
            #expect(tensors[0]["shape"] as? [Int] == [384, 16])
            #expect(tensors[0]["dtype"] as? String == "float32")

            let text = try swiftlet("info", model.string)
            #expect(text.status == 0)
            #expect(text.errors == "")
            #expect(text.output.contains(#/ {2}layers +1\n/#))
            #expect(text.output.contains(#/ {2}qkvw +1 x 48 x 16 +float32\n/#))
        }
    }

    @Test func theUseOfParametersIsShown() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin")).string
            let object = try swiftlet("info", model, "--json").object()
            let parts = try #require(object["parts"] as? [[String: Any]])
            let names = parts.compactMap { $0["part"] as? String }
            #expect(names == ["embeddings", "attention", "mlp", "norms"])
            let counts = parts.compactMap { $0["parameters"] as? Int }
            // (V + maxT) C; 4 C^2 + 4 C; 8 C^2 + 5 C; 6 C, without what pads the vocabulary.
            #expect(counts == [(257 + 32) * 16, 1024 + 64, 2048 + 80, 96])
            #expect(counts.reduce(0, +) == object["unpadded_parameters"] as? Int)
            let shares = parts.compactMap { $0["share"] as? Double }
            #expect(abs(shares.reduce(0, +) - 1) < 1e-12)
            let text = try swiftlet("info", model).output
            #expect(text.contains(#/ {2}parameters of +count +share\n/#))
            #expect(text.contains(#/ {2}MLP +2,128 +26\.8%\n/#))
        }
    }

    @Test func memoryForTrainingIsWhatTheTrainerAllocates() throws {
        try withTemporaryDirectory { directory in
            let path = try writeModel(to: directory.appending("model.bin"))
            func training(_ more: String...) throws -> [String: Any] {
                let outcome = try swiftlet(["info", path.string, "--json"] + more)
                return try #require(outcome.object()["training"] as? [String: Any])
            }
            func expected(
                _ B: Int,
                _ T: Int,
                _ recomputation: Recomputation = .none,
                _ precision: ElementType = .float32
            ) throws -> Trainer.Memory {
                try Trainer.memory(
                    LLMCFile(path).configuration,
                    batchSize: B,
                    sequenceLength: T,
                    recomputation: recomputation,
                    precision: precision,
                    threadCount: Machine.defaultThreadCount
                )
            }
            let usual = try training()
            #expect(usual["batch_size"] as? Int == 4)
            // The context, which is shorter than 1024.
            #expect(usual["sequence_length"] as? Int == 32)
            #expect(usual["precision"] as? String == "float32")
            #expect(usual["recompute"] as? String == "none")
            #expect(usual["total_bytes"] as? Int == (try expected(4, 32).total))
            #expect(usual["activations_bytes"] as? Int == (try expected(4, 32).activations))
            #expect(usual["rounded_weights_bytes"] as? Int == 0)
            let weights = try #require(usual["weights_bytes"] as? Int)
            // Padding is trained too.
            let parameters = 384 * 16 + 32 * 16 + 2 * 16 + 3072 + 208
            #expect(weights == 4 * parameters)
            #expect(usual["gradients_bytes"] as? Int == weights)
            #expect(usual["moments_bytes"] as? Int == 2 * weights)

            let other = try training(
                "--batch-size",
                "3",
                "--sequence-length",
                "7",
                "--recompute",
                "block",
                "--precision",
                "bfloat16"
            )
            let memory = try expected(3, 7, .block, .bfloat16)
            #expect(other["total_bytes"] as? Int == memory.total)
            #expect(other["activations_bytes"] as? Int == memory.activations)
            #expect(other["rounded_weights_bytes"] as? Int == memory.parameters.roundedWeights)
            let text = try swiftlet("info", path.string, "--batch-size", "1").output
            #expect(
                text.contains("  memory for training, with 1 sequence of 32 tokens, float32\n")
            )
            #expect(text.contains(#/ {2}total +[\d.]+ KiB\n/#))
        }
    }

    @Test func anImpossibleTrainingShapeIsRefused() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin")).string
            expectError(
                try swiftlet("info", model, "--sequence-length", "33"),
                64,
                "does not fit into a context of 32"
            )
            expectError(
                try swiftlet("info", "--machine", "--batch-size", "2"),
                64,
                "not for --machine"
            )
            let tokenizer = try writeTokenizer(to: directory.appending("t.bin")).string
            expectError(try swiftlet("info", tokenizer, "--batch-size", "2"), 65, "tokenizer, not")
            // As many tokens as fit, at a size that no memory can hold.
            let arguments = ["info", model, "--batch-size", "1048576", "--json"]
            #expect(try swiftlet(arguments).status == 0)
        }
    }

    @Test func memoryForTrainingALlamaIsShown() throws {
        try withLlama { model, _ in
            let object = try swiftlet("info", model, "--json").object()
            let parts = try #require(object["parts"] as? [[String: Any]])
            let counts = parts.compactMap { $0["parameters"] as? Int }
            // 2 layers; 4 and 2 heads of 8.
            #expect(counts == [259 * 32, 2 * 3 * 32 * 32, 2 * 3 * 32 * 64, 5 * 32])
            #expect(counts.reduce(0, +) == object["parameters"] as? Int)
            let training = try #require(object["training"] as? [String: Any])
            let weights = 4 * counts.reduce(0, +)
            #expect(training["weights_bytes"] as? Int == weights)
            // Weights, gradients and two moments, and a batch of 4 sequences of the whole context.
            let activations = try #require(training["activations_bytes"] as? Int)
            #expect(activations > 4 * 4 * 32)
            #expect(training["total_bytes"] as? Int == 4 * weights + activations)
        }
    }

    @Test func aBFloat16ModelIsDescribedAsSuch() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"), elementType: .bfloat16)
            let object = try swiftlet("info", model.string, "--json").object()
            let tensors = try #require(object["tensors"] as? [[String: Any]])
            #expect(tensors.allSatisfy { $0["dtype"] as? String == "bfloat16" })
        }
    }

    @Test func aTokenizerIsDescribed() throws {
        try withTemporaryDirectory { directory in
            let path = try writeTokenizer(to: directory.appending("t.bin"))
            let object = try swiftlet("info", path.string, "--json").object()
            #expect(object["kind"] as? String == "tokenizer")
            #expect(object["vocabulary"] as? Int == 257)
            #expect(object["end_of_text"] as? Int == 256)
            #expect(try swiftlet("info", path.string).output.contains("vocabulary     257\n"))
        }
    }

    @Test func aTokenShardIsDescribed() throws {
        try withTemporaryDirectory { directory in
            let path = try writeShard(to: directory.appending("s.bin"))
            let object = try swiftlet("info", path.string, "--json").object()
            #expect(object["kind"] as? String == "token_shard")
            #expect(object["tokens"] as? Int == 300)
            #expect(object["bytes"] as? Int == 1024 + 600)
            #expect(try swiftlet("info", path.string).output.contains("0 1 2 3 4 5 6 7 ...\n"))
        }
    }

    @Test func aDebugStateIsDescribed() throws {
        try withTemporaryDirectory { directory in
            let path = try writeHeader([20_240_327, 2, 4, 64], to: directory.appending("d.bin"))
            let object = try swiftlet("info", path.string, "--json").object()
            #expect(object["kind"] as? String == "debug_state")
            #expect(object["batch_size"] as? Int == 4)
            #expect(object["sequence_length"] as? Int == 64)
            #expect(try swiftlet("info", path.string).output.contains("4 sequences of 64 tokens"))
        }
    }

    @Test func aRunIsDescribed() throws {
        try withTemporaryDirectory { directory in
            for step in [3, 7] {
                try writeModel(to: directory.appending("model_0000000\(step).bin"))
                try writeBytes([], to: directory.appending("DONE_0000000\(step)"))
            }
            let object = try swiftlet("info", directory.string, "--json").object()
            #expect(object["kind"] as? String == "run")
            #expect(object["checkpoints"] as? [Int] == [3, 7])
            #expect(object["has_tokenizer"] as? Bool == false)
            #expect((object["path"] as? String)?.hasSuffix("model_00000007.bin") == true)
            #expect(object["model"] as? String == "gpt2")
            let chosen = try swiftlet("info", directory.string, "--checkpoint", "3").output
            #expect(chosen.contains("checkpoints  3, 7\n"))
            #expect(chosen.contains("model_00000003.bin"))
        }
    }

    @Test func theProgressOfARunIsShown() throws {
        try withTemporaryDirectory { directory in
            let run = directory.appending("run")
            let arguments = try smallRun(in: directory)
            _ = try swiftlet(arguments + ["--steps", "10"])
            let object = try swiftlet("info", run.string, "--json").object()
            #expect(object["status"] as? String == "finished")
            #expect(object["step"] as? Int == 10)
            #expect(object["steps"] as? Int == 10)
            #expect((object["train_loss"] as? Double).map { $0 > 1 && $0 < 9 } == true)
            #expect(object["val_step"] as? Int == 10)
            #expect(object["best_step"] as? Int == 10)
            let losses = ["best_val_loss", "val_loss"].compactMap { object[$0] as? Double }
            // main.log has four decimals.
            #expect(losses.count == 2 && abs(losses[0] - losses[1]) < 1e-4)
            let age = Date().timeIntervalSince1970 - (object["last_change"] as? Double ?? 0)
            #expect(abs(age) < 600)
            let text = try swiftlet("info", run.string).output
            #expect(text.contains("status       finished, 10 steps\n"))
            #expect(text.contains(#/best +[\d.]+ at step 10\n/#))
            #expect(text.contains(#/last change +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, .* ago\n/#))
        }
    }

    @Test func aRunIsShownAsRunningBeforeItsFirstCheckpoint() throws {
        try withTemporaryDirectory { directory in
            let run = directory.appending("run").string
            let arguments =
                try smallRun(in: directory) + ["--val-every", "0", "--sample-every", "0"]
            let endless = arguments + ["--steps", "100000000", "--checkpoint-every", "0"]
            _ = try swiftlet(endless) { program in
                program.wait { program.errors.contains(" | loss ") }
                let object = try swiftlet("info", run, "--json").object()
                #expect(object["status"] as? String == "running")
                #expect(object["checkpoints"] as? [Int] == [])
                #expect(object["val_loss"] is NSNull)
                #expect(object["model"] == nil)
                let text = try swiftlet("info", run).output
                #expect(text.contains(#/status +running, at step [\d,]+ of 100,000,000\n/#))
                #expect(text.contains("checkpoints  none yet\n"))
                program.interrupt()
            }
            #expect(try swiftlet("info", run, "--json").object()["status"] as? String == "stopped")
            // A requested checkpoint must exist.
            expectError(
                try swiftlet("info", run, "--checkpoint", "latest"),
                66,
                "no complete checkpoint"
            )
        }
    }

    @Test func theMachineIsDescribed() throws {
        let object = try swiftlet("info", "--machine", "--json").object()
        #expect(
            Set(object.keys) == [
                "processor", "physical_cores", "instruction_sets", "instruction_set", "products",
                "threads", "openmp", "mpi",
            ]
        )
        let sets = try #require(object["instruction_sets"] as? [String])
        #expect(sets == InstructionSet.available.map(\.rawValue))
        #expect(sets.contains(object["instruction_set"] as? String ?? ""))
        let chosen = try #require(
            InstructionSet(rawValue: object["instruction_set"] as? String ?? "")
        )
        #expect(
            object["products"] as? [String: String] == [
                "float32": chosen.products.float32,
                "bfloat16": chosen.products.bfloat16,
                "integers": chosen.products.integers,
            ]
        )
        #expect(object["openmp"] as? Bool == Machine.hasOpenMP)

        let text = try shell(
            "SWIFTLET_ISA=reference OMP_NUM_THREADS=1 \"$SWIFTLET\" info --machine"
        )
        #expect(text.status == 0)
        #expect(text.output.contains("chosen             reference\n"))
        #expect(text.output.contains("bfloat16 products  plain loops\n"))
        #expect(text.output.contains("threads            1\n"))
    }

    @Test func anUnknownInstructionSetIsReportedInOneSentence() throws {
        let outcome = try shell("SWIFTLET_ISA=mmx \"$SWIFTLET\" info --machine")
        expectError(outcome, 64, "'mmx'")
    }

    @Test func infoTakesEitherAFileOrTheMachine() throws {
        expectError(try swiftlet("info"), 64, "--machine")
        expectError(try swiftlet("info", "--machine", "x"), 64, "--machine")
    }

    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func realFilesAreDescribed() throws {
        func object(_ name: String) throws -> [String: Any] {
            try swiftlet("info", TestData.path(name).string, "--json").object()
        }
        let model = try object("tiny-gpt2/capp_gpt_llmc_v3.bin")
        #expect(model["unpadded_parameters"] as? Int == 236_224)
        let configuration = try #require(model["configuration"] as? [String: Int])
        #expect(configuration["context"] == 512)
        #expect(configuration["vocabulary"] == 53)
        for name in ["gpt2/gpt2_tokenizer.bin", "gpt2/gpt2_tokenizer_v1.bin"] {
            let tokenizer = try object(name)
            #expect(tokenizer["vocabulary"] as? Int == 50_257)
            #expect(tokenizer["end_of_text"] as? Int == 50_256)
        }
        let shard = try object("tinyshakespeare/tiny_shakespeare_train.bin")
        #expect(shard["tokens"] as? Int == 305_260)
    }
}

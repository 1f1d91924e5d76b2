// The flags of `sample` that shape a text, and several texts at once.

import FileIO
import Foundation
import Inference
import LanguageModels
import Tensors
import Testing

/// The objects that `sample --json` prints for a small model.
private func sample(
    _ model: String,
    _ tokenizer: String,
    _ options: [String]
) throws -> [[String: Any]] {
    try swiftlet(
        ["sample", "--model", model, "--tokenizer", tokenizer, "--json", "--ignore-eos"] + options
    ).objects()
}

extension [String: Any] {
    fileprivate var text: String? { self["text"] as? String }
    fileprivate var tokens: [Int]? { self["tokens"] as? [Int] }
    fileprivate var stopReason: String? { self["stop_reason"] as? String }
}

@Suite(.serialized) struct SampleOptionsTests {
    @Test func aStopStringEndsTheTextBeforeIt() throws {
        try withModel { model, tokenizer in
            // Printable bytes only, so that the text can be an argument.
            let options =
                ["--seed", "5", "--max-tokens", "20"]
                + (0...256).filter { !(97...122).contains($0) }
                .flatMap { ["--logit-bias", "\($0)=-inf"] }
            let whole = try #require(sample(model, tokenizer, options).first?.text)
            #expect(whole.count == 20)
            let stop = String(whole.dropFirst(7).prefix(2))
            let object = try sample(model, tokenizer, options + ["--stop", "€", "--stop", stop])[0]
            let end = try #require(whole.range(of: stop))
            #expect(object.text == String(whole[..<end.lowerBound]))
            #expect(object.stopReason == "stop_string")
            #expect(object.tokens?.count == object["generated_tokens"] as? Int)
        }
    }

    @Test func temperatureOneAndTopPOneAreTheModelsOwnDistribution() throws {
        try withModel { model, tokenizer in
            let options = [
                "--temperature", "1", "--top-p", "1", "--seed", "7", "--max-tokens", "30",
            ]
            let object = try sample(model, tokenizer, options)[0]
            // Drawn from the unchanged logits.
            let session = try GPT2Decoder(
                llmcCheckpoint: FilePath(model),
                ops: Ops(threadCount: 1)
            ).makeSession()
            var sampler = Sampler([], draw: .random(seed: 7))
            var tokens: [Int32] = [256]
            for _ in 0..<30 {
                tokens.append(try sampler.sample(session.logits(appending: tokens.suffix(1))))
            }
            #expect(object.tokens == tokens.dropFirst().map { Int($0) })
        }
    }

    @Test func logProbabilitiesListAsManyTokensAsRequested() throws {
        try withModel { model, tokenizer in
            let options = ["--seed", "7", "--max-tokens", "5", "--temperature", "0"]
            let plain = try sample(model, tokenizer, options)[0]
            #expect(plain["logprobs"] == nil)
            let object = try sample(model, tokenizer, options + ["--logprobs", "3"])[0]
            #expect(object.tokens == plain.tokens)
            let logprobs = try #require(object["logprobs"] as? [[String: Any]])
            #expect(logprobs.compactMap { $0["token"] as? Int } == object.tokens)
            for entry in logprobs {
                let top = try #require(entry["top"] as? [[String: Any]])
                let values = top.compactMap { $0["logprob"] as? Double }
                #expect(values.count == 3 && values.allSatisfy { $0 < 0 })
                #expect(values == values.sorted(by: >))
                // The likeliest, which greedy sampling takes.
                #expect(top[0]["token"] as? Int == entry["token"] as? Int)
                #expect(top[0]["text"] as? String == entry["text"] as? String)
                #expect(values[0] == entry["logprob"] as? Double)
            }
        }
    }

    @Test func logProbabilitiesAreForJSON() throws {
        try withModel { model, tokenizer in
            let outcome = try swiftlet([
                "sample", "--model", model, "--tokenizer", tokenizer, "--logprobs", "3",
            ])
            #expect(outcome.status == 64)
            #expect(outcome.errors.contains("--logprobs is for --json"))
        }
    }

    @Test func aPresencePenaltyKeepsTokensFromComingAgain() throws {
        try withModel { model, tokenizer in
            let greedy = ["--max-tokens", "30", "--temperature", "0"]
            func distinct(_ more: String...) throws -> Int {
                Set(try #require(sample(model, tokenizer, greedy + more)[0].tokens)).count
            }
            let without = try distinct("--logit-bias", "65=1000")
            #expect(without == 1)
            for penalty in ["--presence-penalty", "--frequency-penalty"] {
                let count = try distinct("--logit-bias", "65=1000", penalty, "1e9")
                #expect(count == 30)
            }
        }
    }

    @Test func withoutFlagsTheTemperatureIsLowAndTheUnlikeliestAreLeftOut() throws {
        try withModel { model, tokenizer in
            let options = ["--seed", "7", "--max-tokens", "30"]
            func tokens(_ more: String...) throws -> [Int]? {
                try sample(model, tokenizer, options + more)[0].tokens
            }
            let usual = try tokens()
            #expect(try tokens("--temperature", "0.8", "--top-p", "0.95") == usual)
            // Each default holds by itself.
            #expect(try tokens("--temperature", "0.8") == usual)
            #expect(try tokens("--top-p", "0.95", "--top-k", "0") == usual)
            #expect(try tokens("--temperature", "1", "--top-p", "1") != usual)
        }
    }

    @Test func aSlidingContextContinuesPastItsLength() throws {
        try withModel { model, tokenizer in
            let options = ["--max-tokens", "75", "--temperature", "0"]
            let object = try sample(model, tokenizer, options + ["--context-overflow", "slide"])[0]
            #expect(object.tokens?.count == 75)
            #expect(object.stopReason == "length")
            let stopped = try sample(model, tokenizer, options + ["--context-overflow", "stop"])[0]
            #expect(stopped.stopReason == "context")
            let tokens = try #require(stopped.tokens)
            #expect(object.tokens.map { Array($0.prefix(tokens.count)) } == tokens)
        }
    }

    @Test func aPromptLongerThanTheContextIsCutOrRefused() throws {
        try withModel(contextLength: 32) { model, tokenizer in
            let prompt = String(repeating: "x", count: 24) + String(repeating: "y", count: 16)
            let arguments = ["sample", "--model", model, "--tokenizer", tokenizer]
            expectError(
                try swiftlet(arguments + ["--prompt", prompt]),
                64,
                "the prompt has 40 tokens, but the model's context is 32"
            )
            let options = ["--temperature", "0", "--max-tokens", "20", "--ignore-eos"]
            let slide = ["--context-overflow", "slide", "--prompt"]
            let long = try swiftlet(arguments + options + slide + [prompt, "--json"])
            #expect(long.errors.contains("40 tokens is longer than the context"))
            let object = try long.object()
            #expect(object["prompt_tokens"] as? Int == 16)
            #expect(object.tokens?.count == 20)
            let kept = String(repeating: "y", count: 16)
            let short = try sample(model, tokenizer, options + slide + [kept])[0]
            #expect(object.tokens == short.tokens)
            // All of it is shown, whatever was read of it.
            let shown = try swiftlet(arguments + options + slide + [prompt]).output
            #expect(shown.hasPrefix(prompt))
        }
    }

    @Test func aBiasDecidesWhatIsDrawn() throws {
        try withModel { model, tokenizer in
            let options = ["--max-tokens", "4", "--logit-bias", "65=1000"]
            let biased = try sample(model, tokenizer, options)[0]
            #expect(biased.text == "AAAA")
            let more = ["--logit-bias", "66=900", "--logit-bias", "65=-inf"]
            let banned = try sample(model, tokenizer, options + more)[0]
            #expect(banned.text == "BBBB")
        }
    }

    @Test func aRepetitionPenaltyForbidsRepetition() throws {
        try withModel { model, tokenizer in
            // The bias makes the logits positive, which the penalty then shrinks.
            let bias = (65..<75).flatMap { ["--logit-bias", "\($0)=\(100 + $0)"] }
            let options = bias + ["--max-tokens", "5", "--temperature", "0"]
            let repeated = try sample(model, tokenizer, options)[0]
            #expect(repeated.text == "JJJJJ")
            // In greedy sampling a penalized logit loses even to a slightly smaller one.
            let text = try sample(
                model,
                tokenizer,
                ["--max-tokens", "30", "--temperature", "0", "--repetition-penalty", "1e30"]
            )[0]
            let tokens = try #require(text.tokens)
            #expect(Set(tokens).count == 30)
        }
    }

    @Test func minPOfOneIsGreedy() throws {
        try withModel { model, tokenizer in
            let options = ["--max-tokens", "10"]
            let greedy = try sample(model, tokenizer, options + ["--temperature", "0"])[0]
            let drawn = try sample(model, tokenizer, options + ["--min-p", "1"])[0]
            #expect(drawn.tokens == greedy.tokens)
        }
    }

    @Test func aBatchGivesTheTextsThatSingleRunsGive() throws {
        try withModel { model, tokenizer in
            let options = ["--max-tokens", "9"]
            let batch = try sample(
                model,
                tokenizer,
                options + [
                    "--seed", "40", "--prompt", "Hi", "--prompt", "you", "--num-samples", "6",
                ]
            )
            #expect(batch.count == 12)
            for (index, object) in batch.enumerated() {
                let alone = try sample(
                    model,
                    tokenizer,
                    options + ["--seed", "\(40 + index)", "--prompt", index < 6 ? "Hi" : "you"]
                )[0]
                #expect(object.tokens == alone.tokens)
                #expect(object["seed"] as? Int == 40 + index)
                #expect(object["prompt_tokens"] as? Int == (index < 6 ? 2 : 3))
            }
        }
    }

    @Test func severalTextsAreStacked() throws {
        try withModel { model, tokenizer in
            let options = ["--seed", "3", "--max-tokens", "6", "--num-samples", "10"]
            let texts = try sample(model, tokenizer, options + ["--prompt", "So"])
                .map { "So" + ($0.text ?? "") + "\n" }
            let outcome = try swiftlet(
                ["sample", "--model", model, "--tokenizer", tokenizer, "--ignore-eos"] + options + [
                    "--prompt", "So",
                ]
            )
            #expect(outcome.output == texts.joined(separator: "---\n"))
            // Batches of eight and two: a line per text, and one per batch.
            let lines = outcome.errors.split(separator: "\n")
            #expect(lines.count == 12)
            #expect(lines[0] == "swiftlet: 6 tokens, length reached, seed 3")
            #expect(lines[8].hasPrefix("swiftlet: 8 texts: 48 tokens in "))
            #expect(lines[8].contains("; prompt of 2 in "))
        }
    }

    @Test(
        arguments: zip(
            [
                ["--stop", ""], ["--logit-bias", "257=1"], ["--logit-bias", "65=nan"],
                ["--logit-bias", "65"], ["--logit-bias", "-1=2"], ["--min-p", "1.5"],
                ["--repetition-penalty", "0"], ["--repetition-window=-1"],
                ["--context-overflow", "wrap"],
            ],
            [
                "stop string", "no token 257", "65", "id=x", "id", "min-p", "repetition-penalty",
                "repetition-window", "stop|slide",
            ]
        )
    )
    func aWrongOptionIsReportedInOneSentence(options: [String], message: String) throws {
        try withModel { model, tokenizer in
            let arguments = ["sample", "--model", model, "--tokenizer", tokenizer] + options
            expectError(try swiftlet(arguments), 64, message)
        }
    }

    @Test func ctrlCLeavesWholeObjects() throws {
        try withModel(contextLength: 64) { model, tokenizer in
            let outcome = try swiftlet([
                "sample", "--model", model, "--tokenizer", tokenizer, "--ignore-eos", "--json",
                "--max-tokens", "60", "--num-samples", "100000",
            ]) { program in
                // Objects come when the first batch is complete: a later one is then being made.
                program.wait { !program.output.isEmpty }
                program.interrupt()
            }
            #expect(outcome.status == 130)
            let objects = try outcome.objects()
            #expect(objects.count >= 8 && objects.count % 8 == 0)
            for object in objects {
                let reason = try #require(object.stopReason)
                #expect(reason == "length" ? object.tokens?.count == 60 : reason == "interrupted")
            }
        }
    }

    @Test func ctrlCKeepsWhatABatchGenerated() throws {
        // Far longer than a stalled test takes to interrupt it.
        try withModel(contextLength: 1 << 14) { model, tokenizer in
            let outcome = try swiftlet([
                "sample", "--model", model, "--tokenizer", tokenizer, "--ignore-eos",
                "--max-tokens", "16384", "--num-samples", "3", "--seed", "1",
            ]) { program in
                // The first text is written as it is made: the others are then being made too.
                program.wait { !program.output.isEmpty }
                program.interrupt()
            }
            #expect(outcome.status == 130)
            let texts = outcome.output.components(separatedBy: "\n---\n")
            #expect(texts.count >= 3)
            #expect(texts.allSatisfy { !$0.isEmpty })
            let endings = outcome.errors.split(separator: "\n").dropLast()
            #expect(endings.count == 3)
            #expect(endings.allSatisfy { $0.contains("tokens, interrupted, seed") })
        }
    }
}

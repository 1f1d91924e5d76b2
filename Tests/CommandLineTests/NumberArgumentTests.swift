// Every option that takes a number, with invalid numbers.

import ArgumentParser
import Swiftlet
import Testing

@testable import SwiftletCLI

/// What the parser says about the arguments; nil if it accepts them.
private func complaint(_ arguments: [String]) -> String? {
    do {
        _ = try SwiftletCommand.parseAsRoot(arguments)
        return nil
    } catch {
        return SwiftletCommand.message(for: error)
    }
}

/// The options of the training settings whose values in run.json are of a kind.
private func trainingSettings(_ isOne: (JSONValue) -> Bool) -> [String] {
    TrainingSettings(sequenceLength: 1, schedule: LearningRateSchedule(totalSteps: 1))
        .flags.filter { isOne($0.value) }.map(\.key)
}

@Suite struct NumberArgumentTests {
    private static let wholeNumbers = [
        "sample": [
            "max-tokens", "top-k", "repetition-window", "num-samples", "seed", "threads",
        ],
        "chat": ["max-tokens", "top-k", "repetition-window", "seed", "threads"],
        "evaluate": ["batch-size", "sequence-length", "stride", "max-examples", "threads"],
        "prepare": ["validation-tokens", "shard-tokens", "threads"],
        "stories": ["bytes", "seed"],
        "tokenizer train": ["vocabulary-size", "threads"],
        "tokenizer encode": ["threads"],
        "info": ["batch-size", "sequence-length"],
        "inspect neurons": ["layer", "neuron", "top", "sequence-length", "threads"],
        "inspect attention": ["token", "top", "threads"],
        "inspect lens": ["token", "top", "threads"],
        "inspect next": ["top", "threads"],
        "inspect heads": ["sequence-length", "seed", "threads"],
        "inspect ablate": ["sequence-length", "batch-size", "threads"],
        "inspect neighbours": ["id", "top", "threads"],
        "inspect weights": ["layer", "threads"],
        "bench kernels": ["rows", "runs", "threads"],
        "bench train": ["vocabulary-size", "batch-size", "sequence-length", "steps", "threads"],
        "bench generate": ["prompt-tokens", "tokens", "batch-size", "runs", "threads"],
        "train": ["sample-tokens", "threads", "zero-stage"]
            + trainingSettings { if case .integer = $0 { true } else { false } },
    ]

    private static let decimals = [
        "sample": ["temperature", "top-p", "min-p", "repetition-penalty"],
        "chat": ["temperature", "top-p", "min-p", "repetition-penalty"],
        "train": trainingSettings { if case .number = $0 { true } else { false } },
    ]

    private func expectRange(
        _ options: [String: [String]],
        _ values: [String],
        _ requirement: String
    ) {
        for (command, names) in options {
            for name in names {
                for value in values {
                    // The form in which an option and its value reach the parser.
                    let words = command.split(separator: " ").map { String($0) }
                    let arguments = words + ["--\(name)=\(value)"]
                    let text = complaint(arguments) ?? ""
                    #expect(text.contains("'--\(name) <"), "\(arguments): \(text)")
                    #expect(text.contains(requirement), "\(arguments): \(text)")
                }
            }
        }
    }

    @Test func everyWholeNumberHasARange() {
        expectRange(
            Self.wholeNumbers,
            ["-1", "-9223372036854775808", "18446744073709551616", "x", "nan", "1e3", "1.5"],
            "it must be a whole number"
        )
        let text = complaint(["sample", "--top-k=9223372036854775808"])
        #expect(text?.contains("from 0 to 9223372036854775807") == true)
        #expect(complaint(["sample", "--threads=9999"])?.contains("from 1 to 1024") == true)
    }

    @Test func everyOtherNumberHasARange() {
        let isNumber = "it must be a "
        expectRange(Self.decimals, ["-1", "-1e-3", "nan", "x", "-inf", "1,5"], isNumber)
        expectRange(
            ["sample": ["temperature", "top-p"], "train": ["learning-rate", "epsilon", "beta1"]],
            ["1e400", "inf"],
            isNumber
        )
        #expect(complaint(["sample", "--logit-bias=5"])?.contains("50256=-5") == true)
    }

    @Test func numbersWithinTheRangeAreTaken() throws {
        let arguments = [
            "sample", "--model", "m", "--temperature=-0.0", "--top-k", "0", "--top-p", "1",
            "--seed", "18446744073709551615", "--max-tokens", "9223372036854775807",
            "--logit-bias=5=-inf", "--logit-bias=6=-1e3",
        ]
        #expect(complaint(arguments) == nil)
        let unlimited = [
            "train", "--init", "d6", "--output", "o", "--text", "t", "--grad-clip", "inf",
        ]
        #expect(complaint(unlimited) == nil)
    }

    @Test func aNegativeNumberMayFollowItsOption() throws {
        for (option, range) in [
            ("--temperature", "a finite number of 0 or more"),
            ("--top-k", "a whole number, 0 or more"), ("--threads", "from 1 to 1024"),
        ] {
            for spelling in [[option, "-1"], ["\(option)=-1"]] {
                let outcome = try swiftlet(["sample"] + spelling)
                expectError(outcome, 64, "The value '-1' is invalid for '\(option) <")
                #expect(outcome.errors.contains(range))
            }
        }
    }

    @Test func emptyValuesAreNamed() throws {
        for arguments in [["--top-k", ""], ["--top-k="], ["--temperature="]] {
            let outcome = try swiftlet(["sample"] + arguments)
            expectError(outcome, 64, "The value '' is invalid")
        }
    }

    @Test func defaultsAreShown() throws {
        let help = try swiftlet("train", "--help").output.replacing(/\s+/, with: " ")
        #expect(help.contains("Sequences per micro-batch. (default: 4)"))
        #expect(help.contains("The peak learning rate. (default: 0.0003)"))
    }

    @Test func shortNamesOfNumberFormatsAreKnown() {
        let names = [
            "f32", "fp32", "FLOAT32", "bf16", "BF16", "f16", "fp16", "q8", "Q8_0", "int8", "q4",
            "int4", "q4_1",
        ]
        for name in names {
            #expect(complaint(["sample", "--model", "m", "--precision", name]) == nil)
            #expect(complaint(["bench", "generate", "--precision", name]) == nil)
        }
        #expect(complaint(["sample", "--model", "m", "--cache-precision", "bf16"]) == nil)
        #expect(complaint(["fetch", "gpt2-llmc", "--precision", "bf16"]) == nil)
        let train = ["train", "--init", "d6", "--output", "o", "--text", "t", "--precision"]
        #expect(complaint(train + ["fp32"]) == nil)
        #expect(complaint(train + ["bf16"]) == nil)
        #expect(complaint(train + ["q8"])?.contains("'bfloat16'") == true)
        #expect(complaint(["sample", "--precision", "q9"])?.contains("- q8_0") == true)
    }
}

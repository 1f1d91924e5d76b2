// `swiftlet bench`: its keys, and what in its figures does not depend on the machine's speed.

import FileIO
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct BenchTests {
    private func numbers(_ object: [String: Any], _ keys: [String]) throws -> [Double] {
        try keys.map { key in try #require(object[key] as? Double, "no number '\(key)'") }
    }

    @Test func eachKernelIsReportedAgainstTheMachinesLimits() throws {
        let outcome = try swiftlet([
            "bench", "kernels", "--rows", "17", "--runs", "1", "--threads", "1", "--json",
        ])
        #expect(outcome.status == 0)
        let object = try outcome.object()
        #expect(object["threads"] as? Int == 1)
        let isa = try #require(object["isa"] as? String)
        let limits = try numbers(
            object,
            ["fma_peak_gflops", "bfloat16_peak_gflops", "memory_bandwidth_gbs"]
        )
        #expect(limits[1] > 0)
        let peaks = try #require(object["fma_peak_gflops_by_isa"] as? [String: Double])
        #expect(limits[0] == peaks[isa] ?? peaks.values.max() ?? 0)
        #expect(peaks.values.allSatisfy { $0 > 0 })

        let kernels = try #require(object["kernels"] as? [[String: Any]])
        let names = Set(kernels.compactMap { $0["name"] as? String })
        #expect(
            names == [
                "matmul_forward", "matmul_backward_input", "matmul_backward_weight",
                "matmul_forward_bf16", "matmul_backward_input_bf16",
                "matmul_backward_weight_bf16", "matmul_bf16", "matmul_f16", "matmul_q8_0",
                "matmul_q4_0", "matmul_q4_1",
                "linear_f32", "linear_bf16", "linear_f16",
                "linear_q8_0", "linear_q4_0", "linear_q4_1",
                "attention_forward", "attention_backward",
                "layernorm_forward", "gelu_forward", "adamw",
                "rmsnorm_backward", "rope_backward", "swiglu_backward",
            ]
        )
        #expect(kernels.contains { $0["shape"] as? String == "17x768x2304" })
        for kernel in kernels {
            let speed = try #require((kernel["gflops"] ?? kernel["gbs"]) as? Double)
            #expect(speed > 0)
            #expect((kernel["gflops"] == nil) != (kernel["gbs"] == nil))
            // For what stays in a cache, no fraction of the memory bandwidth is claimed.
            let isInCache = kernel["in_cache"] as? Bool
            #expect((isInCache == nil) == (kernel["gbs"] == nil))
            #expect((kernel["fraction_of_peak"] == nil) == (isInCache == true))
        }
        let layernorm = try #require(kernels.first { $0["name"] as? String == "layernorm_forward" })
        #expect(layernorm["in_cache"] as? Bool == (2 * 4096 * 768 * 4 <= Machine.cacheBytes))
    }

    @Test func referenceIsComparedWithTheFastestSetOfTheMachine() throws {
        let outcome = try shell(
            """
            SWIFTLET_ISA=reference "$SWIFTLET" bench train --init \
                layers=1,heads=1,channels=16,context=8 --vocabulary-size 64 --batch-size 1 \
                --sequence-length 8 --steps 1 --threads 1 --json
            """
        )
        #expect(outcome.status == 0)
        let values = try numbers(outcome.object(), ["peak_flops", "flops_utilisation"])
        // Only a machine without any vectors has no peak.
        #expect(values[0] == 0 || (values[1] > 0 && values[1] < 1))
        let isa = try swiftlet("info", "--machine", "--json").output
        #expect(values[0] > 0 || !isa.contains("avx") && !isa.contains("neon"))
    }

    @Test func kernelsCanBeSelectedByName() throws {
        let outcome = try swiftlet(["bench", "kernels", "--only", "adamw", "--runs", "1", "--json"])
        let kernels = try #require(try outcome.object()["kernels"] as? [[String: Any]])
        #expect(kernels.map { $0["name"] as? String } == ["adamw"])
    }

    @Test func trainingReportsFiguresThatAgreeWithEachOther() throws {
        let (B, T, V, C, L) = (2, 16, 300, 32, 2)
        let outcome = try swiftlet([
            "bench", "train", "--init", "layers=\(L),heads=2,channels=\(C),context=\(T)",
            "--vocabulary-size", "\(V)", "--batch-size", "\(B)", "--sequence-length", "\(T)",
            "--steps", "3", "--json",
        ])
        #expect(outcome.status == 0)
        let object = try outcome.object()
        #expect(object["precision"] as? String == "float32")
        #expect(object["batch_size"] as? Int == B)
        #expect(object["sequence_length"] as? Int == T)
        let figures = try numbers(
            object,
            [
                "milliseconds", "tokens_per_second", "peak_flops", "flops_utilisation",
                "peak_memory_bytes",
            ]
        )
        let seconds = figures[0] / 1000
        #expect(abs(figures[1] * seconds / Double(B * T) - 1) < 1e-9)
        #expect(figures[4] > 0)
        // 6 N + 6 L C T operations per token; N has no padding of the vocabulary.
        let N = V * C + T * C + L * (12 * C * C + 13 * C) + 2 * C
        let operations = Double((6 * N + 6 * L * C * T) * B * T)
        if figures[2] > 0 {
            #expect(abs(figures[3] * figures[2] * seconds / operations - 1) < 1e-9)
        }
    }

    private static let smallTraining = [
        "bench", "train", "--init", "layers=1,heads=1,channels=8,context=8", "--vocabulary-size",
        "64", "--batch-size", "2", "--sequence-length", "8", "--steps", "1",
    ]

    @Test func trainingAtBFloat16IsTimed() throws {
        let flags = ["--precision", "bfloat16", "--json"]
        let object = try swiftlet(Self.smallTraining + flags).object()
        #expect(object["precision"] as? String == "bfloat16")
        #expect(try numbers(object, ["milliseconds", "tokens_per_second"]).allSatisfy { $0 > 0 })
    }

    @Test func theTokensOfATimedTrainingAreRemoved() throws {
        try withTemporaryDirectory { directory in
            let arguments = Self.smallTraining.joined(separator: " ")
            let outcome = try shell("TMPDIR='\(directory)' \"$SWIFTLET\" \(arguments)")
            #expect(outcome.status == 0)
            #expect(try FileSystem.names(in: directory) == [])
        }
    }

    @Test func aMissingTemporaryDirectoryIsNamed() throws {
        let arguments = Self.smallTraining.joined(separator: " ")
        for directory in ["/nowhere/at/all", "/dev/null"] {
            let outcome = try shell("TMPDIR=\(directory) \"$SWIFTLET\" \(arguments)")
            expectError(outcome, 73, "set TMPDIR to a directory that is writable")
            #expect(outcome.errors.contains(directory))
        }
    }

    @Test func anEmptyTMPDIRCountsAsUnset() throws {
        try withTemporaryDirectory { directory in
            // Nothing can be created in a directory that is gone.
            let arguments = Self.smallTraining.joined(separator: " ")
            let outcome = try shell(
                "mkdir '\(directory)/gone' && cd '\(directory)/gone' && rmdir '\(directory)/gone' "
                    + "&& TMPDIR= \"$SWIFTLET\" \(arguments)"
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }

    @Test func trainingThatDoesNotFitInMemoryIsRefusedBeforeItsDataIsMade() throws {
        try withTemporaryDirectory { directory in
            // The data would be a terabyte.
            let outcome = try shell(
                """
                TMPDIR='\(directory)' "$SWIFTLET" bench train --batch-size 1048576 \
                    --sequence-length 1024 --init layers=48,heads=25,channels=1600,context=1024
                """
            )
            expectError(outcome, 64, "of memory, but only ")
            #expect(try FileSystem.names(in: directory) == [])
        }
    }

    @Test func withoutJSONTheFiguresAreText() throws {
        let kernels = try swiftlet("bench", "kernels", "--only", "adamw", "--runs", "1")
        let lines = kernels.output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.contains("FMA peak") == true)
        #expect(lines.last?.hasPrefix("adamw") == true)
        let training = try swiftlet([
            "bench", "train", "--init", "layers=1,heads=1,channels=8,context=8",
            "--sequence-length", "8", "--steps", "1",
        ])
        #expect(training.output.contains("ms per step"))
    }

    @Test(
        arguments: [
            ["kernels", "--rows", "0"], ["kernels", "--runs", "0"], ["train", "--steps", "0"],
            ["train", "--init", "d7"], ["train", "--batch-size", "0"],
            ["train", "--sequence-length", "2048"], ["kernels", "--threads", "0"],
        ]
    )
    func invalidSizesAreUsageErrors(_ arguments: [String]) throws {
        let outcome = try swiftlet(["bench"] + arguments)
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("swiftlet: error: "))
    }
}

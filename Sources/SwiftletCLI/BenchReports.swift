// What `bench` prints: JSON keys as documented, and the same as text.

import Swiftlet

/// The result of `bench kernels`.
struct KernelReport: Encodable {
    struct Kernel: Encodable {
        let name: String
        let shape: String
        let gflops: Double?
        let gbs: Double?
        /// Left out where the data stays in a cache.
        let fraction_of_peak: Double?
        /// Said of kernels that are bound by memory.
        let in_cache: Bool?
    }

    let isa: String
    let threads: Int
    let fma_peak_gflops: Double
    let fma_peak_gflops_by_isa: [String: Double]
    /// Of what multiplies bfloat16 in the set in use.
    let bfloat16_peak_gflops: Double
    let memory_bandwidth_gbs: Double
    private(set) var kernels: [Kernel] = []

    init(ops: Ops, limits: MachineLimits) {
        isa = ops.instructionSet.rawValue
        threads = ops.threadCount
        fma_peak_gflops = limits.fmaPeak / 1e9
        fma_peak_gflops_by_isa = Dictionary(
            uniqueKeysWithValues: limits.fmaPeaks.map { ($0.set.rawValue, $0.flops / 1e9) }
        )
        bfloat16_peak_gflops = limits.bfloat16Peak / 1e9
        memory_bandwidth_gbs = limits.readBandwidth / 1e9
    }

    mutating func append(_ result: KernelResult) {
        kernels.append(
            Kernel(
                name: result.name,
                shape: result.shape,
                gflops: result.flops.map { $0 / 1e9 },
                gbs: result.bytesPerSecond.map { $0 / 1e9 },
                fraction_of_peak: result.fractionOfPeak,
                in_cache: result.bytesPerSecond.map { _ in result.fractionOfPeak == nil }
            )
        )
    }

    var heading: String {
        let peaks = fma_peak_gflops_by_isa.sorted { $0.value < $1.value }
            .map { "\($0.key) \(decimal($0.value, 0))" }
            .joined(separator: ", ")
        return "\(isa), \(counted(threads, "thread")): FMA peak \(peaks) GFLOP/s, "
            + "bfloat16 \(decimal(bfloat16_peak_gflops, 0)), "
            + "memory \(decimal(memory_bandwidth_gbs, 1)) GB/s reading"
    }

    static func line(_ result: KernelResult) -> String {
        let speed =
            if let flops = result.flops {
                "\(decimal(flops / 1e9, 0)) GFLOP/s"
            } else {
                "\(decimal((result.bytesPerSecond ?? 0) / 1e9, 1)) GB/s"
            }
        return [
            padded(result.name, 24), padded(result.shape, 22), padded(speed, 14),
            result.fractionOfPeak.map { "\(decimal($0 * 100, 1))% of the limit" } ?? "in cache",
        ].joined(separator: " ")
    }
}

/// The result of `bench train`.
struct TrainingReport: Encodable {
    let precision: String
    let batch_size: Int
    let sequence_length: Int
    let milliseconds: Double
    let tokens_per_second: Double
    let peak_flops: Double
    let flops_utilisation: Double
    let peak_memory_bytes: Int

    init(_ result: TrainingResult, precision: ElementType) {
        self.precision = precision.rawValue
        batch_size = result.batchSize
        sequence_length = result.sequenceLength
        milliseconds = result.secondsPerStep * 1000
        tokens_per_second = result.tokensPerSecond
        peak_flops = result.peakFlops
        flops_utilisation = result.flopsUtilization
        peak_memory_bytes = result.peakMemoryBytes
    }

    var text: String {
        """
        \(precision), B=\(batch_size) T=\(sequence_length): \(decimal(milliseconds, 1)) ms a step, \
        \(decimal(tokens_per_second, 0)) tokens/s, \
        \(decimal(flops_utilisation * 100, 1))% of the peak of \
        \(decimal(peak_flops / 1e9, 0)) GFLOP/s, \
        \(decimal(Double(peak_memory_bytes) / 1e9, 2)) GB of memory
        """
    }
}

/// The result of `bench generate`.
struct GenerationReport: Encodable {
    let precision: String
    let cache_precision: String
    let batch_size: Int
    let decode_tokens_per_second: Double
    let prompt_tokens_per_second: Double
    /// Left out where the weights came from a cache.
    let fraction_of_bandwidth: Double?
    let memory_bandwidth_gbs: Double
    let weight_bytes_per_token: Int
    let cache_bytes: Int
    let peak_memory_bytes: Int

    init(
        _ result: GenerationResult,
        precision: ElementType,
        cachePrecision: ElementType,
        batchSize: Int
    ) {
        self.precision = precision.rawValue
        cache_precision = cachePrecision.rawValue
        batch_size = batchSize
        decode_tokens_per_second = result.decodeTokensPerSecond
        prompt_tokens_per_second = result.promptTokensPerSecond
        fraction_of_bandwidth = result.fractionOfBandwidth
        memory_bandwidth_gbs = result.readBandwidth / 1e9
        weight_bytes_per_token = result.weightBytes
        cache_bytes = result.cacheBytes
        peak_memory_bytes = result.peakMemoryBytes
    }

    var text: String {
        let memory = "\(decimal(memory_bandwidth_gbs, 1)) GB/s that memory gives"
        let reading =
            if let fraction_of_bandwidth {
                "which reads weights at \(decimal(fraction_of_bandwidth * 100, 1))% of "
                    + "the \(memory)"
            } else {
                "with weights in cache, faster than the \(memory)"
            }
        return """
            \(precision): prompt \(decimal(prompt_tokens_per_second, 0)) tokens/s, generation \
            \(decimal(decode_tokens_per_second, 1)) tokens/s, \(reading)
            """
    }
}

// What `bench` prints: JSON keys as documented, and the same as text.

import Benchmarks
import Swiftlet

/// The result of `bench kernels`.
struct KernelReport: Encodable {
    struct Kernel: Encodable {
        let name: String
        let shape: String
        let gflops: Double?
        let gbs: Double?
        /// Left out if the data stays in a cache.
        let fractionOfPeak: Double?
        /// Given for kernels that are bound by memory.
        let inCache: Bool?
    }

    let isa: String
    let threads: Int
    let fmaPeakGflops: Double
    let fmaPeakGflopsByIsa: [String: Double]
    /// The peak of the bfloat16 instructions in use.
    let bfloat16PeakGflops: Double
    let memoryBandwidthGbs: Double
    private(set) var kernels: [Kernel] = []

    init(ops: Ops, limits: MachineLimits) {
        isa = ops.instructionSet.rawValue
        threads = ops.threadCount
        fmaPeakGflops = limits.fmaPeak / 1e9
        fmaPeakGflopsByIsa = Dictionary(
            uniqueKeysWithValues: limits.fmaPeaks.map { ($0.set.rawValue, $0.flops / 1e9) }
        )
        bfloat16PeakGflops = limits.bfloat16Peak / 1e9
        memoryBandwidthGbs = limits.readBandwidth / 1e9
    }

    mutating func append(_ result: KernelResult) {
        kernels.append(
            Kernel(
                name: result.name,
                shape: result.shape,
                gflops: result.flops.map { $0 / 1e9 },
                gbs: result.bytesPerSecond.map { $0 / 1e9 },
                fractionOfPeak: result.fractionOfPeak,
                inCache: result.bytesPerSecond.map { _ in result.fractionOfPeak == nil }
            )
        )
    }

    var heading: String {
        let peaks = fmaPeakGflopsByIsa.sorted { $0.value < $1.value }
            .map { "\($0.key) \(decimal($0.value, 0))" }
            .joined(separator: ", ")
        return "\(isa), \(counted(threads, "thread")): FMA peak \(peaks) GFLOP/s, "
            + "bfloat16 \(decimal(bfloat16PeakGflops, 0)), "
            + "memory \(decimal(memoryBandwidthGbs, 1)) GB/s reading"
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
    let batchSize: Int
    let sequenceLength: Int
    let milliseconds: Double
    let tokensPerSecond: Double
    let peakFlops: Double
    let flopsUtilisation: Double
    let peakMemoryBytes: Int

    init(_ result: TrainingResult, precision: ElementType) {
        self.precision = precision.rawValue
        batchSize = result.batchSize
        sequenceLength = result.sequenceLength
        milliseconds = result.secondsPerStep * 1000
        tokensPerSecond = result.tokensPerSecond
        peakFlops = result.peakFlops
        flopsUtilisation = result.flopsUtilization
        peakMemoryBytes = result.peakMemoryBytes
    }

    var text: String {
        """
        \(precision), B=\(batchSize) T=\(sequenceLength): \(decimal(milliseconds, 1)) ms per step, \
        \(decimal(tokensPerSecond, 0)) tokens/s, \
        \(decimal(flopsUtilisation * 100, 1))% of the peak of \
        \(decimal(peakFlops / 1e9, 0)) GFLOP/s, \
        \(decimal(Double(peakMemoryBytes) / 1e9, 2)) GB of memory
        """
    }
}

/// The result of `bench generate`.
struct GenerationReport: Encodable {
    let precision: String
    let cachePrecision: String
    let batchSize: Int
    let decodeTokensPerSecond: Double
    let promptTokensPerSecond: Double
    /// Left out if the weights came from a cache.
    let fractionOfBandwidth: Double?
    let memoryBandwidthGbs: Double
    let weightBytesPerToken: Int
    let cacheBytes: Int
    let peakMemoryBytes: Int

    init(
        _ result: GenerationResult,
        precision: ElementType,
        cachePrecision: ElementType,
        batchSize: Int
    ) {
        self.precision = precision.rawValue
        self.cachePrecision = cachePrecision.rawValue
        self.batchSize = batchSize
        decodeTokensPerSecond = result.decodeTokensPerSecond
        promptTokensPerSecond = result.promptTokensPerSecond
        fractionOfBandwidth = result.fractionOfBandwidth
        memoryBandwidthGbs = result.readBandwidth / 1e9
        weightBytesPerToken = result.weightBytes
        cacheBytes = result.cacheBytes
        peakMemoryBytes = result.peakMemoryBytes
    }

    var text: String {
        let memory = "\(decimal(memoryBandwidthGbs, 1)) GB/s memory bandwidth"
        let reading =
            if let fractionOfBandwidth {
                "which reads weights at \(decimal(fractionOfBandwidth * 100, 1))% of "
                    + "the \(memory)"
            } else {
                "with weights in cache, faster than the \(memory)"
            }
        return """
            \(precision): prompt \(decimal(promptTokensPerSecond, 0)) tokens/s, generation \
            \(decimal(decodeTokensPerSecond, 1)) tokens/s, \(reading)
            """
    }
}

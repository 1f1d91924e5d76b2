// The flags of `train` for adapters, and the adapter that a run begins with.

import ArgumentParser
import Swiftlet

/// The linear layers that an adapter changes.
struct AdapterTargets: ExpressibleByArgument {
    /// The parts of the model that contain them.
    let parts: Set<ModelWeight.Part>
    /// The text as given and stored.
    let text: String

    private static let choices: [ModelWeight.Part] = [.attention, .mlp]

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
        let parts = words.compactMap { word in Self.choices.first { $0.rawValue == word } }
        guard parts.count == words.count else { return nil }
        self.parts = Set(parts)
        text = argument
    }

    static var allValueStrings: [String] { ["attention", "mlp", "attention,mlp"] }

    static var attention: Self {
        guard let targets = Self(argument: "attention") else {
            preconditionFailure("attention is a target")
        }
        return targets
    }
}

/// What is trained instead of the weights.
struct AdapterOptions: ParsableArguments {
    @Option(
        help: """
            Train a low-rank adapter (LoRA) of this rank and leave the weights themselves \
            unchanged.
            """,
        in: .from(1, to: 4096)
    )
    var loraRank: Int?

    @Option(
        help: "Scale what the adapter adds by alpha / rank (default: twice the rank).",
        in: .positive
    )
    var loraAlpha: Float?

    @Option(help: "The linear layers to adapt: attention, mlp or attention,mlp.")
    var loraTargets: AdapterTargets?

    @Option(help: "Continue training an adapter in PEFT's format.")
    var adapter: FilePath?

    func validate() throws {
        if adapter != nil && loraRank != nil {
            throw ValidationError("give either --adapter or --lora-rank, not both")
        }
        if loraRank == nil && (loraAlpha != nil || loraTargets != nil) {
            throw ValidationError("--lora-alpha and --lora-targets are for --lora-rank")
        }
    }

    /// Whether an adapter is trained.
    var areGiven: Bool { loraRank != nil || adapter != nil }

    /// The layers of the adapter, before memory is allocated.
    /// - Returns: The layers; nil if the weights are trained.
    /// - Throws: An error about the adapter's files.
    func shape(of configuration: some ModelConfiguration) throws -> LowRankShape? {
        if let adapter {
            return try LowRankShape(LowRankAdapter(adapter), of: configuration)
        }
        return loraRank.map { rank in
            LowRankShape(
                configuration,
                parts: (loraTargets ?? .attention).parts,
                rank: rank,
                alpha: loraAlpha ?? Float(2 * rank)
            )
        }
    }

    /// The adapter that the run begins with; nil if the weights are trained.
    func make(
        of configuration: some ModelConfiguration,
        seed: UInt64,
        ops: Ops
    ) throws -> TrainableAdapter? {
        if let adapter {
            return try TrainableAdapter(LowRankAdapter(adapter), of: configuration, ops: ops)
        }
        guard let shape = try shape(of: configuration) else { return nil }
        var generator = MersenneTwister(seed: seed)
        return try TrainableAdapter(shape, using: &generator, ops: ops)
    }
}

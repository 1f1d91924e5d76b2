import ArgumentParser
import Swiftlet

/// What a prompt's page measures the model on without each of its heads, where that is asked for.
struct AblatedData: ParsableArguments {
    @Option(
        help: """
            Token shards on which the page shows the loss without each head; a pattern such as \
            'data/*_val*.bin'.
            """
    )
    var data: FilePath?

    /// Refuses data that nobody would look at.
    /// - Throws: `ValidationError`.
    func check(output: FilePath?) throws {
        guard data != nil && output == nil else { return }
        throw ValidationError(
            "--data is for the page of --output; 'inspect ablate' shows the same as text"
        )
    }

    /// The sequences, as long as the context, at most 1,024 tokens; none where none are asked for.
    /// - Throws: What is wrong with the data.
    func sequences(for source: ModelSource) throws -> [[TokenID]] {
        guard let data else { return [] }
        return try InspectedData.sequences(
            ofShards: data,
            length: SequenceLength.usual(for: source),
            vocabularySize: source.configuration.vocabularySize
        )
    }
}

extension InspectableModel {
    /// ``ablate(_:layers:heads:mlps:batchSize:progress:)`` with its progress and the time left on a
    /// line.
    func ablateShowingProgress(
        _ sequences: [[TokenID]],
        layers: [Int]? = nil,
        heads: [Int]? = nil,
        mlps: Bool,
        batchSize: Int = 1
    ) throws -> Ablation {
        let progress = ProgressLine()
        defer { progress.finish() }
        let start = ContinuousClock.now
        return try ablate(
            sequences,
            layers: layers,
            heads: heads,
            mlps: mlps,
            batchSize: batchSize
        ) {
            progress.show(InspectAblateCommand.text(done: $0, of: $1, after: .now - start))
        }
    }
}

// The memory of a trainer's passes, which is most of what a run takes, and which nothing needs
// between them.

import LanguageModels

/// A workspace of one shape that can be given up and taken again.
struct PassMemory {
    private let model: TransformerModel
    private let settings: TrainingSettings
    /// Nil while something else has its place.
    private var workspace: TrainingWorkspace?
    /// Bytes that it takes.
    let byteCount: Int

    /// Takes the memory.
    /// - Throws: ``ModelError`` for a batch the model cannot take, or ``TensorError``.
    init(_ model: TransformerModel, _ settings: TrainingSettings) throws {
        self.model = model
        self.settings = settings
        let workspace = try Self.make(model, settings)
        self.workspace = workspace
        byteCount = workspace.byteCount
    }

    /// The workspace, made again where it was given up.
    /// - Throws: ``TensorError`` when memory has become short.
    mutating func take() throws -> TrainingWorkspace {
        let workspace = try self.workspace ?? Self.make(model, settings)
        self.workspace = workspace
        return workspace
    }

    /// Frees the memory until a pass takes it.
    mutating func giveUp() { workspace = nil }

    private static func make(
        _ model: TransformerModel,
        _ settings: TrainingSettings
    ) throws -> TrainingWorkspace {
        try TrainingWorkspace(
            model,
            batchSize: settings.batchSize,
            sequenceLength: settings.sequenceLength,
            training: settings.recomputation
        )
    }
}

// The start of a run in its directory: from nothing, or from the checkpoint that the directory
// holds. Everything that can be refused is refused before a file is changed: that the directory
// cannot be written, that its checkpoints will not fit, and what a run that goes on must not
// change.

import FileIO
import LanguageModels
import TokenData

/// What to do with a run that is already in the directory.
public enum ResumePolicy: String, Sendable, CaseIterable, Codable {
    /// It resumes from its newest complete checkpoint, or starts over if it has none.
    case auto
    /// It is refused.
    case never
}

extension RunDirectory {
    /// Decides whether a run in this directory resumes or starts.
    /// - Parameters:
    ///   - policy: What to do with an existing run.
    ///   - overwrite: Whether an existing run is replaced, whatever the policy.
    /// - Returns: The step of the checkpoint it resumes from; nil when it starts.
    /// - Throws: ``TrainingError/runExists(path:)`` when it is refused, or ``FileIOError``.
    package func resumptionStep(_ policy: ResumePolicy, overwrite: Bool = false) throws -> Int? {
        if overwrite { return nil }
        switch policy {
        case .auto: return try checkpointSteps().last
        case .never:
            guard try !holdsRun() else { throw TrainingError.runExists(path: path) }
            return nil
        }
    }

    /// Checks that files can be created in the directory.
    /// - Throws: ``FileIOError``.
    func requireWritable() throws {
        // Permissions are not enough: a file system may be read-only or full. Writing the byte
        // flushes the buffer, and without a commit the file is gone at once.
        let probe = try AtomicFile(descriptionPath)
        try probe.write([0])
        try probe.overwrite([0], at: 0)
    }

    /// Checks that the checkpoints of a run will fit into the file system.
    /// - Parameters:
    ///   - count: The most checkpoints at once.
    ///   - byteCount: The bytes of one.
    ///   - present: Complete checkpoints that stay, included in `count`.
    ///   - removable: Files that are removed before the first one is written.
    /// - Throws: ``TrainingError/noRoom(path:needed:available:)`` or ``FileIOError``.
    func requireRoom(
        forCheckpoints count: Int,
        byteCount: Int,
        present: Int,
        removable: [FilePath]
    ) throws {
        let (needed, overflow) = max(count - present, 0).multipliedReportingOverflow(by: byteCount)
        let freed = removable.reduce(0) { $0 + (FileSystem.byteCount(of: $1) ?? 0) }
        let available = try FileSystem.availableByteCount(at: path) &+ freed
        guard !overflow, needed <= available else {
            throw TrainingError.noRoom(
                path: path,
                needed: overflow ? .max : needed,
                available: available
            )
        }
    }
}

/// Where a run begins, according to its directory.
struct RunStart: Codable, Equatable {
    /// The step of the checkpoint it resumes from; nil for a new run.
    let resumedStep: Int?
    /// Whether an existing run without a complete checkpoint starts over.
    let startsOver: Bool
    /// Whether what was due after `resumedStep` is still to be measured.
    let isUnmeasured: Bool
    /// The best checkpoint so far.
    let best: BestCheckpoint?
    /// Whether a resumed run reads its data from the checkpoint's position; otherwise it reads from
    /// the start.
    private let keepsPosition: Bool
    /// Whether settings and data may differ from the checkpoint's.
    private let allowsChanges: Bool
    /// Whether there is a run at all.
    private let holdsRun: Bool

    /// Decides where a run begins; nothing is changed.
    /// - Parameters:
    ///   - directory: Where the run is kept.
    ///   - resumptionStep: The step to resume from; nil to start.
    ///   - overwrite: Whether a new run replaces an existing one.
    ///   - trainer: The run's trainer, at its first step.
    ///   - extra: What a checkpoint of this run would say, to compare with.
    ///   - allowsChanges: Whether settings and data may differ from the checkpoint's.
    /// - Throws: As the initializer of ``TrainingRun`` does.
    init(
        _ directory: RunDirectory,
        resumptionStep: Int?,
        overwrite: Bool,
        trainer: Trainer,
        extra: CheckpointExtra,
        allowsChanges: Bool
    ) throws {
        let saved = try resumptionStep.map { step in
            try CheckpointExtra.read(from: directory.extraPath(step: step), step: step)
        }
        try directory.requireWritable()
        resumedStep = saved?.step
        holdsRun = try directory.holdsRun()
        startsOver = saved == nil && holdsRun && !overwrite
        isUnmeasured = saved?.isUnmeasured ?? false
        self.allowsChanges = allowsChanges
        keepsPosition = saved.map { !allowsChanges || Self.isSameOrder($0, trainer) } ?? false
        let present = try directory.checkpointSteps()
        // After going back to an older checkpoint, the one that was best then may be gone.
        best = saved?.best(for: extra).flatMap { present.contains($0.step) ? $0 : nil }
        // A run that has made all its steps writes nothing.
        if saved.map({ $0.step < trainer.settings.schedule.totalSteps }) ?? true {
            try Self.requireRoom(
                directory,
                trainer,
                validates: extra.validationData != nil,
                present: saved == nil ? 0 : present.count,
                removable: superfluousFiles(in: directory, overwrite: overwrite)
            )
        }
        guard let saved else { return }
        try Self.requireSameModel(directory, step: saved.step, trainer.model)
        let differences = saved.differences(from: extra)
        guard differences.isEmpty || allowsChanges else {
            throw TrainingError.runDiffers(path: directory.path, differences: differences)
        }
    }

    /// Restores a trainer from the checkpoint, if the run resumes.
    /// - Throws: What is wrong with the checkpoint; the trainer must not be used then.
    func load(from directory: RunDirectory, into trainer: Trainer) throws {
        guard let resumedStep else { return }
        let path = directory.extraPath(step: resumedStep)
        try directory.load(
            CheckpointExtra.read(from: path, step: resumedStep),
            into: trainer,
            keepsPosition: keepsPosition,
            allowsChanges: allowsChanges
        )
    }

    /// The files to remove when the run begins: what an interrupted run left unfinished, and what a
    /// new one replaces.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    func superfluousFiles(in directory: RunDirectory, overwrite: Bool) throws -> [FilePath] {
        if resumedStep != nil { return try directory.strayFiles() }
        guard holdsRun else { return try directory.temporaries() }
        return try overwrite ? directory.allFiles() : directory.leftovers()
    }

    private static func requireRoom(
        _ directory: RunDirectory,
        _ trainer: Trainer,
        validates: Bool,
        present: Int,
        removable: [FilePath]
    ) throws {
        let settings = trainer.settings
        guard settings.checkpointInterval > 0 else { return }
        try directory.requireRoom(
            forCheckpoints: Retention(settings).largestCount(
                interval: settings.checkpointInterval,
                validationInterval: validates && settings.validationInterval > 0
                    ? settings.validationInterval : nil,
                totalSteps: settings.schedule.totalSteps
            ),
            byteCount: RunDirectory.checkpointByteCount(of: trainer),
            present: present,
            removable: removable
        )
    }

    /// Checks that the weights fit the model, which must hold whatever is allowed.
    private static func requireSameModel(
        _ directory: RunDirectory,
        step: Int,
        _ model: TransformerModel
    ) throws {
        let path = directory.modelPath(step: step)
        let kinds = [LowRankAdapter.isOne(path), model.trainedAdapter != nil].map {
            $0 ? "an adapter" : "the whole model"
        }
        guard kinds[0] == kinds[1] else {
            throw TrainingError.otherModel(
                path: directory.path,
                differences: ["what is trained was \(kinds[0]) and is now \(kinds[1])"]
            )
        }
        if let adapter = model.trainedAdapter {
            // An adapter that fits no model of these sizes belongs to another; that is found later.
            let saved = try? LowRankShape(LowRankAdapter(path), of: model.sizes)
            guard let difference = saved?.difference(from: adapter.shape) else { return }
            throw TrainingError.otherModel(path: directory.path, differences: [difference])
        }
        let saved = try openWeights(at: path).configuration
        let facts = Dictionary(uniqueKeysWithValues: model.sizes.facts.map { ($0.name, $0) })
        let differences = saved.facts.filter { $0.name != "padded_vocabulary" }.compactMap { then in
            facts[then.name].flatMap { now in then.difference(from: now) }
        }
        guard differences.isEmpty else {
            throw TrainingError.otherModel(path: directory.path, differences: differences)
        }
    }

    /// Whether the trainer reads the same data in the same order as the checkpoint's, possibly with
    /// another number of processes.
    private static func isSameOrder(_ saved: CheckpointExtra, _ trainer: Trainer) -> Bool {
        saved.trainingData.isSame(as: trainer.loader.source)
            && saved.isShuffled == (trainer.loader.state.shuffle != nil)
    }
}

extension LowRankShape {
    /// What has changed in an adapter, in words; nil if nothing has.
    fileprivate func difference(from now: LowRankShape) -> String? {
        if self == now { return nil }
        guard layers.map(\.weight) == now.layers.map(\.weight) else {
            return "the adapter was for other linear layers"
        }
        for (then, now) in zip(layers, now.layers) {
            if then.rank != now.rank {
                return "the adapter's rank was \(then.rank) and is now \(now.rank)"
            }
            if then.alpha != now.alpha {
                return "the adapter's alpha was \(then.alpha) and is now \(now.alpha)"
            }
        }
        return "the adapter was scaled by another function of its rank"
    }
}

extension ModelFact {
    /// What has changed in a size, in words; nil if nothing has.
    fileprivate func difference(from now: ModelFact) -> String? {
        guard case .count(let then) = value, case .count(let count) = now.value, then != count
        else { return nil }
        return "\(phrase) was \(then) and is now \(count)"
    }

    private var phrase: String {
        switch name {
        case "layers": "the number of layers"
        case "heads": "the number of heads"
        case "channels": "the number of channels"
        default: "the \(name.replacing("_", with: " "))"
        }
    }
}

extension AdaptedModel {
    /// A checksum of the weights below the adapter, as they are stored.
    /// - Throws: What reading them throws.
    func digestOfFrozenWeights() throws -> String {
        // The planes of each come first: only a checksum's last block may have any size.
        var digests = ""
        for weight in sizes.weights {
            try frozenWeights.tensor(weight).withUnsafeBytes { values, scales in
                for bytes in [values, scales] {
                    var digest = ContentDigest()
                    digest.update(bytes)
                    digests += digest.hexadecimal
                }
            }
        }
        var digest = ContentDigest()
        digests.withUTF8 { digest.update(UnsafeRawBufferPointer($0)) }
        return digest.hexadecimal
    }
}

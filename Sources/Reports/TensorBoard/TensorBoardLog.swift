// The event file of a run while it goes on: a record an event, which TensorBoard reads as they
// come. What a run that goes on had measured before is taken from its metrics.jsonl, so that no
// step is there twice, whatever became of the former file.

import FileIO
import Training

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Appends a run's events to its event file.
public final class TensorBoardLog {
    private let file: AppendingFile

    /// Begins the event file of a run, in the place of those that are in its directory.
    ///
    /// The run must have begun too: what is beyond its checkpoint is then out of `metrics.jsonl`.
    /// - Parameters:
    ///   - directory: The run's.
    ///   - resumedStep: The step of the checkpoint that the run goes on from; nil when it starts.
    /// - Throws: ``FileIOError``, or what reading `metrics.jsonl` throws.
    public init(_ directory: RunDirectory, resumedStep: Int?) throws {
        var history = RunHistory(name: "")
        var end = Date().timeIntervalSince1970
        if let resumedStep {
            history = try RunHistory(directory, name: "", longestSample: .max)
            let saved = FileSystem.modificationTime(of: directory.donePath(step: resumedStep))
            end = saved ?? end
        }
        let path = try EventFile.write(
            history,
            endingAt: end,
            in: directory.path,
            overwrite: true
        )
        file = try AppendingFile(path, keepingContents: true)
    }

    /// Appends what an event measured; one that measured nothing is passed over.
    /// - Throws: ``FileIOError`` when the disk is full or fails.
    public func append(_ event: TrainingEvent) throws {
        let time = Date().timeIntervalSince1970
        let entry: BoardEvent
        switch event {
        case .step(let step): entry = BoardEvent(RunHistory.Step(step), time: time)
        case .validation(let step, let loss):
            entry = BoardEvent(validationLoss: Double(loss), step: step, time: time)
        case .hellaSwag(let step, let accuracy):
            entry = BoardEvent(accuracy: accuracy, step: step, time: time)
        case .sample(let step, let text):
            entry = BoardEvent(sample: text, step: step, time: time)
        default: return
        }
        try file.append(entry.record)
    }
}

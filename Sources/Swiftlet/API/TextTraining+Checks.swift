// What a description of a run is refused for, before anything is made from it. The command checks
// the same, in the words of its flags.

import FileIO
import TokenData
import Tokenization
import Training

extension TextTraining {
    /// Checks the settings.
    /// - Throws: ``TrainingError/invalidSetting(name:requirement:found:)``.
    func checkSettings() throws {
        try settings.validate()
        for (name, interval) in [
            ("the sample interval", settings.sampleInterval),
            ("the HellaSwag interval", settings.hellaSwagInterval),
        ] where interval != 0 {
            throw TrainingError.invalidSetting(
                name: name,
                requirement: "0: only the train command draws samples and evaluates HellaSwag",
                found: "\(interval)"
            )
        }
    }

    /// Refuses an adapter that cannot be trained, or whose model the run would remove.
    /// - Throws: ``TrainingError/invalidSetting(name:requirement:found:)``.
    func checkAdapter(_ source: ModelSource?, _ directory: RunDirectory) throws {
        guard let adapter else { return }
        guard adapter.rank >= 1 else {
            throw TrainingError.invalidSetting(
                name: "the rank of an adapter",
                requirement: "1 or more",
                found: "\(adapter.rank)"
            )
        }
        func refuse(_ found: String, insteadOf requirement: String) -> TrainingError {
            .invalidSetting(
                name: "the start of a run with an adapter",
                requirement: requirement,
                found: found
            )
        }
        guard let source else { throw refuse("a size", insteadOf: "a model") }
        if let former = source.adapter {
            throw refuse("the adapter '\(former.path)'", insteadOf: "a model without an adapter")
        }
        let (model, run) = (FileSystem.absolute(source.path), FileSystem.absolute(directory.path))
        guard !model.starts(with: run) else {
            throw refuse("'\(source.path)'", insteadOf: "a model outside the run's directory")
        }
    }

    /// Checks that a tokenizer is the one that shards were made with.
    /// - Throws: ``TrainingError/invalidSetting(name:requirement:found:)``.
    func checkTokenizer(
        _ found: (value: any Tokenizer, path: FilePath),
        _ manifest: ShardManifest.Found?
    ) throws {
        guard let manifest, manifest.manifest.tokenizer.digest != found.value.digest else { return }
        throw TrainingError.invalidSetting(
            name: "the tokenizer",
            requirement: "the one that the data was made with, as '\(manifest.path)' says",
            found: "'\(found.path)'"
        )
    }

    /// Checks that a model knows all tokens of the run.
    /// - Throws: ``TrainingError/invalidSetting(name:requirement:found:)`` when the data has more,
    ///   ``TextTokenizerError/wrongCount(path:expected:found:)`` when the tokenizer has.
    func checkVocabulary(
        _ size: Int,
        _ tokenizer: (value: any Tokenizer, path: FilePath)?,
        _ manifest: ShardManifest.Found?
    ) throws {
        if let manifest, manifest.manifest.tokenizer.vocabularySize > size {
            throw TrainingError.invalidSetting(
                name: "the model's vocabulary",
                requirement: "at least the \(manifest.manifest.tokenizer.vocabularySize) tokens "
                    + "of the data, as '\(manifest.path)' says",
                found: "\(size)"
            )
        }
        if let tokenizer {
            try tokenizer.value.checkCount(expected: size, path: tokenizer.path)
        }
    }
}

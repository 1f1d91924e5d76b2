// The copy of its tokenizer that a run keeps, so that the directory is enough to sample from. A run
// need not have one. Training itself never reads it.

import FileIO
import Tokenization

extension RunDirectory {
    /// Names of the other forms, for tokenizers that llm.c's format cannot hold.
    private var vocabularyPath: FilePath { path.appending("vocab.json") }
    private var mergesPath: FilePath { path.appending("merges.txt") }
    private var settingsPath: FilePath { path.appending("tokenizer.json") }
    private var configPath: FilePath { path.appending("tokenizer_config.json") }

    /// The run's copy of its tokenizer, as `BytePairTokenizer.init(contentsOf:)` takes it; nil when
    /// there is none.
    public var savedTokenizer: FilePath? {
        if FileSystem.exists(tokenizerPath) { return tokenizerPath }
        if FileSystem.exists(settingsPath) { return settingsPath }
        let isPair = FileSystem.exists(vocabularyPath) && FileSystem.exists(mergesPath)
        return isPair ? vocabularyPath : nil
    }

    /// Checks that a run goes on with the tokenizer that it began with; without a copy any will do.
    /// - Throws: ``TrainingError/runDiffers(path:differences:)``, or what reading the copy throws.
    public func requireSameTokenizer(_ tokenizer: BytePairTokenizer) throws {
        guard let copy = savedTokenizer else { return }
        let (then, now) = (try BytePairTokenizer(contentsOf: copy), tokenizer)
        guard !then.encodesLike(now) else { return }
        let difference =
            then.vocabularySize == now.vocabularySize
            ? "the tokenizer holds other tokens than then"
            : "the tokenizer was one of \(then.vocabularySize) tokens and is now one of "
                + "\(now.vocabularySize)"
        throw TrainingError.runDiffers(path: path, differences: [difference])
    }

    /// Puts a tokenizer, or none, in the place of the run's copy.
    /// - Throws: `TokenizerError` when no format holds it, or ``FileIOError``.
    public func replaceTokenizer(with tokenizer: BytePairTokenizer?) throws {
        let old = [tokenizerPath, vocabularyPath, mergesPath, settingsPath, configPath]
        guard let tokenizer else {
            for path in old { try FileSystem.remove(path) }
            return
        }
        // Another form would be found first, or for nothing.
        let written = try tokenizer.save(in: path)
        for path in old where !written.contains(path) { try FileSystem.remove(path) }
    }
}

// A model with a low-rank adapter: one that its run trains, or one that is given.

import FileIO
import LanguageModels
import Tensors

extension ModelSource {
    /// The weights with an adapter merged in, each when it is asked for.
    /// - Parameters:
    ///   - named: An adapter that was trained on this model; nil for the one of its run, if any.
    ///   - ops: What multiplies.
    /// - Returns: The weights.
    /// - Throws: `TensorFileError` when the adapter belongs to another model; ``OpeningError`` when
    ///   one is given for a run that has its own.
    package func mergedWeights(
        with named: LowRankAdapter? = nil,
        ops: Ops
    ) throws -> any ModelWeights {
        guard adapter == nil || named == nil else { throw OpeningError.secondAdapter(model: path) }
        return try (adapter ?? named).map { try weights.merging($0, ops: ops) } ?? weights
    }

    /// The model that an adapter was trained on, which its files name.
    /// - Throws: ``OpeningError`` when it is no longer there, or an error about what is wrong with
    ///   it.
    package static func base(of adapter: LowRankAdapter) throws -> ModelSource {
        let path = adapter.baseModel.map { FilePath($0) }
        // A model or checkpoint must be named, not a run: that might lead to an adapter again, and
        // files that name each other would never end.
        guard let path, FileSystem.exists(path), try FileKind(of: path) != .runDirectory else {
            throw OpeningError.noBase(adapter: adapter.path, base: adapter.baseModel)
        }
        return try ModelSource(path)
    }

    /// The directory with the settings that accompany the weights.
    func settingsDirectory() throws -> FilePath {
        if let adapter { return try Self.base(of: adapter).settingsDirectory() }
        return FileSystem.isDirectory(path) ? path : path.directory
    }
}

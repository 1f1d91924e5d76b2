import FileIO

/// A model that cannot be created, read or used as asked; `description` is one sentence for the
/// user.
public enum ModelError: Error, Equatable, Sendable {
    /// A configuration that no model can have.
    case invalidConfiguration(reason: String)
    /// A file that gives a configuration that no model can have.
    case impossibleSizes(path: FilePath, reason: String)
    /// A size that is neither a known name nor a list such as `layers=4,heads=4,channels=128`;
    /// `problem` says why, `hint` what is possible.
    case unknownDescriptor(found: String, problem: String, hint: String)
    /// More tokens in a sequence than the model has positions for, or than fit in a session.
    case sequenceTooLong(length: Int, maximum: Int)
    /// A batch of the wrong shape.
    case wrongBatch(expected: String, found: String)
    /// A token id outside the vocabulary, at `index` of the tokens given.
    case tokenOutsideVocabulary(token: Int32, index: Int, vocabularySize: Int)
    /// A file that does not match what it is used with.
    case mismatch(path: FilePath, expected: String, found: String, hint: String)
    /// A directory with several files that are each a model.
    case severalModels(path: FilePath, names: [String])
    /// A format that cannot express the model.
    case cannotWrite(path: FilePath, reason: String, hint: String)
    /// A layer that the model does not have.
    case layerOutside(layer: Int, layerCount: Int)
    /// A tensor that every layer has, given without a layer.
    case layerNeeded(name: String, layerCount: Int)
    /// A layer given for a tensor that has none, or that already is one layer's.
    case noLayers(name: String)
}

extension ModelError {
    /// Checks that every token is in the vocabulary; `first` is the position of the first token.
    /// - Throws: ``tokenOutsideVocabulary(token:index:vocabularySize:)``.
    static func checkTokens(
        _ tokens: some Collection<Int32>,
        first: Int = 0,
        vocabularySize: Int
    ) throws {
        let limit = Int32(vocabularySize)
        for (index, token) in tokens.enumerated() where token < 0 || token >= limit {
            throw tokenOutsideVocabulary(
                token: token,
                index: first + index,
                vocabularySize: vocabularySize
            )
        }
    }
}

extension ModelError {
    /// Checks that sizes are from 1 to a maximum far above any real model's, so that a damaged
    /// header can neither overflow a product nor ask for absurd amounts of memory.
    /// - Throws: ``invalidConfiguration(reason:)``.
    static func checkBounds(_ sizes: [(name: String, value: Int, maximum: Int)]) throws {
        for (name, value, maximum) in sizes where value < 1 || value > maximum {
            throw invalidConfiguration(
                reason: "\(name) is \(value) and must be between 1 and \(maximum)"
            )
        }
    }

    /// Runs `body`, which checks sizes from the file at `path`.
    /// - Throws: ``impossibleSizes(path:reason:)`` in place of ``invalidConfiguration(reason:)``,
    ///   which cannot say where the sizes come from; other errors of `body`.
    static func naming<Result>(_ path: FilePath, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch ModelError.invalidConfiguration(let reason) {
            throw impossibleSizes(path: path, reason: reason)
        }
    }
}

extension ModelError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidConfiguration(let reason):
            "no such model can exist: \(reason)"
        case .impossibleSizes(let path, let reason):
            "'\(path)' describes a model that cannot exist: \(reason); copy or create the file "
                + "again"
        case .unknownDescriptor(let found, let problem, let hint):
            "'\(found)' is not a model size: \(problem); \(hint)"
        case .sequenceTooLong(let length, let maximum):
            "a sequence of \(length) tokens does not fit into a context of \(maximum); use "
                + "shorter sequences or a model with a larger context"
        case .wrongBatch(let expected, let found):
            "expected a batch of \(expected), got \(found)"
        case .tokenOutsideVocabulary(let token, let index, let vocabularySize):
            "token \(token) at position \(index) is outside the model's vocabulary of "
                + "\(vocabularySize); was the data prepared with another tokenizer?"
        case .mismatch(let path, let expected, let found, let hint):
            "'\(path)' holds \(found), but \(expected) is needed; \(hint)"
        case .severalModels(let path, let names):
            "'\(path)' holds several models (\(Self.list(names))); name the file of one of them"
        case .cannotWrite(let path, let reason, let hint):
            "the model cannot be written to '\(path)': \(reason); \(hint)"
        case .layerOutside(let layer, let layerCount):
            "there is no layer \(layer): the model has \(counted(layerCount, "layer")), counted "
                + "from 0"
        case .layerNeeded(let name, let layerCount):
            "each of the \(layerCount) layers has a tensor '\(DisplayText.escaping(name))'; choose "
                + "a layer"
        case .noLayers(let name):
            "'\(DisplayText.escaping(name))' is one tensor, not one of each layer; leave out the "
                + "layer"
        }
    }

    /// Names of files, of which there may be hundreds.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(8).map { "'\($0)'" }
        let rest = names.count - shown.count
        return (shown + (rest > 0 ? ["\(rest) more"] : [])).joined(separator: ", ")
    }
}

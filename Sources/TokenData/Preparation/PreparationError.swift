// What can be wrong with text that is to become token shards, one sentence each. Failures of the
// file system itself are FileIO's errors.

import FileIO

/// Text that cannot be prepared; `description` is one sentence for the user.
public enum PreparationError: Error, Equatable, Sendable {
    /// No file below `directory` has the name of a text file.
    case noTextFiles(directory: FilePath, extensions: [String])
    /// Standard input was named more than once.
    case repeatedStandardInput
    /// None of `inputs` holds any text.
    case noText(inputs: [String])
    /// Line `line` of `path`, counted from 1, is not a row to take text from; `problem` says why.
    case invalidRow(path: FilePath, line: Int, problem: String)
    /// Validation would take all `tokenCount` tokens, as `validationTokens` were asked for.
    case nothingToTrainOn(tokenCount: Int, validationTokens: Int)
    /// The tokenizer has no token that could separate documents.
    case noEndOfText
    /// Shards cannot be called `name`, since it is not the name of a file.
    case invalidName(name: String)
}

extension PreparationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noTextFiles(let directory, let extensions):
            "'\(directory)' holds no text: looked for "
                + extensions.map { "*.\($0)" }.joined(separator: ", ")
                + " in it and the directories below it; name other files one by one"
        case .repeatedStandardInput:
            "standard input ('-') is named more than once; it can be read only once"
        case .noText(let inputs):
            "there is no text in \(Self.list(inputs)); give text that is not empty"
        case .invalidRow(let path, let line, let problem):
            "\(path):\(line): \(problem)"
        case .nothingToTrainOn(let tokenCount, let validationTokens):
            "the text has \(counted(tokenCount, "token")), so \(validationTokens) for validation "
                + "leave none to train on; ask for fewer, or add text"
        case .noEndOfText:
            "the tokenizer has no end-of-text token, which begins each document; name its "
                + "eos_token in tokenizer_config.json, or use another tokenizer"
        case .invalidName(let name):
            "'\(name)' cannot begin the names of files; give a name that is not empty and has no "
                + "'/' in it"
        }
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
        return names.count > 3 ? shown + " and \(names.count - 3) more" : shown
    }
}

// HellaSwag as an argument, in either of the forms it is published in.

import Swiftlet

/// A file of multiple-choice questions.
enum HellaSwagFile {
    /// Reads llm.c's evaluation shard or HellaSwag's rows of JSON, whichever it is.
    /// - Parameters:
    ///   - path: The file.
    ///   - vocabularySize: The model's, in whose tokens the questions are asked.
    ///   - limit: The most examples to read; nil reads all.
    ///   - tokenizer: Called when there is text to encode.
    /// - Returns: One example or more.
    /// - Throws: ``UnexpectedFileError``, ``TokenDataError`` or ``FileIOError``; what `tokenizer`
    ///   throws.
    static func examples(
        _ path: FilePath,
        vocabularySize: Int,
        limit: Int? = nil,
        tokenizer: () throws -> any Tokenizer
    ) throws -> [MultipleChoiceExample] {
        let kind = try FileKind.require(.evaluationShard, .json, at: path)
        if kind == .json {
            return try MultipleChoiceExample.examples(
                jsonLines: path,
                tokenizer: tokenizer(),
                limit: limit
            )
        }
        return try MultipleChoiceExample.examples(
            shard: path,
            vocabularySize: vocabularySize,
            limit: limit
        )
    }
}

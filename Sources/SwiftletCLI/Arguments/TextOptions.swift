// Options of the commands that read text to learn from, and how many threads they use; and
// HellaSwag as an argument, in either of the forms it is published in.

import ArgumentParser
import Swiftlet

extension DocumentSplit: ExpressibleByArgument {}

/// Which text, and how it is divided into documents.
struct TextOptions: ParsableArguments {
    @Argument(
        help: """
            Text files, .jsonl files, directories of .txt, .md and .jsonl files, or - for standard \
            input.
            """
    )
    var inputs: [FilePath]

    @Option(
        help: """
            How a text is divided into documents: none; blank-lines, each of which stays with the \
            document before it; or marker, which is <|endoftext|> and dropped.
            """
    )
    var split = DocumentSplit.none

    @Flag(help: "Read every input as rows of JSON, whatever it is called.")
    var jsonl = false

    @Option(help: "The field with the text, in rows of JSON.")
    var textField: ArgumentText = "text"

    /// The text these options name, of which nothing has been read yet.
    func documents(_ passedOver: PassedOverEntries) throws -> TextDocuments {
        let inputs = try TextInput.find(
            inputs,
            format: jsonl ? .jsonLines : nil,
            passingOver: passedOver.append
        )
        try checkKinds(of: inputs)
        return TextDocuments(inputs, split: split, textField: textField.string)
    }
}

/// Entries of directories that are no text files, though they are called so, and what is said of
/// them.
final class PassedOverEntries {
    private var count = 0
    /// As many as a person reads.
    private static let shownCount = 10

    /// Says what is wrong with an entry.
    func append(_ error: any Error) {
        count += 1
        if count <= Self.shownCount { Terminal.diagnose("passed over: \(error)") }
    }

    /// Says how many there were, if any, at the end of what was done with the others.
    func report() {
        guard count > 0 else { return }
        let entries =
            count == 1 ? "1 entry of a directory was" : "\(count) entries of directories were"
        Terminal.diagnose("\(entries) passed over")
    }
}

/// Refuses the files of other commands, which are certainly no text, and remarks on those whose
/// bytes hardly are.
func checkKinds(of inputs: [TextInput]) throws {
    var others: [TextInput] = []
    for input in inputs {
        guard let path = input.path, input.byteCount != nil else { continue }
        switch try FileKind(of: path) {
        case .text, .json, .empty, .directory, .runDirectory: break
        case .unknown: others.append(input)
        case let kind:
            throw UnexpectedFileError(path: path, expected: [.text], found: kind)
        }
    }
    if let first = others.first {
        let more = others.count > 1 ? " and \(others.count - 1) more" : ""
        Terminal.diagnose("'\(first.name)'\(more): not UTF-8 text; the bytes are kept as is")
    }
}

extension ComputeOptions {
    /// The threads for work that is not the kernels'.
    func threadCount() -> Int {
        // Without OpenMP the kernels have one thread, but this work has all.
        threads ?? (Machine.hasOpenMP ? Machine.defaultThreadCount : Machine.usableProcessors)
    }
}

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
